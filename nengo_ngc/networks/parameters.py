"""Parameters of GNCN circuits: their names, shapes and values at the start."""

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from ..validation.messages import unknown


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


def check_parameters(given, shapes, argument="parameters"):
    """Return arrays, which `.ArraysParam` has seen, as float, or raise if they don't fit."""
    for name, array in given.items():
        if name not in shapes:
            raise _invalid(unknown("parameter", name, shapes), argument)
        if array.shape != shapes[name]:
            expected = f"shape {shapes[name]} (post, pre)"
            raise _invalid(f"{name} must have {expected}, got {array.shape}", argument)
    return {name: array.astype(float) for name, array in given.items()}


def check_complete(given, names):
    """Raise unless some parameters are there."""
    missing = [name for name in names if name not in given]
    if missing:
        raise _invalid(f"must have {', '.join(names)}, got no {missing[0]}")


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
    group = np.arange(n_units) // n_group
    V = cross_inhibition * (group[:, None] == group)
    np.fill_diagonal(V, -self_excitation)
    return V


def write_signal(sim, signal, array):
    """Write an array into a signal of a simulator."""
    if isinstance(sim, nengo.Simulator):
        sim.signals[signal].setflags(write=True)  # weights that no rule changes are not
    sim.signals[signal] = array


def _invalid(message, argument="parameters"):
    return ValidationError(message, attr=argument)
