"""The examples, as Nengo GUI opens them."""

import runpy
from pathlib import Path

import nengo
import numpy as np
import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_opens(path):
    script = runpy.run_path(str(path), run_name="__page__")
    with nengo.Simulator(script["model"], progress_bar=False) as sim:
        sim.run_steps(30)
        for probe in sim.model.probes:
            assert np.all(np.isfinite(sim.data[probe]))


def test_learning_encoders_beats_learning_decoders_alone():
    names = runpy.run_path(str(EXAMPLES[0]), run_name="__page__")
    names["errors"].__globals__["SECONDS"] = 20.0
    last = {}
    for rule in names["RULES"]:
        error = names["errors"](rule, "50 LIF (spiking)", seed=1)
        last[rule] = np.sqrt(np.mean(error[-5000:] ** 2))
    assert last["FeedbackAlignment"] < 0.8 * last["PES alone"]
    assert last["BackProp"] < 0.8 * last["PES alone"]
