"""Nodes that show images: what they draw, and when."""

import base64
import io
import re
import subprocess
import sys

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from PIL import Image

from nengo_ngc.gui import ImageDisplay, displays


def pixels_of(html):
    """What a browser would show."""
    (uri,) = re.findall(r'href="data:image/png;base64,([^"]+)"', html)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri))))


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
    pictures, data_uri = [], displays.data_uri

    def draw(pixels):
        pictures.append(pixels)
        return data_uri(pixels)

    monkeypatch.setattr(displays, "data_uri", draw)
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
