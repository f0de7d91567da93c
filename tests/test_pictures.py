"""Figures of the documentation are those that the program draws today."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from nengo_ngc.lab.plots import light_and_dark

from .lab.test_plots import figures  # noqa: F401, a fixture that looks at the layout

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = runpy.run_path(str(DOCS / "make_pictures.py"))["PICTURES"]
RECORDED = sorted(PICTURES.keys() - {"circuit", "settling"})  # drawn from recorded tables


@pytest.mark.parametrize("name", RECORDED)
def test_pictures_are_drawn_as_they_are_shown(name, figures, tmp_path):
    light_and_dark(PICTURES[name], tmp_path / f"{name}.png")
    assert len(figures) == 2
    for file in (f"{name}.png", f"{name}_dark.png"):
        drawn, shown = imread(tmp_path / file), imread(DOCS / "images" / file)
        assert drawn.shape == shown.shape
        assert np.abs(drawn - shown).mean() < 0.02


def test_pictures_that_are_computed_are_there_for_light_and_dark_pages():
    for name in PICTURES:
        light, dark = (DOCS / "images" / f"{name}{end}.png" for end in ("", "_dark"))
        assert imread(light).shape == imread(dark).shape
