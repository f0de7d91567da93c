"""What the examples that wire latents onward reach on test images.

Runs ``latents_pes``, ``latents_pointers`` and ``latents_agent`` without Nengo GUI. The first
and the last learn for some time, and then learning is switched off and test images are shown.
Prints how many answers are right, and the processor time of a timestep.

    python -m benchmarks.wiring --output benchmarks/wiring
"""

import runpy
import time

import click
import nengo
import numpy as np

from ._report import ROOT, benchmark


@benchmark
@click.option("--seconds", default=60.0, help="How long each example learns.")
@click.option("--images", default=150, help="Number of test images.")
def main(report, seconds, images):
    """Run the examples and print a table."""
    report.seeds(0)
    table = report.table(
        f"{seconds:g} s of learning, {images} test images",
        {
            "example": "<20",
            "answer": "<34",
            "right (%)": ">12.1f",
            "CPU time of a timestep (ms)": ">30.2f",
        },
    )
    for way, answers in (
        (_learns("latents_pes", "guess", "digit", 0.1), ["name of the digit"]),
        (_learns("latents_agent", "turn", "right", 0.2), ["turn"]),
        (_points(hide=0.0), ["digit", "next digit"]),
        (_points(hide=1.0), ["digit, half hidden", "next digit, half hidden"]),
    ):
        name, rights, cost = way(seconds, images)
        for answer, right in zip(answers, rights):
            table.row(name, answer, 100 * right, cost)


def _learns(name, answer, expected, shown):
    """Learn for some seconds, and then answer to new images, each shown for some time."""

    def way(seconds, images):
        script = _example(name)
        script["learn"].output = lambda t: float(t <= seconds)
        script["new"].output = lambda t: float(t > seconds)
        if "explore" in script:
            script["explore"].output = lambda t: 0.2 * (t <= seconds)
        found, cost = _run(script, [answer, expected], shown, seconds + shown * images)
        given, right = (array[-images:].argmax(axis=1) for array in found)
        return name, [np.mean(given == right)], cost

    return way


def _points(hide, shown=0.5):
    def way(seconds, images):
        script = _example("latents_pointers")
        script["hide"].output = [hide]
        found, cost = _run(script, ["guess", "following"], shown, shown * images)
        y = script["digits"].y_test[:images]
        rights = [np.mean(f.argmax(1) == (y + k) % 10) for k, f in enumerate(found)]
        return "latents_pointers", rights, cost

    return way


def _example(name):
    return runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__page__")


def _run(script, names, shown, seconds):
    """What nodes are at the end of each image, and the CPU time of a timestep in ms."""
    with script["model"]:
        probes = [nengo.Probe(script[name], sample_every=shown) for name in names]
    with nengo.Simulator(script["model"], progress_bar=False) as sim:
        start = time.process_time()
        sim.run(seconds)
        cost = (time.process_time() - start) / seconds
    return [sim.data[probe] for probe in probes], cost


if __name__ == "__main__":
    main()
