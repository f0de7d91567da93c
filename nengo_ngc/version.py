"""The version, the commit, and how the package is installed, in one place."""

import subprocess
from pathlib import Path

__version__ = "0.1.0"

# whether pip finds the package by its name; otherwise it is installed from its repository
PUBLISHED = False

COMMIT_FILE = "commit.txt"  # beside this one in a package that was built from a repository

_HERE = Path(__file__).parent


def commit() -> str | None:
    """Return the commit of the source, followed by "+changes" if files were changed since.

    Returns
    -------
    str or None
        None if the package neither runs from a copy of its repository nor was built from one.
    """
    if (_HERE.parent / ".git").exists():  # not that of something else around it
        try:
            known = _git("rev-parse", "--short", "HEAD")
            changed = _git("status", "--porcelain", "--untracked-files=no")
        except (OSError, subprocess.CalledProcessError):
            return None
        return known + ("+changes" if changed else "")
    recorded = _HERE / COMMIT_FILE
    return recorded.read_text("utf-8") if recorded.is_file() else None


def _git(*args: str) -> str:
    done = subprocess.run(
        ["git", *args], cwd=_HERE.parent, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def how_to_install(extra: str) -> str:
    """Return the command that installs this package with an extra, for messages.

    Parameters
    ----------
    extra : str
        The name of the extra. ``"dl"`` needs a second command before: nengo-dl is built from
        its source, by a setuptools that runs on Python 3.12 and above.
    """
    package = f'"{"nengo-ngc" if PUBLISHED else "."}[{extra}]"'
    command = f"pip install {package}"
    if extra == "dl":
        command = (
            f'pip install "setuptools<81" wheel && pip install --no-build-isolation {package}'
        )
    return command if PUBLISHED else f"{command} in a copy of the repository"
