"""Files that earlier versions have written still load.

The folder ``saved`` has a model of each type as commit 8d0f065 saved it, with one epoch left
to learn, and what it then made of images.
"""

from pathlib import Path

import numpy as np
import pytest

import nengo_ngc as ngc

from .small import NAMES

SAVED = Path(__file__).parent / "saved"
OUTPUTS = dict(np.load(SAVED / "outputs.npz"))
X, Y = OUTPUTS["X"], OUTPUTS["y"]


def load(name):
    return getattr(ngc, name).load(SAVED / f"{name}.npz").set_params(backend="nengo")


def assert_recorded(name, what, found):
    np.testing.assert_allclose(found, OUTPUTS[f"{name}/{what}"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_outputs(name):
    model = load(name)
    use = model.predict_proba if name == "RuleClassifier" else model.transform
    assert_recorded(name, "transform", use(X))
    if name != "NGCModel":
        np.testing.assert_array_equal(model.predict(X), OUTPUTS[f"{name}/predict"])
    if hasattr(model, "sample"):
        assert_recorded(name, "sample", model.sample(3))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "SDREncoder"])
def test_learning_goes_on(name):
    model = load(name)
    (record,) = model.epochs(X, *([] if name == "NGCModel" else [Y]), resume=True)
    assert record["epoch"] == model.n_iter_ == model.max_epochs
    recorded = {key for key in OUTPUTS if key.startswith(f"{name}/resumed/")}
    assert recorded == {f"{name}/resumed/{key}" for key in model.parameters_}
    for key, array in model.parameters_.items():
        assert_recorded(name, f"resumed/{key}", array)
