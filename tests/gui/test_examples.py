"""The examples, as Nengo GUI opens them."""

import re
import runpy
from pathlib import Path

import nengo
import numpy as np
import pytest

from nengo_ngc import analysis, datasets, gui

from ..conftest import needs_dl

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = list(gui.examples())
DISPLAYS = gui.ImageDisplay, gui.WeightDisplay


def run(name, folder=FOLDER):
    if "import nengo_spa" in (folder / f"{name}.py").read_text().partition("def ")[0]:
        pytest.importorskip("nengo_spa")
    return runpy.run_path(str(folder / f"{name}.py"), run_name="__page__")


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_opens(name):
    model = run(name)["model"]
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(30)
        for probe in sim.model.probes:
            assert np.all(np.isfinite(sim.data[probe]))
    for node in model.all_nodes:
        if isinstance(node.output, DISPLAYS):
            assert "data:image/png" in node.output._nengo_html_


@pytest.mark.parametrize("name", EXAMPLES)
def test_layout_is_of_what_the_example_has(name):
    # Nengo GUI passes over lines that it cannot make sense of
    script = run(name)
    layout = (FOLDER / f"{name}.py.cfg").read_text()
    shown = re.findall(r"_viz_\d+ = nengo_gui\.components\.(\w+)\((.+)\)", layout)
    placed = [eval(what, script) for what in re.findall(r"\[([^_].*)\]\.pos", layout)]
    model = script["model"]
    assert set(placed) == {model, *model.nodes, *model.ensembles, *model.networks}
    for kind, what in shown:
        obj = eval(what, script)
        assert isinstance(obj, nengo.Node)
        assert isinstance(obj.output, DISPLAYS) == (kind == "HTMLView")
    assert len(shown) == len(re.findall(r"\]\.label_visible = True", layout)) > 1


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.npz")), ids=lambda path: path.name)
def test_parameters_are_small_and_finite(path):
    assert path.stat().st_size < 500_000
    with np.load(path, allow_pickle=False) as file:
        for name, array in file.items():
            assert array.dtype == np.float32 and np.all(np.isfinite(array)), name


@pytest.mark.slow
def test_learning_encoders_beats_learning_decoders_alone():
    names = run("encoder_learning")
    names["errors"].__globals__["SECONDS"] = 20.0
    last = {}
    for rule in names["RULES"]:
        error = names["errors"](rule, "50 LIF (spiking)", seed=1)
        last[rule] = np.sqrt(np.mean(error[-5000:] ** 2))
    assert last["FeedbackAlignment"] < 0.8 * last["PES alone"]
    assert last["BackProp"] < 0.8 * last["PES alone"]


def changed(tmp_path, name, old, new):
    """A copy of an example with another text in one place."""
    gui.copy_examples(tmp_path)
    path = tmp_path / f"{name}.py"
    script = path.read_text()
    assert script.count(old) == 1
    path.write_text(script.replace(old, new))
    return run(name, tmp_path)


def squared_errors(script, seconds=4.0):
    """Of settled predictions, of which the first is there after two presentations."""
    with nengo.Simulator(script["model"], progress_bar=False) as sim:
        sim.run(seconds)
    return sim.data[script["probe"]][1:, 0]


def test_parameters_of_ngc_digits_explain_digits(tmp_path):
    explained = squared_errors(run("ngc_digits")).mean()
    nothing_known = changed(
        tmp_path, "ngc_digits", "parameters=parameters,", "parameters=None,"
    )
    assert explained < 1.5 < 0.2 * squared_errors(nothing_known).mean()


def test_ngc_digits_learns_from_nothing(tmp_path):
    script = changed(tmp_path, "ngc_digits", "parameters=parameters,", "parameters=None,")
    script["net"].learn.output = [1.0]
    errors = squared_errors(script, 10.0)
    assert errors[-60:].mean() < 0.6 * errors[:20].mean()


@pytest.mark.parametrize("name", ["learning_digits", "colour_photo"])
def test_learns_from_nothing_within_seconds(name):
    errors = squared_errors(run(name), 3.0)  # smoothed from 0 on
    assert errors[-10:].mean() < 0.6 * errors[5:15].mean()


def test_goodness_of_pff_digits_tells_right_labels(tmp_path):
    script = changed(tmp_path, "pff_digits", "40 * STEPS", "STEPS")
    with script["model"]:
        goodness = nengo.Probe(script["goodness"])
        right = nengo.Probe(script["right"])
    with nengo.Simulator(script["model"], progress_bar=False) as sim:
        sim.run_steps(13 * (2 * 20 + 1))
    ends = sim.data[goodness][13::13]  # is shown during the next presentation
    right = sim.data[right][:-13:13, 0]
    assert right.tolist() == 20 * [1, 0]
    assert np.mean((ends[::2] > ends[1::2]).all(axis=1)) > 0.85


def test_codes_of_k_winners_tell_digits():
    script, digits = run("k_winners"), datasets.load("digits", binarize=False)
    parameters, winners = script["parameters"], script["code"].neuron_type
    codes = run("make_weights")["encode"](digits.X_test, winners, parameters)
    assert np.all(codes.sum(axis=1) == 7)
    found = analysis.nearest_centroid(codes, np.arange(10), parameters["class_codes"])
    assert np.mean(found != digits.y_test) < 0.06


def test_k_winners_is_the_encoder_that_was_trained():
    script = run("k_winners")
    with script["model"]:
        code, image = nengo.Probe(script["code"].neurons), nengo.Probe(script["image"])
    with nengo.Simulator(script["model"], progress_bar=False) as sim:
        sim.run(1.5)
    encode = run("make_weights")["encode"]
    codes = encode(sim.data[image], script["code"].neuron_type, script["parameters"])
    np.testing.assert_array_equal(sim.data[code], codes)
    assert len(np.unique(codes, axis=0)) == 3


@needs_dl
def test_weights_of_k_winners_are_made():
    made = run("make_weights")["k_winners"](n_epochs=1)
    shipped = run("k_winners")["parameters"]
    shapes = [{k: np.shape(v) for k, v in arrays.items()} for arrays in (made, shipped)]
    assert shapes[0] == shapes[1]
