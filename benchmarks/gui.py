"""Steps per second in Nengo GUI with image displays and without.

Runs each model in a browser at the highest speed, with all plots and sliders of its layout,
once with the image displays and once without, several times in turn; and on the simulator
without Nengo GUI. Also prints the processor time that Nengo GUI's process spends on a
timestep. The best of all turns counts: what else a machine does only makes it slower.

Besides the examples there is a model that does nothing but show four random images of
28 x 28 pixels, every ten timesteps or at each; and one that shows a text which never
changes, the least that Nengo GUI's HTML views cost.

    OMP_NUM_THREADS=1 python -m benchmarks.gui --output benchmarks/gui
"""

import os
import re
import runpy
import tempfile
import time
from contextlib import closing
from pathlib import Path

import click
import nengo
import numpy as np

from nengo_ngc import gui
from tests.gui import browser

from ._report import benchmark

EXAMPLES = (
    *("ngc_digits", "spiking_pdh", "pff_digits", "k_winners", "relaxation"),
    *("learning_digits", "colour_photo", "latents_pes", "latents_pointers", "latents_agent"),
)
SCRIPT = """
import nengo
import numpy as np
from nengo_ngc.gui import ImageDisplay

rng = np.random.RandomState(0)
with nengo.Network() as model:
    images = nengo.Node(nengo.processes.PresentInput(rng.rand(500, 3136), 0.001))
    {show}
    pictures = nengo.Node(show, size_in=3136)
    nengo.Connection(images, pictures, synapse=None)
"""
SHOWN = {
    "text": "def show(t, x): pass\n    show._nengo_html_ = 'text'",
    "images every 10": "show = ImageDisplay((28, 28), grid=(1, 4), every=10)",
    "images every 1": "show = ImageDisplay((28, 28), grid=(1, 4), every=1)",
}
LAYOUT = """_viz_0 = nengo_gui.components.HTMLView(pictures)
_viz_config[_viz_0].width = 0.4
_viz_config[_viz_0].height = 0.1
"""


def write_models(folder):
    """Write all scripts into two folders, with displays and without; return their names."""
    for kind in ("with", "without"):
        gui.copy_examples(folder / kind)
        for name, show in SHOWN.items():
            path = folder / kind / f"{name}.py"
            path.write_text(SCRIPT.format(show=show))
            path.with_suffix(".py.cfg").write_text(LAYOUT)
    for path in (folder / "without").glob("*.cfg"):
        layout = path.read_text()
        for display in re.findall(r"(_viz_\d+) = .*HTMLView", layout):
            layout = re.sub(rf"^.*\b{display}\b.*\n", "", layout, flags=re.MULTILINE)
        path.write_text(layout)
    return [*EXAMPLES, *SHOWN]


def on_simulator(path, seconds):
    """Steps per second without Nengo GUI."""
    model = runpy.run_path(str(path), run_name="__page__")["model"]
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(100)
        start, n = time.perf_counter(), sim.n_steps
        while time.perf_counter() < start + seconds:
            sim.run_steps(50)
        return (sim.n_steps - n) / (time.perf_counter() - start)


def in_browser(chromium, server, file, seconds):
    """Steps per second in Nengo GUI, and its processor time for each, in microseconds."""
    page = browser.Page(chromium, server, file)
    page.press()
    page.set_speed(1)
    page.run_until(0.3)
    start, before, used = time.perf_counter(), page.time, processor_time(server.pid)
    time.sleep(seconds)
    used, n = processor_time(server.pid) - used, (page.time - before) / 0.001
    speed = n / (time.perf_counter() - start)
    assert not page.complaints(), page.complaints()
    page.leave()
    return speed, 1e6 * used / n


def processor_time(pid):
    """Seconds that a process has used, on Linux."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@benchmark
@click.option("--repeats", default=5, help="Turns of each model.")
@click.option("--seconds", default=4.0, help="Length of a turn.")
def main(report, repeats, seconds):
    """Print the table."""
    report.seeds(0)
    if os.environ.get("OMP_NUM_THREADS") != "1":
        raise click.ClickException("OMP_NUM_THREADS must be 1")
    table = report.table(
        f"best of {repeats} turns of {seconds:g} s: steps/s, processor time for a step (us)",
        {
            "model": "<18",
            "Nengo": ">8.0f",
            "Nengo GUI": ">12.0f",
            "with displays": ">15.0f",
            "time in Nengo GUI": ">19.0f",
            "time with displays": ">20.0f",
        },
    )
    with tempfile.TemporaryDirectory() as folder:
        names = write_models(Path(folder))
        with (
            closing(browser.Server(folder, f"with/{names[0]}.py")) as server,
            closing(browser.Browser()) as chromium,
        ):
            for name in names:
                turns = []
                for _ in range(repeats):
                    path = Path(folder) / "with" / f"{name}.py"
                    files = (f"without/{name}.py", f"with/{name}.py")
                    seen = [in_browser(chromium, server, file, seconds) for file in files]
                    turns.append([on_simulator(path, seconds), *np.ravel(seen)])
                plain, *speeds = np.max(turns, axis=0)[[0, 1, 3]]
                times = np.min(turns, axis=0)[[2, 4]]
                table.row(name, plain, *speeds, *times)


if __name__ == "__main__":
    main()
