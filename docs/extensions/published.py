"""Installs the package by its name on all pages, once pip finds it by its name."""

from nengo_ngc.version import PUBLISHED

_WHERE = " in a copy of the repository", "In a copy of the repository:\n"


def _as_published(app, page, source):
    if PUBLISHED:
        text = source[0].replace('".[', '"nengo-ngc[')
        for where in _WHERE:
            text = text.replace(where, "")
        source[0] = text


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", _as_published)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
