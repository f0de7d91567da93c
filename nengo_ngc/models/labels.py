"""What models share that learn from labels."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ..neurons.functions import softmax
from ..storage.model_files import LABELS, WHOLES, Array
from ..validation import CallableParam, FlagParam, checked, expecting
from .base import NetworkEstimator


class ImageClassifier(ClassifierMixin, NetworkEstimator):
    """A model that learns labels of images.

    Subclasses write ``_decide``, which says how much speaks for each class, besides what
    `.base.NetworkEstimator` asks for.
    """

    # --- learning

    def fit(self, X, y, X_val=None, y_val=None):
        """Learn to classify images, from the start.

        Parameters
        ----------
        X : (n, n_pixels) array
            Pixels in [0, 1].
        y : (n,) array
            Labels.
        X_val, y_val : arrays, optional
            Images that are not learned from; their error is recorded after each epoch.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or a parameter of the model is unfit.
        DivergenceError
            If a parameter stops being finite.
        """
        for _ in self.epochs(X, y, X_val, y_val):
            pass
        return self

    @checked(CallableParam("on_batch"), FlagParam("resume"))
    def epochs(self, X, y, X_val=None, y_val=None, on_batch=None, resume=False):
        """Learn epoch by epoch; what ``fit`` does, for those who look in between.

        Parameters
        ----------
        X, y, X_val, y_val : arrays
            As for ``fit``.
        on_batch : callable, optional
            Called after each batch with a dict: epoch, batch, n_batches,
            samples_per_second, and what ``history_`` has of training images.
        resume : bool, optional
            Go on after the last epoch that is done, as if it had not been left.

        Returns
        -------
        iterator of dict
            The entry of ``history_`` for each epoch. Everything is checked before.
        """
        resume = resume and hasattr(self, "parameters_")
        with self._as_before_if_unfit():
            X, target, validation = self._check_training(X, y, X_val, y_val, resume)
            self._n_updates = self.max_epochs * (len(X) // self.batch_size)
            if not resume:
                self._start()
        return self._epochs((X, target), validation, on_batch)

    def _validate(self, X_val, y_val):
        wrong = self._decide(X_val).argmax(axis=1) != y_val
        return {"val_error": 100 * float(wrong.mean())}

    # --- using what was learned

    def predict_proba(self, X):
        """The probability of each class, for each image.

        Parameters
        ----------
        X : (n, n_pixels) array

        Returns
        -------
        (n, n_classes) array
        """
        check_is_fitted(self, "parameters_")
        return softmax(self._decide(self._check_images(X)))

    def predict(self, X):
        """The most probable label of each image.

        Parameters
        ----------
        X : (n, n_pixels) array

        Returns
        -------
        (n,) array
        """
        check_is_fitted(self, "parameters_")
        return self.classes_[self._decide(self._check_images(X)).argmax(axis=1)]

    # --- checks

    def _check_training(self, X, y, X_val, y_val, resume):
        """Images, labels as one value for each class, and what validates, or an error."""
        X = self._check_images(X, reset=not resume)
        y = self._check_labels(y, X, reset=not resume)
        self._check_batch(X)
        validation = None
        if X_val is not None:
            X_val = self._check_images(X_val, name="X_val")
            validation = X_val, self._check_labels(y_val, X_val, "y_val")
        return X, self._targets(y), validation

    def _targets(self, y):
        """What the network is told of labels, which are rows of ``classes_``."""
        return self._one_hot(y)

    def _one_hot(self, y):
        return np.eye(len(self.classes_), dtype=np.float32)[y]

    def _check_labels(self, y, X, name="y", reset=False):
        """Labels as rows of ``classes_``, or an error."""
        if y is None:
            raise ValueError(
                f"learning requires {name} to be passed, but the target {name} is None"
            )
        with expecting(name, "a label for each image", y):
            y = column_or_1d(y, warn=True)
            check_classification_targets(y)
        if len(y) != len(X):
            raise ValueError(
                f"{name} must have one label for each image: got {len(y)} labels "
                f"and {len(X)} images"
            )
        if reset:
            self.classes_ = unique_labels(y)
            if len(self.classes_) < 2:
                raise ValueError(
                    f"{name} must have two classes or more, got {len(self.classes_)} class"
                )
        strange = np.setdiff1d(y, self.classes_)
        if (y.dtype == bool) != (self.classes_.dtype == bool):
            strange = y  # True is not 1
        if len(strange):
            raise ValueError(
                f"{name} must have the labels {self.classes_.tolist()}, "
                f"got {strange.tolist()[0]!r}"
            )
        return np.searchsorted(self.classes_, y)

    def _forget_stale(self):
        """Keep the simulators: what they hold is set anew each time they are used."""

    def _output(self, X, build):
        """What a network that learns nothing says of images, with the parameters of now."""
        runner = self._runner("infer", build, ["output"])
        runner.set_state(self._parameters_now())
        with self._whole_or_not():
            return runner.present(X)["output"]

    def _parameters_now(self):
        """Parameters as they are amid an epoch, too."""
        if "train" in self._runners:
            state = self._runners["train"].state()
            return {k: v for k, v in state.items() if "/" not in k}
        return self.parameters_

    # --- files

    def _expected_arrays(self, shapes):
        if len(shapes.get("classes", ())) != 1 or shapes["classes"][0] < 2:
            raise ValueError("classes must be a list of two labels or more")
        # networks only ask how many there are
        self.classes_, self._n_updates = np.arange(shapes["classes"][0]), 1
        return {
            **super()._expected_arrays(shapes),
            "classes": Array(shapes["classes"], LABELS),
            "n_updates": Array((), WHOLES),
        }

    def _arrays_beside(self):
        return {
            **super()._arrays_beside(),
            "classes": self.classes_,
            "n_updates": np.array(self._n_updates),
        }

    def _restore_beside(self, arrays):
        super()._restore_beside(arrays)
        self.classes_ = arrays["classes"]
        self._n_updates = int(arrays["n_updates"])
        if np.any(self.classes_ != np.unique(self.classes_)) or self._n_updates < 1:
            raise ValueError("classes must be sorted, and n_updates at least 1")
