"""Multiply-accumulates of small networks, whose number is known by hand."""

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc.networks import (
    GNCN,
    PFF,
    FeedforwardClassifier,
    PredictiveCodingClassifier,
)
from nengo_ngc.program.cost import multiply_accumulates
from nengo_ngc.schedule import Schedule

SHAPE = (4, 3, 2)
FORWARD = 4 * 3 + 3 * 2
UPDATES = FORWARD  # an outer product for each matrix


def counted(net, **kwargs):
    return multiply_accumulates(net, net.schedule, **kwargs)


@pytest.mark.parametrize(
    "rule, n",
    [
        (None, FORWARD),
        ("fixed", FORWARD + 3 * 2),
        ("backprop", FORWARD + UPDATES + 3 * 2),
        ("feedback-alignment", FORWARD + UPDATES + 3 * 2),
        ("direct-feedback-alignment", FORWARD + UPDATES + 3 * 2),
    ],
)
def test_feedforward_networks(rule, n):
    assert counted(FeedforwardClassifier(SHAPE, rule)) == n


def test_deeper_layers_get_errors_of_different_sizes():
    shape, forward = (4, 3, 5, 2), 4 * 3 + 3 * 5 + 5 * 2
    assert counted(FeedforwardClassifier(shape, "backprop")) == 2 * forward + 5 * 2 + 3 * 5
    direct = FeedforwardClassifier(shape, "direct-feedback-alignment")
    assert counted(direct) == 2 * forward + 5 * 2 + 3 * 2


@pytest.mark.parametrize("rule", ["backprop", "feedback-alignment", "sign-symmetry"])
def test_kernels_count_once_for_each_place(rule):
    # 3 x 3 places with kernels of 2 x 2 pixels, and 2 x 2 places after them
    shape = ((4, 4), ngc.Conv(5, 2), ngc.Conv(3, 2), 7)
    first, second, top = 9 * 5 * 4, 4 * 3 * 4 * 5, 12 * 7
    forward = first + second + top
    assert counted(FeedforwardClassifier(shape, rule)) == 2 * forward + top + second
    assert counted(FeedforwardClassifier(shape, None), back_propagates=True) == (
        2 * forward + top + second
    )


def test_settling_through_kernels_counts_the_transpose():
    net = PredictiveCodingClassifier(((4, 4), ngc.Conv(5, 2), 7), schedule=Schedule(5))
    first, top = 9 * 5 * 4, 45 * 7
    assert counted(net) == 5 * (first + 2 * top) + first + top
    net = GNCN(((4, 4), ngc.Conv(5, 2)), variant="t1", tied=False, schedule=Schedule(5))
    assert counted(net) == 5 * (2 * first) + 2 * first


def test_back_propagation_through_the_simulation_is_that_of_backprop():
    for shape in (SHAPE, (4, 3, 5, 2)):
        net = FeedforwardClassifier(shape, None)
        expected = counted(FeedforwardClassifier(shape, "backprop"))
        assert counted(net, back_propagates=True) == expected


def test_settling_counts_at_each_timestep_and_updates_at_the_last():
    net = PredictiveCodingClassifier(SHAPE, schedule=Schedule(5))
    assert counted(net) == 5 * (FORWARD + 3 * 2) + UPDATES
    assert counted(net, iterations=2.5) == 2.5 * (FORWARD + 3 * 2) + UPDATES


def test_neural_generative_coding():
    # predictions W and errors E of both layers; V of one group of 2, and of groups of 1
    net = GNCN((4, 2, 3), variant="t2-sigma", n_group=2, n_top_group=1, schedule=Schedule(6))
    W, V, P = 4 * 2 + 2 * 3, 4 + 3, 2 * 2
    assert counted(net) == 6 * (2 * W + V + P) + 2 * W + P
    start = GNCN((4, 2), variant="t1", initial="feedforward", schedule=Schedule(6))
    # recognition once, and its delta rule: the prediction of the states, and the update
    assert counted(start) == 6 * 2 * 8 + 8 + 8 + 2 * 8


def test_rules_that_apply_online():
    net = PFF(
        (4, 3), n_classes=2, g_units=0, recurrent=False, schedule=Schedule(5, online=True)
    )
    products = 4 * 3 + 3 * 2 + 2 * 3  # W1, Vy and Wo
    assert counted(net) == 5 * products + 4 * products
    turns = Schedule(5, online=True, interleave=3)
    net = PFF((4, 3), n_classes=2, g_units=0, recurrent=False, schedule=turns)
    assert counted(net) == 5 * products + 4 * products


class WithMatmul(ngc.LocalRule):
    def update(self, xp, pre, post, error, weights):
        return xp.matmul(xp.transpose(post), pre) + 0 * (weights @ (xp.transpose(pre) @ pre))


