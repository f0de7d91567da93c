"""What NengoDL's own training leaves in a file, known without TensorFlow."""

import math

from ..model_files import FLOATS, WHOLES, Array, within

_PREFIX = "state/autodiff"


def expected_of_autodiff(shapes, sizes, n_others):
    """What Adam and the loss must have left, for `.dl.autodiff.AutodiffRunner`.

    NengoDL joins weights as it likes, but their number stays the same.

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
        If there are too many numbers or too few.
    """
    found = within(_PREFIX, shapes)
    n_learned = sum(pre * post + post for pre, post in zip(sizes, sizes[1:]))
    n_expected = 1 + 2 * n_learned + n_others  # updates; two moments of each number
    names = [str(k) for k in range(len(found))]
    if {*names} != found.keys() or sum(map(math.prod, found.values())) != n_expected:
        raise ValueError(
            f"{_PREFIX}/0 and so on, what the optimiser remembers, must be {n_expected} numbers"
        )
    counts = {"0", *names[len(names) - n_others :]}
    return {
        f"{_PREFIX}/{name}": Array(found[name], WHOLES if name in counts else FLOATS)
        for name in names
    }
