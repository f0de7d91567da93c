"""Nengo GUI: image displays, and the examples in a browser."""

import base64
import io
import re
import socket
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import nengo
import numpy as np
import pytest
from click.testing import CliRunner
from nengo.exceptions import ValidationError
from PIL import Image

from nengo_ngc import datasets, gui
from nengo_ngc.gui import ImageDisplay
from nengo_ngc.lab import cli

from . import browser

needs_browser = pytest.mark.skipif(
    bool(browser.missing()), reason=f"not installed: {browser.missing()}"
)


def pixels_of(html):
    """What a browser would show."""
    (uri,) = re.findall(r'href="data:image/png;base64,([^"]+)"', html)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri))))


# --- pictures


@pytest.mark.parametrize("colours", [(), (3,)])
def test_images_are_where_they_belong(colours):
    rng = np.random.RandomState(0)
    images = rng.randint(256, size=(2, 3, 4, 5, *colours))
    show = ImageDisplay((4, 5, *colours), grid=(2, 3))
    show(0.001, images.ravel() / 255)
    picture = pixels_of(show._nengo_html_)
    assert picture.shape == (9, 17, *colours)
    expected = np.full(picture.shape, 255)
    for row in range(2):
        for column in range(3):
            for y in range(4):
                for x in range(5):
                    place = 5 * row + y, 6 * column + x
                    expected[place] = images[row, column, y, x]
    np.testing.assert_array_equal(picture, expected)


def test_range_of_each_image():
    show = ImageDisplay((1, 2), grid=(2, 2), low=[[0, -1]], high=[[1, 1], [2, 3]])
    x = [0.2, 0.4, -1, 0, 2, 1, 3, 0]
    picture = show.pixels(np.array(x))
    assert picture[[0, 2]][:, [0, 1, 3, 4]].tolist() == [
        [51, 102, 0, 128],
        [255, 128, 255, 64],
    ]


def test_values_beyond_the_range():
    x = [-5, 7, np.nan, np.inf, -np.inf]
    picture = ImageDisplay((1, 5), low=2, high=6).pixels(np.array(x))
    assert picture.tolist() == [[0, 255, 0, 255, 0]]


def test_titles_are_text():
    show = ImageDisplay((2, 2), grid=(1, 2), titles=("a < b", "c & d"))
    titles = re.findall(r'<text x="([^"]+)"[^>]*>([^<]+)</text>', show._nengo_html_)
    assert titles == [("50", "a &lt; b"), ("200", "c &amp; d")]


# --- when they are drawn


@pytest.fixture
def drawn(monkeypatch):
    """A list that grows with every picture that is drawn."""
    pictures, data_uri = [], gui.data_uri

    def draw(pixels):
        pictures.append(pixels)
        return data_uri(pixels)

    monkeypatch.setattr(gui, "data_uri", draw)
    return pictures


def simulate(show, frames, n_steps, ask=True):
    """Run a display; ask for its picture at every timestep, as Nengo GUI does."""
    seen = []

    def output(t, x):
        show(t, x)
        if ask:
            seen.append(int(pixels_of(show._nengo_html_)[0, 0]))

    with nengo.Network() as model:
        stimulus = nengo.Node(nengo.processes.PresentInput(frames, 0.001))
        display = nengo.Node(output if ask else show, size_in=1, size_out=0)
        nengo.Connection(stimulus, display, synapse=None)
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(n_steps)
    return seen


def test_drawn_after_every_so_many_timesteps(drawn):
    show = ImageDisplay((1, 1), high=255, every=4)
    frames = np.arange(10, 22)[:, None]
    # the first timestep, so that there is something to see, then 4, 8 and 12
    assert simulate(show, frames, 13) == [10] * 3 + [13] * 4 + [17] * 4 + [21] * 2
    assert len(drawn) == 4
    # a new simulation starts anew
    assert simulate(show, frames, 5) == [10] * 3 + [13] * 2


