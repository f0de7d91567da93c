"""Models of many small ensembles, which are not ours: NengoDL as it comes, and ours.

For each model and minibatch, the time until the first result is there (building, and a run
of ten timesteps) and that of a run of so many timesteps, as medians of interleaved
measurements. Ratios above 1 mean that ours is faster.

    python -m benchmarks.small_ensembles --output benchmarks/small_ensembles
"""

import time

import click
import nengo
import numpy as np

import nengo_ngc.dl

from ._report import benchmark


def ensemble_arrays():
    """Two arrays of 100 ensembles, one connected to the other."""
    stimulus = nengo.Node(lambda t: np.sin(t + np.arange(100.0)))
    a = nengo.networks.EnsembleArray(50, 100)
    b = nengo.networks.EnsembleArray(50, 100)
    nengo.Connection(stimulus, a.input)
    nengo.Connection(a.output, b.input)
    nengo.Probe(b.output, synapse=0.01)


def circular_convolution():
    """The circular convolution of two vectors of 16 dimensions."""
    rng = np.random.RandomState(0)
    convolution = nengo.networks.CircularConvolution(50, 16)
    for end in (convolution.input_a, convolution.input_b):
        nengo.Connection(nengo.Node(rng.randn(16) / 4), end)
    nengo.Probe(convolution.output, synapse=0.01)


def basal_ganglia():
    """Basal ganglia and thalamus that choose among ten actions."""
    values = nengo.Node(lambda t: 0.5 + 0.5 * np.sin(t + np.arange(10.0)))
    ganglia = nengo.networks.BasalGanglia(10)
    thalamus = nengo.networks.Thalamus(10)
    nengo.Connection(values, ganglia.input)
    nengo.Connection(ganglia.output, thalamus.input)
    nengo.Probe(thalamus.output, synapse=0.01)


def retrieval():
    """A role is unbound from a memory of 64 dimensions and cleaned up among 50 words."""
    rng = np.random.RandomState(0)
    words = rng.randn(50, 64) / 8
    unbind = nengo.networks.CircularConvolution(30, 64, invert_b=True)
    for end in (unbind.input_a, unbind.input_b):
        nengo.Connection(nengo.Node(rng.randn(64) / 8), end)
    memory = nengo.networks.EnsembleArray(30, 64)
    cleanup = nengo.networks.EnsembleArray(20, 50, intercepts=[0.3] * 20)
    nengo.Connection(unbind.output, memory.input)
    nengo.Connection(memory.output, cleanup.input, transform=words)
    nengo.Probe(cleanup.output, synapse=0.01)


def integrators():
    """Twenty integrators of 100 neurons that learn a target by PES."""
    target = nengo.Node(0.5)
    for _ in range(20):
        ensemble = nengo.Ensemble(100, 1)
        error = nengo.Node(size_in=1)
        nengo.Connection(ensemble, ensemble, synapse=0.1)
        nengo.Connection(target, ensemble, synapse=0.01)
        output = nengo.Node(size_in=1)
        learned = nengo.Connection(
            ensemble, output, function=lambda x: 0, learning_rule_type=nengo.PES()
        )
        nengo.Connection(output, error, synapse=None)
        nengo.Connection(target, error, transform=-1, synapse=None)
        nengo.Connection(error, learned.learning_rule, synapse=None)
        nengo.Probe(output)


def deep():
    """Two layers of 500 neurons, weights between neurons."""
    stimulus = nengo.Node(np.zeros(784))
    layers = [nengo.Ensemble(500, 1, neuron_type=nengo.RectifiedLinear()) for _ in range(2)]
    rng = np.random.RandomState(0)
    first = rng.randn(500, 784) / 28
    second = rng.randn(500, 500) / 22
    nengo.Connection(stimulus, layers[0].neurons, transform=first, synapse=None)
    nengo.Connection(layers[0].neurons, layers[1].neurons, transform=second, synapse=None)
    nengo.Probe(layers[1].neurons)


MODELS = {
    ensemble_arrays: (1, 32),
    circular_convolution: (1, 32),
    basal_ganglia: (1, 32),
    retrieval: (1, 50),
    integrators: (1, 32),
    deep: (1, 128),
}


_N_FIRST = 5


class _Open:
    """A simulator of one kind, and what it took."""

    def __init__(self, simulator, build, minibatch_size):
        with nengo.Network(seed=0) as model:
            build()
        start = time.perf_counter()
        self.sim = simulator(model, minibatch_size=minibatch_size, progress_bar=False)
        self.sim.run_steps(10)
        self.first = time.perf_counter() - start
        self.times = []

    def run(self, n_steps):
        start = time.perf_counter()
        self.sim.run_steps(n_steps)
        self.times.append(time.perf_counter() - start)


@benchmark
@click.option("--steps", default=300, help="Timesteps of a run.")
@click.option("--rounds", default=5, help="Runs of each simulator.")
@click.option("--only", help="The name of one model.")
def main(report, steps, rounds, only):
    """Print the table."""
    report.seeds(0)
    import nengo_dl

    table = report.table(
        f"seconds until the first result, and of a run of {steps} timesteps ({rounds} rounds)",
        {
            "model": "<24",
            "minibatch": ">10",
            "first, stock": ">14.2f",
            "ours": ">8.2f",
            "ratio": ">8.2f",
            "run, stock": ">13.3f",
            "run, ours": ">11.3f",
            "run, ratio": ">12.2f",
        },
    )
    for build, sizes in MODELS.items():
        if only not in (None, build.__name__):
            continue
        for size in sizes:
            kinds = [nengo_dl.Simulator, nengo_ngc.dl.Simulator]
            firsts = []
            for _ in range(_N_FIRST):
                stock, ours = (_Open(kind, build, size) for kind in kinds)
                firsts.append((stock.first, ours.first))
                if len(firsts) < _N_FIRST:
                    stock.sim.close()
                    ours.sim.close()
            first, second = np.median(firsts, axis=0)
            for _ in range(rounds):
                for opened in (stock, ours):
                    opened.run(steps)
            a, b = (np.median(opened.times) for opened in (stock, ours))
            table.row(build.__name__, size, first, second, first / second, a, b, a / b)
            stock.sim.close()
            ours.sim.close()


if __name__ == "__main__":
    main()
