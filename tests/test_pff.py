"""Predictive forward-forward, against the numbers of the original program."""

from pathlib import Path

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.networks import PFF

# the original program's names; its matrices are (pre, post)
NAMES = {"V": "Vy", "W": "Wo", "b": "bo"}
BATCH, STEPS = 6, 3


@pytest.fixture(scope="module")
def recorded():
    with np.load(Path(__file__).parent / "reference" / "pff.npz") as file:
        return dict(file)


def parameters(recorded, prefix):
    """Parameters in this package's names and orientation."""
    found = {}
    for key, array in recorded.items():
        head, _, name = key.rpartition("/")
        if head == prefix:
            array = array[0] if name.startswith("b") else array.T
            found[NAMES.get(name, name)] = array
    return found


def build(recorded, backend, steps=STEPS, **kwargs):
    """The recorded network and its inputs: a batch at once, or one after another."""
    interleave = BATCH if backend == "nengo" else 1
    schedule = ngc.Schedule(
        steps + 1, batch_size=BATCH, online=True, interleave=interleave
    )
    data = {"input": "x", "target": "y", "kind": "label"}
    with nengo.Network(seed=0) as model:
        net = PFF(
            (12, 20, 20),
            n_classes=4,
            g_units=6,
            schedule=schedule,
            threshold=1.0,
            n_group=10,
            # the original takes the step of the batch's mean
            latent_step=0.025 / BATCH,
            **{"parameters": parameters(recorded, "init"), **kwargs},
        )
        stimuli = {}
        for name, key in data.items():
            stimuli[name] = nengo.Node(_Turns(recorded[key]), size_out=recorded[key].shape[1])
            nengo.Connection(stimuli[name], getattr(net, name), synapse=None)
    fed = {stimuli[name]: recorded[key] for name, key in data.items()}
    return model, net, fed


class _Turns:
    """Samples, one in each timestep."""

    def __init__(self, samples):
        self._samples = samples

    def __call__(self, t):
        return self._samples[(int(round(t / 0.001)) - 1) % len(self._samples)]


class Simulation:
    """Runs the network iteration by iteration, on either simulator."""

    def __init__(self, backend, recorded, names=(), **kwargs):
        self.backend = backend
        self.model, self.net, self.fed = build(recorded, backend, **kwargs)
        self.probes = {name: self.net.probe(name) for name in names}
        if backend == "nengo":
            self.sim = nengo.Simulator(self.model, progress_bar=False)
        else:
            import nengo_ngc.dl

            self.sim = nengo_ngc.dl.Simulator(
                self.model, minibatch_size=BATCH, progress_bar=False
            )

    def iterate(self, n=1):
        if self.backend == "nengo":
            self.sim.run_steps(n * BATCH)
        else:
            data = {node: np.repeat(x[:, None], n, axis=1) for node, x in self.fed.items()}
            self.sim.run_steps(n, data=data)

    def seen(self, name):
        """(iterations, batch, size)"""
        data = self.sim.data[self.probes[name]]
        if self.backend == "nengo":
            return data.reshape(-1, BATCH, data.shape[-1])
        return np.swapaxes(data, 0, 1)


@pytest.fixture
def simulation(backend, recorded):
    made = []

    def make(names=(), **kwargs):
        made.append(Simulation(backend, recorded, names, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.sim.close()


def test_states_and_losses(simulation, recorded):
    names = ["z1", "z2", "output", "mu0", "z_g", "goodness1"]
    names += ["loss1", "loss2", *(f"generative_loss{k}" for k in range(3))]
    run = simulation(names)
    run.iterate(STEPS + 1)
    for name in ("z1", "z2"):
        expected = [recorded[f"forward/{name}"]]
        expected += [recorded[f"step{s}/{name}"] for s in (1, 2, 3)]
        np.testing.assert_allclose(run.seen(name), expected, atol=1e-5)
    e = np.exp(run.seen("output"))
    probabilities = e / e.sum(axis=-1, keepdims=True)
    for s in (1, 2, 3):
        np.testing.assert_allclose(probabilities[s], recorded[f"step{s}/z3"], atol=1e-5)
        np.testing.assert_allclose(run.seen("mu0")[s], recorded[f"step{s}/x_hat"], atol=1e-5)
        loss = sum(run.seen(f"loss{level}")[s].mean() for level in (1, 2))
        assert loss == pytest.approx(recorded[f"step{s}/loss"], abs=1e-5)
        loss = sum(run.seen(f"generative_loss{level}")[s].mean() for level in range(3))
        expected = recorded[f"step{s}/generative_loss"]
        assert loss == pytest.approx(expected, abs=1e-5, rel=2e-6)
        if s > 1:  # here they move at the start of the next iteration
            z_g = recorded[f"step{s - 1}/z_g"]
            np.testing.assert_allclose(run.seen("z_g")[s], z_g, rtol=1e-5)
    z1 = recorded["step3/z1"]
    np.testing.assert_allclose(
        run.seen("goodness1")[3, :, 0], (z1**2).sum(axis=1), rtol=1e-5
    )


def test_parameters_after_each_step(simulation, recorded):
    run = simulation()
    run.iterate()
    for s in (1, 2, 3):
        run.iterate()
        learned = run.net.parameters(run.sim)
        expected = parameters(recorded, f"after_step{s}")
        assert set(learned) == set(expected)
        for name, array in expected.items():
            np.testing.assert_allclose(learned[name], array, atol=1e-5, err_msg=name)


def test_gradients(simulation, recorded):
    run = simulation(optimizer=ngc.SGD(1.0))
    before = run.net.parameters(run.sim)
    run.iterate(2)
    after = run.net.parameters(run.sim)
    for name, gradient in parameters(recorded, "step1/gradient").items():
        np.testing.assert_allclose(
            before[name] - after[name], gradient, atol=1e-5, err_msg=name
        )


def test_gradients_are_clipped():
    clipped = ngc.Clipped(ngc.SGD(1.0), 0.5)
    gradient = np.array([-2.0, -0.5, 0.1, 3.0])
    step, _ = clipped.update(np, gradient, clipped.init(gradient))
    np.testing.assert_array_equal(step, [0.5, 0.5, -0.1, -0.5])
    with pytest.raises(ValidationError, match="limit"):
        ngc.Clipped(ngc.SGD(), 0)
    with pytest.raises(ValidationError, match="optimizer"):
        ngc.Clipped(0.1)


def test_goodness_of_each_label(simulation, recorded):
    """The mean over steps 6 and 7 of 12, summed over layers, divided by 3."""
    logits = []
    for label in range(4):
        scanned = {**recorded, "y": np.tile(np.eye(4)[label], (6, 1))}
        run = Simulation(
            simulation().backend,
            scanned,
            ["goodness1", "goodness2"],
            parameters=parameters(recorded, "after_step3"),
            optimizer=None,
            steps=12,
        )
        run.iterate(8)
        goodness = run.seen("goodness1") + run.seen("goodness2")
        logits.append(-goodness[6:8, :3, 0].mean(axis=0) / 3)
        run.sim.close()
    expected = recorded["goodness_logits"]
    np.testing.assert_allclose(np.transpose(logits), expected, atol=1e-4)
