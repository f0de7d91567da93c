"""Nengo GUI in a real browser that needs no screen.

Called as a script, from the root of the repository, it takes the pictures of the
documentation, or those of some examples::

    python -m tests.gui.browser docs/images
    python -m tests.gui.browser docs/images ngc_digits
"""

import base64
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from nengo_ngc import gui

PATIENCE = 60.0  # seconds; a machine may be busy

# What the command ``nengo`` does, but for one thing: Nengo GUI imports every simulator that
# is installed when it opens its first page, and TensorFlow takes ten seconds.
_NENGO = """
import sys
sys.modules["nengo_dl"] = None
from nengo_gui.main import main
main()
"""


def _chromium():
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def missing():
    """What is not installed of all that is needed here, in words; empty if nothing."""
    packages = [name for name in ("nengo_gui", "selenium") if find_spec(name) is None]
    programs = {"chromium": _chromium(), "chromedriver": shutil.which("chromedriver")}
    return ", ".join(packages + [name for name, path in programs.items() if path is None])


def wait_for(condition, what, patience=PATIENCE):
    """Wait until a function returns something true, and return that."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {patience:.0f} s: {what}")


def _any_port():
    """A free port; not the first, which others may be about to take, too."""
    with socket.socket() as candidate:
        candidate.bind(("localhost", 0))
        return candidate.getsockname()[1]


class Server:
    """Nengo GUI at work on the files of a folder, until it is closed.

    Parameters
    ----------
    folder : str or path
    file : str
        Any script in it.
    backend : str, optional
        The module of the simulator.
    """

    def __init__(self, folder, file, backend="nengo"):
        self.said = []  # lines that it has printed or logged
        self._process = subprocess.Popen(
            [sys.executable, "-c", _NENGO, file, "--port", str(_any_port())]
            + ["--backend", backend, "--no-browser", "--auto-shutdown", "0"],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self._url = urlsplit(wait_for(self._find_url, "Nengo GUI starts"))
        except AssertionError as error:
            self.close()
            raise AssertionError(f"{error}; it says: {''.join(self.said)!r}") from None

    def _listen(self):
        for line in self._process.stdout:
            self.said.append(line)

    def _find_url(self):
        assert self._process.poll() is None, "Nengo GUI has ended"
        return next(iter(re.findall(r"http:\S+", "".join(self.said))), None)

    @property
    def pid(self):
        """Of its process."""
        return self._process.pid

    def url(self, file):
        """The address of a script's page."""
        return self._url._replace(query=f"filename={file}&{self._url.query}").geturl()

    def close(self):
        """Stop at once."""
        self._process.kill()
        self._process.wait()


class Browser:
    """Chromium without a screen, until it is closed."""

    def __init__(self, size=(1500, 900)):
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = _chromium()
        options.add_argument("--headless=new")
        options.add_argument("--no-sandbox")  # which root cannot have
        options.add_argument("--disable-gpu")
        options.add_argument("--disable-dev-shm-usage")
        # pages that are left would go on
        options.add_argument("--disable-features=BackForwardCache")
        options.add_argument("--window-size={},{}".format(*size))
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        self.driver = webdriver.Chrome(options=options, service=service)

    def close(self):
        self.driver.quit()


