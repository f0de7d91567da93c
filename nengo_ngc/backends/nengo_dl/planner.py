"""The plan of a timestep: the order of the operators, and which of them are computed together.

Each operator takes some microseconds, whatever its size. Therefore operators of the same kind
are merged into one, together with their arrays, which makes models of many small ensembles
faster. Large arrays are not merged, because each write to a part of a merged array copies the
whole array, which takes longer than merging saves. The arrays of this package's operators,
which are always read and written as a whole, and the arrays of the operators next to them are
not merged either.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from nengo.builder import Signal
from nengo.builder.operator import Copy, DotInc, Operator
from nengo.builder.processes import SimProcess
from nengo.exceptions import BuildError
from nengo.synapses import Lowpass
from nengo.utils.simulator import operator_dependency_graph
from nengo_dl import graph_optimizer
from nengo_dl.graph_optimizer import mergeable, order_signals
from nengo_dl.op_builders import DotSet, ElementwiseSet

from ...program import PureOperator
from ...program.structure import cheap_product
from .operators import Delay, Product, Rules, ScaledInc

# Elements of an array, of all samples, above which it is left alone. Small ensembles in a
# usual minibatch are below it, layers of hundreds of units above;
# benchmarks/small_ensembles.txt has models of both kinds.
_LARGE = 2**15

# Entries of a matrix up to which a product is too short to be taken apart.
_SMALL = 2**12

# held by whoever makes a graph, by our plan or by NengoDL's
PLANNING = threading.RLock()


@contextmanager
def planning(minibatch_size: int) -> Iterator[None]:
    """Make this plan NengoDL's default within a ``with`` block.

    Users can choose another planner in a network's configuration. The configuration cannot be
    used here, because a model that was built earlier may have none.
    """
    defaults = {
        "tree_planner": partial(plan, minibatch_size=minibatch_size),
        "order_signals": sort,
    }
    with PLANNING:
        before = {name: getattr(graph_optimizer, name) for name in defaults}
        vars(graph_optimizer).update(defaults)
        try:
            yield
        finally:
            vars(graph_optimizer).update(before)


def plan(operators: Sequence[Operator], minibatch_size: int = 1) -> list[tuple[Operator, ...]]:
    """Return the operators of a timestep, in groups that are computed together.

    Parameters
    ----------
    operators : list of nengo.builder.Operator
        After NengoDL's own simplifications.
    minibatch_size : int, optional

    Returns
    -------
    list of tuple of nengo.builder.Operator
        In the order in which they are computed.
    """
    alone = _left_alone(operators, minibatch_size)
    operators = [Delay(op) if _is_delay(op) else op for op in operators]
    operators = _join_scaled(operators, alone)
    rules = [op for op in operators if _is_rule(op)]
    if rules:
        operators = [op for op in operators if not _is_rule(op)] + [Rules(rules)]
    groups = _merge(operators, alone)
    written = {sig.base for op in operators for sig in op.sets + op.incs + op.updates}
    return [group if len(group) > 1 else (_simplest(group[0], written),) for group in groups]


def sort(
    groups: Sequence[tuple[Operator, ...]], n_passes: int = 10
) -> tuple[list[Signal], list[tuple[Operator, ...]]]:
    """Sort signals so that those that are used together are next to each other.

    Parameters
    ----------
    groups : list of tuple of nengo.builder.Operator
        Groups as ``plan`` returns them.
    n_passes : int, optional
        As for `nengo_dl.graph_optimizer.order_signals`.

    Returns
    -------
    signals : list of nengo.builder.Signal
    groups : list of tuple of nengo.builder.Operator
        With the operators of each group in the order of their signals.
    """
    merged = [group for group in groups if len(group) > 1]
    signals, ordered = order_signals(merged, n_passes=n_passes) if merged else ([], [])
    ordered = dict(zip(merged, ordered))
    every = dict.fromkeys(signals)
    every.update(dict.fromkeys(_bases(op for group in groups for op in group)))
    return list(every), [ordered.get(group, group) for group in groups]


def _bases(operators):
    return [signal.base for op in operators for signal in op.all_signals]


def _left_alone(operators, minibatch_size):
    """The arrays that are not merged."""

    def size(signal):
        return signal.size * (minibatch_size if signal.minibatched else 1)

    alone = {base for base in _bases(operators) if size(base) > _LARGE}
    alone.update(_bases(op for op in operators if isinstance(op, PureOperator)))
    # what is computed from them, or they from it, is read and written whole, too
    neighbours = [op for op in operators if not alone.isdisjoint(_bases([op]))]
    return alone.union(_bases(neighbours))


def _merge(operators, alone):
    """Sort operators into groups of the same kind, in an order in which they can be computed.

    Groups whose operators all have their inputs come first. Among the others, the largest
    group comes first.
    """
    place = {op: k for k, op in enumerate(operators)}
    kinds = _kinds(operators, alone)
    followers = operator_dependency_graph(operators)
    n_before = Counter(op for ops in followers.values() for op in ops)
    n_left, ready = Counter(kinds.values()), defaultdict(list)
    for op in operators:
        if not n_before[op]:
            ready[kinds[op]].append(op)

    def merit(kind):
        whole = len(ready[kind]) == n_left[kind]
        return whole, 0 if whole else len(ready[kind]), -kind

    groups = []
    while ready:
        kind = max(ready, key=merit)
        group = sorted(ready.pop(kind), key=place.get)
        n_left[kind] -= len(group)
        groups.append(tuple(group))
        for follower in (after for op in group for after in followers[op]):
            n_before[follower] -= 1
            if not n_before[follower]:
                ready[kinds[follower]].append(follower)
    if waiting := [op for op in operators if n_before[op]]:
        raise BuildError(
            f"these operators depend on themselves within a timestep: {waiting}; a "
            "connection on the way needs a synapse, of 0 if it is to delay by one timestep"
        )
    return groups


def _kinds(operators, alone):
    """A number for each operator, the same for those that may be merged."""
    kinds, first = {}, {}
    for k, op in enumerate(operators):
        single = not alone.isdisjoint(_bases([op]))
        alike = () if single else (i for i, other in first.items() if mergeable(op, [other]))
        kinds[op] = next(iter(alike), k)
        if kinds[op] == k and not single:
            first[k] = op
    return kinds


def _join_scaled(operators, alone):
    """Replace ``T = a * X; Y += T`` by one operator if nothing else uses T.

    Nengo builds connections with a number as their transform in this way.
    """
    readers, writers = Counter(), Counter()
    for op in operators:
        readers.update(signal.base for signal in op.reads)
        writers.update(signal.base for signal in op.sets + op.incs + op.updates)
    scaled = {op.Y: op for op in operators if type(op) is ElementwiseSet and op.A.shape == ()}
    joined, done = [], set()
    for op in operators:
        source = scaled.get(op.src) if _is_whole_inc(op) and op.dst.base in alone else None
        if source and readers[op.src.base] == writers[op.src.base] == 1:
            joined.append(ScaledInc(source.A, source.X, op.dst, tag=op.tag))
            done.add(source)
        else:
            joined.append(op)
    return [op for op in joined if op not in done]


def _is_whole_inc(op):
    whole = isinstance(op, Copy) and op.src_slice is None and op.dst_slice is None
    return whole and op.inc


def _is_rule(op):
    guarded = isinstance(op, PureOperator) and op.stages[0][0] is not None
    return guarded and not op.sets


def _is_delay(op):
    synapse = op.process if isinstance(op, SimProcess) and op.mode == "update" else None
    return type(synapse) is Lowpass and synapse.tau == 0


def _simplest(op, written):
    if type(op) not in (DotInc, DotSet) or op.A.minibatched or op.A.ndim != 2:
        return op
    constant = op.A.base not in written and not op.A.trainable
    cheap = constant and op.A.size > _SMALL and cheap_product(op.A.initial_value)
    return Product(op, cheap or None)
