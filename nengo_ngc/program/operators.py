"""The one operator that runs pure functions of arrays, on any backend."""

from types import SimpleNamespace

import numpy as np
from nengo.builder import Operator, Signal

from ..exceptions import DivergenceError
from ..namespace import NUMPY


class SharedSignal(Signal):
    """A signal of which all samples of a minibatch share one copy.

    It is kept between runs, as weights and the states of optimisers are.
    """

    @classmethod
    def adopt(cls, signal: Signal) -> "SharedSignal":
        """Turn a signal that other operators may refer to already into a shared one."""
        signal.__class__ = cls
        return signal


class PureOperator(Operator):
    """Runs pure functions over named arrays.

    A function takes ``(xp, v)``, a namespace of array functions and an object whose
    attributes are the arrays by name, and returns a dict of new arrays. Vectors come
    as (batch, n); matrices, scalars and shared signals come as they are.

    Stages run one after another and see what those before them returned. A stage
    with a guard that is false ends the operator's work for this timestep; signals that
    are set, not updated, are 0 then.

    Parameters
    ----------
    stages : sequence of (guard, function)
        ``guard(xp, v)`` returns a boolean; None means always.
    reads, sets, updates : dict of {str: Signal}
        Names by which functions address signals. Updated signals may be read, too.
    tag : str, optional
        Says in error messages what is computed here.
    ends : Schedule, optional
        Presentations of this schedule are over, but for their last timestep, once what
        the operator sets is above 0 in all samples. Models skip the rest, once that holds for
        all such operators.

    Notes
    -----
    1. sets ``[*sets]``
    2. incs ``[]``
    3. reads ``[*reads]``
    4. updates ``[*updates]``
    """

    def __init__(self, stages, reads, sets=None, updates=None, tag=None, ends=None):
        super().__init__(tag=tag)
        sets, updates = sets or {}, updates or {}
        self.stages = tuple(stages)
        self.ends = ends
        # names are kept apart: Nengo's optimiser replaces the signals in these lists
        self._names = tuple(reads), tuple(sets), tuple(updates)
        self.reads = list(reads.values())
        self.sets = list(sets.values())
        self.incs = []
        self.updates = list(updates.values())

    @property
    def updated(self):
        """Signals that change at the end of the timestep, by name."""
        return dict(zip(self._names[2], self.updates))

    @property
    def inputs(self):
        """Signals that functions may read, by name."""
        return {**dict(zip(self._names[0], self.reads)), **self.updated}

    @property
    def outputs(self):
        """Signals that functions may write, by name."""
        return {**dict(zip(self._names[1], self.sets)), **self.updated}

    def make_step(self, signals, dt, rng):
        def batched(signal):
            array = signals[signal]
            return array if _is_shared(signal) else array[None]

        inputs = {name: batched(signal) for name, signal in self.inputs.items()}
        outputs = {name: batched(signal) for name, signal in self.outputs.items()}
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
            for name, array in new.items():
                outputs[name][...] = array

        return step_pure


def _is_shared(signal):
    return isinstance(signal.base, SharedSignal) or signal.ndim != 1
