"""The base class of models that learn from labels."""

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..neurons.functions import softmax
from ..storage.model_files import LABELS, Array
from ..validation import LARGEST_WHOLE, CallableParam, FlagParam, checked
from . import inputs
from .base import NetworkEstimator
from .inputs import ImagesLike
from .tasks.labels import LabelTask

# updates of a stream, whose end is not known: annealed steps stay as large as at the start
_ENDLESS = LARGEST_WHOLE


class ImageClassifier(ClassifierMixin, NetworkEstimator):
    """Base class of models that learn labels of images.

    Its task is a `.LabelTask`.
    """

    classes_: NDArray
    _n_updates: int

    _task_type: type[LabelTask]

    # scikit-learn's checks ask others for an accuracy of 83 % on samples of two numbers, which
    # are no images
    _poor_score = False

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = self._poor_score
        return tags

    def _new_task(self):
        return self._task_type(
            self, self._seed, self.n_features_in_, len(self.classes_), self._n_updates
        )

    # --- learning

    def fit(
        self,
        X: ImagesLike,
        y: ArrayLike,
        X_val: ImagesLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Learn to classify images, from the start.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
            Images, or any other finite features. `PFFClassifier` takes numbers in [0, 1],
            unless it has no generative circuit.
        y : (n,) array
            Labels.
        X_val : (m, n_pixels) array or Images, optional
            Images that are not learned from. Their classification error is recorded after
            each epoch.
        y_val : (m,) array, optional
            Labels of ``X_val``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or a parameter of the model is invalid.
        DivergenceError
            If a parameter stops being finite.
        """
        for _ in self.epochs(X, y, X_val, y_val):
            pass
        self._warn_of_short_training(X)
        return self

    @checked(CallableParam("on_batch"), FlagParam("resume"))
    def epochs(
        self,
        X: ImagesLike,
        y: ArrayLike,
        X_val: ImagesLike | None = None,
        y_val: ArrayLike | None = None,
        on_batch: Callable[[dict], Any] | None = None,
        resume: bool = False,
    ) -> Iterator[dict]:
        """Learn as ``fit`` does, one epoch at a time.

        Parameters
        ----------
        X, y, X_val, y_val
            As for ``fit``.
        on_batch : callable, optional
            Called after each batch with a dict: epoch, batch, n_batches,
            samples_per_second, and what ``history_`` records of training images.
        resume : bool, optional
            Continue after the last completed epoch, as if training had not been
            interrupted. By default learning begins from the start.

        Returns
        -------
        iterator of dict
            The record of each epoch, which is also appended to ``history_``. All arguments
            are checked before the first epoch begins.
        """
        return self._learn(X, y, X_val, y_val, on_batch, resume)

    def _learn(self, X, y, X_val, y_val, on_batch, resume, **start):
        """Check the data and begin, with a task that has some attributes; see ``epochs``."""
        resume = resume and hasattr(self, "parameters_")
        with self._as_before_on_error():
            X, y, validation = self._check_training(X, y, X_val, y_val, resume)
            n_updates = self.max_epochs * max(1, len(X) // self.batch_size)
            if resume:
                if n_updates != self._task.n_updates:
                    self._close()  # networks that are open have steps for another number
                self._task.n_updates = n_updates
                if not self.history_:  # what has been learned came in a stream
                    self._task.forget_age()
            else:
                self._n_updates = n_updates
                self._start(len(X), **start)
        return self._epochs((X, self._task.targets(y)), validation, on_batch)

    def partial_fit(
        self, X: ImagesLike, y: ArrayLike, classes: ArrayLike | None = None
    ) -> Self:
        """Learn from images once, in their order.

        The first call begins to learn, unless the model has been fitted before. Successive
        calls teach what one call with all images would, if each of them has whole batches,
        except that random numbers differ where learning draws some. ``max_epochs`` does not
        count. Step sizes do not shrink: they are those of the first update if learning has
        begun with this method, and otherwise those at which ``fit`` or ``epochs`` has arrived.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
            Images, as for ``fit``. Those that do not fill a batch at the end of a call are
            learned from as a smaller batch: the update is the mean over them.
        y : (n,) array
            Labels.
        classes : (n_classes,) array, optional
            All labels that may ever come. They must be given at the first call, and may be
            left out of further calls.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data, the classes or a parameter of the model is invalid.
        DivergenceError
            If a parameter stops being finite. The model then is as it was before the call.
        """
        return self._stream(lambda first: self._check_stream(X, y, classes, first))

    # --- using what was learned

    def predict_proba(self, X: ImagesLike) -> NDArray:
        """Return the probability of each class, for each image.

        Parameters
        ----------
        X : (n, n_pixels) array or Images

        Returns
        -------
        (n, n_classes) array
            Columns are in the order of ``classes_``.
        """
        return softmax(self._decide(X))

    def predict(self, X: ImagesLike) -> NDArray:
        """Return the most probable label of each image.

        Parameters
        ----------
        X : (n, n_pixels) array or Images

        Returns
        -------
        (n,) array
        """
        decided = self._decide(X).argmax(axis=1)
        return self.classes_[decided]

    def _decide(self, X):
        """The evidence for each class, (n, n_classes)."""
        check_is_fitted(self, "parameters_")
        return self._task.decide(self._check_images(X))

    # --- checks

    def _check_training(self, X, y, X_val, y_val, resume):
        """Images, labels as rows of ``classes_``, and what validates, or an error."""
        self.check_parameters()
        X = self._check_images(X, reset=not resume)
        y = self._check_labels(y, X, reset=not resume)
        self._warn_of_few(X)
        if X_val is None and y_val is not None:
            raise ValueError("X_val must be given together with y_val, got None")
        validation = None
        if X_val is not None:
            X_val = self._check_images(X_val, name="X_val")
            validation = X_val, self._check_labels(y_val, X_val, "y_val")
        return X, y, validation

    def _check_stream(self, X, y, classes, first):
        """Images and labels as rows of ``classes_``, or an error."""
        self.check_parameters()
        X = self._check_images(X, reset=first)
        if first and classes is None:
            raise ValueError(
                "classes must be given at the first call of partial_fit, got None"
            )
        if classes is not None:
            given = inputs.classes_of(classes, "classes")
            if first:
                self.classes_, self._n_updates = given, _ENDLESS
            elif not np.array_equal(given, self.classes_):
                raise ValueError(
                    f"classes must be those of the first call, {self.classes_.tolist()}, got "
                    f"{given.tolist()}"
                )
        return X, self._check_labels(y, X)

    def _check_all_classes(self, X, y):
        """Images of all classes, and labels as rows of ``classes_``, or an error."""
        X = self._check_images(X)
        y = self._check_labels(y, X)
        inputs.check_has_all(y, self.classes_)
        return X, y

    def _check_labels(self, y, X, name="y", reset=False):
        """Labels as rows of ``classes_``, or an error."""
        y = inputs.labels(y, X, name)
        if reset:
            self.classes_ = inputs.classes_of(y, name)
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
