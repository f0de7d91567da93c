"""Opening the examples of this package in Nengo GUI."""

import ast
import os
import shutil
import socket
import sys
import warnings
import webbrowser
from pathlib import Path

from nengo.exceptions import ValidationError

from ..validation import FlagParam, PathParam, TextParam, WholeParam, checked, unknown
from ..version import how_to_install
from .layout import arrange_networks


def examples() -> dict[str, str]:
    """Return the examples that come with this package.

    Returns
    -------
    dict of {str: str}
        The first line of the description of each example, by name.
    """
    names = sorted(path.name[: -len(".py.cfg")] for path in _folder().glob("*.py.cfg"))
    return {name: _summary(_folder() / f"{name}.py") for name in names}


@checked(PathParam("folder"))
def copy_examples(folder: str | os.PathLike) -> None:
    """Copy all examples, and the files they need, into a folder where they can be edited.

    Files that are already in the folder are left as they are.

    Parameters
    ----------
    folder : str or path
        The folder, which is created if it is missing.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("py", "cfg", "npz"):
        for path in _folder().glob(f"*.{suffix}"):
            if not (folder / path.name).exists():
                shutil.copyfile(path, folder / path.name)


@checked(
    TextParam("name"),
    PathParam("folder"),
    WholeParam("port", high=65535),
    FlagParam("browser"),
)
def open_example(
    name: str, folder: str | os.PathLike, port: int | None = None, browser: bool = True
) -> None:
    """Copy the examples into a folder and open one of them in Nengo GUI.

    Parameters
    ----------
    name : str
        One of the names that `examples` returns.
    folder : str or path
        The folder for `copy_examples`.
    port : int, optional
        Port on which Nengo GUI serves its page. By default this is the first free port
        from 8080 on.
    browser : bool, optional
        Whether to open the page in a browser, if the machine has one. The address of the
        page is printed in any case.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is no example of this name, or the port is not free.
    ImportError
        If Nengo GUI is not installed.
    """
    if name not in examples():
        raise ValidationError(unknown("example", name, examples()), attr="name")
    if port is not None and free_port(port) != port:
        raise ValidationError(f"must be a port that is free, got {port}", attr="port")
    try:
        with warnings.catch_warnings():  # it needs jedi to complete words in its editor
            warnings.filterwarnings("ignore", message="Install the jedi module")
            from nengo_gui.main import main
    except ImportError:
        raise ImportError(f"Nengo GUI is not installed: {how_to_install('gui')}") from None
    arrange_networks()
    copy_examples(folder)
    options = ["--port", str(free_port() if port is None else port)]
    # the command line is the only documented way to start Nengo GUI
    sys.argv = ["nengo", str(Path(folder) / f"{name}.py"), *options]
    if not browser or not _has_browser():
        sys.argv.append("--no-browser")
    main()


def _has_browser() -> bool:
    """Return whether Nengo GUI, which would fail without one, finds a browser."""
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


@checked(WholeParam("first", high=65535))
def free_port(first: int = 8080) -> int:
    """Return the first port of this machine that no program listens on.

    Nengo GUI does not look for a free port by itself.

    Parameters
    ----------
    first : int, optional
        The port at which the search begins.

    Returns
    -------
    int

    Raises
    ------
    OSError
        If no port is free.
    """
    for port in range(first, 65536):
        with socket.socket() as candidate:
            try:
                candidate.bind(("localhost", port))
            except OSError:
                continue
            return port
    raise OSError(f"no port from {first} on is free")


def _folder():
    installed = Path(__file__).parents[1] / "examples"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "examples"


def _summary(path):
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).split("\n")[0]