def test_drawn_only_if_changed(drawn):
    show = ImageDisplay((1, 1), high=255, every=1)
    frames = np.repeat([50.0, 50.2, 80.0], 5)[:, None]
    assert simulate(show, frames, 15) == [50] * 10 + [80] * 5
    assert len(drawn) == 2


def test_nothing_is_drawn_where_nobody_asks(drawn):
    show = ImageDisplay((1, 1), every=1)
    assert simulate(show, np.arange(10)[:, None] / 10, 10, ask=False) == []
    assert drawn == []


def test_importing_does_not_import_nengo_gui():
    code = "import nengo_ngc.gui, sys; sys.exit('nengo_gui' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "kwargs, parts",
    [
        ({"image_shape": 8}, ["image_shape", "got 8"]),
        ({"image_shape": (8,)}, ["image_shape", "2 or 3 whole numbers", "(8,)"]),
        ({"image_shape": (8, 8, 4)}, ["image_shape", "(height, width, 3)"]),
        ({"image_shape": (8, 0)}, ["image_shape", "at least 1", "(8, 0)"]),
        ({"image_shape": (8, 2.5)}, ["image_shape", "(8, 2.5)"]),
        ({"grid": (2,)}, ["grid", "2 whole numbers", "(2,)"]),
        ({"every": 0}, ["every", "a whole number of at least 1, got 0"]),
        ({"every": 0.5}, ["every", "a whole number of at least 1, got 0.5"]),
        ({"low": "dark"}, ["low", "a finite number", "'dark'"]),
        ({"low": [0, 1]}, ["low", "grid (1, 1)", "[0., 1.]"]),
        ({"high": np.nan}, ["high", "finite", "nan"]),
        ({"low": 1}, ["high", "above low", "1.0"]),
        ({"titles": ("a", "b")}, ["titles", "each of 1 columns", "('a', 'b')"]),
    ],
)
def test_unfit_argument(kwargs, parts):
    with pytest.raises(ValidationError) as error:
        ImageDisplay(**{"image_shape": (2, 2), **kwargs})
    assert all(part in str(error.value) for part in parts)


def test_node_of_another_size():
    with nengo.Network(), pytest.raises(ValidationError, match="must be 12.*got 8"):
        nengo.Node(ImageDisplay((2, 2), grid=(1, 3)), size_in=8)


# --- the command


def test_command_lists_examples():
    result = CliRunner().invoke(cli.main, ["gui"])
    assert result.exit_code == 0
    for name, summary in gui.examples().items():
        assert re.search(rf"^{name} +{re.escape(summary)}$", result.output, re.MULTILINE)
    assert len(gui.examples()) >= 6


def test_command_says_which_example_was_meant(tmp_path):
    result = CliRunner().invoke(cli.main, ["gui", "ngc_digit", "--folder", tmp_path / "x"])
    assert result.exit_code == 1
    assert "did you mean 'ngc_digits'?" in result.output
    assert not (tmp_path / "x").exists()


def test_examples_are_copied_once(tmp_path):
    folder = tmp_path / "deep" / "folder"
    gui.copy_examples(folder)
    for name in gui.examples():
        assert (folder / f"{name}.py").is_file() and (folder / f"{name}.py.cfg").is_file()
    script = folder / "ngc_digits.py"
    script.write_text("edited")
    (folder / "k_winners.py").unlink()
    gui.copy_examples(folder)
    assert script.read_text() == "edited"
    assert (folder / "k_winners.py").is_file()


def test_command_starts_nengo_gui(tmp_path, monkeypatch):
    main = pytest.importorskip("nengo_gui.main")
    started = []
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(main, "main", lambda: started.append(sys.argv))
    args = ["gui", "relaxation", "--folder", str(tmp_path), "--no-browser", "--port", "81"]
    result = CliRunner().invoke(cli.main, args)
    assert result.exit_code == 0, result.output
    path = tmp_path / "relaxation.py"
    assert started == [["nengo", str(path), "--port", "81", "--no-browser"]]
    assert path.is_file()


def test_a_port_on_which_somebody_listens_is_not_free():
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert gui.free_port(port) > port


