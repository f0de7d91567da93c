"""Settle-then-learn timing: when states start afresh and when rules apply."""

from nengo.exceptions import ValidationError
from nengo.params import FrozenObject, IntParam


class Schedule(FrozenObject):
    """Divides time into presentations of equal length.

    An input is held for ``steps`` timesteps. At the first of them latent states
    start from rest, at the last one learning rules look at the settled network.
    Rules sum what they see over presentations and change the weights once they
    have seen ``batch_size`` samples.

    Parameters
    ----------
    steps : int, optional
        Timesteps in one presentation, at least 1.
    batch_size : int or None, optional
        Samples averaged in one update of the weights. With None the weights change
        after every presentation, whatever the number of samples the simulator
        presents at once. On NengoDL it must be a multiple of ``minibatch_size``.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``steps`` or ``batch_size`` is not a whole number of at least 1.
    """

    steps = IntParam("steps", low=1, readonly=True)
    batch_size = IntParam("batch_size", low=1, optional=True, readonly=True)

    def __init__(self, steps=50, batch_size=None):
        super().__init__()
        self.steps = steps
        self.batch_size = batch_size

    def is_first(self, step):
        """Whether ``step``, counted from 1, is the first of a presentation."""
        return (step - 1) % self.steps == 0

    def is_last(self, step):
        """Whether ``step``, counted from 1, is the last of a presentation."""
        return step % self.steps == 0

    def is_due(self, count):
        """Whether ``count`` samples are enough for an update of the weights."""
        return count >= (1 if self.batch_size is None else self.batch_size)

    def check_minibatch(self, minibatch_size):
        """Raise unless whole minibatches make up the samples of one update."""
        if self.batch_size is not None and self.batch_size % minibatch_size:
            raise ValidationError(
                f"batch_size must be a multiple of minibatch_size "
                f"({minibatch_size}), got {self.batch_size}",
                attr="batch_size",
                obj=self,
            )
