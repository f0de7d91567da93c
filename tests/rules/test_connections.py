"""Rules on connections: what Nengo is told of them, and errors of opposite signs."""

import copy
import pickle
import warnings

import nengo
import numpy as np
import pytest
from nengo.connection import ConnectionLearningRuleTypeParam
from nengo.exceptions import ValidationError
from nengo.learning_rules import LearningRuleTypeParam

import nengo_ngc as ngc

from ..conftest import simulator


def test_nengo_is_not_changed():
    assert ConnectionLearningRuleTypeParam.coerce is LearningRuleTypeParam.coerce
    assert ConnectionLearningRuleTypeParam.__module__ == "nengo.connection"
    for method in vars(ConnectionLearningRuleTypeParam).values():
        assert not callable(method) or method.__module__ == "nengo.connection"


@pytest.fixture
def objects():
    """A node, two ensembles, and a matrix between their neurons."""
    with nengo.Network(seed=0):
        stimulus = nengo.Node([0.5, -0.5])
        pre, post = nengo.Ensemble(6, 2), nengo.Ensemble(5, 2)
        yield stimulus, pre, post, np.ones((5, 6))


@pytest.mark.parametrize("kind", ["one", "list", "dict"])
def test_a_connection_keeps_the_rule_itself(objects, kind):
    stimulus, pre, post, W = objects
    rule, other = ngc.ErrorDriven(), ngc.BackProp()
    given = {"one": rule, "list": [rule, other], "dict": {"a": rule, "b": other}}[kind]
    kept = nengo.Connection(pre.neurons, post.neurons, transform=W, learning_rule_type=given)
    assert kept.learning_rule_type is given
    decoded = nengo.Connection(pre, post, learning_rule_type=rule)
    encoded = nengo.Connection(stimulus, post, learning_rule_type=other)
    assert decoded.learning_rule_type is rule and encoded.learning_rule_type is other


def test_one_rule_modifies_what_the_connection_has(objects):
    stimulus, pre, post, W = objects
    error_driven, backprop = ngc.ErrorDriven(), ngc.BackProp()
    for rule, to_ensemble, size_there in (
        (error_driven, "decoders", 2),
        (backprop, "encoders", 5),
    ):
        between = nengo.Connection(
            pre.neurons, post.neurons, transform=W, learning_rule_type=rule
        )
        into = nengo.Connection(pre, post, learning_rule_type=rule)
        solver = nengo.solvers.LstsqL2(weights=True)
        solved = nengo.Connection(pre, post, solver=solver, learning_rule_type=rule)
        told = [(c.learning_rule.modifies, c.learning_rule.size_in) for c in (between, into)]
        assert told == [("weights", 5), (to_ensemble, size_there)]
        assert solved.learning_rule.modifies == "weights"
    connection = nengo.Connection(pre, post)
    connection.learning_rule_type = backprop  # after something else was connected
    nengo.Connection(stimulus, pre)
    assert connection.learning_rule.modifies == "encoders"


def test_what_a_rule_cannot_learn_is_said_at_once(objects):
    _, pre, post, _ = objects
    with pytest.raises(ValidationError, match="biases learn on connections to neurons"):
        nengo.Connection(pre, post, learning_rule_type=ngc.ErrorDriven(biases=True))
    connection = nengo.Connection(pre, post)
    with pytest.raises(ValidationError, match="biases learn on connections to neurons"):
        connection.learning_rule_type = ngc.ErrorDriven(biases=True)


