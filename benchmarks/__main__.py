"""List the benchmarks, with the first line of what each says of itself."""

import ast
from pathlib import Path

FOLDER = Path(__file__).parent


def benchmarks():
    """The path of each benchmark by its name."""
    modules = {path.stem: path for path in FOLDER.glob("[!_]*.py")}
    packages = {path.parent.name: path for path in FOLDER.glob("*/__main__.py")}
    return dict(sorted({**modules, **packages}.items()))


def summary(path):
    """The first line of a module's docstring."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).partition("\n")[0]


if __name__ == "__main__":
    print("python -m benchmarks.NAME runs one of these, with --help it describes it:\n")
    for name, path in benchmarks().items():
        print(f"{name:18s}{summary(path)}")
