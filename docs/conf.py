"""Sphinx configuration: sphinx-build -W docs docs/_build"""

import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from html import escape
from pathlib import Path

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from nengo.params import Parameter
from sphinx.ext.autodoc.mock import mock

sys.path.insert(0, str(Path(__file__).parent.parent))

import nengo_ngc

project = "nengo-ngc"
author = "The nengo-ngc developers"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
]
default_role = "py:obj"
myst_heading_anchors = 2
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"page_width": "1160px", "code_font_size": "0.8em"}
html_math_renderer = "mathml"  # pages need nothing from a network

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_inherit_docstrings = False  # those of Nengo and scikit-learn are described there
autodoc_typehints = "none"
autosummary_generate = False
numpydoc_show_class_members = False

# links within these pages must resolve, those to other packages are only names
nitpicky = True
nitpick_ignore_regex = [(".*", r"(nengo|nengo_dl|numpy|scipy|sklearn|abc|tf_keras)\..*")]

# without NengoDL what is made for it is described all the same
_DL = ["nengo_dl", "tensorflow", "tf_keras"]
if not all(importlib.util.find_spec(name) for name in _DL):
    with mock(_DL):
        for name in (
            "nengo_dl",
            "nengo_ngc.backends.nengo_dl.losses",
            "nengo_ngc.backends.nengo_dl.runner",
        ):
            importlib.import_module(name)


def _public(name):
    """Classes and functions of a module, or classes of a package, as users call them."""
    package = importlib.import_module(name)
    modules, kinds = [package], (type, type(_public))
    if hasattr(package, "__path__"):
        found = pkgutil.iter_modules(package.__path__, f"{name}.")
        modules, kinds = [importlib.import_module(m.name) for m in found], type
    names = {}
    for module in modules:
        for key, obj in vars(module).items():
            public = (type, type(_public)) if key in getattr(package, "__all__", ()) else kinds
            defined = isinstance(obj, public) and obj.__module__ == module.__name__
            if not defined or key.startswith("_") or not obj.__doc__:
                continue
            above = [m for m in (nengo_ngc, package) if key in getattr(m, "__all__", ())]
            names[f"{(above or [module])[0].__name__}.{key}"] = obj
    # what is deep inside comes last
    return dict(sorted(names.items(), key=lambda item: item[0].count(".")))


_TABLE = ".. currentmodule:: None\n\n.. autosummary::\n"


def _list_all(app, page, source):
    """Replace ``.. everything:: module ...`` by a table and what the table lists."""

    def everything(match):
        modules = match[1].split()
        names = {k: v for name in modules for k, v in _public(name).items()}
        about = [f".. automodule:: {name}\n   :no-members:\n" for name in modules]
        table = [f"   ~{name}" for name in names]
        entries = [
            f".. auto{'class' if isinstance(obj, type) else 'function'}:: {name}"
            for name, obj in names.items()
        ]
        return "\n".join([*about, _TABLE, *table, "", *entries])

    source[0] = re.sub(r"^\.\. everything:: (.+)$", everything, source[0], flags=re.M)


def _skip(app, what, name, obj, skip, options):
    # Nengo's parameters carry the documentation of their kind, and scikit-learn's
    # requests that of scikit-learn; what they mean here is said by the class
    is_request = name.startswith("set_") and name.endswith("_request")
    return True if is_request or isinstance(obj, Parameter) else None


def _show_public(app, name, obj, options, bases):
    def public(base):
        if not base.__name__.startswith("_"):
            return [base]
        return [b for inner in base.__bases__ for b in public(inner)]

    bases[:] = [b for base in bases for b in public(base) if b is not object] or [object]


def _of_init(app, what, name, obj, options, signature, annotation):
    # Nengo makes its objects by a metaclass that takes anything
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    taken = inspect.signature(obj.__init__)
    _, *parameters = taken.parameters.values()
    return str(taken.replace(parameters=parameters)), annotation


# what docutils does not know, or reads otherwise, of the TeX in docstrings
_TEX = {
    r"\\dots": r"\\ldots",
    r"\\textstyle": "",
    r"\\tfrac": r"\\frac",
    r"\\frac(\d)(\d)": r"\\frac{\1}{\2}",
}


def _math(as_block):
    def visit(self, node):
        tex = node.astext()
        for old, new in _TEX.items():
            tex = re.sub(old, new, tex)
        if as_block and "\\\\" in tex:
            tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
        try:
            self.body.append(tex2mathml(tex, as_block=as_block))
        except MathError:
            self.body.append(f"<code>{escape(node.astext())}</code>")
        raise SkipNode

    return visit, None


def setup(app):
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", _math(as_block=False), _math(as_block=True))
    app.connect("source-read", _list_all)
    app.connect("autodoc-process-signature", _of_init)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-bases", _show_public)
