"""NengoDL's simulation loop, in two parts: an inner loop settles, an outer loop learns.

Most numbers of a model are weights and values of optimisers, which change once in a
presentation. NengoDL passes all arrays through each timestep, which takes about as long as the
arithmetic of a small batch. Here the weights are constants of the inner loop, and the outer
loop applies the rules when they are due.

If a model skips timesteps, the inner loop continues with the last timestep of a presentation
as soon as all samples have settled, according to operators with ``ends``. This advances the
time of the whole model, and is therefore used only for models without other parts.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from nengo import Network
from nengo.exceptions import BuildError
from nengo_dl import config
from nengo_dl.builder import OpBuilder
from nengo_dl.tensor_graph import TensorGraph

from ...program import PureOperator
from ...rules import LocalRule
from ...rules.connections import rules_of
from .. import process
from .builder import ProductBuilder
from .compat import numpy_1_names
from .nengo_operators import MENDED
from .operators import Rules

# Timesteps between two changes of weights from which on it pays to transpose weights once,
# rather than in each product.
_LONG = 10


class SettleThenLearn(TensorGraph):
    """A ``TensorGraph`` whose `.operators.Rules` run in a loop around the timesteps.

    The loop is NengoDL's own if there are no rules and no timesteps to skip, if timesteps are
    unrolled, or if the weights themselves are probed.

    Attributes
    ----------
    skips : bool
        Whether timesteps are skipped once presentations are over.
    """

    def mend(self) -> None:
        """Replace the builders of NengoDL that are wrong or incomplete."""
        builds = self.op_builder.op_builds
        for group, build in builds.items():
            if type(build) in MENDED:
                builds[group] = MENDED[type(build)](group, self.model.step)
        for signal in self.signals:
            if signal.is_view and signal.size == signal.base.size:
                self._place_view(signal)

    def _place_view(self, view):
        """Read a view of a whole array in its own order, which may be reversed."""
        base = view.base
        if view.initial_value.flags.c_contiguous:
            return
        first, *others = base.elemstrides
        if view.shape != base.shape or view.elemstrides != (-first, *others):
            raise BuildError(
                f"{view} is a view of {base} that NengoDL cannot read: only the order of "
                "the first axis may be another"
            )
        self.signals[view] = self.signals[base][::-1]

    def build_post(self) -> None:
        with numpy_1_names():
            super().build_post()

    def _build_no_loop(self, progress):
        with process.configuration(self.model.toplevel):
            return super()._build_no_loop(progress)

    def _build_loop(self, progress):
        with process.configuration(self.model.toplevel):
            return self._build_loops(progress)

    def _build_loops(self, progress):
        rules = [ops for ops in self.plan if isinstance(ops[0], Rules)]
        ends = [op for (op, *_) in self.plan if getattr(op, "ends", None) is not None]
        ends = ends if self.skips else []
        if not (rules or ends) or self.unroll != 1:
            return super()._build_loop(progress)
        group = rules[0] if rules else (Rules([]),)
        slow = {self.signals[sig].key for sig in group[0].updates}
        probed = [self.signals[self.model.sig[p]["in"]] for p in self.model.probes]
        others = (op for ops in self.plan if ops is not group for op in ops)
        changed = (sig for op in others for sig in (*op.sets, *op.incs, *op.updates))
        # Nengo's rules may change the same arrays in each timestep
        if slow & {signal.key for signal in probed + [self.signals[sig] for sig in changed]}:
            return super()._build_loop(progress)

        self.op_builder.plan = [ops for ops in self.plan if ops is not group]
        builder = self.op_builder.op_builds.get(group)
        try:
            return _TwoLoops(self, builder, slow, ends, progress).build()
        finally:
            self.op_builder.plan = self.plan


class _TwoLoops:
    """Builds the loops of one graph.

    Parameters
    ----------
    graph : SettleThenLearn
    rules : nengo_dl.builder.OpBuilder or None
        Builder of the rules.
    slow : set
        Keys of the arrays that only rules change.
    ends : list of PureOperator
        The operators that determine when a presentation is over.
    progress : object
        NengoDL's progress bar.
    """

    def __init__(
        self,
        graph: SettleThenLearn,
        rules: "OpBuilder | None",
        slow: set,
        ends: Sequence[PureOperator],
        progress: Any,
    ) -> None:
        self._graph, self._rules, self._progress = graph, rules, progress
        watched = any(self._keeps_history(probe) for probe in graph.model.probes)
        self._ends = [] if watched else ends
        self._variables = {**graph.saved_state, **graph.base_params}
        written = slow | self._written_in_a_timestep()
        self._slow = [key for key in self._variables if key in slow]
        self._fast = [key for key in self._variables if key in written - slow]
        self._constant = {k: v for k, v in self._variables.items() if k not in written}
        self._settles_long = _settling_time(graph.model.toplevel) >= _LONG
        # what the rules read of a timestep, and the next timestep does not need
        self._seen = {
            graph.signals[sig].key: graph.signals[sig]
            for sig in (rules.op.reads if rules else ())
            if graph.signals[sig].key not in self._variables
        }

    def _written_in_a_timestep(self):
        graph = self._graph
        inputs = [graph.model.sig[node]["out"] for node in graph.invariant_inputs]
        written = [sig for sig in inputs if sig in graph.signals]
        for op in (op for group in graph.op_builder.plan for op in group):
            written += op.sets + op.incs + op.updates
        return {graph.signals[sig].key for sig in written}

    def build(self) -> tuple:
        """Build both loops; returns what ``TensorGraph._build_loop`` returns."""
        graph = self._graph
        state = {
            "i": tf.constant(0),
            "probes": [self._record(probe) for probe in graph.model.probes],
            "slow": [self._variables[key] for key in self._slow],
            "fast": [self._variables[key] for key in self._fast],
            "seen": [self._empty(sig) for sig in self._seen.values()],
        }
        self._fill(state, state["slow"])
        self._prepare(self._constant)
        state = _while(
            lambda state: state["i"] < graph.steps_to_run, self._presentation, state
        )
        final = {
            **self._constant,
            **dict(zip(self._slow, state["slow"])),
            **dict(zip(self._fast, state["fast"])),
        }
        return (
            tf.tile(state["i"][None], (graph.minibatch_size,)),
            {
                probe: self._read(probe, recorded)
                for probe, recorded in zip(graph.model.probes, state["probes"])
            },
            tuple(final[key] for key in graph.saved_state),
            tuple(final[key] for key in graph.base_params),
        )

    def _presentation(self, state):
        slow = state.pop("slow")
        self._fill(state, slow)
        if self._settles_long:
            self._prepare(self._slow)
        settling = {**state, "due": tf.constant(False)}
        settled = _while(
            lambda s: tf.logical_not(s["due"]) & (s["i"] < self._graph.steps_to_run),
            lambda s: self._timestep(s, slow),
            settling,
        )
        settled.pop("due")
        self._fill(settled, slow)
        if self._rules is not None:
            self._rules.build_step(self._graph.signals)
        return {**settled, "slow": self._values(self._slow)}

    def _prepare(self, keys):
        """Prepare products with matrices that do not change from here on."""
        for builder in self._graph.op_builder.op_builds.values():
            if isinstance(builder, ProductBuilder):
                if self._graph.signals[builder.op.A].key in keys:
                    builder.prepare(self._graph.signals)

    def _timestep(self, state, slow):
        graph = self._graph
        self._fill(state, slow)
        probes = list(state["probes"])

        def update_probes(tensors, i):
            for k, (probe, tensor) in enumerate(zip(graph.model.probes, tensors)):
                keeps = self._keeps_history(probe)
                probes[k] = probes[k].write(i, tensor) if keeps else tensor

        i = graph._build_inner_loop(state["i"], update_probes, self._progress)
        due = tf.constant(False) if self._rules is None else self._rules.is_due(graph.signals)
        return {
            "i": i + self._skip(),
            "probes": probes,
            "fast": self._values(self._fast),
            "seen": self._values(self._seen),
            "due": due,
        }

    def _skip(self):
        """Skip to the last timestep of a presentation if all presentations are over."""
        if not self._ends:
            return 0
        signals = self._graph.signals
        step = signals[self._graph.model.step]
        now = signals.gather(step)
        n = tf.reduce_min([op.ends.remaining(now) for op in self._ends])
        for op in self._ends:
            (output,) = op.outputs.values()
            over = tf.reduce_all(signals.gather(signals[output]) > 0)
            n = tf.where(over, tf.maximum(n, 0), 0)
        signals.scatter(step, now + n)
        return n

    def _fill(self, state, slow):
        variables = {
            **self._constant,
            **dict(zip(self._slow, slow)),
            **dict(zip(self._fast, state["fast"])),
        }
        self._graph._fill_bases(variables, {})
        self._graph.signals.bases.update(zip(self._seen, state["seen"]))

    def _values(self, keys):
        return [self._graph.signals.bases[key] for key in keys]

    # --- probes

    def _keeps_history(self, probe):
        return config.get_setting(self._graph.model, "keep_history", default=True, obj=probe)

    def _record(self, probe):
        signal = self._graph.signals[self._graph.model.sig[probe]["in"]]
        if not self._keeps_history(probe):
            return self._empty(signal)
        return tf.TensorArray(
            self._graph.dtype,
            size=self._graph.steps_to_run,
            element_shape=signal.full_shape,
        )

    def _read(self, probe, recorded):
        if self._keeps_history(probe):
            recorded = recorded.stack()
        else:
            recorded = recorded[None]
        if not self._graph.model.sig[probe]["in"].minibatched:
            return recorded[None]
        order = [1, 0, *range(2, recorded.shape.ndims)]
        return tf.transpose(recorded, order)

    @staticmethod
    def _empty(tensor_signal):
        return tf.zeros(tensor_signal.full_shape, tensor_signal.dtype)


def _settling_time(network: Network | None) -> int:
    """Return the least number of timesteps between two changes of weights by local rules."""
    connections = [] if network is None else network.all_connections
    rules = [rule for connection in connections for rule in rules_of(connection)]
    schedules = [rule.schedule for rule in rules if isinstance(rule, LocalRule)]
    return min((1 if s.online else s.steps for s in schedules), default=1)


def _while(condition: Callable, body: Callable, state: dict) -> dict:
    """``tf.while_loop`` over a dict."""
    (state,) = tf.while_loop(
        condition, lambda s: (body(dict(s)),), (state,), parallel_iterations=1
    )
    return dict(state)
