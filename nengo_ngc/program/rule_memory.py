"""The memory of local rules: arrays that change at every timestep."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from nengo.builder import Signal
from nengo.connection import LearningRule
from nengo.exceptions import BuildError
from nengo.rc import rc

from ..rules import LocalRule
from .operators import SampleSignal, SharedSignal

# of what a rule has besides its memory, and of its biases
_TAKEN = ("in", "error", "delta", "parameter", "total", "count", "feedback", "bias")
_TAKEN_BEGINNINGS = ("optimizer_", "bias_")


class RuleMemory:
    """The signals of a rule's memory, and the function that updates them.

    Parameters
    ----------
    rule_type : LocalRule
    rule : nengo.connection.LearningRule
    shape : tuple of int
        Shape of what learns: (n_post, n_pre), or (n_post,) for biases.
    prefix : str
        What the names of signals begin with.

    Attributes
    ----------
    signals : dict of {str: Signal}
        By the names that the rule gives them.
    """

    def __init__(
        self, rule_type: LocalRule, rule: LearningRule, shape: tuple[int, ...], prefix: str
    ):
        self._rule_type = rule_type
        self._kept = dict(rule_type.memory(shape[1] if len(shape) == 2 else 1, shape[0]))
        self.signals: dict[str, Signal] = {}
        for name, kept in self._kept.items():
            if name in _TAKEN or name.startswith(_TAKEN_BEGINNINGS):
                raise BuildError(f"{rule}: the memory needs another name than {name!r}")
            if rule_type.schedule.interleave > 1 and not kept.shared:
                raise BuildError(
                    f"{rule}: {name!r} would be mixed up between presentations that run at "
                    "the same time; a rule that remembers something of each sample needs a "
                    f"schedule with interleave=1, got {rule_type.schedule.interleave}"
                )
            initial = kept.start().astype(rc.float_dtype)
            kind = SharedSignal if kept.shared else SampleSignal
            self.signals[name] = kind(initial, name=f"{rule}.{prefix}{name}")

    @property
    def updates(self) -> dict[str, Signal]:
        """The signals, by their names in the rule's operator."""
        return {f"memory_{name}": signal for name, signal in self.signals.items()}

    def of(self, v: Any) -> tuple[SimpleNamespace, ...]:
        """Return the memory as the argument of a rule, or nothing if it has none."""
        if not self._kept:
            return ()
        arrays = {name: getattr(v, f"memory_{name}") for name in self._kept}
        return (SimpleNamespace(**arrays),)

    def move(self, look: Callable, dt: float) -> Callable:
        """Return the function that updates all arrays for one timestep.

        Parameters
        ----------
        look : callable
            Picks what the rule sees out of the operator's arrays, in one part.
        dt : float
            Length of a timestep, in seconds.
        """
        rule_type, schedule = self._rule_type, self._rule_type.schedule
        afresh = {
            name: kept.start()
            for name, kept in self._kept.items()
            if schedule.steps > 1 and not (kept.shared or kept.continues)
        }

        def move(xp: Any, v: Any) -> dict[str, Any]:
            ((pre, post, error, weights, memory),) = look(xp, v)
            for name, start in afresh.items():
                array = getattr(memory, name)
                start = xp.asarray(start, dtype=array.dtype) + xp.zeros_like(array)
                setattr(memory, name, xp.where(schedule.is_first(v.step), start, array))
            moved = rule_type.remember(xp, pre, post, error, weights, memory, dt)
            return {
                f"memory_{name}": self._unless_off(xp, v, name, moved[name])
                for name in self._kept
            }

        return move

    def _unless_off(self, xp, v, name, moved):
        """The new value of an array; shared arrays do not change while nothing learns."""
        if not self._kept[name].shared or self._rule_type.learn is None:
            return moved
        return xp.where(xp.max(v.learn) > 0, moved, getattr(v, f"memory_{name}"))