@pytest.mark.parametrize("kind", ["weights", "encoders"])
def test_one_rule_on_two_connections_learns_on_both(simulate, kind):
    rule = ngc.BackProp(optimizer=ngc.SGD(0.1))
    with nengo.Network(seed=0) as model:
        x = nengo.Ensemble(2, 1, neuron_type=ngc.neurons.Identity()).neurons
        nengo.Connection(nengo.Node([1.0, -2.0]), x, synapse=None)
        post = nengo.Ensemble(3, 2, neuron_type=nengo.Tanh())
        other = nengo.Ensemble(3, 2, neuron_type=nengo.Tanh())
        connections = [
            nengo.Connection(
                x,
                post.neurons,
                transform=np.zeros((3, 2)),
                synapse=None,
                learning_rule_type=rule,
            ),
            nengo.Connection(x, other, synapse=None, learning_rule_type=rule),
        ]
        for connection in connections:
            told = connection.learning_rule
            nengo.Connection(nengo.Node(np.ones(3)), told, synapse=None)
    sim = simulate(model, 1, 3)
    sig = sim.model.sig
    array = sig[connections[0]]["weights"] if kind == "weights" else sig[other]["encoders"]
    assert np.abs(np.array(sim.signals[array]) - array.initial_value).max() > 1e-3


@pytest.mark.parametrize("make", [pickle.loads, copy.deepcopy])
def test_copies_are_alike(make):
    for rule in (ngc.ErrorDriven(ngc.Bounded(ngc.Adam(0.1))), ngc.BackProp(), ngc.Precision()):
        clone = make(pickle.dumps(rule) if make is pickle.loads else rule)
        assert repr(clone) == repr(rule) and clone is not rule
        assert clone.size_in == rule.size_in


# --- signs


def taught(first, second, transform=1, function=None):
    """One error that goes to two rules."""
    with nengo.Network(seed=0) as model:
        error = nengo.Node([0.1, 0.2])
        pre, post = nengo.Ensemble(6, 2), nengo.Ensemble(5, 2)
        onward = nengo.Connection(pre, post, learning_rule_type=first)
        rule = ngc.BackProp(onward) if second == "backprop" else second
        layer = nengo.Connection(nengo.Node([0, 0]), pre, learning_rule_type=rule)
        nengo.Connection(error, onward.learning_rule)
        kwargs = {"transform": transform} if function is None else {"function": function}
        nengo.Connection(error, layer.learning_rule, **kwargs)
    return model


def warned(model):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nengo.Simulator(model, progress_bar=False).close()
    return [str(w.message) for w in caught if "opposite signs" in str(w.message)]


def test_an_error_with_two_signs_is_a_warning():
    messages = warned(taught(ngc.ErrorDriven(), "backprop"))
    assert set(messages) == {messages[0]}
    for part in ("ErrorDriven (desired - actual)", "BackProp (actual - desired)", "=-1"):
        assert part in messages[0]
    assert warned(taught(ngc.ErrorDriven(), "backprop", transform=2))


@pytest.mark.parametrize(
    "first, kwargs",
    [
        (ngc.ErrorDriven(), {"transform": -1}),
        (ngc.ErrorDriven(), {"function": lambda x: -x}),
        (ngc.ErrorDriven(), {"transform": -np.eye(2)}),
        (ngc.Delta(), {}),
        (nengo.PES(), {}),
    ],
)
def test_no_warning_where_signs_fit_or_are_not_known(first, kwargs):
    assert warned(taught(first, "backprop", **kwargs)) == []


def test_no_warning_of_different_entries_of_one_signal():
    with nengo.Network(seed=0) as model:
        error = nengo.Node([0.1, 0.2])
        pre, post = nengo.Ensemble(6, 1), nengo.Node(size_in=1)
        for entry, rule in enumerate((nengo.PES(), ngc.ErrorDriven())):
            connection = nengo.Connection(pre, post, learning_rule_type=rule)
            nengo.Connection(error[entry], connection.learning_rule)
    assert warned(model) == []


def test_pes_and_error_driven_take_opposite_signs():
    with nengo.Network(seed=0) as model:
        error = nengo.Node([0.1])
        pre, post = nengo.Ensemble(6, 1), nengo.Node(size_in=1)
        for rule in (nengo.PES(), ngc.ErrorDriven()):
            connection = nengo.Connection(pre, post, learning_rule_type=rule)
            nengo.Connection(error, connection.learning_rule)
    assert "PES (actual - desired)" in warned(model)[0]


