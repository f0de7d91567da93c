"""Speed of predictive coding beside ngc-learn's, side by side in one run.

The network is that of ngc-learn's discriminative predictive coding: 784-512-512-10 units, 20
timesteps of settling from a feedforward pass, Adam with steps of 0.001, batches of 250. It is
built of ngc-learn's components of today, and of ``RuleClassifier`` on JAX. The programs train
on the same 50,000 images of MNIST. Prints

- samples per second of each, as medians over interleaved rounds,
- the error on 10,000 held-out images after each epoch, and the seconds of training until
  then, up to the epoch that reaches 3 %.

ngc-learn is in none of this package's extras. It needs ``pip install ngclearn ".[jax]"``.

    python -m benchmarks.ngc_learn --output benchmarks/ngc_learn
"""

import time
from importlib import metadata

import click
import jax
import jax.numpy as jnp
import numpy as np
from ngclearn import Context, MethodProcess
from ngclearn.components import GaussianErrorCell, HebbianSynapse, RateCell
from ngclearn.utils import DistributionGenerator
from ngclearn.utils.model_utils import create_function
from ngcsimlib.global_state import stateManager

import nengo_ngc as ngc

from ._measure import in_turns
from ._report import benchmark

SIZES, STEPS, BATCH, RATE = (784, 512, 512, 10), 20, 250, 1e-3
N_HELD_OUT, N_ROUND, GOAL = 10_000, 5_000, 3.0
TAU, LABEL_MARGIN = 20.0, 1e-3  # of ngc-learn's example


class NgcLearn:
    """The network of ngc-learn's components.

    Parameters
    ----------
    activation : str
        Of hidden units, "sigmoid" or "relu".
    """

    def __init__(self, activation):
        self._phi = create_function(activation)[0]
        with Context("predictive_coding"):
            self._make(activation)
        timesteps = self._advance.pack_rows(STEPS, t=lambda step: float(step), dt=1.0)
        self._timesteps = jnp.asarray(timesteps)
        self._project = jax.jit(self._feedforward)

    def _make(self, activation):
        keys = iter(jax.random.split(jax.random.PRNGKey(1234), 20))
        uniform = DistributionGenerator.uniform(low=-0.3, high=0.3)
        zero = DistributionGenerator.constant(value=0.0)

        def cell(name, n, is_hidden):
            how = {"act_fx": "identity", "tau_m": 0.0}
            if is_hidden:
                how = {"act_fx": activation, "tau_m": TAU, "prior": ("gaussian", 0.0)}
            return RateCell(name, n, batch_size=BATCH, key=next(keys), **how)

        def synapse(name, shape, eta, bias):
            return HebbianSynapse(
                name,
                shape=shape,
                eta=eta,
                weight_init=uniform,
                bias_init=bias,
                w_bound=0.0,
                optim_type="adam",
                sign_value=-1.0,
                batch_size=BATCH,
                key=next(keys),
            )

        ends = list(zip(SIZES, SIZES[1:]))
        z = [cell(f"z{i}", n, 0 < i < len(ends)) for i, n in enumerate(SIZES)]
        e = [GaussianErrorCell(f"e{i}", n, batch_size=BATCH) for i, n in enumerate(SIZES) if i]
        W = [synapse(f"W{i}", shape, RATE, zero) for i, shape in enumerate(ends, 1)]
        E = [synapse(f"E{i}", b[::-1], 0.0, None) for i, b in enumerate(ends, 1) if i > 1]
        for i, (below, above, error) in enumerate(zip(z, z[1:], e)):
            below.zF >> W[i].inputs
            W[i].outputs >> error.mu
            above.z >> error.target
            below.zF >> W[i].pre
            error.dmu >> W[i].post
        for i, state in enumerate(z[1:-1]):
            e[i + 1].dmu >> E[i].inputs
            E[i].outputs >> state.j
            e[i].dtarget >> state.j_td
        self._z, self._e, self._W, self._E = z, e, W, E
        self._advance = MethodProcess("advance")
        for part in (*E, *z, *W, *e):
            self._advance = self._advance >> part.advance_state
        self._reset = MethodProcess("reset")
        for part in (*z, *e):
            self._reset = self._reset >> part.reset
        self._evolve = MethodProcess("evolve")
        for part in W:
            self._evolve = self._evolve >> part.evolve

    def _feedforward(self, x, weights, biases):
        drives = []
        for W, b in zip(weights, biases):
            x = x @ W + b
            drives.append(x)
            x = self._phi(x)
        return drives

    def drives(self, x):
        """The input of each layer in a feedforward pass, a list of arrays."""
        weights = [W.weights.get() for W in self._W]
        return self._project(x, weights, [W.biases.get() for W in self._W])

    def learn(self, x, target):
        """Learn from one batch."""
        self._reset.run()
        for E, W in zip(self._E, self._W[1:]):
            E.weights.set(W.weights.get().T)
        *hidden, output = self.drives(x)
        for state, drive in zip(self._z[1:], hidden):
            state.z.set(drive)
            state.zF.set(self._phi(drive))
        self._z[0].j.set(x)
        self._z[-1].j.set(target)
        self._e[-1].dmu.set(target - output)
        self._e[-1].dtarget.set(output - target)
        state, _ = self._advance.scan(self._timesteps, store_state=False, store_results=False)
        stateManager.set_state(state)
        self._evolve.run(t=float(STEPS), dt=1.0)

    def epoch(self, X, y, order):
        """Learn from all images once."""
        targets = np.clip(np.eye(SIZES[-1], dtype="f4")[y], LABEL_MARGIN, 1 - LABEL_MARGIN)
        for rows in order.reshape(-1, BATCH):
            self.learn(X[rows], targets[rows])
        jax.block_until_ready(self._W[0].weights.get())

    def error(self, X, y):
        """The error in percent."""
        return 100 * float(np.mean(np.argmax(np.asarray(self.drives(X)[-1]), 1) != y))


