"""How long the race for k winners takes, and what first spikes alone would decide.

Presents random inputs to a race of spiking neurons, at several speeds and timesteps. Prints
after how many timesteps the winners are decided, how many neurons have spiked by then, and
which part of the k largest inputs won: in the race, and if of those that spike in the same
timestep the first in order won.

    python -m benchmarks.spiking_winners --output benchmarks/spiking_winners
"""

import nengo
import numpy as np

import nengo_ngc as ngc

from ._report import benchmark

N, N_INPUTS, DURATION = 512, 50, 0.1


def race(X, scale, dt):
    """Codes and spikes, (presentation, timestep, neuron), and k."""
    steps = int(round(DURATION / dt))
    with nengo.Network() as model:
        net = ngc.networks.SpikingWinners(N, schedule=ngc.Schedule(steps), scale=scale)
        stimulus = nengo.Node(nengo.processes.PresentInput(X, DURATION))
        nengo.Connection(stimulus, net.input, synapse=None)
        probes = nengo.Probe(net.output), nengo.Probe(net.ensemble.neurons)
    with nengo.Simulator(model, dt=dt, progress_bar=False) as sim:
        sim.run_steps(steps * len(X))
    return (*(sim.data[p].reshape(len(X), steps, N) > 0 for p in probes), net.n_winners)


def first_come(spiked, k):
    """Winners if of those that spike in the same timestep the first in order won."""
    first = np.where(spiked.any(axis=0), spiked.argmax(axis=0), len(spiked))
    winners = np.zeros(N, dtype=bool)
    winners[np.argsort(first, kind="stable")[:k]] = True
    return winners


@benchmark
def main(report):
    """Print the table."""
    report.seeds(0)
    X = np.random.RandomState(0).randn(N_INPUTS, N)
    table = report.table(
        f"means of {N_INPUTS} presentations of {N} inputs from N(0, 1), 26 winners",
        {
            "scale": ">6g",
            "dt (ms)": ">9g",
            "timesteps": ">11.1f",
            "spiked": ">8.1f",
            "shared": ">8.3f",
            "by order": ">10.3f",
        },
    )
    for scale, dt in [(s, 1e-3) for s in (0.75, 1, 2, 5, 20)] + [(5, 2.5e-4), (20, 2.5e-4)]:
        code, spikes, k = race(X, scale, dt)
        exact = ngc.neurons.k_winners(np, X, k) > 0
        decided = code.sum(axis=2).argmax(axis=1)
        assert np.all(code[:, -1].sum(axis=1) == k)
        spiked = spikes.any(axis=1).sum(axis=1)
        shared = np.sum(code[:, -1] & exact, axis=1) / k
        simple = [np.sum(first_come(s, k) & e) / k for s, e in zip(spikes, exact)]
        means = map(np.mean, (decided + 1, spiked, shared, simple))
        table.row(scale, dt * 1e3, *means)


if __name__ == "__main__":
    main()
