"""What NengoDL computes in a timestep, and in which order.

NengoDL's own planner merges small operators into large ones, and signals into
large arrays of which each write copies the whole. That suits many small
populations; a few large layers run several times faster one by one.
"""

from collections import Counter

from nengo.builder.operator import Copy, DotInc, Operator
from nengo.builder.processes import SimProcess
from nengo.synapses import Lowpass
from nengo_dl.graph_optimizer import noop_planner, remove_reset_incs
from nengo_dl.op_builders import DotSet, ElementwiseSet

from ..builder import PureOperator


class Product(Operator):
    """Sets or increments a vector by a matrix, which is not minibatched, times a vector.

    Notes
    -----
    1. sets ``[]`` or ``[Y]``
    2. incs ``[Y]`` or ``[]``
    3. reads ``[A, X]``
    4. updates ``[]``
    """

    def __init__(self, op):
        super().__init__(tag=op.tag)
        self.sets, self.incs, self.reads = list(op.sets), list(op.incs), list(op.reads)
        self.updates = []

    A = property(lambda self: self.reads[0])
    X = property(lambda self: self.reads[1])
    Y = property(lambda self: (self.sets or self.incs)[0])


class Delay(Operator):
    """Passes on a vector one timestep later: a synapse of time constant 0.

    Notes
    -----
    1. sets ``[]``
    2. incs ``[]``
    3. reads ``[input]``
    4. updates ``[output]``
    """

    def __init__(self, op):
        super().__init__(tag=op.tag)
        self.sets, self.incs = [], []
        self.reads, self.updates = [op.input], [op.output]

    input = property(lambda self: self.reads[0])
    output = property(lambda self: self.updates[0])


class ScaledInc(Operator):
    """Increments a vector by a constant times another.

    Notes
    -----
    1. sets ``[]``
    2. incs ``[Y]``
    3. reads ``[X]``
    4. updates ``[]``
    """

    def __init__(self, scale, X, Y, tag=None):
        super().__init__(tag=tag)
        self.scale = scale
        self.sets, self.incs, self.reads, self.updates = [], [Y], [X], []

    X = property(lambda self: self.reads[0])
    Y = property(lambda self: self.incs[0])


class Rules(Operator):
    """All operators that have a guard: they share one decision.

    A timestep in which no rule applies then costs no more than that.

    Notes
    -----
    1. sets ``[]``
    2. incs ``[]``
    3. reads ``[what the operators read]``
    4. updates ``[what the operators update]``
    """

    def __init__(self, ops):
        super().__init__()
        self.ops = ops
        self.sets, self.incs = [], []
        self.reads = list({sig: None for op in ops for sig in op.reads})
        self.updates = [sig for op in ops for sig in op.updates]


def plan(operators):
    """Simplify the operators of a timestep and put them in order, one by one.

    Parameters
    ----------
    operators : list of nengo.builder.Operator
        After NengoDL's own simplifications.

    Returns
    -------
    list of tuple of nengo.builder.Operator
    """
    operators = [_simplest(op) for op in remove_reset_incs(operators)]
    operators = _join_scaled(operators)
    rules = [op for op in operators if _is_rule(op)]
    others = [op for op in operators if not _is_rule(op)]
    return noop_planner(others + ([Rules(rules)] if rules else []))


def _join_scaled(operators):
    """Replace ``T = a * X; Y += T`` by one operator where nothing else has to do with T.

    That is how Nengo builds connections with a number as their transform.
    """
    readers, writers = Counter(), Counter()
    for op in operators:
        readers.update(sig.base for sig in op.reads)
        writers.update(sig.base for sig in op.sets + op.incs + op.updates)
    scaled = {
        op.Y: op
        for op in operators
        if type(op) is ElementwiseSet and op.A.shape == () and not writers[op.A.base]
    }
    joined, done = [], set()
    for op in operators:
        source = scaled.get(op.src) if _is_whole_inc(op) else None
        if source and readers[op.src.base] == writers[op.src.base] == 1:
            scale = float(source.A.initial_value)
            joined.append(ScaledInc(scale, source.X, op.dst, tag=op.tag))
            done.add(source)
        else:
            joined.append(op)
    return [op for op in joined if op not in done]


def _is_whole_inc(op):
    return isinstance(op, Copy) and op.inc and not (op.src_slice or op.dst_slice)


def _is_rule(op):
    guarded = isinstance(op, PureOperator) and op.stages[0][0] is not None
    return guarded and not op.sets


def _simplest(op):
    if type(op) in (DotInc, DotSet) and not op.A.minibatched and op.A.ndim == 2:
        return Product(op)
    if isinstance(op, SimProcess) and _is_delay(op):
        return Delay(op)
    return op


def _is_delay(op):
    synapse = op.process
    return type(synapse) is Lowpass and synapse.tau == 0 and op.mode == "update"
