"""Operators with which the planner replaces slow operators of Nengo."""

from collections.abc import Callable, Sequence

from nengo.builder import Signal
from nengo.builder.operator import Operator

from ...program import PureOperator


class Product(Operator):
    """Sets or increments a vector by a shared matrix times a vector.

    Parameters
    ----------
    op : nengo.builder.Operator
        Nengo's operator, which this one replaces.
    cheap : callable, optional
        What `.program.structure.cheap_product` returned for the initial value of the matrix.

    Notes
    -----
    1. sets ``[]`` or ``[Y]``
    2. incs ``[Y]`` or ``[]``
    3. reads ``[A, X]``
    4. updates ``[]``
    """

    def __init__(self, op: Operator, cheap: Callable | None = None) -> None:
        super().__init__(tag=op.tag)
        self.cheap = cheap
        self.sets, self.incs, self.reads = list(op.sets), list(op.incs), list(op.reads)
        self.updates: list[Signal] = []

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

    def __init__(self, op: Operator) -> None:
        super().__init__(tag=op.tag)
        self.sets: list[Signal] = []
        self.incs: list[Signal] = []
        self.reads, self.updates = [op.input], [op.output]

    input = property(lambda self: self.reads[0])
    output = property(lambda self: self.updates[0])


class ScaledInc(Operator):
    """Increments a vector by a scalar times another.

    Notes
    -----
    1. sets ``[]``
    2. incs ``[Y]``
    3. reads ``[A, X]``
    4. updates ``[]``
    """

    def __init__(self, A: Signal, X: Signal, Y: Signal, tag: str | None = None) -> None:
        super().__init__(tag=tag)
        self.sets: list[Signal] = []
        self.incs, self.reads = [Y], [A, X]
        self.updates: list[Signal] = []

    A = property(lambda self: self.reads[0])
    X = property(lambda self: self.reads[1])
    Y = property(lambda self: self.incs[0])


class Rules(Operator):
    """All operators with a guard; one condition decides whether any of them runs.

    In timesteps in which no rule applies, only this condition takes time.

    Notes
    -----
    1. sets ``[]``
    2. incs ``[]``
    3. reads ``[signals that the operators read]``
    4. updates ``[signals that the operators update]``
    """

    def __init__(self, ops: Sequence[PureOperator]) -> None:
        super().__init__()
        self.ops = ops
        self.sets: list[Signal] = []
        self.incs: list[Signal] = []
        self.reads = list({sig: None for op in ops for sig in op.reads})
        self.updates = [sig for op in ops for sig in op.updates]
