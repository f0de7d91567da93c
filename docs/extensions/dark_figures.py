"""Shows the dark version of a figure on dark pages.

Where a page shows NAME.png, and a NAME_dark.png lies beside it, pages have both. The theme
hides one of them.
"""

from pathlib import Path

from docutils.nodes import image
from docutils.transforms import Transform


class _DarkFigures(Transform):
    default_priority = 500  # before Sphinx collects the files of a page's images

    def apply(self):
        page = Path(self.document.settings.env.doc2path(self.document.settings.env.docname))
        for light in list(self.document.findall(image)):
            name = Path(light["uri"])
            dark = name.with_name(f"{name.stem}_dark{name.suffix}")
            if (page.parent / dark).exists():
                copy = light.copy()
                copy["uri"] = dark.as_posix()
                copy["classes"] = [*light["classes"], "only-dark"]
                light["classes"].append("only-light")
                light.parent.insert(light.parent.index(light) + 1, copy)


def setup(app):
    """Called by Sphinx."""
    app.add_transform(_DarkFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
