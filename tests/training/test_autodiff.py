"""Training by automatic differentiation, the same on each backend, and what it leaves."""

import json

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.backends import Loss, Model, get
from nengo_ngc.backends.trained import trained_arrays
from nengo_ngc.models import RuleClassifier
from nengo_ngc.storage import model_files

from ..conftest import needs_dl, needs_jax

RNG = np.random.RandomState(0)
X = RNG.rand(30, 16).astype(np.float32)
CLASSES = np.eye(3, dtype=np.float32)[np.arange(30) % 3]
ORDER = RNG.permutation(30)


def trained(backend, build, loss, y, order, measures=(), learning_rate=0.01):
    """A session that has learned from some batches of 3, and what it reported."""
    session = get(backend).open_trainer(
        Model(build),
        3,
        optimizer=ngc.Annealed(ngc.Adam(learning_rate), 20),
        loss=loss,
        measures=measures,
    )
    told = []
    means = session.train(X, y, np.array(order), lambda measured: told.append(dict(measured)))
    return session, means, told


def classifier(neuron_type):
    return lambda: ngc.networks.FeedforwardClassifier(
        (16, 12, 3), None, neuron_type, ngc.Schedule(4), seed=1
    )


def encoder():
    scaling = ngc.SynapticScaling(0.2, active_above=0.5, optimizer=ngc.SGD(0.05))
    return ngc.networks.SparseEncoder(
        (16, 12, 10), ngc.SoftKWinnersTakeAll(0.2, 2.0), scaling=scaling, seed=1
    )


def labels():
    """Of each three samples two are of one class, so that draws have no choice."""
    y = np.zeros((30, 1), np.float32)
    y[ORDER[2::3]] = 1
    return y


@needs_dl
@needs_jax
@pytest.mark.parametrize(
    "build, loss, y",
    [
        (classifier("relu"), Loss("cross-entropy"), CLASSES),
        # rates in training, filtered on their way
        (classifier("lif"), Loss("cross-entropy"), CLASSES),
        (encoder, Loss("triplet", {"margin": 1.5}), labels()),
    ],
    ids=["relu", "lif", "triplet"],
)
def test_ten_updates_are_the_same_on_each_backend(build, loss, y):
    measures = [Loss("error")] if y.shape[1] == 3 else []
    (dl, dl_means, dl_told), (jax, means, told) = (
        trained(backend, build, loss, y, ORDER, measures) for backend in ("nengo-dl", "jax")
    )
    assert len(told) == 10 and told[-1] == pytest.approx(means)
    for ours, theirs in zip((*told, means), (*dl_told, dl_means), strict=True):
        assert [*ours] == [*theirs]
        assert ours == pytest.approx(theirs, rel=1e-4)
    before = get("nengo").open(Model(build), 1).parameters()
    for name, array in dl.parameters().items():
        np.testing.assert_allclose(jax.parameters()[name], array, atol=1e-4, err_msg=name)
        assert not np.allclose(array, before[name], atol=1e-3)
    assert jax.n_steps == dl.n_steps


def test_presentations_do_not_depend_on_those_before_them(at_once):
    loss, order = Loss("cross-entropy"), [0, 1, 2, 0, 1, 2]
    *_, told = trained(at_once, classifier("lif"), loss, CLASSES, order, learning_rate=1e-9)
    assert told[1] == pytest.approx(told[0], rel=1e-6)


@needs_dl
def test_the_same_arrays_are_trained_as_by_nengo_dl():
    with nengo.Network(seed=0) as whole:
        net = ngc.networks.SparseEncoder((4, 3, 5), scaling=ngc.SynapticScaling(0.1), seed=1)
        a, b = nengo.Ensemble(10, 2), nengo.Ensemble(10, 2)
        spared = nengo.Network()
        spared.config[nengo.Ensemble].set_param(
            "trainable", nengo.params.BoolParam("trainable", default=False, optional=True)
        )
        with spared:
            c = nengo.Ensemble(10, 2)
            fixed = nengo.Connection(a, c, solver=nengo.solvers.LstsqL2(weights=True))
        nengo.Connection(a, b, synapse=None)
        taught = nengo.Connection(b, a, learning_rule_type=nengo.PES())
        nengo.Connection(c, taught.learning_rule)
        nengo.Connection(a, net.input, transform=np.ones((4, 2)))
        nengo.Probe(net.output)
        nengo.Probe(c)
    with ngc.dl.Simulator(whole, minibatch_size=2, progress_bar=False) as sim:
        kept = sim.tensor_graph.base_params
        theirs = {s for s, place in sim.tensor_graph.signals.items() if place.key in kept}
        ours = trained_arrays(sim.model, net)
        used = {name: s for name, s in ours.items() if s in sim.tensor_graph.signals}
        trainable = {s for s in theirs if s.trainable}
        assert {*used.values()} == trainable
        assert {"W1", "b1", "W2", "b2"} < used.keys() and "G" not in used
        assert sim.model.sig[fixed]["weights"] in trainable
        for signal in (
            sim.model.sig[c.neurons]["bias"],
            sim.model.sig[taught]["weights"],
            sim.model.sig[net.connections[0].post_obj]["bias"],
        ):
            assert signal not in trainable


# --- files


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file of a model that JAX is training."""
    path = tmp_path_factory.mktemp("trained") / "model.npz"
    model = RuleClassifier(
        (4,), "autodiff", batch_size=10, max_epochs=2, backend="jax", random_state=0
    )
    next(model.epochs(X, np.arange(30) % 3))
    model.save(path)
    return path


@needs_jax
@pytest.mark.parametrize(
    "name, array, message",
    [
        ("W1/optimizer_m", None, "lacks state/autodiff/W1/optimizer_m"),
        ("b2/optimizer_v", np.ones(4), r"b2/optimizer_v must have shape \(3,\)"),
        ("W3/optimizer_m", np.ones(3), "has unknown state/autodiff/W3"),
        ("n_updates", np.array(0.5), "n_updates must be of a type"),
    ],
)
def test_nonsense_that_training_by_jax_has_not_left(path, name, array, message, tmp_path):
    with np.load(path) as file:
        header = json.loads(file["header.json"])
        arrays = {k: file[k] for k in file.files if k not in ("header.json", "sha256")}
    arrays[f"state/autodiff/{name}"] = array
    arrays = {k: a for k, a in arrays.items() if a is not None}
    model_files.save(tmp_path / "model.npz", header, arrays)
    with pytest.raises(ValueError, match=message):
        RuleClassifier.load(tmp_path / "model.npz")


@needs_dl
@needs_jax
def test_each_backend_goes_on_with_its_own_training(path):
    y, model = np.arange(30) % 3, RuleClassifier.load(path).set_params(backend="nengo-dl")
    with pytest.raises(ValidationError, match="autodiff/0 must have shape .* another backend"):
        list(model.epochs(X, y, resume=True))
    model.set_params(max_epochs=1).fit(X, y).set_params(max_epochs=2, backend="jax")
    with pytest.raises(ValidationError, match="what training by JAX remembers must be"):
        list(model.epochs(X, y, resume=True))
