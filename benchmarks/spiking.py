"""PDH in spikes: reconstruction of digits against the rate network.

Trains the rate network on the embedded digits, then presents the test digits to networks
with the same parameters and spiking activations. Prints the cross-entropy of the
reconstructions over the number of timesteps, the firing rate that stands for an activity
of 1, and the filter of the spikes, on both simulators for the first setting of each
neuron type. Then the same for a network that learned to recognise digits, too: from 0 and from
the feedforward pass, after few timesteps and many.

    python benchmarks/spiking.py > benchmarks/spiking.txt
"""

import datetime
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import nengo

import nengo_ngc as ngc
from nengo_ngc import datasets, metrics
from nengo_ngc.backends import open_session

HIDDEN = (72, 72, 72)
NEURONS = {
    "SpikingRectifiedLinear": nengo.SpikingRectifiedLinear(),
    "PoissonSpiking(relu)": nengo.PoissonSpiking(nengo.RectifiedLinear()),
    "LIF": nengo.LIF(),
    "AdaptiveLIF": nengo.AdaptiveLIF(),
}
SETTINGS = [  # timesteps, Hz, seconds, beta
    (50, 200, 0.005, 0.1),
    (200, 200, 0.005, 0.1),
    (200, 200, 0.02, 0.1),
    (200, 200, 0.02, 0.02),
    (1000, 200, 0.02, 0.02),
    (200, 400, 0.02, 0.02),
]


TIMESTEPS = (5, 10, 20, 30, 50, 100, 200)


def cross_entropy(backend, X, parameters, steps, beta, **kwargs):
    def build():
        return ngc.networks.GNCN(
            (64, *HIDDEN),
            beta=beta,
            schedule=ngc.Schedule(steps),
            learning_rule_type=None,
            parameters=parameters,
            seed=0,
            **kwargs,
        )

    runner = open_session(backend, build, len(X), ["mu0"])
    mu = runner.present(X)["mu0"]
    runner.close()
    return metrics.binary_cross_entropy(X, mu).mean()


def main():
    """Print the table."""
    digits = datasets.load("digits")
    model = ngc.NGCModel(HIDDEN, batch_size=50, max_epochs=20, n_mixture=1, random_state=0)
    parameters = model.fit(digits.X_train).parameters_
    X = digits.X_test[:100]
    print(f"{datetime.date.today()}  python benchmarks/spiking.py")
    print(f"PDH 64-{'-'.join(map(str, HIDDEN))}, {len(X)} test digits, nats per image\n")
    for steps, beta in sorted({(s, b) for s, _, _, b in SETTINGS}):
        rate = cross_entropy("nengo-dl", X, parameters, steps, beta)
        print(f"rate neurons, {steps} timesteps, beta {beta}: {rate:.2f}")
    print(
        f"\n{'neurons':<24}{'timesteps':>10}{'rate of 1':>11}{'filter':>9}{'beta':>7}"
        f"{'NengoDL':>9}{'Nengo':>8}"
    )
    for name, neuron_type in NEURONS.items():
        for setting in SETTINGS:
            steps, max_rate, synapse, beta = setting
            values = {
                "activation": neuron_type,
                "max_rate": max_rate,
                "synapse": synapse,
            }
            cells = [cross_entropy("nengo-dl", X, parameters, steps, beta, **values)]
            if setting == SETTINGS[0]:
                cells.append(cross_entropy("nengo", X, parameters, steps, beta, **values))
            print(
                f"{name:<24}{steps:>10}{max_rate:>8} Hz{1000 * synapse:>6.0f} ms"
                f"{beta:>7}{cells[0]:>9.2f}" + (f"{cells[1]:>8.2f}" if len(cells) > 1 else "")
            )
    compare_starts(digits)


def compare_starts(digits):
    """Print the table of settling from 0 and from the feedforward pass."""
    model = ngc.NGCModel(
        HIDDEN,
        initial="previous",
        steps=10,
        momentum=0.5,
        batch_size=50,
        max_epochs=20,
        n_mixture=1,
        random_state=0,
    )
    learned = model.fit(digits.X_train).parameters_
    X = digits.X_test[:100]
    print("\ntrained with previous states, 10 steps, momentum 0.5; 200 Hz, 5 ms, beta 0.1")
    print(f"{'neurons, momentum, start':<46}" + "".join(f"{n:>8}" for n in TIMESTEPS))
    for name, neuron_type in {"rates": None, **NEURONS}.items():
        for momentum in (0.0, 0.5):
            for initial in ("zero", "feedforward"):
                parameters = {
                    k: v for k, v in learned.items() if initial != "zero" or k[0] != "R"
                }
                values = {"activation": neuron_type, "synapse": 0.005}
                values |= {"initial": initial, "momentum": momentum}
                row = [
                    cross_entropy("nengo-dl", X, parameters, n, 0.1, **values)
                    for n in TIMESTEPS
                ]
                label = f"{name}, {momentum}, {initial}"
                print(f"{label:<46}" + "".join(f"{v:>8.2f}" for v in row), flush=True)


if __name__ == "__main__":
    main()
