"""Things found by name, and what to say if there is none."""

import difflib

_LONGEST = 100
_LONGEST_NAME = 60


def shown(value):
    """A value as error messages show it: short and on one line, whatever it is."""
    shape = getattr(value, "shape", ())
    if shape and max(shape) > 3:
        return f"an array of {getattr(value, 'dtype', 'numbers')} of shape {shape}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # of somebody else's object, or a number with too many digits
        return f"an object of class {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def a(noun):
    """A noun with its indefinite article."""
    return f"{'an' if noun[0] in 'aeioAEIO' else 'a'} {noun}"


def unknown(what, name, known):
    """The message for a name that is not among ``known``."""
    known = [str(k) for k in known]
    spelt = {k.lower(): k for k in known}
    if isinstance(name, str) and len(name) > _LONGEST_NAME:  # damaged files hold such names
        name = name[:_LONGEST_NAME] + "..."
    close = difflib.get_close_matches(str(name).lower(), spelt, n=1)
    hint = f" (did you mean {spelt[close[0]]!r}?)" if close else ""
    return f"unknown {what} {shown(name)}{hint}; expected one of {', '.join(known)}"
