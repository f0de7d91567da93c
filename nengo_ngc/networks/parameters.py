"""Parameters of GNCN circuits: their names, shapes and values at the start."""

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from ..naming import unknown


def parameter_shapes(shape, kind, tied, recognizes=False):
    """The shape, (post, pre), of every parameter that a circuit has.

    Parameters
    ----------
    shape : tuple of int
        Number of inputs, then of units in each layer.
    kind : object
        What the variant has: ``skip``, ``lateral``, ``precision``.
    tied : bool
        Whether errors return through the transpose of W.
    recognizes : bool, optional
        Whether there are recognition weights R.

    Returns
    -------
    dict of {str: tuple}
    """
    shapes, n_layers = {}, len(shape) - 1
    for level in range(1, n_layers + 1):
        below, here = shape[level - 1], shape[level]
        shapes[f"W{level}"] = (below, here)
        if not tied:
            shapes[f"E{level}"] = (here, below)
        if recognizes:
            shapes[f"R{level}"] = (here, below)
        if kind.skip and level >= 2:
            shapes[f"M{level}"] = (shape[level - 2], here)
        if kind.lateral:
            shapes[f"V{level}"] = (here, here)
        if kind.precision and level < n_layers:
            shapes[f"Sigma{level}"] = shapes[f"Prec{level}"] = (here, here)
    return shapes


def check_parameters(given, shapes):
    """Return ``given`` as arrays, or raise if a name, shape or value is wrong."""
    checked = {}
    for name, array in given.items():
        if name not in shapes:
            raise _invalid(unknown("parameter", name, shapes))
        array = _numbers(name, array)
        if array.shape != shapes[name]:
            raise _invalid(
                f"{name} must have shape {shapes[name]} (post, pre), got {array.shape}"
            )
        if not np.all(np.isfinite(array)):
            raise _invalid(f"{name} must be finite, got NaN or infinity")
        checked[name] = array
    return checked


def _numbers(name, given):
    """An array of real numbers; nothing is dropped, and no text is taken for a number."""
    try:
        array = np.asarray(given)
    except ValueError:  # rows of different lengths
        array = np.asarray(given, dtype=object)
    if array.dtype.kind not in "iuf":
        raise _invalid(f"{name} must be an array of real numbers, got one of {array.dtype}")
    return array.astype(float)


def complete_parameters(given, shapes):
    """Add the covariances and precisions that are missing; drop what is not there.

    One follows from the other; without either both are the identity.
    """
    complete = {name: array for name, array in given.items() if name in shapes}
    for Sigma in [name for name in shapes if name.startswith("Sigma")]:
        Prec = f"Prec{Sigma[5:]}"
        if Sigma not in given and Prec not in given:
            complete[Sigma] = np.eye(*shapes[Sigma])
        if Prec not in given:
            try:
                complete[Prec] = np.linalg.inv(np.linalg.cholesky(complete[Sigma]))
            except np.linalg.LinAlgError:
                raise _invalid(f"{Sigma} must be positive definite") from None
        if Sigma not in complete:
            root = np.linalg.inv(complete[Prec])
            complete[Sigma] = root @ root.T
    return complete


def lateral_inhibition(n_units, n_group, self_excitation, cross_inhibition):
    """The matrix V: units of a group inhibit each other and excite themselves.

    Parameters
    ----------
    n_units : int
        Size of the layer.
    n_group : int
        Units in a group; the last group is smaller if they do not divide evenly.
    self_excitation, cross_inhibition : float

    Returns
    -------
    (n_units, n_units) array
        Cross-inhibition between units of a group, minus self-excitation on the
        diagonal, 0 elsewhere.
    """
    if not 1 <= n_group:
        raise ValidationError(f"must be at least 1, got {n_group}", attr="n_group")
    group = np.arange(n_units) // n_group
    V = cross_inhibition * (group[:, None] == group)
    np.fill_diagonal(V, -self_excitation)
    return V


def write_signal(sim, signal, array):
    """Write an array into a signal of a simulator."""
    if isinstance(sim, nengo.Simulator):
        sim.signals[signal].setflags(write=True)  # weights that no rule changes are not
    sim.signals[signal] = array


def _invalid(message):
    return ValidationError(message, attr="parameters")
