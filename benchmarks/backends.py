"""Which backend is the fastest for which batch size: samples/s of training.

Trains networks on all backends, which take turns, three times for each batch size. What
``backend="auto"`` takes is set by this table (``preferred_from`` in nengo_ngc/backends).

    python -m benchmarks.backends --output benchmarks/backends
"""

import numpy as np

import nengo_ngc as ngc
from nengo_ngc.backends import BACKENDS, open_session
from nengo_ngc.networks import GNCN, FeedforwardClassifier

from ._measure import in_turns
from ._report import benchmark

TITLES = {name: backend.title for name, backend in BACKENDS.items() if backend}
BATCHES = (1, 2, 4, 8, 32, 128)


NETWORKS = [  # class, shape, timesteps of a presentation
    (GNCN, (64, 72, 72, 72), 50),
    (GNCN, (784, 360, 360, 360), 50),
    (FeedforwardClassifier, (784, 256, 256, 10), 1),
]


def samples_per_second(kind, shape, steps, batch, n_images):
    """Medians by the name of the backend."""
    rng, inputs = np.random.RandomState(0), {}
    if kind is FeedforwardClassifier:
        inputs = {"target": np.eye(shape[-1])[rng.randint(shape[-1], size=n_images)]}
    x = (rng.rand(n_images, shape[0]) < 0.2).astype("f4")
    sessions = {
        name: open_session(
            name,
            lambda: kind(shape, schedule=ngc.Schedule(steps, batch), seed=0),
            batch,
            ["output"] if inputs else ["mu0"],
            ["input", *inputs],
        )
        for name in TITLES
    }
    turns = in_turns(
        {
            name: lambda session=session: session.present(x, learn=True, **inputs)
            for name, session in sessions.items()
        },
        5,
    )
    for session in sessions.values():
        session.close()
    return {name: n_images / np.median(times) for name, times in turns.items()}


@benchmark
def main(report):
    """Print the table."""
    report.seeds(0)
    table = report.table(
        "training, samples/s",
        {
            "network": "<44",
            "batch": ">6",
            **{title: ">10.1f" for title in TITLES.values()},
            "fastest": ">10",
        },
    )
    for kind, shape, steps in NETWORKS:
        name = f"{kind.__name__} {'-'.join(map(str, shape))}, {steps} timesteps"
        for batch in BATCHES:
            speeds = samples_per_second(kind, shape, steps, batch, max(8, batch))
            table.row(name, batch, *speeds.values(), TITLES[max(speeds, key=speeds.get)])


if __name__ == "__main__":
    main()