class Page:
    """A script, opened in Nengo GUI.

    Parameters
    ----------
    browser : Browser
    server : Server
    file : str
        The script, in the server's folder.
    """

    def __init__(self, browser, server, file):
        self._driver, self._server = browser.driver, server
        self._n_said, self._errors = len(server.said), []
        self._driver.get_log("browser")  # what was said of other pages
        self._driver.get(server.url(file))
        drawn = "return typeof Nengo !== 'undefined' && $('.netgraph .node').length > 0"
        self.wait_for(lambda: self._js(drawn), f"{file} is shown")

    def _js(self, script, *args):
        return self._driver.execute_script(script, *args)

    def _of(self, label, what):
        """A property of the component with this label."""
        found = self._js(
            "return Nengo.Component.components.filter("
            f"c => c.label.innerHTML === arguments[0]).map(c => {what})",
            label,
        )
        assert len(found) == 1, f"{len(found)} components have the label {label!r}"
        return found[0]

    @property
    def labels(self):
        """Of all plots, pictures and sliders."""
        return self._js("return Nengo.Component.components.map(c => c.label.innerHTML)")

    @property
    def time(self):
        """Simulated seconds."""
        return self._js("return sim.time")

    def press(self):
        """Press the button that starts and pauses the simulation."""
        self._driver.find_element("id", "pause_button").click()

    def wait_for(self, condition, what, patience=PATIENCE):
        """Wait until a function returns something true, as long as nothing is wrong."""

        def met():
            assert not self.complaints(), self.complaints()
            return condition()

        return wait_for(met, what, patience)

    def reset(self):
        """Have the simulator be built again, and wait at the start."""
        self._js("sim.ws.send('reset')")
        self.wait_for(lambda: self.time == 0, "time is 0 again")

    def run_until(self, seconds):
        """Wait until so much time is simulated."""
        self.wait_for(lambda: self.time >= seconds, f"{seconds} s are simulated")

    def run_for(self, seconds):
        """Wait until so much more time is simulated."""
        self.run_until(self.time + seconds)

    def set_speed(self, scale):
        """Have time pass at a part of the greatest possible speed."""
        self._js("sim.ws.send('target_scale:' + arguments[0])", float(scale))

    def picture(self, label, wait=0.0):
        """Pixels of an image display, once it has been told of so many more seconds."""
        start = self.time

        def drawn():
            times = "[c.data_store.times.slice(-1)[0] || 0, c.pdiv.innerHTML]"
            time, html = self._of(label, times)
            return time >= start + wait and re.search(r'base64,([^"]+)"', html)

        png = self.wait_for(drawn, f"{label} is drawn")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(png[1])))).astype(int)

    def plotted(self, label):
        """The values of a plot, a row for each of its lines."""
        return self._of(label, "c.data_store.data")

    def unfold(self, label):
        """Show the inside of a network; returns where its objects are, by their labels."""
        net = "Object.values(Nengo.netgraph.svg_objects).filter(i => i.type === 'net' && "
        net += "i.label.innerHTML === arguments[0])[0]"
        self._js(f"{net}.expand()", label)
        places = f"{net}.children.map(i => [i.label.innerHTML, i.x, i.y])"
        self.wait_for(
            lambda: self._js(f"return {places}.length", label), f"{label} is unfolded"
        )
        time.sleep(0.2)  # until all of them have come
        self._js("Nengo.netgraph.redraw()")  # connections of objects that came after them
        return {name: (x, y) for name, x, y in self._js(f"return {places}", label)}

    def zoom(self, label):
        """Have a network fill the page."""
        self._js(
            """
            const ng = Nengo.netgraph;
            const of = i => i.type === 'net' && i.label.innerHTML === arguments[0];
            const net = Object.values(ng.svg_objects).filter(of)[0];
            ng.scale = 0.48 / Math.max(net.width, net.height);
            ng.set_offset(0.5 / ng.scale - net.x, 0.5 / ng.scale - net.y);
            ng.redraw();
            """,
            label,
        )

    def slide(self, label, value):
        """Move a slider."""
        self._of(label, f"c.sliders[0].set_value({value})")

    def complaints(self):
        """Errors that the browser, the script or the server complained of."""
        log = self._driver.get_log("browser")  # since the last call
        self._errors += [entry["message"] for entry in log if entry["level"] == "SEVERE"]
        of_script = self._js("return window.$ ? $('#console_error').text() : ''")
        said = self._server.said[self._n_said :]
        if not any(re.search("Traceback|ERROR", line) for line in said):
            said = []  # otherwise all of it, for what an error was comes lines after
        return self._errors + [of_script] * bool(of_script) + said

    def leave(self):
        """Close the script, which ends its simulation."""
        # One by one: connections that end with their page are reset where data has not been
        # read, and Nengo GUI complains of that once the next page may have been opened.
        sockets = "[sim, progress, Nengo.ace, Nengo.netgraph, ...Nengo.Component.components]"
        self._js(f"{sockets}.forEach(c => c.ws.close())")
        closed = f"return {sockets}.every(c => c.ws.readyState === WebSocket.CLOSED)"
        wait_for(lambda: self._js(closed), "all connections are closed")
        self._driver.get("about:blank")

    def screenshot(self, path):
        """Write a picture of the page, with the script from its first line on."""
        self._js("ace.edit('editor').scrollToLine(0); ace.edit('editor').clearSelection()")
        time.sleep(0.5)
        picture = Image.open(io.BytesIO(self._driver.get_screenshot_as_png()))
        # 256 colours take a third of the space, and these settings keep those of thin lines
        few = picture.convert("RGB").quantize(
            256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
        )
        few.save(path, optimize=True)


def _seconds(n):
    return lambda page: page.time >= n


def _half_way(page):
    """From zero the picture has grown half."""
    sums = [part.sum() for part in np.split(page.picture("pictures")[:, :26], [9, 18], 1)]
    return page.time > 0.4 and 0.3 < sums[2] / sums[1] < 0.6


# sliders, speed, when to stop, and the networks that a second picture shows unfolded
_PICTURES = {
    "colour_photo": ({}, 1.0, _seconds(29), ["GNCN"]),
    "encoder_learning": ({}, 1.0, _seconds(40), []),
    "k_winners": ({"noise": 0.15}, 0.3, _seconds(1.7), []),
    "latents_agent": ({}, 1.0, _seconds(30), []),
    "latents_pes": ({}, 1.0, _seconds(30), ["GNCN"]),
    "latents_pointers": ({}, 0.3, _seconds(1.9), []),
    "learning_digits": ({}, 1.0, _seconds(28), ["GNCN"]),
    "learning_filters": ({}, 1.0, _seconds(25), ["classifier"]),
    "ngc_digits": ({"hide": 1}, 0.3, _seconds(2.7), ["GNCN"]),
    "pff_digits": ({}, 0.3, _seconds(1.7), ["PFF"]),
    "relaxation": ({}, 0.02, _half_way, ["from feedforward", "from zero"]),
    "spiking_pdh": ({}, 0.3, _seconds(1.3), ["rates", "spikes"]),
}
# networks with so many parts, or so small, that one has to zoom in
_ZOOMED = "latents_pes", "pff_digits"


def main(folder, *names):
    """Write screenshots of all examples, or those named, into a folder."""
    with tempfile.TemporaryDirectory() as copies:
        gui.copy_examples(copies)
        with (
            closing(Server(copies, "ngc_digits.py")) as server,
            closing(Browser()) as browser,
        ):
            for name in names or _PICTURES:
                sliders, speed, enough, unfolded = _PICTURES[name]
                page = Page(browser, server, f"{name}.py")
                page.set_speed(speed)
                page.press()
                page.run_until(0.01)
                for label, value in sliders.items():
                    page.slide(label, value)
                page.wait_for(
                    lambda page=page, enough=enough: enough(page),
                    f"{name} is ready",
                    patience=900,
                )
                page.press()
                page.screenshot(Path(folder) / f"gui_{name}.png")
                for label in unfolded:
                    page.unfold(label)
                if name in _ZOOMED:
                    page.zoom(*unfolded)
                if unfolded:
                    page.screenshot(Path(folder) / f"gui_{name}_unfolded.png")
                page.leave()


if __name__ == "__main__":
    main(*sys.argv[1:])
