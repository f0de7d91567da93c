"""Typesets equations as MathML while the pages are built, so that they can be read offline."""

import re
from html import escape

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

_log = logging.getLogger(__name__)

# TeX that docutils does not know or reads differently
_TEX = {
    r"\\dots": r"\\ldots",
    r"\\textstyle": "",
    r"\\tfrac": r"\\frac",
    r"\\frac(\d)(\d)": r"\\frac{\1}{\2}",
    r"(\\hat(?:{\w}| \w))_": r"\1{}_",  # or the index is put below the letter
    "'": r"^\\prime",
}


def _visit(as_block):
    def visit(self, node):
        tex = node.astext()
        for old, new in _TEX.items():
            tex = re.sub(old, new, tex)
        if as_block and "\\\\" in tex and r"\begin" not in tex:
            tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
        try:
            self.body.append(tex2mathml(tex, as_block=as_block))
        except MathError as error:
            _log.warning("cannot typeset %r: %s", tex, error, location=node)
            self.body.append(f"<code>{escape(node.astext())}</code>")
        raise SkipNode

    return visit, None


def setup(app):
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", _visit(as_block=False), _visit(as_block=True))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
