"""From which batch size on NengoDL is faster than Nengo: samples/s of training.

Trains a GNCN on Nengo and on NengoDL, three times for each batch size.

    python -m benchmarks.backends --output benchmarks/backends
"""

import numpy as np

import nengo_ngc as ngc
from nengo_ngc.backends import open_session

from ._measure import in_turns
from ._report import benchmark

SHAPES = [(64, 72, 72, 72), (784, 360, 360, 360)]
BATCHES = (1, 2, 4, 8, 32)


def samples_per_second(backend, shape, batch, n_images):
    x = (np.random.RandomState(0).rand(n_images, shape[0]) < 0.2).astype("f4")

    def build():
        return ngc.networks.GNCN(shape, schedule=ngc.Schedule(50, batch), seed=0)

    session = open_session(backend, build, batch, ["mu0"])
    times = in_turns({"training": lambda: session.present(x, learn=True)}, 3)["training"]
    session.close()
    return n_images / np.median(times)


@benchmark
def main(report):
    """Print the table."""
    table = report.table(
        "PDH, 50 steps, training, samples/s",
        {
            "shape": "<22",
            "batch": ">6",
            "Nengo": ">9.1f",
            "NengoDL": ">9.1f",
            "ratio": ">7.2f",
        },
    )
    for shape in SHAPES:
        for batch in BATCHES:
            slow, fast = (
                samples_per_second(backend, shape, batch, max(8, batch))
                for backend in ("nengo", "nengo-dl")
            )
            table.row("-".join(map(str, shape)), batch, slow, fast, fast / slow)


if __name__ == "__main__":
    main()
