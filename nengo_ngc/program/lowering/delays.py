"""Sums the signals of several connections before they are delayed by one timestep.

The errors of a circuit that settles return through synapses of time constant 0, which are
delays of one timestep. Each delay would be an array that is kept from timestep to timestep,
although only the sum of the delayed signals is used.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import nengo
import numpy as np
from nengo.builder import Model, Signal
from nengo.builder.operator import Copy, ElementwiseInc, Operator, Reset
from nengo.builder.processes import SimProcess


def sum_before_delays(model: Model, operators: Sequence[Operator]) -> list[Operator]:
    """Replace delays that are added to the same signal by one delay of their sum.

    Parameters
    ----------
    model : nengo.builder.Model
    operators : sequence of Operator
        All operators of the model, which stays as it is.

    Returns
    -------
    list of Operator
    """
    readers: Counter[Signal] = Counter()
    writers: Counter[Signal] = Counter()
    for op in operators:
        readers.update(signal.base for signal in op.reads)
        writers.update(signal.base for signal in (*op.sets, *op.incs, *op.updates))
    alone = {base for base in readers if readers[base] == writers[base] == 1}
    alone -= {model.sig[probe]["in"].base for probe in model.probes}
    delays = {op.output: op for op in operators if _is_delay(op) and op.output in alone}
    groups = defaultdict(list)
    for op in operators:
        delayed = [signal for signal in op.reads if signal in delays]
        if delayed and _adds(op, delayed[0], writers):
            groups[op.incs[0]].append((op, delays[delayed[0]]))
    replaced: set[Operator] = set()
    added: list[Operator] = []
    for signal, pairs in groups.items():
        if len(pairs) > 1:
            replaced.update(op for pair in pairs for op in pair)
            added += _one_delay(signal, pairs)
    return [op for op in operators if op not in replaced] + added


def _is_delay(op):
    synapse = op.process if isinstance(op, SimProcess) and op.mode == "update" else None
    return (
        type(synapse) is nengo.Lowpass
        and synapse.tau == 0
        and not any(signal.size for signal in op.state.values())
        and op.output.base is op.output
        and not np.any(op.output.initial_value)
    )


def _adds(op, source, writers):
    """Whether an operator adds a signal, or a constant times a signal, to another one."""
    if type(op) is Copy:
        whole = op.src_slice is None and op.dst_slice is None
        return whole and op.inc and op.src.shape == op.dst.shape
    scaled = type(op) is ElementwiseInc and op.X is source and op.X.shape == op.Y.shape
    return scaled and not writers[op.A.base]


def _one_delay(signal, pairs):
    """The operators that delay a sum and add it to a signal."""
    total, delayed = (
        Signal(np.zeros(signal.shape), name=f"{signal.name}.{name}")
        for name in ("total", "delayed")
    )
    sums: list[Operator] = []
    for op, each in pairs:
        if type(op) is Copy:
            sums.append(Copy(each.input, total, inc=True))
        else:
            sums.append(ElementwiseInc(op.A, each.input, total))
    one = pairs[0][1]
    delay = SimProcess(one.process, total, delayed, one.t, "update", one.state, one.tag)
    return [Reset(total), *sums, delay, Copy(delayed, signal, inc=True)]
