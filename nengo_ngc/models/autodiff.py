"""What NengoDL's own training leaves in a file, known without TensorFlow."""

from collections import Counter

from ..storage.model_files import FLOATS, WHOLES, Array, within

_PREFIX = "state/autodiff"


def expected_of_autodiff(shapes, sizes, n_others):
    """What Adam and the loss must have left, for `.backends.nengo_dl.autodiff.AutodiffRunner`.

    NengoDL joins weights, row by row, as it likes.

    Parameters
    ----------
    shapes : dict of {str: tuple of int}
        Of all arrays in the file.
    sizes : sequence of int
        Layers from the input up.
    n_others : int
        Numbers that the loss remembers.

    Returns
    -------
    dict of {str: Array}

    Raises
    ------
    ValueError
        If they are not of the shapes of weights and biases, each of them twice.
    """
    found = within(_PREFIX, shapes)
    pairs = list(zip(sizes, sizes[1:]))
    moments = 2 * [*[(post, pre) for pre, post in pairs], *[(post,) for _, post in pairs]]
    wanted = [*moments, *(1 + n_others) * [()]]  # and the number of updates
    names = [str(k) for k in range(len(found))]
    if {*names} != found.keys() or _rows(found.values()) != _rows(wanted):
        raise ValueError(
            f"{_PREFIX}/0 and so on, what the optimiser remembers, must have the shapes of "
            f"weights and biases, got {', '.join(map(str, found.values()))}"
        )
    counts = {"0", *names[len(names) - n_others :]}
    return {
        f"{_PREFIX}/{name}": Array(found[name], WHOLES if name in counts else FLOATS)
        for name in names
    }


def _rows(shapes):
    """How many rows there are of each length."""
    rows = Counter()
    for shape in shapes:
        rows[shape[1:] if shape else None] += shape[0] if shape else 1
    return rows
