"""What models share that learn from labels."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import column_or_1d


class LabelledImages:
    """Checks labels and keeps the classes; for a `.base.NetworkEstimator`."""

    def _check_training(self, X, y, X_val, y_val, resume):
        """Images, labels as one value for each class, and what validates, or an error."""
        X = self._check_images(X, reset=not resume)
        y = self._check_labels(y, X, reset=not resume)
        self._check_batch(X)
        validation = None
        if X_val is not None:
            X_val = self._check_images(X_val, name="X_val")
            validation = X_val, self._check_labels(y_val, X_val, "y_val")
        return X, self._one_hot(y), validation

    def _one_hot(self, y):
        return np.eye(len(self.classes_), dtype=np.float32)[y]

    def _check_labels(self, y, X, name="y", reset=False):
        """Labels as rows of ``classes_``, or an error."""
        if y is None:
            raise ValueError(
                f"learning requires {name} to be passed, but the target {name} is None"
            )
        y = column_or_1d(y, warn=True)
        if len(y) != len(X):
            raise ValueError(
                f"{name} must have one label for each image: got {len(y)} labels "
                f"and {len(X)} images"
            )
        check_classification_targets(y)
        if reset:
            self.classes_ = unique_labels(y)
            if len(self.classes_) < 2:
                raise ValueError(
                    f"{name} must have two classes or more, got {len(self.classes_)} class"
                )
        strange = np.setdiff1d(y, self.classes_)
        if len(strange):
            raise ValueError(
                f"{name} must have the labels {self.classes_.tolist()}, got {strange[0]!r}"
            )
        return np.searchsorted(self.classes_, y)

    def _forget_stale(self):
        """Keep the simulators: what they hold is set anew each time they are used."""

    def _parameters_now(self):
        """Parameters as they are amid an epoch, too."""
        if "train" in self._runners:
            state = self._runners["train"].state()
            return {k: v for k, v in state.items() if "/" not in k}
        return self.parameters_

    # --- files

    def _arrays_beside(self):
        return {**super()._arrays_beside(), "classes": self.classes_}

    def _restore_beside(self, arrays):
        super()._restore_beside(arrays)
        self.classes_ = arrays["classes"]
