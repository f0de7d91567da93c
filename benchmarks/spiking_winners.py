"""How long the race for k winners takes, and what first spikes alone would decide.

python benchmarks/spiking_winners.py > benchmarks/spiking_winners.txt
"""

import datetime

import nengo
import numpy as np

import nengo_ngc as ngc

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


def main():
    X = np.random.RandomState(0).randn(N_INPUTS, N)
    print(f"{datetime.date.today()}  python benchmarks/spiking_winners.py")
    print(f"means of {N_INPUTS} presentations of {N} inputs from N(0, 1), 26 winners\n")
    print(
        f"{'scale':>6} {'dt':>8} {'timesteps':>10} {'spiked':>7} {'shared':>7} {'by order':>9}"
    )
    for scale, dt in [(s, 1e-3) for s in (0.75, 1, 2, 5, 20)] + [(5, 2.5e-4), (20, 2.5e-4)]:
        code, spikes, k = race(X, scale, dt)
        exact = ngc.neurons.k_winners(np, X, k) > 0
        decided = code.sum(axis=2).argmax(axis=1)
        assert np.all(code[:, -1].sum(axis=1) == k)
        spiked = spikes.any(axis=1).sum(axis=1)
        shared = np.sum(code[:, -1] & exact, axis=1) / k
        simple = [np.sum(first_come(s, k) & e) / k for s, e in zip(spikes, exact)]
        print(
            f"{scale:6g} {dt * 1e3:5g} ms {np.mean(decided + 1):10.1f} {np.mean(spiked):7.1f} "
            f"{np.mean(shared):7.3f} {np.mean(simple):9.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
