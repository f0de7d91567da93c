"""From which batch size on NengoDL is faster than Nengo: samples/s of training.

python benchmarks/backends.py > benchmarks/backends.txt
"""

import datetime
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import nengo_ngc as ngc
from nengo_ngc.backends import open_session

SHAPES = [(64, 72, 72, 72), (784, 360, 360, 360)]
BATCHES = (1, 2, 4, 8, 32)


def samples_per_second(backend, shape, batch, n_images):
    x = (np.random.RandomState(0).rand(n_images, shape[0]) < 0.2).astype("f4")

    def build():
        return ngc.networks.GNCN(shape, schedule=ngc.Schedule(50, batch), seed=0)

    runner = open_session(backend, build, batch, ["mu0"])
    runner.present(x[:batch], learn=True)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        runner.present(x, learn=True)
        times.append(time.perf_counter() - start)
    runner.close()
    return n_images / np.median(times)


def main():
    """Print the table."""
    print(f"{datetime.date.today()}  python benchmarks/backends.py")
    print("PDH, 50 steps, training, samples/s\n")
    print(f"{'shape':<22}{'batch':>6}{'Nengo':>9}{'NengoDL':>9}{'ratio':>7}")
    for shape in SHAPES:
        for batch in BATCHES:
            slow, fast = (
                samples_per_second(backend, shape, batch, max(8, batch))
                for backend in ("nengo", "nengo-dl")
            )
            name = "-".join(map(str, shape))
            print(f"{name:<22}{batch:>6}{slow:>9.1f}{fast:>9.1f}{fast / slow:>7.2f}")


if __name__ == "__main__":
    main()
