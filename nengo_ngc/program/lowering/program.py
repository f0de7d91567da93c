"""A model of Nengo as pure functions of arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.operator import Operator
from nengo.builder.processes import SimProcess
from nengo.utils.graphs import toposort
from nengo.utils.simulator import operator_dependency_graph
from numpy.typing import NDArray

from ...namespace import Array
from ..operators import PureOperator, is_shared
from .delays import sum_before_delays
from .host import Host
from .layout import Layout
from .machine import Machine
from .matrices import Matrices
from .merge import merge, own_copy
from .processes import from_source
from .pure import Rule, compute, is_rule
from .registry import lowering
from .values import Values

Arrays = Mapping[str, Array]


@dataclass
class Timestep:
    """The results of a timestep.

    Attributes
    ----------
    state : dict of {str: array}
        The arrays that the next timestep needs.
    probed : dict of {str: array}
        Probed values, by the names in ``Program.probes``.
    seen : dict of {str: array}
        Values of this timestep, besides the state, that learning rules need.
    due : array of bool, or None
        Whether a learning rule applies now. None if the model has no learning rules.
    skipped : array of int, or None
        Number of timesteps that were skipped because all samples have settled. None if the
        program does not skip timesteps.
    """

    state: dict[str, Array]
    probed: dict[str, Array]
    seen: dict[str, Array] = field(default_factory=dict)
    due: Array | None = None
    skipped: Array | None = None


class Program:
    """A model of Nengo as two pure functions over two dictionaries of arrays.

    ``timestep`` changes the arrays in ``state``, and ``learn`` changes those in ``shared``
    that belong to learning rules. The first axis of arrays whose names are in ``per_sample``
    is that of the samples. All other arrays have the shapes of Nengo's signals.

    Parameters
    ----------
    model : nengo.builder.Model
        The model, which stays as it is.
    n_samples : int, optional
        Number of samples that are simulated at once.
    skips : bool, optional
        Whether timesteps are skipped once all samples have settled.
    optimize : bool, optional
        Whether small operators of the same kind are merged, and products with ``matrices`` are
        computed with fewer multiplications. Otherwise each constant is an array in ``shared``,
        whose value may be changed.

    Attributes
    ----------
    model : nengo.builder.Model
        A copy of the model, in which operators may be merged.
    nodes : dict of {nengo.Node: str}
        Names of the nodes whose values may be given to ``timestep`` as inputs.
    probes : dict of {nengo.Probe: str}
        Names of the probes.
    matrices : Matrices
        Constant matrices. Changes of their values must be made through this object.
    host : Host
        The Python functions and processes of the model.
    learns : bool
        Whether the model has learning rules.

    Raises
    ------
    nengo.exceptions.BuildError
        If the model has an operator that cannot be lowered.
    """

    def __init__(
        self, model: Model, n_samples: int = 1, skips: bool = False, optimize: bool = True
    ) -> None:
        self.model = model = own_copy(model)
        graph = operator_dependency_graph(model.operators)
        # all of Nengo's processes draw their seeds, in the order of Nengo without merging
        processes = [op for op in _ordered(graph) if isinstance(op, SimProcess)]
        if optimize:
            graph = merge(model, graph)
        in_nengo = self.operators = _ordered(graph)
        if optimize:
            fewer = sum_before_delays(model, in_nengo)
            self.operators = _ordered(operator_dependency_graph(fewer))
        self._rules = {op: Rule(op) for op in _apart(self.operators)}
        self.host = Host(in_nengo, processes, _calls_python, n_samples, model.dt)
        inputs = [node for node in _nodes(model) if node.size_in == 0 and node.size_out > 0]
        self.nodes = {node: f"node{k}" for k, node in enumerate(inputs)}
        self.probes = {probe: f"probe{k}" for k, probe in enumerate(model.probes)}
        slow = {s.base for rule in self._rules.values() for s in rule.slow}
        fed = {model.sig[node]["out"] for node in self.nodes}
        self.layout = Layout(model, self.operators, slow, fed)
        constants = self.layout.shared.keys() - slow if optimize else ()
        self.matrices = Matrices(self.operators, constants)
        self._ends = [op for op in self.operators if getattr(op, "ends", None)]
        self.skips = skips and bool(self._ends)
        self._seen: dict[tuple[int, str], tuple[str, str]] = {}

    @property
    def sources(self) -> dict[str, Operator]:
        """Functions of time and processes whose values are inputs of ``timestep``, by name."""
        return self.host.sources

    @property
    def learns(self) -> bool:
        """Whether there are rules for ``learn`` to apply."""
        return bool(self._rules)

    @property
    def per_sample(self) -> set[str]:
        """Names of the arrays of which each sample has its own."""
        return {self.layout.state[base] for base in self.layout.per_sample}

    @property
    def learned(self) -> set[str]:
        """Names of the arrays of ``shared`` that ``learn`` changes."""
        return {*self._slow.values()}

    @property
    def shared(self) -> dict[str, NDArray]:
        """The initial values of arrays that do not change within a timestep, by name."""
        return {name: base.initial_value for base, name in self.layout.shared.items()}

    @property
    def state(self) -> dict[str, NDArray]:
        """The initial values, for one sample, of arrays that a timestep changes, by name."""
        return {name: base.initial_value for base, name in self.layout.state.items()}

    # --- the two functions

    def timestep(
        self,
        machine: Machine,
        shared: Arrays,
        state: Arrays,
        inputs: Arrays,
        left: Array | int | None = None,
    ) -> Timestep:
        """Advance by one timestep.

        Parameters
        ----------
        machine : Machine
        shared, state : dict of {str: array}
        inputs : dict of {str: array}
            Values of all ``sources``, and of some ``nodes``, (b, size) or (1, size).
        left : array of int, optional
            The largest number of timesteps that may be skipped after this one. By default
            there is no limit.

        Returns
        -------
        Timestep
        """
        values = self._values(machine, shared, state)
        fed = [self.model.sig[node]["out"] for node, k in self.nodes.items() if k in inputs]
        for signal, name in zip(fed, (k for k in self.nodes.values() if k in inputs)):
            values.set(signal, inputs[name])
        for signal in self._constants(inputs):
            values.set(signal, machine.xp.asarray(signal.initial_value[None], machine.dtype))
        names = {op: name for name, op in self.sources.items()}
        seen, guards = {}, []
        for k, op in enumerate(self.operators):
            if any(signal in fed for signal in op.sets):
                continue
            if op in names:
                from_source(op, values, inputs[names[op]])
            elif op in self._rules:
                rule = self._rules[op]
                rule.move(values)
                seen[k] = rule.read(values)
                guards.append(rule.is_due(machine.xp, seen[k]))
            elif isinstance(op, PureOperator):
                compute(op, values)
            else:
                lowering(op).function(op, values)
        skipped = self._skip(values, left) if self.skips else None
        after = self._state(values)
        due = None
        for guard in guards:
            due = guard if due is None else due | guard
        probed = {name: self._probed(values, probe) for probe, name in self.probes.items()}
        return Timestep(after, probed, self._remember(seen, after), due, skipped)

    def learn(
        self, machine: Machine, shared: Arrays, state: Arrays, seen: Arrays
    ) -> dict[str, Array]:
        """Apply the learning rules after a timestep in which at least one of them is due.

        Parameters
        ----------
        machine : Machine
        shared : dict of {str: array}
        state, seen : dict of {str: array}
            Attributes of the `Timestep`.

        Returns
        -------
        dict of {str: array}
            The arrays of ``shared`` with their new values.
        """
        found = {"state": state, "seen": seen, "shared": shared}
        values = self._values(machine, shared, state)
        together = len({rule.guard for rule in self._rules.values()}) == 1
        for k, op in enumerate(self.operators):
            if op not in self._rules:
                continue
            arrays = {
                name: found[where][key]
                for (place, name), (where, key) in self._seen.items()
                if place == k
            }
            self._rules[op].apply(values, arrays, due=together)
        return {**shared, **{name: values.base(b)[0] for b, name in self._slow.items()}}

    def probed_of_learned(
        self, machine: Machine, shared: Arrays, state: Arrays
    ) -> dict[str, Array]:
        """Return probed values of arrays that ``learn`` has changed, by the names of probes.

        Parameters
        ----------
        machine : Machine
        shared, state : dict of {str: array}
            Arrays after ``learn``.
        """
        signals = {name: self.model.sig[probe]["in"] for probe, name in self.probes.items()}
        learned = {k: signal for k, signal in signals.items() if signal.base in self._slow}
        values = self._values(machine, shared, state)
        return {name: values[signal] for name, signal in learned.items()}

    # --- parts of them

    @property
    def _slow(self):
        slow = [s.base for rule in self._rules.values() for s in rule.slow]
        return {base: self.layout.shared[base] for base in slow}

    def _values(self, machine, shared, state):
        arrays = {b: shared[name][None] for b, name in self.layout.shared.items()}
        own = self.layout.per_sample
        for base, name in self.layout.state.items():
            arrays[base] = state[name] if base in own else state[name][None]
        for op in self.operators:  # what is set whole needs no array before
            for signal in (*op.sets, *op.incs):
                if signal.base not in arrays:
                    zeros = np.zeros((1, *signal.base.shape), machine.dtype)
                    arrays[signal.base] = machine.xp.asarray(zeros)
        return Values(
            machine, arrays, self.model.dt, self.model.step, self.host, self.matrices
        )

    def _constants(self, inputs):
        """Signals of Nodes that no operator restores after values were given for them."""
        return [
            signal
            for node, name in self.nodes.items()
            if name not in inputs and isinstance(node.output, np.ndarray)
            if (signal := self.model.sig[node]["out"]).base in self.layout.state
        ]

    def _state(self, values):
        own = self.layout.per_sample
        return {
            name: values.each(base) if base in own else values.shared(base)
            for base, name in self.layout.state.items()
        }

    def _probed(self, values, probe):
        signal = self.model.sig[probe]["in"]
        own = self.layout.is_own(signal)
        return values.repeat(values[signal], values.machine.n_samples if own else 1)

    def _remember(self, seen, after):
        """Store each value that rules need once, and note where it is."""
        known = {id(array): ("state", name) for name, array in after.items()}
        self._seen, kept = {}, {}
        for k, arrays in seen.items():
            inputs = self.operators[k].inputs
            for name, array in arrays.items():
                signal = inputs[name]
                if signal in self.layout.shared and is_shared(signal):
                    self._seen[k, name] = ("shared", self.layout.shared[signal])
                    continue
                if id(array) not in known:
                    key = f"{k}.{name}"
                    known[id(array)] = ("seen", key)
                    kept[key] = array
                self._seen[k, name] = known[id(array)]
        return kept

    def _skip(self, values, most):
        """Skip to the last timestep of the presentation if all samples have settled."""
        xp, n = values.xp, most
        for op in self._ends:
            (output,) = op.outputs.values()
            left = op.ends.remaining(values.step)
            over = xp.all(values[output] > 0)
            left = xp.where(over, xp.maximum(left, 0), 0)
            n = left if n is None else xp.minimum(n, left)
        values.set(self.model.step, values[self.model.step] + n)
        return n


def _apart(operators: Sequence[Operator]) -> list[Operator]:
    """The learning rules that may run after a timestep rather than within it.

    Others change the same arrays as rules of Nengo, which run within it.
    """
    rules = [op for op in operators if is_rule(op)]
    while True:
        found = set(rules)
        others = (op for op in operators if op not in found)
        changed = {s.base for op in others for s in (*op.sets, *op.incs, *op.updates)}
        alone = [op for op in rules if changed.isdisjoint(s.base for s in op.updates)]
        if len(alone) == len(rules):
            return rules
        rules = alone


def _ordered(graph: dict) -> list[Operator]:
    """Operators in the order in which they run.

    The order is the same in each process, so that compiled programs are found again on disk.
    """
    numbers = {op: k for k, op in enumerate(graph)}
    graph = {op: sorted(after, key=numbers.__getitem__) for op, after in graph.items()}
    return [op for op in toposort(graph) if hasattr(op, "make_step")]


def _nodes(model: Model) -> Sequence[nengo.Node]:
    return [
        obj for obj in model.sig if isinstance(obj, nengo.Node) and "out" in model.sig[obj]
    ]


def _calls_python(op: Operator) -> bool:
    return not isinstance(op, PureOperator) and lowering(op).calls_python(op)
