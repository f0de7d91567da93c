"""Tables as text, and pages of HTML from the templates of this package."""

import base64
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_WIDEST = 16  # letters of a line of the name of a column


def aligned(columns: Mapping[str, Sequence[str]]) -> list[str]:
    """The lines of a table, and an empty line.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        The texts of each column, by its name. The first one is aligned to the left.
    """
    names = [textwrap.wrap(name, _WIDEST) for name in columns]
    height = max(map(len, names))
    texts = [
        [*([""] * (height - len(name))), *name, *column]
        for name, column in zip(names, columns.values())
    ]
    widths = [max(map(len, column)) for column in texts]
    lines = []
    for line in zip(*texts):
        first, *others = (f"{text:>{width}}" for text, width in zip(line, widths))
        lines.append("  ".join([f"{line[0]:{len(first)}}", *others]).rstrip())
    return [*lines, ""]


def page(template: str, filters: Mapping[str, Callable] | None = None, **shown: Any) -> str:
    """A page of HTML, in which pictures are embedded.

    Parameters
    ----------
    template : str
        The name of a file among the templates.
    filters : mapping of str to callable, optional
        Functions that the template uses.
    **shown
        What the template shows.
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("nengo_ngc.lab"), autoescape=True)
    environment.globals["zip"] = zip
    environment.filters.update(embed=_embed, **(filters or {}))
    return environment.get_template(template).render(**shown)


def _embed(path: str | Path) -> str:
    return base64.b64encode(Path(path).read_bytes()).decode()
