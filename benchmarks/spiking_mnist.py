"""MNIST with LIF neurons that learn in spikes, by direct feedback alignment.

Each image is held for 50 timesteps; at the last one the encoders, biases and output weights
learn from the filtered spikes. Prints the error on all test images, in spikes, after
each epoch, and the speed of learning on both simulators.

    NENGO_NGC_DATA=... python -m benchmarks.spiking_mnist --output benchmarks/spiking_mnist
"""

import click

import nengo_ngc as ngc

from ._measure import seconds
from ._report import benchmark

HIDDEN, STEPS, BATCH = (256,), 50, 100


def model(backend, batch_size=BATCH, max_epochs=1, **kwargs):
    return ngc.RuleClassifier(
        HIDDEN,
        rule="direct-feedback-alignment",
        neuron_type="lif",
        steps=STEPS,
        batch_size=batch_size,
        max_epochs=max_epochs,
        backend=backend,
        random_state=0,
        **kwargs,
    )


@benchmark
@click.option("--epochs", default=5, help="Training epochs.")
@click.option("--reference-images", default=300, help="Images for the speed on Nengo.")
def main(report, epochs, reference_images):
    """Print the table."""
    report.seeds(0)
    data = report.load("mnist", binarize=False)
    table = report.table(
        f"784-{HIDDEN[0]}-10, LIF, {STEPS} timesteps, batch {BATCH}",
        {
            "epoch": ">5",
            "training error (%)": ">20.2f",
            "test error (%)": ">16.2f",
            "samples/s": ">11.0f",
        },
    )
    learner = model("nengo-dl", max_epochs=epochs)
    for r in learner.epochs(data.X_train, data.y_train, data.X_test, data.y_test):
        table.row(r["epoch"], r["error"], r["val_error"], r["samples_per_second"])
    X, y = data.X_train[:reference_images], data.y_train[:reference_images]
    (record,) = model("nengo", batch_size=10).epochs(X, y)
    report.say()
    report.say("learning on Nengo: {rate:.1f} samples/s", rate=record["samples_per_second"])
    rate = len(data.X_test) / seconds(lambda: learner.predict(data.X_test))
    report.say("prediction on NengoDL: {rate:.0f} samples/s", rate=rate)
    angles = learner.alignment(data.X_train[:1000], data.y_train[:1000])
    report.say(
        "angle of the hidden layer's update to backprop's: {angle:.0f} degrees",
        angle=angles["W1"],
    )


if __name__ == "__main__":
    main()
