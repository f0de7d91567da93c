"""Installs the package by its name on all pages, once it is published."""

import re

from nengo_ngc.version import PUBLISHED


def _by_name(app, page, source):
    if PUBLISHED:
        source[0] = source[0].replace('".[', '"nengo-ngc[')
        source[0] = re.sub(r",? ?[Ii]n a copy of (the|this) repository[:,]?", "", source[0])


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", _by_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
