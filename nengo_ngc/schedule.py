"""Timing: when states start afresh, when rules apply, how a value moves over epochs."""

from nengo.exceptions import ValidationError
from nengo.params import FrozenObject

from .validation import FlagParam, PositiveParam, WholeParam, checked


class Schedule(FrozenObject):
    """Divides time into presentations of equal length.

    An input is held for ``steps`` timesteps. At the first of them latent states
    start from rest, at the last one learning rules look at the settled network (or,
    ``online``, at each one but the first). Rules sum what they see over presentations
    and change the weights once they have seen ``batch_size`` samples.

    Parameters
    ----------
    steps : int, optional
        Timesteps in one presentation, at least 1.
    batch_size : int or None, optional
        Samples averaged in one update of the weights. With None the weights change
        after every presentation, whatever the number of samples the simulator
        presents at once. On NengoDL it must be a multiple of ``minibatch_size``.
    online : bool, optional
        Whether rules look at every timestep of a presentation but the first.
    interleave : int, optional
        Presentations that run at the same time, a timestep of each in turn. Nengo needs
        it where ``online`` rules average over a batch: all samples have to be at the
        same iteration before the weights change. NengoDL has minibatches instead.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``steps``, ``batch_size`` or ``interleave`` is not a whole number of at
        least 1.
    """

    steps = WholeParam("steps")
    batch_size = WholeParam("batch_size", optional=True)
    online = FlagParam("online")
    interleave = WholeParam("interleave")

    def __init__(self, steps=50, batch_size=None, online=False, interleave=1):
        super().__init__()
        self.steps = steps
        self.batch_size = batch_size
        self.online = online
        self.interleave = interleave

    def iteration(self, step):
        """The timestep within its presentation, from 0, for a ``step`` from 1."""
        return ((step - 1) // self.interleave) % self.steps

    def is_first(self, step):
        """Whether ``step``, counted from 1, is the first of a presentation."""
        return self.iteration(step) == 0

    def is_last(self, step):
        """Whether ``step``, counted from 1, is the last of a presentation."""
        return self.iteration(step) == self.steps - 1

    def teaches(self, step):
        """Whether rules look at ``step``, counted from 1."""
        return self.iteration(step) > 0 if self.online else self.is_last(step)

    def remaining(self, step):
        """How many timesteps lie between ``step`` and the last of its presentation."""
        return self.steps - 2 - self.iteration(step)

    def is_due(self, count):
        """Whether ``count`` samples are enough for an update of the weights."""
        return count >= (1 if self.batch_size is None else self.batch_size)

    @checked(WholeParam("minibatch_size"))
    def check_minibatch(self, minibatch_size):
        """Raise unless whole minibatches make up the samples of one update."""
        if self.batch_size is not None and self.batch_size % minibatch_size:
            raise ValidationError(
                f"batch_size must be a multiple of minibatch_size "
                f"({minibatch_size}), got {self.batch_size}",
                attr="batch_size",
                obj=self,
            )


@checked(
    PositiveParam("first"),
    PositiveParam("last"),
    PositiveParam("factor"),
    WholeParam("n", low=0),
)
def geometric(first, last, factor, n):
    r"""A value on its way from the first to the last, after n changes by a factor.

    .. math:: v_n = v_0\, f^n, \quad \text{but not beyond the last}

    Parameters
    ----------
    first, last : float
        Above 0.
    factor : float
        f, above 0; below 1 if the last value is smaller than the first.
    n : int

    Returns
    -------
    float
    """
    bound = max if last < first else min
    return bound(first * factor**n, last)
