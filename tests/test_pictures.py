"""Figures of the documentation are those that the program draws today."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from .lab.test_plots import figures  # noqa: F401, a fixture that looks at the layout

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = runpy.run_path(str(DOCS / "make_pictures.py"))["PICTURES"]
RECORDED = sorted(PICTURES.keys() - {"circuit", "settling"})  # drawn from recorded tables


@pytest.mark.parametrize("name", RECORDED)
def test_pictures_are_drawn_as_they_are_shown(name, figures, tmp_path):
    PICTURES[name](tmp_path / "drawn.png")
    drawn, shown = imread(tmp_path / "drawn.png"), imread(DOCS / "images" / f"{name}.png")
    assert drawn.shape == shown.shape and len(figures) == 1
    assert np.abs(drawn - shown).mean() < 0.02
