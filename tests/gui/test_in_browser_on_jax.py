"""Nengo GUI with the simulator that JAX compiles, driven in a browser."""

import numpy as np
import pytest

from ..conftest import needs_jax
from . import test_in_browser
from .test_in_browser import ONE_IMAGE, W1, check_learning, columns, needs_browser, written

pytestmark = [needs_browser, needs_jax, pytest.mark.slow]

opened = test_in_browser.opened  # with the simulator of this module

# of which Nengo GUI makes a probe, whose data it deletes
PLOTS = """
_viz_4 = nengo_gui.components.Voltage(spiking)
_viz_config[_viz_4].x = 0.5
_viz_config[_viz_4].y = 0.85
_viz_config[_viz_4].width = 0.2
_viz_config[_viz_4].height = 0.1
_viz_config[_viz_4].label_visible = True
"""
SPIKING = """
with model:
    spiking = nengo.Ensemble(5, 1, label="spiking")
    nengo.Connection(hide, spiking)
"""


@pytest.fixture(scope="module")
def simulator():
    return "nengo_ngc.jax"


def test_sliders_pictures_voltages_and_learning(opened):
    more = written(W1) + SPIKING
    with opened("ngc_digits", ONE_IMAGE, more, PLOTS) as (page, folder):
        image, visible, *_ = columns(page, "pictures", 8, wait=0.1)
        np.testing.assert_array_equal(visible, image)
        page.slide("hide", 1)
        hidden = image * (np.arange(8) < 4)
        page.wait_for(
            lambda: np.array_equal(columns(page, "pictures", 8)[1], hidden),
            "half of the image is hidden",
        )
        check_learning(page, folder)
        voltages = page.plotted("spiking")
        assert np.shape(voltages)[0] == 5 and np.ptp(voltages) > 0.5
        page.press()
        page.reset()
        page.press()
        page.run_until(0.01)
        np.testing.assert_array_equal(columns(page, "pictures", 8)[1], image)
