"""log p(x) of a trained NGCModel, by samples of the prior and by importance sampling.

Fits priors of several numbers of components to the top states of training images, and
compares them on the last training images, from which the model must not have learned. Then
measures test images, once: with the prior of the file and with that of the chosen number, by
both estimators, with several numbers of samples. "over parts" is the standard deviation of the
estimates that disjoint parts of the samples give, beside the standard error that is estimated
from one of them.

    NENGO_NGC_DATA=... python -m benchmarks.likelihood runs/mnist/checkpoint.npz \
        --output benchmarks/likelihood
"""

import copy
import time

import click
import numpy as np

import nengo_ngc as ngc
from nengo_ngc.lab.specs.options import SIZES
from nengo_ngc.metrics import log_mean_exp

from ._report import benchmark

METHODS = ("prior", "importance")


@benchmark
@click.argument("model", type=click.Path(exists=True, dir_okay=False))
@click.option("--dataset", default="mnist", help="What the model has learned.")
@click.option("--held-out", default=10_000, help="Training images it has not learned from.")
@click.option("--components", type=SIZES, default="1,5,20,75", help="Numbers to compare.")
@click.option("--samples", type=SIZES, default="100,1000,5000", help="Samples for an image.")
@click.option("--compared", default=200, help="Held-out images that compare numbers.")
@click.option("--tested", default=1000, help="Test images.")
def main(report, model, dataset, held_out, components, samples, compared, tested):
    """Print both tables."""
    trained = ngc.NGCModel.load(model)
    report.seeds(trained._seed)
    data = report.load(dataset, binarize=trained.output == "bernoulli")
    report.say(
        "variant {variant}, {epochs} epochs", variant=trained.variant, epochs=trained.n_iter_
    )
    X, X_val = data.X_train[:-held_out], data.X_train[-held_out:][:compared]
    priors = {"of the file": trained} if hasattr(trained, "mixture_") else {}
    priors["chosen"] = chosen(report, trained, X, X_val, components, min(samples))
    if tested:
        on_test_images(report, priors, data.X_test[:tested], samples)


def chosen(report, trained, X, X_val, components, n_samples):
    """The model with the prior with which held-out images are the likeliest."""
    table = report.table(
        f"{len(X_val)} held-out training images; {n_samples} samples for each by importance "
        f"sampling, {50 * n_samples} of the prior for all",
        {
            "components": ">10",
            "importance": ">12.2f",
            "its error": ">10.2f",
            "prior": ">10.2f",
            "its error ": ">11.2f",
            "log p(z)": ">10.1f",
            "s to fit": ">10.0f",
        },
    )
    fitted, scores = [], []
    for n_components in components:
        model = copy.deepcopy(trained).set_params(n_mixture=n_components)
        start = time.perf_counter()
        model.fit_prior(X)
        seconds = time.perf_counter() - start
        by_importance, by_prior = (
            log_mean_exp(model.log_weights(X_val, n, method=method))
            for method, n in (("importance", n_samples), ("prior", 50 * n_samples))
        )
        table.row(
            n_components,
            by_importance.values.mean(),
            by_importance.error_of_mean,
            by_prior.values.mean(),
            by_prior.error_of_mean,
            model.mixture_.score(model.transform(X_val)),
            seconds,
        )
        fitted.append(model)
        scores.append(by_importance.values.mean())
    return fitted[int(np.argmax(scores))]


def on_test_images(report, priors, X, samples):
    """Print the estimates of both methods for some numbers of samples."""
    table = report.table(
        f"log p(x) of {len(X)} test images (nats)",
        {
            "prior": "<13",
            "components": ">10",
            "  samples from": "<16",
            "samples": ">8",
            "log p(x)": ">10.2f",
            "error": ">8.3f",
            "over parts": ">12.3f",
            "effective": ">11.1f",
            "ms for an image": ">17.0f",
        },
    )
    for name, model in priors.items():
        for method in METHODS:
            start = time.perf_counter()
            log_weights = model.log_weights(X, max(samples), method=method)
            seconds = time.perf_counter() - start
            for n in samples:
                which = name, len(model.mixture_.weights_), f"  {method}", n
                last = n == max(samples)
                table.row(
                    *which, *measured(log_weights, n), 1e3 * seconds / len(X) if last else None
                )


def measured(log_weights, n):
    """Mean, standard error, deviation over parts, and effective samples, of n samples."""
    n_parts = log_weights.shape[1] // n
    parts = np.split(log_weights[:, : n_parts * n], n_parts, axis=1)
    found = [log_mean_exp(part) for part in parts]
    values = [estimate.values.mean() for estimate in found]
    return (
        np.mean(values),
        np.mean([estimate.error_of_mean for estimate in found]),
        np.std(values, ddof=1) if n_parts > 1 else None,
        np.median([estimate.effective_samples for estimate in found]),
    )


if __name__ == "__main__":
    main()
