"""PDH in spikes: reconstruction of digits against the rate network.

Trains the rate network on the embedded digits, then presents the test digits to networks
with the same parameters and spiking activations. Prints the cross-entropy of the
reconstructions over the number of timesteps, the firing rate that stands for an activity
of 1, and the filter of the spikes, on both simulators for the first setting of each
neuron type. Then the same for a network that learned to recognise digits, too: from 0 and from
the feedforward pass, after few timesteps and many.

    python -m benchmarks.spiking --output benchmarks/spiking
"""

import nengo

import nengo_ngc as ngc
from nengo_ngc import metrics
from nengo_ngc.backends import open_session

from ._report import benchmark

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

    session = open_session(backend, build, len(X), ["mu0"])
    mu = session.present(X)["mu0"]
    session.close()
    return metrics.binary_cross_entropy(X, mu).mean()


@benchmark
def main(report):
    """Print the tables."""
    report.seeds(0)
    digits = report.load("digits")
    model = ngc.NGCModel(HIDDEN, batch_size=50, max_epochs=20, n_mixture=1, random_state=0)
    parameters = model.fit(digits.X_train).parameters_
    X = digits.X_test[:100]
    table = report.table(
        f"PDH 64-{'-'.join(map(str, HIDDEN))}, {len(X)} test digits, nats per image",
        {
            "neurons": "<24",
            "timesteps": ">10",
            "rate of 1 (Hz)": ">16",
            "filter (ms)": ">13.0f",
            "beta": ">7",
            "NengoDL": ">9.2f",
            "Nengo": ">8.2f",
        },
    )
    for steps, beta in sorted({(s, b) for s, _, _, b in SETTINGS}):
        rate = cross_entropy("nengo-dl", X, parameters, steps, beta)
        table.row("rates", steps, None, None, beta, rate)
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
            table.row(name, steps, max_rate, 1000 * synapse, beta, *cells)
    compare_starts(report, digits)


def compare_starts(report, digits):
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
    table = report.table(
        "trained with previous states, 10 steps, momentum 0.5; 200 Hz, 5 ms, beta 0.1: nats "
        "per image after so many timesteps",
        {
            "neurons": "<24",
            "momentum": ">8",
            "start": ">13",
            **{str(n): ">8.2f" for n in TIMESTEPS},
        },
    )
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
                table.row(name, momentum, initial, *row)


if __name__ == "__main__":
    main()