RULES_WITH_SIGNS = {
    ngc.ErrorDriven: "desired - actual",
    ngc.Delta: None,
    ngc.BackProp: "actual - desired",
    ngc.FeedbackAlignment: "actual - desired",
    ngc.DirectFeedbackAlignment: "actual - desired",
}


@pytest.mark.parametrize("rule", RULES_WITH_SIGNS)
def test_docstrings_say_the_sign_in_the_same_words(rule):
    from nengo_ngc.rules.signs import SIGNS

    assert rule.error_sign == RULES_WITH_SIGNS[rule]
    assert SIGNS in rule.__doc__ and rule.__doc__.count("References\n---") <= 1
    sign = RULES_WITH_SIGNS[rule] or "desired  "
    assert f"``{rule.__name__}``" in SIGNS
    line = next(line for line in SIGNS.splitlines() if line.startswith(f"``{rule.__name__}``"))
    assert sign in line


def test_decoders_of_a_dimension_learn_from_all_neurons():
    """As with PES; the slice is that of the dimensions that are decoded."""
    with nengo.Network(seed=0) as model:
        a, out = nengo.Ensemble(20, 2, neuron_type=nengo.LIFRate()), nengo.Node(size_in=1)
        rule = ngc.ErrorDriven(ngc.SGD(0.1))
        learned = nengo.Connection(a[0], out, learning_rule_type=rule)
        nengo.Connection(nengo.Node([1.0]), learned.learning_rule, synapse=None)
        rates, weights = nengo.Probe(a.neurons), nengo.Probe(learned, "weights")
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(3)
    change = sim.data[weights][-1] - sim.data[weights][-2]
    assert change.shape == (1, 20) and np.any(change)
    np.testing.assert_allclose(change[0], 0.1 * sim.data[rates][-1], rtol=1e-9)


@pytest.mark.parametrize("solved", [True, False])
def test_weights_that_a_solver_gives_have_the_gains_of_the_neurons(solved):
    """The update is minus the gradient by the weights, J = W a + b."""
    with nengo.Network(seed=0) as model:
        a = nengo.Ensemble(15, 1, neuron_type=nengo.RectifiedLinear())
        b = nengo.Ensemble(12, 2, neuron_type=nengo.RectifiedLinear(), gain=np.arange(1.0, 13))
        b.bias = np.full(12, 3.0)
        out = nengo.Node(size_in=1)
        above = nengo.Connection(b.neurons, out, transform=np.ones((1, 12)), synapse=None)
        rule = ngc.BackProp(above, ngc.SGD(1.0), biases=False)
        how = {"function": lambda x: [x[0], -x[0]], "learning_rule_type": rule}
        if solved:
            how["solver"] = nengo.solvers.LstsqL2(weights=True)
            W = nengo.Connection(a, b, synapse=None, **how)
        else:
            how = {"learning_rule_type": rule, "transform": np.ones((12, 15)) * 1e-4}
            W = nengo.Connection(a.neurons, b.neurons, synapse=None, **how)
        nengo.Connection(nengo.Node([0.3]), a, synapse=None)
        nengo.Connection(nengo.Node([1.0]), W.learning_rule, synapse=None)
        probe, activity = nengo.Probe(W, "weights"), nengo.Probe(a.neurons)
    with nengo.Simulator(model, progress_bar=False) as sim:
        before = sim.data[W].weights.copy()
        sim.run_steps(1)
        a_now = sim.data[activity][0]
    change = sim.data[probe][0] - before
    active = np.any(change != 0, axis=1)
    gain = 1.0 if solved else np.arange(1.0, 13)[active, None]
    assert active.any()
    np.testing.assert_allclose(change[active], -gain * np.tile(a_now, (active.sum(), 1)), 1e-5)


