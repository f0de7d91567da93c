"""Models among scikit-learn's tools: names of columns, containers, pipelines, searches."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from .small import CLASSIFIERS, NAMES, TRANSFORMERS, X, Y, assert_same_bits, labels, make

pytestmark = pytest.mark.slow

N_COLUMNS = {"NGCModel": 3, "PFFClassifier": 4, "SDREncoder": 12, "HebbianEncoder": 12}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_names_of_columns(name):
    model = make(name).fit(X, *labels(name))
    expected = [f"{name.lower()}{k}" for k in range(N_COLUMNS[name])]
    assert model.get_feature_names_out().tolist() == expected
    assert model.transform(X).shape == (40, N_COLUMNS[name])


@pytest.mark.parametrize("name", TRANSFORMERS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_containers(name, library):
    frames = pytest.importorskip(library)
    columns = [f"pixel {k}" for k in range(16)]
    frame = frames.DataFrame(dict(zip(columns, X.T)))
    model = make(name).set_output(transform=library).fit(frame, *labels(name))
    assert model.feature_names_in_.tolist() == columns
    found = model.transform(frame)
    assert isinstance(found, frames.DataFrame)
    assert list(found.columns) == model.get_feature_names_out().tolist()
    if library == "pandas":
        assert found.index.equals(frame.index)
    np.testing.assert_array_equal(
        found.to_numpy(), make(name).fit(X, *labels(name)).transform(X)
    )
    others = frame.rename(
        {"pixel 3": "pixel 99"}, **({"axis": 1} if library == "pandas" else {})
    )
    for use in (model.transform, lambda X: model.partial_fit(X, *labels(name))):
        with pytest.raises(ValueError, match="feature names should match"):
            use(others)


@pytest.mark.parametrize("name", ["NGCModel", "RuleClassifier"])
def test_validation_images_have_the_columns_of_the_others(name):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"pixel {k}" for k in range(16)])
    y_val = {"y_val": Y} if labels(name) else {}
    make(name).fit(frame, *labels(name), X_val=frame, **y_val)
    reordered = frame[frame.columns[::-1]]
    with pytest.raises(ValueError, match="(?s)X_val must be .* feature names should match"):
        make(name).fit(frame, *labels(name), X_val=reordered, **y_val)


def test_sparse_codes_are_no_columns():
    model = make("HebbianEncoder", sparse_output=True).fit(X, Y)
    assert sparse.issparse(model.transform(X))
    with pytest.raises(ValueError, match="outputs a scipy sparse matrix"):
        model.set_output(transform="pandas").transform(X)


@pytest.mark.parametrize("name", NAMES)
def test_clones(name):
    model = make(name).fit(X, *labels(name))
    fresh = clone(model)
    assert fresh.get_params() == model.get_params()
    assert not hasattr(fresh, "parameters_") and not hasattr(fresh, "n_features_in_")
    assert_same_bits(fresh.fit(X, *labels(name)), model)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_pipelines(name):
    """Scaled to [0, 1], encoded, and classified."""
    encoder = make(name)
    pipeline = make_pipeline(MinMaxScaler(clip=True), encoder, LogisticRegression())
    assert 0 <= pipeline.fit(100 * X - 20, Y).score(100 * X - 20, Y) <= 1
    images = pipeline[0].transform(100 * X - 20)
    expected = clone(encoder).fit(images, *labels(name)).transform(images)
    np.testing.assert_array_equal(pipeline[:-1].transform(100 * X - 20), expected)
    names = pipeline[:-1].get_feature_names_out()
    assert names.tolist() == encoder.get_feature_names_out().tolist()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_searches_of_classifiers(name):
    model = make(name)
    found = GridSearchCV(model, {"batch_size": [5, 10]}, cv=2).fit(X, Y)
    expected = [
        cross_val_score(clone(model).set_params(batch_size=size), X, Y, cv=2).mean()
        for size in (5, 10)
    ]
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], expected)
    refitted = clone(model).set_params(**found.best_params_).fit(X, Y)
    assert_same_bits(found.best_estimator_, refitted)


def test_searches_of_generative_models():
    grid = {"ngcmodel__n_mixture": [1, 3]}
    pipeline = make_pipeline(MinMaxScaler(clip=True), make("NGCModel"))
    search = GridSearchCV(pipeline, grid, cv=2, refit=False).fit(X)
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
    assert np.all(search.cv_results_["mean_test_score"] < 0)
