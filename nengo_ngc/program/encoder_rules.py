"""Builds rules that send an error back, which compute the error of their layer."""

from types import SimpleNamespace

import numpy as np
from nengo.builder import Builder, Model, Signal
from nengo.builder.learning_rules import build_or_passthrough
from nengo.connection import LearningRule
from nengo.ensemble import Neurons
from nengo.exceptions import BuildError
from nengo.rc import rc

from ..neurons import derivative
from ..neurons.derivatives import adaptation_before
from ..rules import BackProp, FeedbackAlignment, LayerError
from ..rules.connections import has_kernel, learning_neurons, rules_of
from .learning import build_error, build_learning
from .operators import PureOperator, SharedSignal
from .rule_trial import made_up_arrays, name_of
from .trial import Trial, made_up


@Builder.register(BackProp)
def build_backprop(model: Model, rule_type: BackProp, rule: LearningRule) -> None:
    """Build `.BackProp`; the feedback is the weights of the layer's connection."""
    layer, feedback = rule_type.layer, None
    if layer is not None:
        feedback = _built_before(model, rule, layer)
        if not has_kernel(layer) and (feedback.ndim != 2 or feedback.shape[0] != rule.size_in):
            raise BuildError(
                f"{rule}: {layer} must have weights of shape ({rule.size_in}, "
                f"n_neurons), got {feedback.shape}"
            )
    _build_layer_rule(model, rule_type, rule, feedback)


def _built_before(model, rule, connection):
    """The weights of a connection, which must have been built before a rule."""
    weights = model.sig[connection].get("weights") if connection in model.sig else None
    if weights is None:
        raise BuildError(
            f"{rule}: {connection} is built later than this rule; create it before, "
            "and not in a network around this one"
        )
    return weights


@Builder.register(FeedbackAlignment)
def build_feedback_alignment(
    model: Model, rule_type: FeedbackAlignment, rule: LearningRule
) -> None:
    """Build `.FeedbackAlignment`. Sets ``model.sig[rule]["feedback"]``."""
    connection = rule.connection
    n_neurons = model.sig[learning_neurons(connection)]["in"].size
    # the connection's own generator, with the same seed, draws its decoders
    rng = np.random.RandomState([model.seeds[connection], 1])
    B = _shared(rule_type.sample(n_neurons, rng), f"{rule}.feedback")
    model.sig[rule]["feedback"] = B
    signs = None
    if rule_type.signs is not None:
        signs = _built_before(model, rule, rule_type.signs)
        shape = B.shape if signs.ndim != 2 else B.shape[::-1]
        if signs.shape != shape:
            raise BuildError(
                f"{rule}: the weights of {rule_type.signs}, whose signs the feedback has, "
                f"must be of shape {shape}, got {signs.shape}"
            )
    _build_layer_rule(model, rule_type, rule, B, signs)


@Builder.register(LayerError)
def build_layer_error(model: Model, node: LayerError) -> None:
    """Build a `.LayerError`: a signal that the rule of its connection will set."""
    waiting = model.sig[node.connection]
    name = "delta" if node.neurons else "layer_error"
    is_first = name not in waiting
    error = waiting.setdefault(name, Signal(shape=node.size_out, name=f"{node}.out"))
    model.sig[node]["in"] = model.sig[node]["out"] = error
    model.params[node] = None
    connection = node.connection
    rules = [LearningRule(connection, rule_type) for rule_type in rules_of(connection)]
    for rule in rules if is_first else ():
        if "gained" in model.sig[rule]:  # built before, since it is in another network
            _publish(model, rule, [name])


