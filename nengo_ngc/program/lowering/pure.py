"""Lowers pure operators: those within a timestep, and learning rules, which apply after it."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from nengo.builder.operator import Operator

from ...namespace import NUMPY, Array
from ..operators import PureOperator, is_shared
from .values import Values


def is_rule(op: Operator) -> bool:
    """Whether an operator applies in some timesteps only, as learning rules do."""
    guarded = isinstance(op, PureOperator) and any(guard for guard, _ in op.stages)
    return guarded and not op.sets


def compute(op: PureOperator, values: Values) -> None:
    """Run a pure operator within a timestep."""
    xp = values.xp
    inputs = {name: values.as_pure(signal) for name, signal in op.inputs.items()}
    outputs = {}
    for name, signal in op.outputs.items():
        one = (1,) if is_shared(signal) else (values.machine.n_samples,)
        zeros = np.zeros((*one, *signal.shape), values.machine.dtype)
        zeros = xp.asarray(zeros[0] if is_shared(signal) else zeros)
        outputs[name] = inputs.get(name, zeros)
    for name, array in _run(op.stages, values, inputs, outputs).items():
        values.set_pure(op.outputs[name], array)


class Rule:
    """An operator in two parts: one runs in each timestep, and one when rules apply.

    Parameters
    ----------
    op : PureOperator

    Attributes
    ----------
    slow : list of Signal
        Signals that change only when the rule applies.
    """

    def __init__(self, op: PureOperator) -> None:
        self._op = op
        n = next(k for k, (guard, _) in enumerate(op.stages) if guard is not None)
        self._always, self._guarded = op.stages[:n], op.stages[n:]
        moved = self._names_moved() if n else set()
        self.slow = [signal for name, signal in op.updated.items() if name not in moved]

    def _names_moved(self):
        """Names of the values that change at each timestep, found with the initial values."""
        arrays = {
            name: signal.initial_value if is_shared(signal) else signal.initial_value[None]
            for name, signal in self._op.inputs.items()
        }
        moved = set()
        with np.errstate(all="ignore"):
            for _, function in self._always:
                moved |= function(NUMPY, SimpleNamespace(**arrays)).keys()
        return moved

    def move(self, values: Values) -> None:
        """Run the part that runs in each timestep."""
        inputs = {name: values.as_pure(signal) for name, signal in self._op.inputs.items()}
        for name, array in _run(self._always, values, inputs, inputs).items():
            values.set_pure(self._op.outputs[name], array)

    def read(self, values: Values) -> dict[str, Array]:
        """Return the values of this timestep that the rule needs, by name."""
        return {name: values.as_pure(signal) for name, signal in self._op.inputs.items()}

    def is_due(self, xp: Any, arrays: dict[str, Array]) -> Array:
        """Return whether the rule applies."""
        return self.guard[0](xp, SimpleNamespace(**arrays))

    @property
    def guard(self) -> tuple[Any, ...]:
        """The condition for the rule; rules with the same guard apply together."""
        inputs = self._op.inputs
        return self._guarded[0][0], inputs.get("step"), inputs.get("learn")

    def apply(self, values: Values, arrays: dict[str, Array], due: bool = False) -> None:
        """Change the learned arrays, if the rule applies.

        Parameters
        ----------
        values : Values
        arrays : dict of {str: array}
            The values that the rule needs, by name.
        due : bool, optional
            Whether it is already known that the rule applies.
        """
        outputs = {name: arrays[name] for name in self._op.updated}
        (guard, first), *others = self._guarded
        stages = [(None if due else guard, first), *others]
        for name, array in _run(stages, values, arrays, outputs).items():
            if self._op.outputs[name] in self.slow:
                values.set_pure(self._op.outputs[name], array)


def _run(stages, values, inputs, outputs):
    """The values that the stages of an operator return, by name.

    If a guard is false, the outputs keep their values, and all of them are returned.
    """
    results = {}
    for k, (guard, function) in enumerate(stages):
        v = SimpleNamespace(**{**inputs, **results})
        holds = True if guard is None else guard(values.xp, v)
        if holds is False:
            break
        if holds is not True:
            rest = [(None, function), *stages[k + 1 :]]
            return _run_if(holds, rest, values, vars(v), {**outputs, **results})
        results.update(function(values.xp, v))
    return results


def _run_if(holds, stages, values, inputs, outputs):
    return values.machine.choose(
        holds,
        lambda: {**outputs, **_run(stages, values, inputs, outputs)},
        lambda: outputs,
    )
