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
from nengo_ngc.version import PUBLISHED

project = "nengo-ngc"
author = "The nengo-ngc developers"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
]
default_role = "py:obj"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"page_width": "1160px", "code_font_size": "0.8em"}
html_math_renderer = "mathml"  # pages need nothing from a network

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_inherit_docstrings = False  # Nengo and scikit-learn have pages for theirs
autodoc_typehints = "none"
autosummary_generate = False
numpydoc_show_class_members = False

# links within these pages must resolve; names of other packages are not links
nitpicky = True
_OTHERS = "nengo|nengo_dl|numpy|scipy|sklearn|abc|collections|typing|tf_keras|jax"
nitpick_ignore_regex = [(".*", rf"({_OTHERS})\..*")]

# backends are described even if what they need is not installed
_DL = ["nengo_dl", "tensorflow", "tf_keras"]
_JAX = ["jax", "jaxlib"]
_FUNCTION = type(lambda: None)


def _modules(name):
    """A module, or a package and all its modules."""
    package = importlib.import_module(name)
    found = pkgutil.iter_modules(getattr(package, "__path__", ()), f"{name}.")
    inner = [importlib.import_module(module.name) for module in found if not module.ispkg]
    return [package, *inner]


if not all(importlib.util.find_spec(name) for name in _DL):
    with mock(_DL):
        importlib.import_module("nengo_dl")
        _modules("nengo_ngc.backends.nengo_dl")
if not all(importlib.util.find_spec(name) for name in _JAX):
    with mock(_JAX):
        _modules("nengo_ngc.backends.jax")


def _public_modules():
    """The names under which users know modules, by the names of the modules."""
    names = {}
    for alias, target in nengo_ngc._MODULES.items():
        module = importlib.import_module(f"nengo_ngc.{target}")
        names[module.__name__] = f"nengo_ngc.{alias}"
        for key in getattr(module, "__all__", ()):
            if inspect.ismodule(vars(module)[key]):
                names[vars(module)[key].__name__] = f"nengo_ngc.{alias}.{key}"
    return names


_PUBLIC = _public_modules()


def _documented(name, inside):
    """The documented classes and functions of a module or package, by public name.

    Of a package these are its classes, and the functions that it exports; ``inside`` adds
    all other functions of its modules.
    """
    package, names = importlib.import_module(name), {}
    exported = getattr(package, "__all__", ())
    is_package = hasattr(package, "__path__")
    for module in _modules(name):
        if module is not package and module.__name__ in _PUBLIC:  # it has its own entry
            continue
        for key, obj in vars(module).items():
            listed = inside or key in exported or not is_package
            wanted = isinstance(obj, (type, _FUNCTION) if listed else type)
            defined = wanted and obj.__module__ == module.__name__
            is_parameter = isinstance(obj, type) and issubclass(obj, Parameter)
            if not defined or key.startswith("_") or not obj.__doc__:
                continue
            if is_parameter and not inside:
                continue
            above = [m for m in (nengo_ngc, package) if key in getattr(m, "__all__", ())]
            home = (above or [module])[0].__name__
            names[f"{_PUBLIC.get(home, home)}.{key}"] = obj
    # names that users do not need come last
    return dict(sorted(names.items(), key=lambda item: item[0].count(".")))


_TABLE = ".. currentmodule:: None\n\n.. autosummary::\n"


def _list_all(app, page, source):
    """Replace ``.. everything:: module ...`` by a table and the entries it lists.

    ``.. inside:: module ...`` does the same for rooms that users do not import from.
    """

    def everything(match):
        inside, modules = match[1] == "inside", match[2].split()
        names = {k: v for name in modules for k, v in _documented(name, inside).items()}
        about = [
            f".. automodule:: {_PUBLIC.get(name, name)}\n   :no-members:\n" for name in modules
        ]
        table = [f"   ~{name}" for name in names]
        entries = [
            f".. auto{'class' if isinstance(obj, type) else 'function'}:: {name}"
            for name, obj in names.items()
        ]
        return "\n".join([*about, _TABLE, *table, "", *entries])

    source[0] = re.sub(r"^\.\. (everything|inside):: (.+)$", everything, source[0], flags=re.M)


def _skip(app, what, name, obj, skip, options):
    # parameters have the docstrings of their classes, and metadata requests those of
    # scikit-learn; what both mean here is said in the docstring of the class
    is_request = name.startswith("set_") and name.endswith("_request")
    return True if is_request or isinstance(obj, Parameter) else None


def _show_public(app, name, obj, options, bases):
    def public(base):
        if not base.__name__.startswith("_"):
            return [base]
        return [b for inner in base.__bases__ for b in public(inner)]

    bases[:] = [b for base in bases for b in public(base) if b is not object] or [object]


def _find_by_end(app, env, node, contnode):
    """Let docstrings name classes and functions without the modules in front of them."""
    if node["refdomain"] != "py":
        return None
    target, node["refspecific"] = node["reftarget"], True
    for name, public in _PUBLIC.items():  # as the public name, too, if given as the room's
        inner = f"{name.removeprefix('nengo_ngc.')}."
        if target.startswith(inner):
            target = f"{public.removeprefix('nengo_ngc.')}.{target.removeprefix(inner)}"
    domain = env.get_domain("py")
    place = node["refdoc"], app.builder, node["reftype"], target
    return domain.resolve_xref(env, *place, node, contnode)


def _of_init(app, what, name, obj, options, signature, annotation):
    # the metaclass of Nengo's objects hides the signature of the constructor
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    taken = inspect.signature(obj.__init__)
    _, *parameters = taken.parameters.values()
    return str(taken.replace(parameters=parameters)), annotation


# TeX in docstrings that docutils does not know or reads differently
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


def _as_published(app, page, source):
    """Pages install the package from a copy of its repository, until pip finds it by name."""
    if PUBLISHED:
        source[0] = (
            source[0].replace('".[', '"nengo-ngc[').replace(" in a copy of the repository", "")
        )


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", _as_published)
    app.add_html_math_renderer("mathml", _math(as_block=False), _math(as_block=True))
    app.connect("source-read", _list_all)
    app.connect("autodoc-process-signature", _of_init)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-bases", _show_public)
    app.connect("missing-reference", _find_by_end)