def test_no_port_is_free(monkeypatch):
    monkeypatch.setattr(gui, "range", lambda first, last: range(0), raising=False)
    with pytest.raises(OSError, match="no port from 65535 on is free"):
        gui.free_port(65535)


def test_command_without_nengo_gui(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nengo_gui", None)
    monkeypatch.setitem(sys.modules, "nengo_gui.main", None)
    result = CliRunner().invoke(cli.main, ["gui", "relaxation", "--folder", str(tmp_path)])
    assert result.exit_code == 1
    assert 'pip install "nengo-ngc[gui]"' in result.output
    assert list(tmp_path.iterdir()) == []


# --- in a browser

digits = datasets.load("digits", binarize=False)


def in_grey(images):
    return np.clip(255 * images + 0.5, 0, 255).astype(int)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Opens an example in Nengo GUI, with changes to its script, and presses play."""
    root = tmp_path_factory.mktemp("examples")
    gui.copy_examples(root)

    @contextmanager
    def open_example(name, changes=(), appended=""):
        # Nengo GUI would notice changes of a file that is open
        folder = Path(tempfile.mkdtemp(dir=root))
        gui.copy_examples(folder)
        path = folder / f"{name}.py"
        script = path.read_text()
        for old, new in changes:
            assert old in script
            script = script.replace(old, new)
        path.write_text(script + appended)
        page = browser.Page(chromium, server, path.relative_to(root))
        assert not page.complaints()
        wanted = re.findall(r"(_viz_\d+) = ", path.with_suffix(".py.cfg").read_text())
        assert len(page.labels) == len(wanted)
        page.press()
        page.run_until(0.01)
        yield page, folder
        assert not page.complaints()
        page.leave()

    with closing(browser.Server(root, "ngc_digits.py")) as server:
        with closing(browser.Browser()) as chromium:
            yield open_example


def columns(page, label, width, wait=0.0):
    """The images that a display shows in one row, after so many seconds."""
    picture = page.picture(label, wait)
    n = (picture.shape[1] + 1) // (width + 1)
    return [picture[:, k * (width + 1) :][:, :width] for k in range(n)]


W1 = "net.parameters(sim)['W1']"


def written(weights):
    """What makes an example write a sum of its weights into a file, line by line."""
    return f"""

def on_step(sim):  # Nengo GUI calls it
    if sim.n_steps % 20 == 0:
        with open(__file__ + ".weights", "a") as file:
            file.write(f"{{np.sum({weights})!r}}\\n")
"""


def check_learning(page, folder):
    """Weights change with the slider at 1, and stay as they are with the slider at 0."""
    (path,) = folder.glob("*.weights")

    def last(n):
        return path.read_text().split("\n")[:-1][-n:]

    def frozen():
        return len(last(10)) == 10 and len(set(last(10))) == 1

    page.slide("learn", 0)
    page.wait_for(frozen, "weights are frozen")
    before = last(1)
    page.run_for(0.3)
    assert last(1) == before
    page.slide("learn", 1)
    page.wait_for(lambda: last(1) != before, "weights change")
    page.slide("learn", 0)
    page.wait_for(frozen, "weights are frozen again")
    assert last(1) != before


ONE_IMAGE = [("digits.X_test,", "digits.X_test[:1],")]


@needs_browser
def test_hidden_half_is_filled_in(opened):
    with opened("ngc_digits", ONE_IMAGE) as (page, _):
        shown = in_grey(digits.X_test[0]).reshape(8, 8)
        image, visible, prediction, error = columns(page, "pictures", 8, wait=0.1)
        np.testing.assert_array_equal(image, shown)
        np.testing.assert_array_equal(visible, shown)
        # errors from -1 to 1 are drawn from black to white
        np.testing.assert_allclose(2 * (error - 127.5), shown - prediction, atol=3)
        assert np.abs(prediction - shown).mean() < 0.5 * np.abs(shown.mean() - shown).mean()

        page.slide("hide", 1)
        hidden = shown * (np.arange(8) < 4)
        page.wait_for(
            lambda: np.array_equal(columns(page, "pictures", 8)[1], hidden),
            "half of the image is hidden",
        )
        image, _, filled_in, error = columns(page, "pictures", 8, wait=0.1)
        np.testing.assert_array_equal(image, shown)
        assert np.all(error[:, 4:] == 128)
        assert np.abs(filled_in - prediction)[:, 4:].max() > 20
        assert filled_in[:, 4:].max() > 100


@needs_browser
def test_images_change_and_learning_is_switched(opened):
    with opened("ngc_digits", appended=written(W1)) as (page, folder):
        before = columns(page, "pictures", 8)

        def changed():
            now = columns(page, "pictures", 8)
            return not any(np.array_equal(*pair) for pair in zip(before, now))

        page.wait_for(changed, "all images change")
        check_learning(page, folder)


@needs_browser
def test_feedback_alignment(opened):
    encoders = "sim.signals[sim.model.sig[model.ensembles[0]]['encoders']]"
    with opened("encoder_learning", appended=written(encoders)) as (page, folder):
        assert page.labels == ["stimulus", "error", "product", "output", "learn"]
        check_learning(page, folder)


@needs_browser
def test_label_is_shifted(opened):
    one_label = [("[digits.y_test]", "[digits.y_test[:1]]")]
    right = digits.y_test[0]
    with opened("pff_digits", ONE_IMAGE + one_label, written(W1)) as (page, folder):
        predictions = []
        for shift in (0, 3):
            page.slide("shift", shift)
            of_class = digits.X_train[digits.y_train == (right + shift) % 10]
            wanted = in_grey(of_class.mean(axis=0)).reshape(8, 8)
            page.wait_for(
                lambda wanted=wanted: (
                    np.abs(columns(page, "pictures", 8)[1] - wanted).max() <= 1
                ),
                "the label is shown",
            )
            image, _, prediction = columns(page, "pictures", 8, wait=0.1)
            np.testing.assert_array_equal(image, in_grey(digits.X_test[0]).reshape(8, 8))
            predictions.append(prediction)
        assert np.abs(predictions[1] - predictions[0]).max() > 30
        check_learning(page, folder)


@needs_browser
def test_code_has_seven_units(opened):
    clean = in_grey(digits.X_test).reshape(-1, 8, 8)

    def is_clean():
        image, _ = columns(page, "pictures", 8)
        return np.any(np.all(image == clean, axis=(1, 2)))

    with opened("k_winners") as (page, _):
        assert is_clean()
        assert np.sum(page.picture("units") == 255) == 7
        page.slide("noise", 0.5)
        page.wait_for(lambda: not is_clean(), "the image is noisy")
        assert np.sum(page.picture("units") == 255) == 7


@needs_browser
def test_two_starts_relax_side_by_side(opened):
    with opened("relaxation") as (page, _):
        page.set_speed(0.1)

        def ratio():
            _, from_pass, from_zero = columns(page, "pictures", 8)
            return from_zero.sum() / from_pass.sum()

        page.wait_for(lambda: ratio() < 0.6, "from zero the picture has to grow")
        page.wait_for(lambda: 0.97 < ratio() < 1.03, "both come to the same")


@needs_browser
def test_spikes_predict_what_rates_predict(opened):
    with opened("spiking_pdh", ONE_IMAGE) as (page, _):
        image, _, rates, spikes = columns(page, "predictions", 8, wait=0.2)
        assert not np.array_equal(rates, spikes)
        assert np.corrcoef(rates.ravel(), spikes.ravel())[0, 1] > 0.9
        page.slide("hide", 1)
        hidden = image * (np.arange(8) < 4)
        page.wait_for(
            lambda: np.array_equal(columns(page, "predictions", 8)[1], hidden),
            "half of the image is hidden",
        )
        _, _, *filled_in = columns(page, "predictions", 8, wait=0.25)
        for before, after in zip((rates, spikes), filled_in):
            assert np.abs(after - before)[:, 4:].max() > 20
