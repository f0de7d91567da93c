"""Parameters of GNCN circuits: their names, their shapes and their initial values."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..namespace import NUMPY
from ..neurons.functions import from_inverse_root, inverse_root
from .convolutional import Layers
from .gncn_variants import Variant
from .parameters import Shape, invalid


def parameter_shapes(
    layers: Layers, variant: Variant, tied: bool, recognizes: bool = False
) -> dict[str, Shape]:
    """Return the shape, (post, pre) or of a kernel, of every parameter that a circuit has.

    Parameters
    ----------
    layers : Layers
    variant : Variant
    tied : bool
        Whether errors return through the transpose of W.
    recognizes : bool, optional
        Whether there are recognition weights R.

    Returns
    -------
    dict of {str: tuple}
    """
    shapes: dict[str, Shape] = {}
    shape = layers.sizes
    n_layers = len(shape) - 1
    for level in range(1, n_layers + 1):
        here = shape[level]
        shapes[f"W{level}"] = layers.weights_down(level)
        if not tied:
            shapes[f"E{level}"] = layers.weights(level)
        if recognizes:
            shapes[f"R{level}"] = layers.weights(level)
        if variant.skip and level >= 2:
            shapes[f"M{level}"] = (shape[level - 2], here)
        if variant.lateral:
            shapes[f"V{level}"] = (here, here)
        if variant.precision and level < n_layers:
            shapes[f"Sigma{level}"] = shapes[f"Prec{level}"] = (here, here)
    return shapes


def complete_parameters(
    given: Mapping[str, NDArray], shapes: Mapping[str, Shape]
) -> dict[str, NDArray]:
    """Return given parameters, with the covariances and precisions that follow from them.

    A precision follows from its covariance and the other way round. If neither is given, both
    are the identity. Parameters that the circuit does not have are left out.

    Parameters
    ----------
    given : mapping of str to array
    shapes : mapping of str to tuple of int
        Shapes of the parameters that the circuit has.

    Returns
    -------
    dict of {str: array}

    Raises
    ------
    nengo.exceptions.ValidationError
        If a covariance is not positive definite.
    """
    complete = {name: array for name, array in given.items() if name in shapes}
    for Sigma in [name for name in shapes if name.startswith("Sigma")]:
        Prec = f"Prec{Sigma[5:]}"
        if Sigma not in given and Prec not in given:
            complete[Sigma] = np.eye(shapes[Sigma][0])
        if Prec not in given:
            try:
                complete[Prec] = inverse_root(NUMPY, complete[Sigma])
            except np.linalg.LinAlgError:
                raise invalid(f"{Sigma} must be positive definite") from None
        if Sigma not in complete:
            complete[Sigma] = from_inverse_root(NUMPY, complete[Prec])
    return complete


def lateral_inhibition(
    n_units: int, n_group: int, self_excitation: float, cross_inhibition: float
) -> NDArray:
    """Return the matrix V, by which units of a group inhibit each other.

    Parameters
    ----------
    n_units : int
        Number of units in the layer.
    n_group : int
        Number of units in a group. The last group is smaller if they do not divide evenly.
    self_excitation, cross_inhibition : float
        Strength of the excitation of each unit by itself, and of the inhibition between two
        units of a group.

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
