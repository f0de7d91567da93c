"""Memory of training on a file that is larger than memory may be, and on a tenth of it.

Writes images of 64 x 64 bytes and their labels as .npy files into a temporary folder, has
``nengo-ngc train`` learn from them for one epoch, and prints the peak memory of that process:
it must not grow with the number of images. The file is 4 GB large by default.

    python -m benchmarks.large_data --output benchmarks/large_data
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np

from ._measure import seconds
from ._report import benchmark

SIDE, N_CLASSES, AT_ONCE = 64, 4, 4096


def write(folder, n_images):
    """Write images whose brightness tells the class, and labels; a part at a time."""
    folder.mkdir()
    rng = np.random.RandomState(0)
    y = rng.randint(N_CLASSES, size=n_images).astype(np.uint8)
    np.save(folder / "y.npy", y)
    header = {"descr": "|u1", "fortran_order": False, "shape": (n_images, SIDE, SIDE)}
    noise = rng.randint(60, size=(AT_ONCE, SIDE, SIDE), dtype=np.uint8)
    # not by a mapping: what this process has had in memory counts for those that it starts
    with open(folder / "X.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, n_images, AT_ONCE):
            bright = 45 * y[start : start + AT_ONCE, None, None]
            (noise[: len(bright)] + bright).tofile(file)


def peak_memory_mb(folder, options):
    """The peak memory of a process that trains, in MB, and what it said last."""
    command = [sys.executable, "-m", "nengo_ngc", "train", str(folder), *options]
    command += ["--output", str(folder.with_suffix(".run"))]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(text)
    return used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10), text


@benchmark
@click.option("--gigabytes", type=float, default=4.0, help="Size of the larger file.")
@click.option("--model", default="rules", help="As for nengo-ngc train.")
@click.option("--hidden", default="4", help="As for nengo-ngc train.")
@click.option("--batch", default=1024, help="As for nengo-ngc train.")
@click.option("--backend", default="nengo-dl", help="As for nengo-ngc train.")
def main(report, gigabytes, model, hidden, batch, backend):
    report.seeds(0)
    options = ["--model", model, "--hidden", hidden, "--batch", str(batch)]
    options += ["--backend", backend, "--epochs", "1"]
    largest = int(gigabytes * 1e9 / SIDE**2)
    table = report.table(
        f"one epoch, {' '.join(options)}",
        {"images": ">10", "file (MB)": ">12.0f", "peak memory (MB)": ">18.0f", "s": ">8.0f"},
    )
    for n_images in (largest // 10, largest):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "images"
            write(folder, n_images)
            found = []
            took = seconds(lambda: found.append(peak_memory_mb(folder, options)))  # noqa: B023
            table.row(n_images, n_images * SIDE**2 / 1e6, found[0][0], took)


if __name__ == "__main__":
    main()
