"""The division of time into presentations: when states start again, and when rules apply."""

from nengo.exceptions import ValidationError
from nengo.params import FrozenObject

from .validation import FlagParam, WholeParam, checked


class Schedule(FrozenObject):
    """Divides time into presentations of equal length.

    A presentation is a series of ``steps`` timesteps during which one input is held. At
    its first timestep the latent states start from rest, and at its last timestep the
    learning rules apply to the settled network. With ``online`` the rules apply at every
    timestep but the first, and with ``from_start`` at that one, too. The rules sum their
    updates over presentations and change the weights once they have seen ``batch_size``
    samples.

    Parameters
    ----------
    steps : int, optional
        Number of timesteps in one presentation, at least 1.
    batch_size : int or None, optional
        Number of samples over which one update of the weights is averaged. With None,
        the default, the weights change after every presentation, whatever the number of
        samples that the simulator presents at once. It must be a multiple of the
        simulator's ``minibatch_size``.
    online : bool, optional
        Whether rules apply at every timestep of a presentation but the first. With a single
        timestep they never apply then, unless ``from_start`` is True.
    interleave : int, optional
        Number of presentations that run at the same time and take turns, one timestep
        each. Nengo needs this where ``online`` rules average over a batch, because all
        samples have to be at the same iteration before the weights change. The samples of
        a minibatch always are.
    from_start : bool, optional
        Whether ``online`` rules apply at the first timestep of a presentation as well.

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
    from_start = FlagParam("from_start")

    def __init__(
        self,
        steps: int = 50,
        batch_size: int | None = None,
        online: bool = False,
        interleave: int = 1,
        from_start: bool = False,
    ) -> None:
        super().__init__()
        self.steps = steps
        self.batch_size = batch_size
        self.online = online
        self.interleave = interleave
        self.from_start = from_start

    def iteration(self, step: int) -> int:
        """Return the number of a timestep within its presentation, counted from 0.

        Parameters
        ----------
        step : int
            Timestep of the simulation, counted from 1 as in Nengo.
        """
        return ((step - 1) // self.interleave) % self.steps

    def is_first(self, step: int) -> bool:
        """Return whether a timestep, counted from 1, is the first of its presentation."""
        return self.iteration(step) == 0

    def is_last(self, step: int) -> bool:
        """Return whether a timestep, counted from 1, is the last of its presentation."""
        return self.iteration(step) == self.steps - 1

    def applies_rules(self, step: int) -> bool:
        """Return whether learning rules apply at a timestep, counted from 1."""
        if not self.online:
            return self.is_last(step)
        return self.iteration(step) >= (0 if self.from_start else 1)

    def remaining(self, step: int) -> int:
        """Return how many timesteps lie between a timestep and the last of its presentation.

        Neither of the two is counted, so the result is -1 for the last timestep itself.
        """
        return self.steps - 2 - self.iteration(step)

    def is_due(self, count: int) -> bool:
        """Return whether ``count`` samples are enough for an update of the weights."""
        return count >= (1 if self.batch_size is None else self.batch_size)

    @checked(WholeParam("minibatch_size"))
    def check_minibatch(self, minibatch_size: int) -> None:
        """Raise an error unless whole minibatches make up the samples of one update.

        Parameters
        ----------
        minibatch_size : int
            Number of samples that the simulator presents at once.

        Raises
        ------
        nengo.exceptions.ValidationError
            If ``batch_size`` is not a multiple of ``minibatch_size``.
        """
        if self.batch_size is not None and self.batch_size % minibatch_size:
            raise ValidationError(
                f"batch_size must be a multiple of minibatch_size "
                f"({minibatch_size}), got {self.batch_size}",
                attr="batch_size",
                obj=self,
            )


class AddUp(Schedule):
    """A schedule under which the updates of rules are summed but never applied.

    `.Session.gradient` uses it to read the updates that the rules would make.

    Parameters
    ----------
    steps, online, interleave, from_start
        As for `Schedule`.
    """

    def __init__(
        self,
        steps: int = 50,
        online: bool = False,
        interleave: int = 1,
        from_start: bool = False,
    ) -> None:
        super().__init__(steps, online=online, interleave=interleave, from_start=from_start)

    def is_due(self, count: int) -> bool:
        """Return False, because no number of samples is below 0."""
        return count < 0
