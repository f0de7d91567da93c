"""The version, and how the package is installed, in one place."""

__version__ = "0.1.0"

# whether pip finds the package by its name; otherwise it is installed from its repository
PUBLISHED = False


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
