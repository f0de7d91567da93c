"""The wording of error messages: how values are shown and unknown names are answered."""

import difflib
from collections.abc import Iterable

_LONGEST = 100
_LONGEST_NAME = 60


def shown(value: object) -> str:
    """Return a short, one-line text of any value for use in an error message."""
    shape = getattr(value, "shape", ())
    if shape and max(shape) > 3:
        return f"an array of {getattr(value, 'dtype', 'numbers')} of shape {shape}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # of somebody else's object, or a number with too many digits
        return f"an object of class {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def with_article(noun: str) -> str:
    """Return a noun with its indefinite article, "a" or "an"."""
    return f"{'an' if noun[0] in 'aeioAEIO' else 'a'} {noun}"


def unknown(what: str, name: object, known: Iterable[object]) -> str:
    """Return the message for a name that is not among the known ones.

    Parameters
    ----------
    what : str
        What the name stands for, such as ``"data set"``.
    name : object
        The unknown name.
    known : iterable
        The names that would have been accepted. The message suggests the one that is
        spelt most similarly, if there is a similar one.
    """
    names = [str(k) for k in known]
    spelt = {k.lower(): k for k in names}
    if isinstance(name, str) and len(name) > _LONGEST_NAME:  # damaged files hold such names
        name = name[:_LONGEST_NAME] + "..."
    close = difflib.get_close_matches(str(name).lower(), spelt, n=1)
    hint = f" (did you mean {spelt[close[0]]!r}?)" if close else ""
    return f"unknown {what} {shown(name)}{hint}; expected one of {', '.join(names)}"
