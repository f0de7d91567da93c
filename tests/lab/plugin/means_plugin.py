"""What another package brings: a data set, a trainable model, rules, and a neuron type.

Tests copy this file to where nengo_ngc does not know of it.
"""

import json

import click
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

import nengo_ngc as ngc
from nengo_ngc.lab.datasets import SOURCES, Source
from nengo_ngc.lab.specs import MODELS, ModelSpec, Option
from nengo_ngc.models import RULES, Rule
from nengo_ngc.networks import FeedforwardClassifier
from nengo_ngc.networks.classifiers import NEURONS, HiddenRule
from nengo_ngc.neurons import Pointwise, register_derivative

# --- a data set that is neither square nor grey, and has names for classes


class Flags(Source):
    title, licence = "5x4 flags in two colours", "MIT"

    def arrays(self, data_dir=None, download=True):
        y = np.array(["down", "up"])[np.arange(120) % 2]
        X = np.random.RandomState(0).randint(100, size=(120, 5, 4, 3))
        X[np.arange(120) % 2 == 0, 3:] += 150
        X[np.arange(120) % 2 == 1, :2] += 150
        X[..., 2] = 0  # no blue
        return {"X": X.astype(np.uint8), "y": y}


SOURCES["flags"] = Flags()


# --- a trainable model: the mean image of each class, approached step by step


class NearestMeans(ClassifierMixin, BaseEstimator):
    def __init__(
        self,
        batch_size=10,
        max_epochs=2,
        learning_rate=0.1,
        softness=0.0,
        random_state=None,
        verbose=False,
    ):
        self.batch_size, self.max_epochs, self.learning_rate = (
            batch_size,
            max_epochs,
            learning_rate,
        )
        self.softness, self.random_state, self.verbose = softness, random_state, verbose

    def check_parameters(self):
        if not 0 <= self.softness <= 1:
            raise ValueError(f"softness must be at most 1, got {self.softness}")

    def epochs(self, X, y, X_val=None, y_val=None, on_batch=None, resume=False):
        self.check_parameters()
        if not (resume and hasattr(self, "means_")):
            self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
            self.means_ = np.full((len(self.classes_), X.shape[1]), 0.5)
            self.n_iter_, self.history_ = 0, []
        return self._epochs(X, y, X_val, y_val)

    def _epochs(self, X, y, X_val, y_val):
        while self.n_iter_ < self.max_epochs:
            for row, label in enumerate(self.classes_):
                of_class = X[np.flatnonzero(y == label)].mean(axis=0)
                self.means_[row] += self.learning_rate * (of_class - self.means_[row])
            self.n_iter_ += 1
            record = {"epoch": self.n_iter_, "samples_per_second": 1.0}
            if X_val is not None:
                record["val_error"] = 100 * (1 - self.score(X_val[:], y_val))
            self.history_.append(record)
            yield record

    def predict(self, X):
        far = [((X[:] - mean) ** 2).sum(axis=1) for mean in self.means_]
        return self.classes_[np.argmin(far, axis=0)]

    def save(self, path, about=None):
        known = {**self.get_params(), "about": about, "history": self.history_}
        with open(path, "wb") as file:
            np.savez(file, means=self.means_, classes=self.classes_, known=json.dumps(known))

    @classmethod
    def load(cls, path):
        with np.load(path) as file:
            known = json.loads(str(file["known"]))
            about, history = known.pop("about"), known.pop("history")
            model = cls(**known)
            model.means_, model.classes_ = file["means"], file["classes"]
        model.about_, model.history_, model.n_iter_ = about, history, len(history)
        model.n_features_in_ = model.means_.shape[1]
        return model


class MeansSpec(ModelSpec):
    summary = "the mean image of each class"
    estimator = NearestMeans
    own_options = (Option("softness", "softness", "How soft it is.", click.FLOAT),)
    small = {"epochs": 3, "batch": 5}
    captions = {"samples": "mean images"}
    n_rows = 1

    def samples(self, model, n_rows, random_state=None):
        return np.stack([model.means_] * n_rows), None

    def variants(self, name):
        return {name: {}, "fast-means": {"learning_rate": 1.0}}


MODELS["means"] = MeansSpec()


# --- a rule for RuleClassifier: nothing learns but the output


def network(model, learns, **kwargs):
    return FeedforwardClassifier(rule="fixed" if learns else None, **kwargs)


RULES["nothing"] = Rule(network, optimizer=ngc.SGD, learning_rate=0.05)


# --- a rule that is wrong: it calls NumPy


class Wrong(ngc.LocalRule):
    def update(self, xp, pre, post, error, weights):
        return xp.einsum("bi,bj->ij", np.tanh(post), pre)


def wrong_network(model, learns, **kwargs):
    hidden = HiddenRule(lambda layer, after, output, **kw: Wrong(**kw))
    return FeedforwardClassifier(rule=hidden if learns else None, **kwargs)


RULES["wrong"] = Rule(wrong_network)


# --- a neuron type


class Square(Pointwise):
    def activity(self, xp, J):
        return xp.square(J)


register_derivative(Square, lambda xp, J, neurons: 2 * J)
NEURONS["square"] = Square()
