r"""The base class of rules that send an error back into a layer.

Each of them computes the gradient of the loss by the layer's input currents,

.. math:: \delta = \phi'(J) \odot B e

and they differ in B. With :math:`\delta` a layer's encoders (or weights) and biases learn by
error times presynaptic activity, as in `.ErrorDriven`.
"""

from typing import Any

from nengo.connection import Connection
from nengo.ensemble import Neurons

from ..neurons import derivative
from ..validation import FlagParam
from .connections import learning_neurons
from .error_driven import ErrorDriven
from .optimizers import Optimizer
from .signs import ACTUAL_MINUS_DESIRED


class LayerRule(ErrorDriven):
    r"""Base class of rules that send an error back; see `.BackProp` for the equations.

    A derived class has ``n_errors`` and ``carry_back``.

    Parameters
    ----------
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    biases : bool, optional
        Whether biases learn, too.
    **kwargs
        As for `.LocalRule`, without ``size_in``.
    """

    learns_encoders = True
    error_sign = ACTUAL_MINUS_DESIRED

    biases = FlagParam("biases", default=True, readonly=True)

    def __init__(self, optimizer: Optimizer | None = None, biases: bool = True, **kwargs: Any):
        super().__init__(optimizer, size_in=0, biases=biases, **kwargs)

    @property
    def n_errors(self) -> int | None:
        """Size of the error that comes in. None stands for one value for each neuron."""
        raise TypeError(f"{type(self).__name__} must say how many errors it takes")

    def carry_back(self, xp: Any, error: Any, feedback: Any) -> Any:
        """Return the error as it arrives at the layer's neurons.

        Parameters
        ----------
        xp : namespace
        error : (batch, n_errors) array
        feedback : array or None
            The weights that lead on, (n_errors, n_neurons), or the matrix B,
            (n_neurons, n_errors). None if there is nothing to go through.

        Returns
        -------
        (batch, n_neurons) array
        """
        raise TypeError(f"{type(self).__name__} needs a method carry_back")

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        return super().update(xp, pre, post, -error, weights)

    @property
    def probeable(self) -> tuple[str, ...]:
        return (*super().probeable, "delta")

    def modifies_on(self, connection: Connection) -> str:
        neurons = learning_neurons(connection)
        derivative(neurons.ensemble.neuron_type)
        self.check(connection, neurons)
        return super().modifies_on(connection)

    def size_on(self, connection: Connection) -> int:
        return learning_neurons(connection).size_in if self.n_errors is None else self.n_errors

    def check(self, connection: Connection, neurons: Neurons) -> None:
        """Raise a ValidationError if the rule cannot serve a connection into these neurons."""
