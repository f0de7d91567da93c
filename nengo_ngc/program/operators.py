"""The one operator that runs pure functions of arrays, on every backend."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from nengo.builder import Operator, Signal
from numpy.typing import NDArray

from ..exceptions import DivergenceError
from ..namespace import NUMPY
from ..schedule import Schedule

Stage = tuple[Callable | None, Callable]


class SharedSignal(Signal):
    """A signal of which all samples of a minibatch share one copy.

    It is kept between runs, as weights and the states of optimisers are.
    """

    @classmethod
    def adopt(cls, signal: Signal) -> "SharedSignal":
        """Turn a signal that other operators may refer to already into a shared one."""
        signal.__class__ = cls
        return signal


class SampleSignal(Signal):
    """A signal of which each sample has its own copy, whatever the number of its axes."""


class PureOperator(Operator):
    """Runs pure functions over named arrays.

    A function takes ``(xp, v)``, where ``xp`` has the functions that `nengo_ngc.namespace`
    lists and the attributes of ``v`` are the arrays by name. It returns a dict of new arrays.
    Vectors, and signals of each sample, have a batch axis in front. Matrices, scalars and
    shared signals have none.

    Stages run one after another, and each of them sees the arrays that those before it have
    returned. If the guard of a stage is false, neither this stage nor those after it run in
    this timestep, and signals that are set, rather than updated, are 0.

    Parameters
    ----------
    stages : sequence of (guard, function)
        ``guard(xp, v)`` returns a boolean. With None in its place the stage always runs.
    reads, sets, updates : dict of {str: Signal}
        Signals by the names under which functions find them. Functions may also read the
        signals that they update.
    tag : str, optional
        What is computed here, for error messages.
    ends : Schedule, optional
        If it is given, what the operator sets says whether a presentation of this schedule is
        over: it is, if the values are above 0 in all samples. Once all operators of this sort
        agree, models skip the remaining timesteps, except the last one.

    Notes
    -----
    1. sets ``[*sets]``
    2. incs ``[]``
    3. reads ``[*reads]``
    4. updates ``[*updates]``
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        reads: Mapping[str, Signal],
        sets: Mapping[str, Signal] | None = None,
        updates: Mapping[str, Signal] | None = None,
        tag: str | None = None,
        ends: Schedule | None = None,
    ) -> None:
        super().__init__(tag=tag)
        sets, updates = sets or {}, updates or {}
        self.stages = tuple(stages)
        self.ends = ends
        # names are kept apart: Nengo's optimiser replaces the signals in these lists
        self._names = tuple(reads), tuple(sets), tuple(updates)
        self._given = {**reads, **sets, **updates}
        self.reads = list(reads.values())
        self.sets = list(sets.values())
        self.incs: list[Signal] = []
        self.updates = list(updates.values())

    @property
    def updated(self) -> dict[str, Signal]:
        """Signals that change at the end of the timestep, by name."""
        return dict(zip(self._names[2], self.updates))

    @property
    def inputs(self) -> dict[str, Signal]:
        """Signals that functions may read, by name."""
        return {**dict(zip(self._names[0], self.reads)), **self.updated}

    @property
    def outputs(self) -> dict[str, Signal]:
        """Signals that functions may write, by name."""
        return {**dict(zip(self._names[1], self.sets)), **self.updated}

    def make_step(
        self, signals: Mapping[Signal, NDArray], dt: float, rng: Any
    ) -> Callable[[], None]:
        """Return the function of one timestep in Nengo."""

        def batched(name, signal):
            array = signals[signal]
            return array.view() if is_shared(self._given[name]) else array[None]

        inputs = {name: batched(name, signal) for name, signal in self.inputs.items()}
        outputs = {name: batched(name, signal) for name, signal in self.outputs.items()}
        step = inputs.get("step")
        sets = [outputs[name] for name in self._names[1]]
        sets = sets if self.stages[0][0] is not None else []
        stages, tag = self.stages, self.tag

        def step_pure():
            v = SimpleNamespace(**inputs)
            new = {}
            for output in sets:
                output[...] = 0
            for guard, function in stages:
                if guard is not None and not guard(NUMPY, v):
                    break
                try:
                    result = function(NUMPY, v)
                except np.linalg.LinAlgError as error:
                    raise DivergenceError(tag, int(step), f"failed: {error}") from error
                new.update(result)
                v.__dict__.update(result)
            # a function may return a view of an array that is about to change
            kept = {name: x if x.flags.owndata else x.copy() for name, x in new.items()}
            for name, array in kept.items():
                outputs[name][...] = array

        return step_pure


def is_shared(signal: Signal) -> bool:
    """Return whether functions see one array for all samples, without a batch axis."""
    if isinstance(signal.base, SharedSignal | SampleSignal):
        return isinstance(signal.base, SharedSignal)
    return signal.ndim != 1
