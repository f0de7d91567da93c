"""All models keep scikit-learn's contract."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from nengo_ngc import (
    HebbianEncoder,
    NGCModel,
    PFFClassifier,
    RuleClassifier,
    SDREncoder,
    backends,
)

from ..conftest import Squashing
from .trainer_by_hand import BY_HAND


@pytest.fixture(autouse=True)
def by_hand():
    """The backend "by-hand", for as long as a test runs."""
    backends.register(BY_HAND)
    yield
    backends.unregister(BY_HAND.name)


class PoorScore(Squashing):
    """Of models that are tested elsewhere for how well they learn.

    scikit-learn's checks have two numbers for an image, and an hour would be too little for
    as many epochs as they would need.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


class AnyNGC(Squashing, NGCModel):
    """Takes what scikit-learn's checks feed it."""


class AnyRule(Squashing, RuleClassifier):
    """Takes what scikit-learn's checks feed it."""


class AnyPFF(PoorScore, PFFClassifier):
    """Takes what scikit-learn's checks feed it."""


class AnySDR(Squashing, SDREncoder):
    """Takes what scikit-learn's checks feed it."""


class AnyHebbian(PoorScore, HebbianEncoder):
    """Takes what scikit-learn's checks feed it, as images of one row of pixels."""

    @property
    def _shape(self):
        return 1, self.n_features_in_


@parametrize_with_checks(
    [
        AnyNGC(
            (4,),
            n_top_group=2,
            batch_size=1,
            steps=3,
            max_epochs=1,
            n_mixture=1,
            backend="nengo",
        ),
        AnyRule((16,), batch_size=5, max_epochs=15, learning_rate=0.05, backend="nengo"),
        AnyPFF(
            (4,),
            g_units=2,
            n_group=2,
            steps=2,
            batch_size=5,
            max_epochs=1,
            n_mixture=1,
            backend="nengo",
        ),
        AnySDR(
            (16,),
            n_units=20,
            sparsity=0.2,
            batch_size=5,
            max_epochs=5,
            learning_rate=0.1,
            backend="by-hand",
        ),
        AnyHebbian(
            (4,), n_units=5, sparsity=0.4, patch=1, grid=1, batch_size=5, backend="nengo"
        ),
    ]
)
def test_scikit_learn(estimator, check):
    check(estimator)
