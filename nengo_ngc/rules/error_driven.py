"""Rules that multiply an error, or what remains of one, with presynaptic activity."""

from typing import Any

from nengo.exceptions import ValidationError

from .base import LocalRule
from .optimizers import Adam, Optimizer
from .signs import DESIRED_MINUS_ACTUAL, states_signs


@states_signs
class ErrorDriven(LocalRule):
    r"""Neural generative coding's rule: error times presynaptic activity.

    .. math:: \Delta W = e\, \phi(z)^T

    averaged over samples. The signal :math:`e` arrives through
    ``nengo.Connection(e, connection.learning_rule)``. The same rule trains
    predictions (W and M, by the error they caused) and error feedback (E, whose
    presynaptic activity is the error and whose signal is :math:`\phi(z)`).

    Parameters
    ----------
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    size_in : int or str, optional
        Size of the signal, ``"post"`` by default.
    **kwargs
        As for `.LocalRule`.

    References
    ----------
    Ororbia & Kifer 2022, "The neural coding framework for learning generative
    models", Nature Communications 13, 2064.
    """

    error_sign: str | None = DESIRED_MINUS_ACTUAL

    def __init__(
        self, optimizer: Optimizer | None = None, size_in: int | str = "post", **kwargs: Any
    ):
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, size_in=size_in, **kwargs)

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        return xp.einsum("bi,bj->ij", error, pre)


@states_signs
class Delta(ErrorDriven):
    r"""The delta rule: learns to predict a signal from presynaptic activity.

    .. math:: \Delta W = (t - W x)\, x^T

    averaged over samples, of the signal t that arrives through
    ``nengo.Connection(t, connection.learning_rule)`` and the presynaptic activity x.

    Parameters
    ----------
    **kwargs
        As for `ErrorDriven`.

    References
    ----------
    Widrow & Hoff 1960, "Adaptive switching circuits".
    """

    error_sign = None

    def __init__(
        self, optimizer: Optimizer | None = None, size_in: int | str = "post", **kwargs: Any
    ):
        super().__init__(optimizer, size_in, **kwargs)
        if self.biases:
            raise ValidationError(
                "must be False, since weights and biases would each learn the whole signal",
                attr="biases",
                obj=self,
            )

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        left = error - xp.einsum("ij,bj->bi", weights, pre)
        return super().update(xp, pre, post, left, weights)