def _build_layer_rule(model, rule_type, rule, feedback, signs=None):
    connection = rule.connection
    neurons = learning_neurons(connection)
    J = model.sig[neurons]["in"]
    delta = Signal(shape=J.shape, name=f"{rule}.delta")
    reads = {
        "error": build_error(model, rule_type, rule),
        "J": build_or_passthrough(model, rule_type.post_synapse, J),
    }
    if feedback is not None:
        reads["feedback"] = feedback
    if signs is not None:
        reads["signs"] = signs
    neuron_type = neurons.ensemble.neuron_type
    slope, dt = derivative(neuron_type), model.dt
    _try_derivative(slope, neurons)
    adapts = "adaptation" in model.sig[neurons]
    if adapts:
        reads["adaptation"] = model.sig[neurons]["adaptation"]
        # what spikes by the rates of adaptive neurons adapts to the rates
        adaptive = getattr(neuron_type, "base_type", neuron_type)
        reads["activity"] = model.sig[neurons].get("rate_out", model.sig[neurons]["out"])

    def carry_back(xp, v):
        J = v.J
        if adapts:
            J = J - adaptation_before(adaptive, dt, v.adaptation, v.activity)
        back = getattr(v, "feedback", None)
        if signs is not None:
            back = rule_type.signed(xp, back, v.signs)
        return {"delta": slope(xp, J) * rule_type.carry_back(xp, v.error, back)}

    tag = connection.label or str(connection)
    op = PureOperator([(None, carry_back)], reads, {"delta": delta}, tag=f"{tag}.delta")
    model.add_op(op)
    _try_carry_back(rule_type, rule, op.inputs)
    error = delta
    if isinstance(connection.post_obj, Neurons):  # weights to an ensemble have the gains
        error = _build_gained(model, neurons, delta)
    build_learning(model, rule_type, rule, error, bias_error=delta)
    model.sig[rule]["delta"], model.sig[rule]["gained"] = delta, error
    _publish(model, rule, ["delta", "layer_error"])


def _try_derivative(slope, neurons):
    """Call a derivative once, which may be one that a user has registered."""
    name = f"{type(neurons.ensemble.neuron_type).__name__}, the type of {neurons}"
    trial = Trial(SimpleNamespace(derivative=slope), name)
    J = made_up((2, neurons.size_in), rc.float_dtype)
    found = trial.call("derivative", {"J": J})
    trial.check("derivative", found, J.shape, "(batch, n_neurons)")


def _try_carry_back(rule_type, rule, signals):
    v, trial = made_up_arrays(signals), Trial(rule_type, name_of(rule))
    arguments = {"error": v.error, "feedback": getattr(v, "feedback", None)}
    carried = trial.call("carry_back", arguments)
    trial.check("carry_back", carried, v.J.shape, "(batch, n_neurons)")


def _build_gained(model, neurons, delta):
    """The gradient by the input of neurons, which their gains multiply."""
    gain = model.params[neurons.ensemble].gain
    if np.all(gain == 1):
        return delta
    gained = Signal(shape=delta.shape, name=f"{delta.name}_gained")
    model.add_op(
        PureOperator(
            [(None, lambda xp, v: {"gained": v.gain * v.delta})],
            {"delta": delta, "gain": _shared(gain, f"{neurons}.gain")},
            {"gained": gained},
            tag=gained.name,
        )
    )
    return gained


def _publish(model, rule, names):
    """Set those signals of the `.LayerError` nodes of this connection that there are."""
    connection = rule.connection
    delta, error = model.sig[rule]["delta"], model.sig[rule]["gained"]
    waiting = {k: signal for k, signal in model.sig[connection].items() if k in names}
    if "delta" in waiting:
        _copy(model, delta, waiting["delta"])
    if "layer_error" not in waiting:
        return
    if isinstance(connection.post_obj, Neurons):
        _copy(model, error, waiting["layer_error"])
        return
    model.add_op(
        PureOperator(
            [(None, lambda xp, v: {"out": xp.einsum("bn,nd->bd", v.delta, v.S)})],
            {"delta": delta, "S": model.sig[connection.post_obj]["encoders"]},
            {"out": waiting["layer_error"]},
            tag=f"{rule}.layer_error",
        )
    )


def _copy(model, signal, to):
    model.add_op(
        PureOperator(
            [(None, lambda xp, v: {"out": v.x})], {"x": signal}, {"out": to}, tag=to.name
        )
    )


def _shared(array, name):
    return SharedSignal(np.array(array, dtype=rc.float_dtype), name=name)
