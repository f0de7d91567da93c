"""Merges small operators of the same kind, as Nengo's own optimiser does.

A compiled timestep takes about a microsecond for each operator, so that models of many small
ensembles become much faster. Merged signals become views of larger signals. Large arrays and
those of this package's operators are not merged, since they would become slower.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from copy import copy

import numpy as np
from nengo.builder import Model, Signal
from nengo.builder.operator import Operator
from nengo.builder.optimizer import OpMergePass
from nengo.utils.stdlib import OrderedSet

from ..operators import PureOperator

# Elements of an array above which it is left alone, and the number of small operators below
# which nothing is merged
_LARGE, _FEW = 2**13, 64


def own_copy(model: Model) -> Model:
    """Return a copy of a model whose operators can be merged without changing the model.

    Merging changes operators in place, while programs of other simulators refer to them.
    """
    copied = copy(model)
    copied.operators = [copy(op) for op in model.operators]
    copied.sig = defaultdict(dict, {obj: dict(sigs) for obj, sigs in model.sig.items()})
    return copied


def merge(model: Model, graph: dict) -> dict:
    """Merge operators of a model.

    Parameters
    ----------
    model : nengo.builder.Model
        Its operators and signals are replaced.
    graph : dict
        The operators that depend on each operator.

    Returns
    -------
    dict
        The graph of the operators that are left.
    """
    small = _small(model.operators)
    if len(small) < _FEW:
        return graph
    passes = OpMergePass(graph)
    passes.might_merge = _InOrder(graph)
    with_views, before = True, -1
    while with_views or len(passes.dg.forward) < before:
        with_views = before != len(passes.dg.forward)
        before = len(passes.dg.forward)
        passes.might_merge.intersection_update(_small(passes.dg.forward))
        passes(with_views)
    for signals in model.sig.values():
        for name in signals:
            while signals[name] in passes.sig_replacements:
                signals[name] = passes.sig_replacements[signals[name]]
    model.operators[:] = list(passes.dg.forward)
    return passes.dg.forward


class _InOrder(OrderedSet):
    """A set with a fixed order, in place of Nengo's, whose order differs between processes."""

    def difference_update(self, others: Iterable) -> None:
        for other in others:
            self.discard(other)

    def intersection_update(self, others: Container) -> None:
        self.difference_update([item for item in self if item not in others])


def _small(operators: list[Operator]) -> set[Operator]:
    alone: set[Signal] = set()
    for op in operators:
        pure = isinstance(op, PureOperator)
        alone.update(s.base for s in op.all_signals if pure or s.size > _LARGE)
    return {
        op
        for op in operators
        # Nengo would warn of random numbers, which are not those of its generators here
        if not getattr(op, "state_extra", None)
        and alone.isdisjoint(s.base for s in op.all_signals)
        and all(map(_is_plain, op.all_signals))
    }


def _is_plain(signal: Signal) -> bool:
    """Whether entries of a signal lie side by side, which Nengo's optimiser does not check."""
    if signal.sparse or not signal.ndim:
        return True
    steps = np.cumprod([signal.itemsize, *signal.shape[:0:-1]])[::-1]
    return tuple(steps) == tuple(signal.strides)
