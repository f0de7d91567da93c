"""A GNCN of Gaussian pixels, beside its equations written out in NumPy."""

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc.networks import GNCN

from ..conftest import simulator

BETA, LEAK, PRIOR, RATE, STEPS = 0.1, 0.001, 0.01, 0.3, 9
RNG = np.random.RandomState(0)
SHAPES = {"W1": (7, 5), "W2": (5, 4), "E1": (5, 7), "E2": (4, 5)}
START = {name: 0.5 * RNG.randn(*shape) for name, shape in SHAPES.items()}
X = 3 * RNG.randn(7)
MASK = np.array([0, 0, 0, 0, 0, 1, 1.0])


def by_hand(tied, n_presentations):
    """What is predicted at the end of each presentation, and the weights after all."""
    p, predicted = {k: v.copy() for k, v in START.items()}, []
    for _ in range(n_presentations):
        z1, z2, e0, e1 = np.zeros(5), np.zeros(4), np.zeros(7), np.zeros(5)
        for step in range(STEPS):
            if step > 0:
                if tied:
                    d1 = (1 - np.tanh(z1) ** 2) * (p["W1"].T @ e0)
                    d2 = (1 - np.tanh(z2) ** 2) * (p["W2"].T @ e1)
                else:
                    d1, d2 = p["E1"] @ e0, p["E2"] @ e1
                z1 = z1 + BETA * (d1 - e1 - LEAK * z1 - PRIOR * np.sign(z1))
                z2 = z2 + BETA * (d2 - LEAK * z2 - PRIOR * np.sign(z2))
            mu0, mu1 = p["W1"] @ np.tanh(z1), p["W2"] @ np.tanh(z2)
            e0, e1 = (1 - MASK) * (X - mu0), z1 - mu1
        predicted.append(mu0)
        for name, error, phi in (("1", e0, np.tanh(z1)), ("2", e1, np.tanh(z2))):
            p["W" + name] += RATE * np.outer(error, phi)
            p["E" + name] += RATE * np.outer(phi, error)
    return predicted, p


@pytest.mark.parametrize("tied", [False, True])
def test_equations(backend, tied):
    if backend == "nengo-dl" and tied:
        pytest.skip("one graph is enough")
    given = {name: a for name, a in START.items() if name[0] == "W" or not tied}
    with nengo.Network() as model:
        net = GNCN(
            (7, 5, 4),
            "t1",
            tied=tied,
            output="gaussian",
            schedule=ngc.Schedule(STEPS, 1),
            learning_rule_type=ngc.ErrorDriven(ngc.SGD(RATE)),
            parameters=given,
        )
        nengo.Connection(nengo.Node(X), net.input, synapse=None)
        nengo.Connection(nengo.Node(MASK), net.mask, synapse=None)
    probe = net.probe("mu0")
    expected, weights = by_hand(tied, 3)
    with simulator(backend, model, dtype="float64") as sim:
        sim.run_steps(3 * STEPS)
        found = np.reshape(sim.data[probe], (3, STEPS, 7))[:, -1]
        learned = net.parameters(sim)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert np.abs(found).max() > 1  # beyond what Bernoulli pixels can be
    for name in given:
        np.testing.assert_allclose(learned[name], weights[name], rtol=1e-9)


def test_generate_is_the_prediction_of_the_top_states():
    with nengo.Network():
        net = GNCN((7, 5, 4), "t1", output="gaussian")
    z = RNG.randn(3, 4)
    expected = np.tanh(np.tanh(z) @ START["W2"].T) @ START["W1"].T
    given = {name: START[name] for name in ("W1", "W2")}
    np.testing.assert_allclose(net.generate(given, z), expected)


def test_unknown_output():
    with pytest.raises(ValueError, match=r"unknown output 'gausian' \(did you mean 'gauss"):
        with nengo.Network():
            GNCN((7, 5), output="gausian")
