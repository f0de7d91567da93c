"""Pages of the reference: a table for each module, and a page for each class and function.

In a page, ``.. everything:: module ...`` stands for the docstrings of modules and a table of
the classes and functions that users need, ``.. inside:: module ...`` for a table of all
classes and functions, and ``.. objects:: name ...`` for a table of these names. Each name in a
table has a page of its own, which is written into the folder ``generated`` beside the page.
"""

import importlib
import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path

from nengo.params import Parameter
from sphinx.ext.autodoc.mock import mock

import nengo_ngc

_FUNCTION = type(lambda: None)
_DIRECTIVE = re.compile(r"^\.\. (everything|inside|objects):: (.+)$", flags=re.M)
_TABLE = ".. currentmodule:: None\n\n.. autosummary::\n   :toctree: generated\n"
_PAGE = """{title}
{line}

.. currentmodule:: None

.. auto{kind}:: {name}

.. minigallery:: {name}
   :add-heading: In the gallery
   :heading-level: -
"""

# backends are described even if what they need is not installed
_DL = ["nengo_dl", "tensorflow", "tf_keras"]
_JAX = ["jax", "jaxlib"]


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
            exporting = [m for m in (nengo_ngc, package) if key in getattr(m, "__all__", ())]
            above = [m for m in exporting if getattr(m, key) is obj]
            home = (above or [module])[0].__name__
            names[f"{_PUBLIC.get(home, home)}.{key}"] = obj
    # names that users do not need come last
    return dict(sorted(names.items(), key=lambda item: item[0].count(".")))


def _object(name):
    module, _, key = name.rpartition(".")
    return getattr(importlib.import_module(module), key)


def _listed(kind, names):
    """What stands in the table of a directive: objects by public name."""
    if kind == "objects":
        return {name: _object(name) for name in names}
    return {k: v for n in names for k, v in _documented(n, kind == "inside").items()}


def _table(match):
    kind, names = match[1], match[2].split()
    modules = [] if kind == "objects" else names
    about = [f".. automodule:: {_PUBLIC.get(m, m)}\n   :no-members:\n" for m in modules]
    return "\n".join([*about, _TABLE, *(f"   ~{name}" for name in _listed(kind, names)), ""])


def _put_tables(app, page, source):
    source[0] = _DIRECTIVE.sub(_table, source[0])


def _write_pages(app):
    """Write a page for each name that stands in a table; others are removed."""
    folder, pages = Path(app.srcdir, "api", "generated"), {}
    folder.mkdir(exist_ok=True)
    for path in folder.parent.glob("*.md"):
        for kind, names in _DIRECTIVE.findall(path.read_text("utf-8")):
            for name, obj in _listed(kind, names.split()).items():
                title = name.rpartition(".")[2].replace("_", r"\_")
                kind_of_object = "class" if isinstance(obj, type) else "function"
                about = {"title": title, "line": "=" * len(title), "kind": kind_of_object}
                pages[folder / f"{name}.rst"] = _PAGE.format(name=name, **about)
    for path in set(folder.iterdir()) - pages.keys():
        path.unlink()
    for path, text in pages.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")


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
    for name, public in _PUBLIC.items():  # as the public name, too, if given as the module's
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


def setup(app):
    """Called by Sphinx."""
    app.connect("builder-inited", _write_pages)
    app.connect("source-read", _put_tables)
    app.connect("autodoc-process-signature", _of_init)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-bases", _show_public)
    app.connect("missing-reference", _find_by_end)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
