"""Learning the hidden layer by PES, feedback alignment and backprop.

A hidden layer of neurons learns the product of its two inputs. PES
learns the decoders of these neurons. Feedback alignment and backprop
learn their encoders and biases as well. Nengo's developers set out to
show this in 2017.

In Nengo GUI this file opens a network of 50 spiking neurons that learn
by feedback alignment. Press play: at first the error is as large as the
product itself, and within half a minute it becomes less than half as
large. Try the slider, with which learn = 0 stops learning, or choose
another rule in the last line of this file.

Run as a script, this file compares the three rules, with 10 rectified
linear neurons and with 50 LIF neurons, and draws encoder_learning.png
in the current folder::

    python examples/encoder_learning.py
"""

import nengo
import numpy as np

import nengo_ngc as ngc

RULES = ("PES alone", "FeedbackAlignment", "BackProp")
POPULATIONS = {
    "10 rectified linear": (10, nengo.RectifiedLinear(), 3e-4),
    "50 LIF (spiking)": (50, nengo.LIF(), 1e-4),
}
SECONDS, WINDOW = 100.0, 5.0


def build(rule, n_neurons, neuron_type, pes_rate, seed):
    """Return a network that learns a product by one of ``RULES``."""
    with nengo.Network(label=rule, seed=seed) as model:
        noise = nengo.processes.WhiteSignal(SECONDS, high=5, rms=0.5, seed=seed)
        stimulus = nengo.Node(noise, size_out=2, label="stimulus")
        hidden = nengo.Ensemble(
            n_neurons, 2, neuron_type=neuron_type, radius=1.4, seed=seed, label="hidden"
        )
        output = nengo.Node(size_in=1, label="output")
        product = nengo.Node(size_in=1, label="product")
        error = nengo.Node(size_in=1, label="error")
        learn = nengo.Node([1.0], label="learn")
        lesson = nengo.Node(lambda t, x: x[0] * x[1], size_in=2, label="lesson")

        layer2 = nengo.Connection(
            hidden, output, function=lambda x: 0, learning_rule_type=nengo.PES(pes_rate)
        )
        rule_type = {
            "PES alone": None,
            "FeedbackAlignment": ngc.FeedbackAlignment(
                output, optimizer=ngc.Adam(0.01), seed=seed
            ),
            "BackProp": ngc.BackProp(layer2, optimizer=ngc.Adam(0.01)),
        }[rule]
        layer1 = nengo.Connection(stimulus, hidden, learning_rule_type=rule_type)

        # the same filter as that of the output, so that both are delayed alike
        nengo.Connection(stimulus, product, function=np.prod, synapse=0.01)
        nengo.Connection(output, error, synapse=None)
        nengo.Connection(product, error, transform=-1, synapse=None)
        nengo.Connection(error, lesson[0], synapse=None)
        nengo.Connection(learn, lesson[1], synapse=None)
        nengo.Connection(lesson, layer2.learning_rule)
        if rule_type is not None:
            nengo.Connection(lesson, layer1.learning_rule)
        model.probe = nengo.Probe(error)
    return model


def errors(rule, population, seed):
    """Return the error at each timestep of a run."""
    model = build(rule, *POPULATIONS[population], seed)
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run(SECONDS)
    return sim.data[model.probe][:, 0]


def rmse(error):
    """Return the root mean squared error of each window of time."""
    return np.sqrt(np.mean(error.reshape(int(SECONDS / WINDOW), -1) ** 2, axis=1))


def main(n_seeds=5):
    """Compare the rules, print a table and draw a figure."""
    from tqdm import tqdm

    from nengo_ngc import plots

    runs = [(p, r, s) for p in POPULATIONS for r in RULES for s in range(n_seeds)]
    curves = {}
    for population, rule, seed in tqdm(runs, unit="run"):
        curve = rmse(errors(rule, population, seed))
        curves.setdefault((population, rule), []).append(curve)

    print(f"RMSE of the last {2 * WINDOW:.0f} of {SECONDS:.0f} s, {n_seeds} seeds")
    print(f"{'':24s}" + "".join(f"{rule:>20s}" for rule in RULES))
    for population in POPULATIONS:
        line = f"{population:24s}"
        for rule in RULES:
            last = [np.sqrt(np.mean(c[-2:] ** 2)) for c in curves[population, rule]]
            line += f"{np.mean(last):13.3f} ± {np.std(last, ddof=1):.3f}"
        print(line)

    times = np.arange(1, SECONDS / WINDOW + 1) * WINDOW
    with plots.figure("encoder_learning.png", 1, 2, sharey=True) as (figure, axes):
        for ax, population in zip(axes[0], POPULATIONS):
            for number, rule in enumerate(RULES):
                look = {**plots.look(number), "marker": "", "label": rule}
                plots.band(ax, times, np.array(curves[population, rule]), **look)
            ax.set(title=population, xlabel="time (s)", ylim=(0, None))
        axes[0, 0].set_ylabel(
            f"error of the product (RMS of {WINDOW:.0f} s),\nmean and range of {n_seeds} seeds"
        )
        plots.legend(figure)


if __name__ == "__main__":
    main()
else:
    # in Nengo GUI
    model = build("FeedbackAlignment", *POPULATIONS["50 LIF (spiking)"], seed=0)
