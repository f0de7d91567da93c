"""Where states start, and when settling is over."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_ngc as ngc
from nengo_ngc.backends import Backend, open_session
from nengo_ngc.models import NGCModel
from nengo_ngc.networks import GNCN
from nengo_ngc.neurons import LatentState
from nengo_ngc.objects import AtStart, PureNode

pytestmark = pytest.mark.slow

RNG = np.random.RandomState(0)
X = RNG.rand(6, 12)
START = RNG.randn(6, 18) / 10
R = {"R1": RNG.randn(10, 12) / 5, "R2": RNG.randn(8, 10) / 5}
NAMES = ["z1", "z2", "mu0"]


def runner(backend, initial, names=NAMES, steps=30, **kwargs):
    inputs = ["input"] + (["start", "fresh"] if initial == "previous" else [])
    schedule = ngc.Schedule(steps, 3)
    return open_session(
        backend,
        lambda: GNCN(
            (12, 10, 8),
            **{"schedule": schedule, "initial": initial, "seed": 0, "beta": 0.05, **kwargs},
        ),
        3,
        names,
        inputs=inputs,
    )


@pytest.fixture(scope="module")
def weights():
    """The same for all: what is drawn depends on how many connections there are."""
    run = runner("nengo", "zero", steps=1)
    return {k: v for k, v in run.net.parameters(run.sim).items() if k[0] in "WEM"}


def given(initial, fresh=0.0):
    if initial != "previous":
        return {}
    return {"start": START, "fresh": np.full((len(X), 1), fresh)}


def relu(a):
    return np.maximum(a, 0)


# --- where states start


def test_first_timestep(backend):
    expected = X @ R["R1"].T
    runs = {
        initial: runner(backend, initial, steps=1, parameters=R, learning_rule_type=None)
        for initial in ("feedforward", "previous")
    }
    for initial, fresh in (("feedforward", 0), ("previous", 1), ("previous", 0)):
        seen = runs[initial].present(X, **given(initial, fresh))
        if initial == "previous" and not fresh:
            np.testing.assert_allclose(seen["z1"], START[:, :10], atol=1e-6)
            np.testing.assert_allclose(seen["z2"], START[:, 10:], atol=1e-6)
        else:
            np.testing.assert_allclose(seen["z1"], expected, atol=1e-6)
            np.testing.assert_allclose(seen["z2"], relu(expected) @ R["R2"].T, atol=1e-6)


def test_states_are_taken_up_in_part_while_it_learns(backend):
    run = runner(backend, "previous", steps=1, parameters=R, carry=0.6)
    for learn, carry in ((True, 0.6), (False, 1.0)):
        run.net.set_parameters(run.sim, R)
        seen = run.present(X[:3], learn=learn, start=START[:3], fresh=np.zeros((3, 1)))
        np.testing.assert_allclose(seen["z2"], carry * START[:3, 10:], atol=1e-6)
        run.net.set_parameters(run.sim, R)
        seen = run.present(X[:3], learn=learn, start=START[:3], fresh=np.ones((3, 1)))
        np.testing.assert_allclose(seen["z1"], carry * X[:3] @ R["R1"].T, atol=1e-6)


def test_spiking_network_starts_as_the_rate_network(backend):
    spikes = {"activation": nengo.PoissonSpiking(nengo.RectifiedLinear())}
    seen = [
        runner(
            backend,
            "feedforward",
            steps=1,
            parameters=R,
            learning_rule_type=None,
            **kwargs,
        ).present(X)["z2"]
        for kwargs in ({}, spikes)
    ]
    np.testing.assert_allclose(seen[1], seen[0], atol=1e-6)


def test_recognition_weights_are_0_at_the_start(weights):
    zero = runner("nengo", "zero", parameters=weights).present(X)
    for initial in ("feedforward", "previous"):
        other = runner("nengo", initial, parameters=weights)
        other = other.present(X, **given(initial, 1.0))
        for name in NAMES:
            np.testing.assert_array_equal(other[name], zero[name])


def test_a_second_presentation_goes_on_where_the_first_ended(weights):
    run = runner("nengo", "previous", steps=10, parameters=weights)
    start = np.zeros((6, 18))
    for _ in range(2):
        seen = run.present(X, start=start, fresh=np.zeros((6, 1)))
        start = np.concatenate([seen["z1"], seen["z2"]], axis=1)
    # its first timestep looks again at what the first presentation ended with
    whole = runner("nengo", "zero", steps=19, parameters=weights).present(X)
    np.testing.assert_allclose(seen["z1"], whole["z1"], atol=1e-12)


def test_recognition_learns_the_states_that_presentations_end_with():
    rule = ngc.Delta(ngc.SGD(1e-9))
    run = runner("nengo", "previous", recognition_rule_type=rule)
    R_rule = run.net.connections["R1"].learning_rule_type
    assert R_rule.schedule is run.net.schedule and R_rule.learn is run.net.learn
    seen = run.present(X[:3], learn=True, start=START[:3], fresh=np.zeros((3, 1)))
    learned = run.net.parameters(run.sim)["R1"] / 1e-9
    np.testing.assert_allclose(learned, seen["z1"].T @ X[:3] / 3, rtol=1e-4, atol=1e-9)


def test_delta_rule():
    rule = ngc.Delta()
    pre, target, weights = RNG.randn(5, 3), RNG.randn(5, 2), RNG.randn(2, 3)

    def loss(weights):
        return 0.5 * np.sum((target - pre @ weights.T) ** 2)

    update = rule.update(np, pre, None, target, weights)
    for index in np.ndindex(2, 3):
        step = np.zeros((2, 3))
        step[index] = 1e-6
        slope = (loss(weights + step) - loss(weights - step)) / 2e-6
        assert update[index] == pytest.approx(-slope, rel=1e-5)


def test_at_start_multiplies_at_the_first_timestep_only(simulate):
    W = np.array([[1.0, -2.0], [0.5, 3.0]])
    with nengo.Network() as model:
        x, y = nengo.Node([1.0, 2.0]), nengo.Node(size_in=2)
        nengo.Connection(x, y, transform=AtStart((2, 2), W, ngc.Schedule(3)), synapse=None)
        probe = nengo.Probe(y)
    expected = np.zeros((6, 2))
    expected[[0, 3]] = W @ [1, 2]
    seen = simulate(model, 1, 6).data[probe]
    np.testing.assert_allclose(np.reshape(seen, (6, 2)), expected)


def test_node_that_is_built_before_what_it_takes(simulate):
    with nengo.Network() as model:
        with nengo.Network():
            later = nengo.Ensemble(3, 1, label="later").neurons
        PureNode(lambda xp, x, other: x, 3, others=[later], label="early")
    with pytest.raises(BuildError, match="early.* takes the output of .*later"):
        simulate(model, 1, 1)


# --- how they move


def test_momentum(simulate):
    latent = LatentState(beta=0.2, leak=0.3, momentum=0.6, schedule=ngc.Schedule(5))
    drive = np.sin(np.arange(10.0))
    with nengo.Network() as model:
        stimulus = nengo.Node(nengo.processes.PresentInput(drive[:, None], 0.001))
        z = nengo.Ensemble(1, 1, neuron_type=latent, gain=[1.0], bias=[0.0]).neurons
        nengo.Connection(stimulus, z, synapse=0)
        probe = nengo.Probe(z)
    expected, state = [], 0.0
    for step in range(10):
        if step % 5 == 0:  # at rest, whatever came before
            state = velocity = 0.0
        else:
            velocity = 0.6 * velocity + drive[step - 1] - 0.3 * state
            state = state + 0.2 * velocity
        expected.append(state)
    seen = np.ravel(simulate(model, 1, 10).data[probe])
    np.testing.assert_allclose(seen, expected, atol=1e-6)


# --- when it is over


def test_settling_ends_when_states_move_by_less_than_the_tolerance(backend):
    run = runner(backend, "zero", tolerance=0.05, names=["z1", "z2", "iterations"])
    seen = run.present(X)
    iterations = seen["iterations"].ravel().astype(int)
    assert 3 < iterations.min() and iterations.max() < 30
    path = []
    for steps in range(1, iterations.max() + 1):
        states = runner("nengo", "zero", steps=steps).present(X)
        path.append(np.concatenate([states["z1"], states["z2"]], axis=1))
    moved = np.linalg.norm(np.diff(path, axis=0), axis=2)
    still = moved <= 0.05 * np.linalg.norm(path[1:], axis=2)
    np.testing.assert_array_equal(still.argmax(axis=0) + 2, iterations)
    for image, n in enumerate(iterations):
        np.testing.assert_allclose(seen["z2"][image], path[n - 1][image, 10:], atol=1e-5)


def add_counter():
    """Counts the timesteps that were really simulated."""
    counter = PureNode(lambda xp, x: x + 1, 1, label="counter")
    nengo.Connection(counter, counter, synapse=0)
    return counter


@pytest.mark.parametrize("others", [(), (0.1, 0.02)])
def test_the_rest_of_a_presentation_is_skipped(backend, others):
    """It is once all parts of the network are over."""

    def settles(tolerance):
        schedule = ngc.Schedule(60)
        return GNCN((12, 10, 8), schedule=schedule, tolerance=tolerance, seed=0, beta=0.05)

    def build():
        net = settles(0.04)
        with net:
            net._visible["counter"] = add_counter()
            for tolerance in others:
                other = settles(tolerance)
                nengo.Connection(net.input, other.input, synapse=None)
                net._visible[f"other{tolerance}"] = other._visible["iterations"]
        return net

    counts = ["iterations", *(f"other{tolerance}" for tolerance in others)]
    run = open_session(backend, build, 3, ["counter", *counts])
    seen = run.present(X)
    each = np.array([seen[name].ravel().astype(int) for name in counts])
    assert len(np.unique(each, axis=0)) == len(counts)
    n = each.max(axis=0)
    # the one after the last iteration finds out, the last timestep is simulated, too
    one_by_one = backend in ("nengo", "plain")
    if one_by_one:
        np.testing.assert_array_equal(np.diff(seen["counter"].ravel()), n[1:] + 1)
    else:  # a minibatch ends with its slowest image
        assert seen["counter"].ravel()[0] == n[:3].max() + 1
        assert seen["counter"].ravel()[3] == n[:3].max() + n[3:].max() + 2
    assert run.sim.n_steps == (360 if one_by_one else 120)


def test_the_last_timestep_is_what_is_seen():
    def build():
        net = GNCN((12, 2), schedule=ngc.Schedule(1001))
        with net:
            net._visible["counter"] = add_counter()
        return net

    seen = open_session("nengo", build, 2, ["counter"]).present(X[:2])
    assert 1001 * 0.001 / 0.001 > 1001  # and that is how Nengo finds out when to look
    np.testing.assert_array_equal(seen["counter"], [[1001], [2002]])


def test_time_passes_for_what_is_beside_a_network_that_has_settled(backend, simulate):
    with nengo.Network() as model:
        if backend == "nengo-dl":
            import nengo_dl

            import nengo_ngc.dl  # noqa: F401

            nengo_dl.configure_settings(keep_history=False)
        for tolerance in (0.5, 0.2):
            GNCN((12, 10, 8), schedule=ngc.Schedule(20), tolerance=tolerance)
        probe = nengo.Probe(add_counter())
    sim = simulate(model, 1, 40)
    assert sim.n_steps == np.ravel(sim.data[probe])[-1] == 40


@pytest.mark.parametrize(
    "initial, momentum", [("zero", 0.0), ("feedforward", 0.0), ("previous", 0.5)]
)
def test_learns_as_on_nengo(at_once, initial, momentum):
    seen, learned = [], []
    for backend in ("nengo", at_once):
        run = runner(
            backend, initial, [*NAMES, "iterations"], tolerance=0.05, momentum=momentum
        )
        for _ in range(5):
            run.present(X, learn=True, **given(initial))
        seen.append(run.present(X, **given(initial)))
        learned.append(run.net.parameters(run.sim))
        run.close()
    for name in seen[0]:
        np.testing.assert_allclose(seen[1][name], seen[0][name], atol=1e-5, err_msg=name)
    assert seen[0]["iterations"].min() < 30
    for name in learned[0]:
        np.testing.assert_allclose(learned[1][name], learned[0][name], atol=1e-5)
    assert ("R1" in learned[0]) == (initial != "zero")


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"initial": "forward"}, "unknown initial 'forward'.*did you mean 'feedforward'"),
        ({"beta": np.nan}, "beta: must be a finite number above 0, got nan"),
        ({"momentum": 1}, "momentum: must be a finite number .*below 1, got 1"),
        ({"carry": 0.0}, "carry: must be a finite number above 0 and at most 1, got 0.0"),
        ({"recognition_rule_type": nengo.PES()}, "recognition_rule_type: must be a LocalRule"),
        ({"tolerance": 0}, "tolerance: must be a finite number above 0"),
        ({"parameters": {"R1": np.eye(2)}}, "unknown parameter 'R1'"),
    ],
)
def test_bad_network(kwargs, message):
    with pytest.raises(ValidationError, match=message):
        GNCN((12, 10, 8), **kwargs)


# --- the model

IMAGES = np.random.RandomState(1).rand(40, 12).round(1)


def model(backend="nengo", **kwargs):
    return NGCModel(
        **{
            "n_hidden": (10, 8),
            "steps": 6,
            "batch_size": 10,
            "max_epochs": 3,
            "n_mixture": 2,
            "backend": backend,
            "random_state": 0,
            **kwargs,
        }
    )


def test_previous_states_help():
    losses = {}
    for initial in ("zero", "previous"):
        learned = model(initial=initial, max_epochs=8, learning_rate=0.01)
        losses[initial] = [record["bce"] for record in learned.epochs(IMAGES)]
    assert losses["previous"][-1] < losses["zero"][-1] - 0.1


def test_previous_states_are_taken_up_in_part():
    # states that hardly move show what they started from
    learned = model(initial="previous", carry=0.25, beta=1e-9)
    epochs = learned.epochs(IMAGES)
    next(epochs)
    before = learned._task.previous = np.random.RandomState(2).rand(40, 18)
    next(epochs)
    np.testing.assert_allclose(learned._task.previous, 0.25 * before, atol=1e-6)


def test_resumed_with_previous_states(tmp_path, backend):
    kwargs = {"initial": "previous", "tolerance": 0.1}
    whole = model(backend, **kwargs)
    list(whole.epochs(IMAGES, IMAGES[:7]))
    part = model(backend, **kwargs)
    next(part.epochs(IMAGES, IMAGES[:7]))
    part.save(tmp_path / "model.npz")
    part = NGCModel.load(tmp_path / "model.npz")
    with pytest.raises(ValueError, match="the 40 images that learning began with, got 39"):
        part.epochs(IMAGES[:-1], resume=True)

    def interrupt(batch):
        if batch["batch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(part.epochs(IMAGES, IMAGES[:7], on_batch=interrupt, resume=True))
    list(part.epochs(IMAGES, IMAGES[:7], resume=True))
    for name, array in whole.parameters_.items():
        np.testing.assert_array_equal(part.parameters_[name], array)
    for ours, theirs in zip(whole.history_, part.history_):
        assert ours["val_bce"] == theirs["val_bce"]
        assert 1 <= ours["iterations"] == theirs["iterations"] <= 6
    # validation starts where using the model does
    mu = part.reconstruct(IMAGES[:7])
    bce = ngc.metrics.binary_cross_entropy(IMAGES[:7], mu).mean()
    assert bce == pytest.approx(part.history_[-1]["val_bce"], rel=1e-5)


def test_partial_fit_knows_no_image():
    learned = model(initial="previous").partial_fit(IMAGES)
    first = model(initial="previous", max_epochs=1)
    list(first.epochs(IMAGES))
    assert learned.parameters_.keys() == first.parameters_.keys()
    assert learned.partial_fit(IMAGES[:10]).transform(IMAGES).shape == (40, 8)


def test_partial_fit_leaves_no_states_behind(tmp_path):
    learned = model(initial="previous", max_epochs=1).partial_fit(IMAGES[:20])
    learned.save(tmp_path / "model.npz")
    others = IMAGES[20:]
    list(learned.epochs(others, resume=True))
    # states that start at 0 are those of images that have not been seen
    again = NGCModel.load(tmp_path / "model.npz")
    again._task.previous = again._task.no_states(20)
    list(again.epochs(others, resume=True))
    for name, array in learned.parameters_.items():
        np.testing.assert_array_equal(again.parameters_[name], array)
    assert learned.partial_fit(IMAGES[:10]).n_iter_ == 1
    learned.set_params(max_epochs=2)
    assert len(list(learned.epochs(IMAGES, resume=True))) == 1


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"initial": "last"}, "unknown initial 'last'"),
        ({"momentum": 1.0}, "momentum: must be a finite number .*below 1, got 1"),
        ({"carry": 0.0}, "carry: must be a finite number above 0 and at most 1, got 0"),
        ({"tolerance": -1.0}, "tolerance: must be a finite number above 0 or None, got -1"),
    ],
)
def test_bad_parameters(kwargs, message, monkeypatch):
    monkeypatch.setattr(Backend, "open", None)  # no work has begun
    with pytest.raises(ValueError, match=message):
        model(**kwargs).fit(IMAGES)
