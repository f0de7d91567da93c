"""Weights as images, read from the simulator between timesteps."""

import base64
import io
import re

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from PIL import Image

import nengo_ngc as ngc
from nengo_ngc.gui import WeightDisplay

from ..conftest import needs_jax


def pixels_of(html):
    """What a browser would show."""
    (uri,) = re.findall(r'href="data:image/png;base64,([^"]+)"', html)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri)))).astype(int)


def in_grey(weights):
    return np.floor(255 * (0.5 + weights / np.abs(weights).max() / 2) + 0.5).astype(int)


@pytest.mark.parametrize("simulator", ["nengo", pytest.param("jax", marks=needs_jax)])
def test_weights_are_shown_as_they_learn(simulator):
    with nengo.Network(seed=0) as model:
        net = ngc.networks.GNCN((4, 2), n_top_group=1, schedule=ngc.Schedule(3))
        nengo.Connection(nengo.Node([1, 0, 1, 0]), net.input, synapse=None)
        show = WeightDisplay(
            lambda sim: net.parameters(sim)["W1"].T, (2, 2), grid=(1, 2), every=6
        )
        nengo.Node(show)
    Simulator = nengo.Simulator if simulator == "nengo" else ngc.jax.Simulator
    seen = []
    with Simulator(model, progress_bar=False) as sim:
        for step in range(1, 13):  # as Nengo GUI does
            sim.step()
            show.on_step(sim)
            seen.append(pixels_of(show._nengo_html_))
            if step in (1, 6, 12):
                W = net.parameters(sim)["W1"].T.reshape(2, 2, 2)
                np.testing.assert_array_equal(seen[-1][:, [0, 1, 3, 4]], in_grey(np.hstack(W)))
    assert [np.array_equal(*pair) for pair in zip(seen, seen[1:])].count(False) == 2
    show.on_step(None)  # after a reset


def test_images_that_are_missing_are_grey():
    show = WeightDisplay(lambda sim: np.array([[0.0, -2, 1, 2]]), (2, 2), grid=(2, 1))
    assert np.all(pixels_of(show._nengo_html_)[[0, 1, 3, 4]] == 128)  # nothing is read yet
    with nengo.Simulator(nengo.Network(), progress_bar=False) as sim:
        sim.step()
        show.on_step(sim)
    picture = pixels_of(show._nengo_html_)
    assert picture[:2].tolist() == [[128, 0], [191, 255]] and np.all(picture[3:] == 128)


def test_weights_of_another_shape():
    show = WeightDisplay(lambda sim: np.eye(3), (2, 2))
    with nengo.Simulator(nengo.Network(), progress_bar=False) as sim:
        sim.step()
        with pytest.raises(ValidationError, match=r"\(n, 4\).*got one of the shape \(3, 3\)"):
            show.on_step(sim)
