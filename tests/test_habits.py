"""Habits of the source that programs can hold it to: format, findings, arrows, types."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "nengo_ngc"

COMMANDS = {
    "ruff check": ["-m", "ruff", "check", "--no-cache"],
    "ruff format": ["-m", "ruff", "format", "--check", "--no-cache"],
    "mypy": ["-m", "mypy"],
    "lint-imports": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
}
NO_FILES = {
    "mypy": ["--cache-dir", "/dev/null"],
    "lint-imports": ["--no-cache", "--no-logo"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_found_by(name):
    command = [sys.executable, *COMMANDS[name], *NO_FILES.get(name, [])]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout


# --- annotations

SUBPACKAGES = sorted(
    path.stem for path in PACKAGE.iterdir() if path.stem.strip("_") == path.stem
)


def public(body):
    """Functions and classes whose names are public, constructors included."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and (
            not node.name.startswith("_") or node.name in ("__init__", "__call__")
        ):
            yield node


def not_annotated(function, method):
    """What a function takes or returns without saying of which type it is.

    A method without a docstring has that of the method which it overrides, and its types.
    """
    if method and function.name != "__init__" and ast.get_docstring(function) is None:
        return []
    given = function.args
    taken = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    is_static = any(getattr(d, "id", None) == "staticmethod" for d in function.decorator_list)
    if method and not is_static:
        taken = taken[1:]
    taken += [argument for argument in (given.vararg, given.kwarg) if argument]
    names = [argument.arg for argument in taken if argument.annotation is None]
    if function.returns is None and function.name != "__init__":
        names.append("return")
    return names


def offenders(path):
    """Public functions and methods of a module that are not annotated."""
    for node in public(ast.parse(path.read_text("utf-8")).body):
        if isinstance(node, ast.FunctionDef):
            functions = [(node.name, node, False)]
        else:
            methods = [m for m in public(node.body) if isinstance(m, ast.FunctionDef)]
            functions = [(f"{node.name}.{method.name}", method, True) for method in methods]
        for name, function, method in functions:
            if names := not_annotated(function, method):
                place = f"{path.relative_to(ROOT)}:{function.lineno}"
                yield f"{place}: {name}: {', '.join(names)}"


@pytest.mark.parametrize("subpackage", SUBPACKAGES)
def test_public_functions_are_annotated(subpackage):
    path = PACKAGE / subpackage
    modules = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    found = [line for module in sorted(modules) for line in offenders(module)]
    assert not found, "\n".join(["not annotated:", *found])


def test_what_is_not_annotated_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(
        "def f(a, *, b: int = 1): pass\n"
        "def _g(a): pass\n"
        "class C:\n"
        "    def __init__(self, a: int, *b): pass\n"
        "    def _h(self, a): pass\n"
        "    @staticmethod\n"
        "    def k(a) -> int: 'Public.'\n"
        "    def m(self, a: int) -> int: 'Public.'\n"
        "    def overrides(self, a): pass\n"
    )
    assert list(offenders(module)) == [
        "module.py:1: f: a, return",
        "module.py:4: C.__init__: b",
        "module.py:7: C.k: a",
    ]
