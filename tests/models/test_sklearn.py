"""All models keep scikit-learn's contract."""

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from nengo_ngc import (
    HebbianEncoder,
    NGCModel,
    PFFClassifier,
    RuleClassifier,
    SDREncoder,
)

pytestmark = pytest.mark.slow

MODELS = [
    NGCModel(
        (4,),
        n_top_group=2,
        batch_size=1,
        steps=3,
        max_epochs=1,
        n_mixture=1,
        backend="nengo",
        output="gaussian",
    ),
    RuleClassifier((16,), batch_size=5, max_epochs=15, learning_rate=0.05, backend="nengo"),
    PFFClassifier(
        (4,),
        g_units=0,
        n_group=2,
        steps=1,
        batch_size=5,
        max_epochs=1,
        n_mixture=1,
        backend="nengo",
    ),
    SDREncoder(
        (16,),
        n_units=20,
        sparsity=0.2,
        batch_size=5,
        max_epochs=5,
        learning_rate=0.03,
        backend="by-hand",
    ),
    HebbianEncoder((4,), n_units=5, sparsity=0.4, batch_size=5, backend="nengo"),
]


@parametrize_with_checks(MODELS)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        check_dataframe_column_names_consistency,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
        check_set_output_transform,
        check_set_output_transform_pandas,
    ],
    ids=lambda check: check.__name__,
)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_output_of_transformers(model, check):
    """scikit-learn has these checks for its own transformers only."""
    if hasattr(model, "transform"):
        check(type(model).__name__, model)
