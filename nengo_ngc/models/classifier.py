"""What models share that learn from labels."""

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_is_fitted

from ..neurons.functions import softmax
from ..storage.model_files import LABELS, Array
from ..validation import CallableParam, FlagParam, checked
from . import inputs
from .base import NetworkEstimator


class ImageClassifier(ClassifierMixin, NetworkEstimator):
    """A model that learns labels of images.

    Its task is a `.LabelTask`.
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
    def epochs(
        self,
        X,
        y,
        X_val=None,
        y_val=None,
        on_batch: Callable | None = None,
        resume: bool = False,
    ) -> Iterator[dict]:
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
        return self._learn(X, y, X_val, y_val, on_batch, resume)

    def _learn(self, X, y, X_val, y_val, on_batch, resume, **start):
        """Check the data and begin, with a task that has some attributes; see ``epochs``."""
        resume = resume and hasattr(self, "parameters_")
        with self._as_before_if_unfit():
            X, y, validation = self._check_training(X, y, X_val, y_val, resume)
            n_updates = self.max_epochs * (len(X) // self.batch_size)
            if resume:
                self._task.n_updates = n_updates
            else:
                self._n_updates = n_updates
                self._start()
                vars(self._task).update(start)
                self._task.begin()
        return self._epochs((X, self._task.targets(y)), validation, on_batch)

    # --- using what was learned

    def predict_proba(self, X) -> np.ndarray:
        """The probability of each class, for each image.

        Parameters
        ----------
        X : (n, n_pixels) array

        Returns
        -------
        (n, n_classes) array
        """
        return softmax(self._decide(X))

    def predict(self, X) -> np.ndarray:
        """The most probable label of each image.

        Parameters
        ----------
        X : (n, n_pixels) array

        Returns
        -------
        (n,) array
        """
        decided = self._decide(X).argmax(axis=1)
        return self.classes_[decided]

    def _decide(self, X):
        """How much speaks for each class."""
        check_is_fitted(self, "parameters_")
        return self._task.decide(self._check_images(X))

    # --- checks

    def _check_training(self, X, y, X_val, y_val, resume):
        """Images, labels as rows of ``classes_``, and what validates, or an error."""
        X = self._check_images(X, reset=not resume)
        y = self._check_labels(y, X, reset=not resume)
        self._check_batch(X)
        validation = None
        if X_val is not None:
            X_val = self._check_images(X_val, name="X_val")
            validation = X_val, self._check_labels(y_val, X_val, "y_val")
        return X, y, validation

    def _check_labels(self, y, X, name="y", reset=False):
        """Labels as rows of ``classes_``, or an error."""
        y = inputs.labels(y, X, name)
        if reset:
            self.classes_ = unique_labels(y)
            if len(self.classes_) < 2:
                raise ValueError(
                    f"{name} must have two classes or more, got {len(self.classes_)} class"
                )
        return inputs.rows_of(self.classes_, y, name)

    # --- files

    def _expected_arrays(self, shapes, history):
        if len(shapes.get("classes", ())) != 1 or shapes["classes"][0] < 2:
            raise ValueError("classes must be a list of two labels or more")
        # networks only ask how many there are
        self.classes_, self._n_updates = np.arange(shapes["classes"][0]), 1
        return {
            **super()._expected_arrays(shapes, history),
            "classes": Array(shapes["classes"], LABELS),
        }

    def _arrays(self):
        return {**super()._arrays(), "classes": self.classes_}

    def _take_up(self, arrays):
        super()._take_up(arrays)
        self.classes_, self._n_updates = arrays["classes"], self._task.n_updates
        if np.any(self.classes_ != np.unique(self.classes_)):
            raise ValueError("classes must be sorted")
