"""The arrays of a model: which of them all samples share, and when they change."""

from collections.abc import Iterable, Sequence

import numpy as np
from nengo.builder import Model, Signal
from nengo.builder.operator import Operator
from nengo.exceptions import BuildError

from ..operators import PureOperator, SharedSignal, is_shared
from .registry import lowering
from .values import places


class Layout:
    """The arrays that a simulation keeps between timesteps.

    Parameters
    ----------
    model : nengo.builder.Model
    operators : sequence of Operator
        In the order in which they run.
    slow : set of Signal
        Bases of signals that are changed only by learning rules, after the timestep.
    fed : set of Signal
        Signals whose values a user may set, with other values for each sample.

    Attributes
    ----------
    shared : dict of {Signal: str}
        Names of the bases that do not change within a timestep: constants and ``slow``.
    state : dict of {Signal: str}
        Names of the bases that change within a timestep.
    per_sample : set of Signal
        The signals of ``state`` of which each sample has its own array.
    """

    def __init__(
        self, model: Model, operators: Sequence[Operator], slow: set, fed: set
    ) -> None:
        self._fed = {signal.base for signal in fed}
        bases = dict.fromkeys(s.base for op in operators for s in op.all_signals)
        names = {base: f"s{k}" for k, base in enumerate(bases) if not base.sparse}
        written = {signal.base for op in operators for signal in _written(op)} - slow
        kept = _kept(operators, [model.sig[probe]["in"] for probe in model.probes])
        self.shared = {b: name for b, name in names.items() if b not in written}
        self.state = {b: names[b] for b in names if b in written and b in kept}
        self.per_sample = self._per_sample(operators, fed) & self.state.keys()
        for base in self.per_sample:
            if base in slow or isinstance(base, SharedSignal):
                raise BuildError(
                    f"{base} is shared by all samples of a minibatch, but it would be given "
                    "another value for each of them"
                )

    def is_own(self, signal: Signal) -> bool:
        """Whether each sample has its own values of a signal, whether they are kept or not."""
        base = signal.base
        if base in self._fed:
            return True
        return base not in self.shared and (base not in self.state or base in self.per_sample)

    @staticmethod
    def _per_sample(operators, fed):
        own = {signal.base for signal in fed}
        following = []
        for op in operators:
            if isinstance(op, PureOperator):
                own.update(s.base for s in (*op.sets, *op.updates) if not is_shared(s))
            elif (shared := lowering(op).shared) is None:
                following.append(op)
            elif not shared:
                own.update(signal.base for signal in _written(op))
        before = -1
        while len(own) > before:
            before = len(own)
            for op in following:
                if any(signal.base in own for signal in op.reads):
                    own.update(signal.base for signal in _written(op))
        return own


def _written(op: Operator) -> Iterable[Signal]:
    return (*op.sets, *op.incs, *op.updates)


def _kept(operators, probed):
    """Bases whose values a timestep needs from the previous timestep."""
    kept, fresh = set(), {}

    def need(signal):
        done = fresh.get(signal.base)
        if done is None or not np.all(done[places(signal)]):
            kept.add(signal.base)

    for op in operators:
        own = () if isinstance(op, PureOperator) else lowering(op).keeps(op)
        for signal in (*op.reads, *op.incs, *own):
            if not signal.sparse:
                need(signal)
        kept.update(signal.base for signal in op.updates)
        for signal in op.sets:
            done = fresh.setdefault(signal.base, np.zeros(signal.base.size, bool))
            done[places(signal)] = True
    for signal in probed:
        need(signal)
    return kept
