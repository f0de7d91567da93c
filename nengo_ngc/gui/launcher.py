"""The examples of this package, opened in Nengo GUI."""

import ast
import shutil
import socket
import sys
from pathlib import Path

from nengo.exceptions import ValidationError

from ..validation import FlagParam, PathParam, TextParam, WholeParam, checked
from ..validation.messages import unknown


def examples():
    """The examples that come with this package.

    Returns
    -------
    dict of {str: str}
        The first line of each one's description, by name.
    """
    names = sorted(path.name[: -len(".py.cfg")] for path in _folder().glob("*.py.cfg"))
    return {name: _summary(_folder() / f"{name}.py") for name in names}


@checked(PathParam("folder"))
def copy_examples(folder):
    """Copy all examples, and what they need, into a folder where they can be edited.

    Files that are there already are left as they are.

    Parameters
    ----------
    folder : str or path
        It is created if need be.
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
def open_example(name, folder, port=None, browser=True):
    """Copy the examples into a folder and open one of them in Nengo GUI.

    Parameters
    ----------
    name : str
        One of ``examples()``.
    folder : str or path
        See `copy_examples`.
    port : int, optional
        Of the page; by default the first free one from 8080 on.
    browser : bool, optional
        Whether to open the page in a browser.

    Raises
    ------
    ValueError
        If the name is unknown.
    ImportError
        If Nengo GUI is not installed.
    """
    if name not in examples():
        raise ValidationError(unknown("example", name, examples()), attr="name")
    try:
        from nengo_gui.main import main
    except ImportError:
        raise ImportError('Nengo GUI is not installed: pip install "nengo-ngc[gui]"') from None
    copy_examples(folder)
    options = ["--port", str(free_port() if port is None else port)]
    # its command line is all that Nengo GUI promises
    sys.argv = ["nengo", str(Path(folder) / f"{name}.py"), *options]
    if not browser:
        sys.argv.append("--no-browser")
    main()


@checked(WholeParam("first", high=65535))
def free_port(first=8080):
    """The first port of this machine, from one on, on which nobody listens.

    Nengo GUI does not look for one by itself.

    Parameters
    ----------
    first : int, optional

    Returns
    -------
    int

    Raises
    ------
    OSError
        If there is none.
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