def test_the_error_of_a_layer_before_weights_that_a_solver_gives():
    with nengo.Network(seed=0) as model:
        a, b, out = nengo.Ensemble(15, 1), nengo.Ensemble(12, 2), nengo.Node(size_in=1)
        above = nengo.Connection(b, out, function=lambda x: x[0] * x[1])
        W = nengo.Connection(
            a,
            b,
            function=lambda x: [x[0], -x[0]],
            solver=nengo.solvers.LstsqL2(weights=True),
            learning_rule_type=ngc.BackProp(above),
        )
        nengo.Connection(nengo.Node([1.0]), W.learning_rule, synapse=None)
        error = ngc.LayerError(W)
        probe = nengo.Probe(error)
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(50)
    assert sim.data[probe].shape == (50, 2) and np.any(sim.data[probe])


def test_a_switch_is_a_node_or_neurons():
    with nengo.Network():
        ensemble, node = nengo.Ensemble(5, 1), nengo.Node([1.0, 0.0])
        assert ngc.ErrorDriven(learn=nengo.Node([1.0]))
        assert ngc.ErrorDriven(learn=nengo.Ensemble(1, 1).neurons)
        for wrong in (ensemble, node[0], node):
            with pytest.raises(ValidationError, match="learn: must be a Node with one output"):
                ngc.ErrorDriven(learn=wrong)


def test_the_delta_rule_has_no_biases():
    with pytest.raises(ValidationError, match="biases: must be False"):
        ngc.Delta(biases=True)


# changes of both kinds come to the same arrays; with weights that are probed, NengoDL has
# another loop
@pytest.mark.parametrize("kinds", ["voja and feedback", "pes and error-driven"])
@pytest.mark.parametrize("steps, probed", [(1, False), (5, False), (5, True)])
def test_rules_of_nengo_and_of_this_package_change_the_same_arrays(
    kinds, steps, probed, at_once
):
    schedule = ngc.Schedule(steps)
    with nengo.Network(seed=3) as net:
        stimulus = nengo.Node([0.5, 0.25])
        pre, post = (nengo.Ensemble(7, 2, neuron_type=nengo.LIFRate()) for _ in range(2))
        nengo.Connection(stimulus, pre, synapse=None)
        error = nengo.Node([0.1, -0.2])
        if kinds == "voja and feedback":
            output = nengo.Node(size_in=2)
            nengo.Connection(post, output)
            nengo.Connection(pre, post, learning_rule_type=nengo.Voja(post_synapse=None))
            learned = nengo.Connection(
                stimulus,
                post,
                synapse=None,
                learning_rule_type=ngc.FeedbackAlignment(output, schedule=schedule),
            )
            nengo.Connection(error, learned.learning_rule, synapse=None)
        else:
            rules = [nengo.PES(), ngc.ErrorDriven(schedule=schedule)]
            learned = nengo.Connection(
                pre.neurons, post.neurons, transform=np.ones((7, 7)), learning_rule_type=rules
            )
            for rule in learned.learning_rule:
                sizes = np.ones((rule.size_in, 2))
                nengo.Connection(error, rule, transform=sizes, synapse=None)
        if probed:
            nengo.Probe(post, "scaled_encoders")
            if kinds == "pes and error-driven":
                nengo.Probe(learned, "weights")

    def change(simulated, minibatch_size=1):
        with simulator(simulated, net, minibatch_size) as sim:
            signals = sim.model.sig[learned if kinds[0] == "p" else post]
            signal = signals["weights" if kinds[0] == "p" else "encoders"]
            before = np.array(sim.signals[signal])
            sim.run_steps(25)
            return np.array(sim.signals[signal]) - before

    expected = change("nengo")
    assert np.abs(expected).max() > 1e-3
    # on NengoDL each sample has weights of its own under Nengo's rules
    for size in (1, 3) if at_once == "jax" else (1,):
        np.testing.assert_allclose(change(at_once, size), expected, rtol=1e-5, atol=5e-6)