class Ours:
    """`.RuleClassifier` on JAX, with the same face."""

    def __init__(self, activation):
        self.model = ngc.RuleClassifier(
            SIZES[1:-1],
            rule="predictive-coding",
            neuron_type=activation,
            steps=STEPS,
            batch_size=BATCH,
            learning_rate=RATE,
            backend="jax",
            max_epochs=10**6,
            random_state=0,
        )
        self._epochs = None

    def epoch(self, X, y, order):
        """Learn from all images once, in an order of the model's own."""
        self._epochs = self._epochs or self.model.epochs(X, y)
        next(self._epochs)

    def error(self, X, y):
        """The error in percent."""
        return 100 * (1 - self.model.score(X, y))


PROGRAMS = {"ngc-learn": NgcLearn, "ngc.RuleClassifier on JAX": Ours}


def measure_speed(report, activations, X, y, rounds):
    """Print samples per second of all programs."""
    few, order = slice(N_ROUND), np.arange(N_ROUND)

    def training(program):
        return lambda: program.epoch(X[few], y[few], order)

    runs = {
        (name, activation): training(make(activation))
        for name, make in PROGRAMS.items()
        for activation in activations
    }
    times = in_turns(runs, rounds)
    table = report.table(
        "samples/s", {"program": "<28", **dict.fromkeys(activations, ">10.0f")}
    )
    for name in PROGRAMS:
        table.row(name, *(N_ROUND / np.median(times[name, a]) for a in activations))


def measure_errors(report, activations, X, y, X_val, y_val, epochs):
    """Print the held-out error after each epoch, and the seconds until then."""
    columns = {"program": "<28", "activation": "<12", "epoch": ">6d"}
    columns |= {"held-out error (%)": ">20.2f", "seconds": ">9.1f"}
    table = report.table(f"training until the error is {GOAL:g} % or less", columns)
    for activation in activations:
        for name, make in PROGRAMS.items():
            program, rng, spent = make(activation), np.random.RandomState(0), 0.0
            for epoch in range(1, epochs + 1):
                start = time.perf_counter()
                program.epoch(X, y, rng.permutation(len(X)))
                spent += time.perf_counter() - start
                error = program.error(X_val, y_val)
                table.row(name, activation, epoch, error, spent)
                if error <= GOAL:
                    break


@benchmark
@click.option("--activation", "activations", multiple=True, default=("sigmoid", "relu"))
@click.option("--rounds", default=5, help="Interleaved rounds of 5,000 images.")
@click.option("--epochs", default=10, help="Epochs at most.")
@click.option("--data-dir", help="Directory of MNIST's files.")
def main(report, activations, rounds, epochs, data_dir):
    """Run the benchmark."""
    report.say("ngc-learn {version}", version=metadata.version("ngclearn"))
    report.seeds(0, 1234)
    data = report.load("mnist", data_dir=data_dir, binarize=False)
    X, y = np.asarray(data.X_train, dtype="f4"), np.asarray(data.y_train)
    learned, held_out = slice(-N_HELD_OUT), slice(-N_HELD_OUT, None)
    measure_speed(report, activations, X, y, rounds)
    measure_errors(
        report, activations, X[learned], y[learned], X[held_out], y[held_out], epochs
    )


if __name__ == "__main__":
    main()
