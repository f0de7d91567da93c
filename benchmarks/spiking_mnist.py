"""MNIST with LIF neurons that learn in spikes, by direct feedback alignment.

Each image is held for 50 timesteps; at the last one the encoders, biases and output weights
learn from the filtered spikes. Prints the error on all test images, in spikes, after
each epoch, and the speed of learning on both simulators.

    NENGO_NGC_DATA=... python benchmarks/spiking_mnist.py > benchmarks/spiking_mnist.txt
"""

import datetime
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click

import nengo_ngc as ngc
from nengo_ngc import datasets

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


@click.command()
@click.option("--epochs", default=5)
@click.option("--reference-images", default=300, help="For the speed on Nengo.")
def main(epochs, reference_images):
    """Print the table."""
    data = datasets.load("mnist", binarize=False)
    print(f"{datetime.date.today()}  python benchmarks/spiking_mnist.py --epochs {epochs}")
    print(f"784-{HIDDEN[0]}-10, LIF, {STEPS} timesteps, batch {BATCH}, {os.cpu_count()} cores")
    print(f"\n{'epoch':>5}{'training error (%)':>20}{'test error (%)':>16}{'samples/s':>11}")
    learner = model("nengo-dl", max_epochs=epochs)
    for r in learner.epochs(data.X_train, data.y_train, data.X_test, data.y_test):
        print(
            f"{r['epoch']:>5}{r['error']:>20.2f}{r['val_error']:>16.2f}"
            f"{r['samples_per_second']:>11.0f}",
            flush=True,
        )
    X, y = data.X_train[:reference_images], data.y_train[:reference_images]
    (record,) = model("nengo", batch_size=10).epochs(X, y)
    print(f"\nlearning on Nengo: {record['samples_per_second']:.1f} samples/s")
    start = time.perf_counter()
    answers = learner.predict(data.X_test)
    seconds = time.perf_counter() - start
    print(f"prediction on NengoDL: {len(answers) / seconds:.0f} samples/s")
    angles = learner.alignment(data.X_train[:1000], data.y_train[:1000])
    print(f"angle of the hidden layer's update to backprop's: {angles['W1']:.0f} degrees")


if __name__ == "__main__":
    main()