def test_ensembles_and_rules_of_a_users_own():
    with nengo.Network() as net:
        node = nengo.Node(size_in=2)
        a, b = nengo.Ensemble(5, 2), nengo.Ensemble(7, 3)
        nengo.Connection(node, a)
        nengo.Connection(a, b, function=lambda x: [x[0]] * 3, transform=np.ones((3, 3)))
        nengo.Connection(
            a.neurons, b.neurons, transform=np.ones((7, 5)), learning_rule_type=WithMatmul()
        )
    encoders, decoders, weights = 5 * 2 + 7 * 3, 3 * 5, 7 * 5
    update = 7 * 5 + 5 * 5 + 7 * 5 * 5
    assert multiply_accumulates(net, Schedule(1)) == encoders + decoders + weights + update


@pytest.mark.parametrize("listed", [False, True])
def test_weights_that_a_solver_gives_lead_to_neurons(listed):
    rule = WithMatmul()
    with nengo.Network() as net:
        a, b = nengo.Ensemble(7, 1, seed=0), nengo.Ensemble(6, 2, seed=0)
        nengo.Connection(
            a,
            b,
            transform=[[1], [1]],
            solver=nengo.solvers.LstsqL2(weights=True),
            learning_rule_type=[rule] if listed else rule,
        )
    update = 6 * 7 + 7 * 7 + 6 * 7 * 7
    assert multiply_accumulates(net, Schedule(1)) == 6 * 7 + update


def test_a_rule_in_a_list_counts_the_same():
    counts = []
    for listed in (False, True):
        with nengo.Network() as net:
            hidden = nengo.Ensemble(5, 2)
            layer = nengo.Connection(hidden, nengo.Node(size_in=1), transform=[[1, 1]])
            rule = ngc.BackProp(layer)
            nengo.Connection(
                nengo.Node([1.0]),
                hidden,
                transform=[[1], [1]],
                learning_rule_type=[rule] if listed else rule,
            )
        counts.append(multiply_accumulates(net, Schedule(1)))
    assert counts[0] == counts[1]


def test_convolutions_and_sparse_matrices():
    with nengo.Network() as net:
        x, y, z = (nengo.Node(size_in=n) for n in (16, 27, 2))
        convolution = nengo.Convolution(3, (4, 4, 1), strides=(1, 1), kernel_size=(2, 2))
        nengo.Connection(x, y, transform=convolution)
        sparse = nengo.Sparse((2, 27), indices=[(0, 1), (1, 5)], init=[1.0, 2.0])
        nengo.Connection(y, z, transform=sparse)
        nengo.Connection(x, x, transform=0.5)
    assert multiply_accumulates(net, Schedule(2)) == 2 * (27 * 4 + 2)


@pytest.mark.parametrize("what", ["node", "rule", "direct"])
def test_what_cannot_be_counted(what):
    with nengo.Network() as net:
        a = nengo.Ensemble(
            5, 1, neuron_type=nengo.Direct() if what == "direct" else nengo.LIF()
        )
        node = nengo.Node(lambda t, x: x if what == "node" else None, size_in=1, size_out=1)
        if what != "node":
            node.output = None
        connection = nengo.Connection(a, node)
        if what == "rule":
            connection.learning_rule_type = nengo.PES()
    assert multiply_accumulates(net, Schedule(1)) is None


@pytest.mark.parametrize("phase, n", [("filters", 3 * 2 * (4 * 5 + 5)), ("units", None)])
def test_tasks_count_all_presentations_of_a_sample(phase, n):
    model = ngc.HebbianEncoder(
        (5,), n_units=4, patch=2, grid=1, max_epochs=3, batch_size=10, backend="nengo"
    )
    X, y = np.random.RandomState(0).rand(20, 16), np.arange(20) % 2
    for record in model.epochs(X, y):
        if record["phase"] == phase:
            found = model._task.multiply_accumulates()
    maps, pool, units = 9 * 5 * 4, 9 * 5, 4 * 5 + 4  # thresholds are weights, too
    assert found == (n or maps + pool + 2 * units)


def test_positives_and_negatives_are_presented_for_each_sample():
    model = ngc.PFFClassifier((3,), g_units=0, steps=2, batch_size=10, backend="nengo")
    model.set_params(max_epochs=1)
    model.fit(np.random.RandomState(0).rand(20, 4), np.arange(20) % 2)
    task = model._task
    assert task.multiply_accumulates() == 2 * counted(task.training_network())


def test_no_network_is_built_for_counting(monkeypatch):
    model = ngc.RuleClassifier((3,), max_epochs=1, batch_size=10, backend="nengo")
    model.fit(np.random.RandomState(0).rand(20, 4), np.arange(20) % 2)
    monkeypatch.delattr(type(model._task), "training_network")
    assert model._task.multiply_accumulates() == 2 * 4 * 3 + 3 * 3 * 2
