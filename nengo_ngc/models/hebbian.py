"""An encoder of images that learns without gradients and without labels."""

import numpy as np
from sklearn.exceptions import NotFittedError

from ..networks import CompetitiveLayer, PatchEncoder
from ..neurons import KWinnersTakeAll
from ..rules import SGD, Annealed
from ..schedule import Schedule
from ..validation import FiniteParam, SizesParam, WholeParam
from .codes import CodeClassifier

_INK = 0.1  # mean of the pixels of a patch that a filter can start from


class HebbianEncoder(CodeClassifier):
    r"""Learns binary sparse codes of images by competition, without gradients.

    Three phases, each with `.CompetitiveLayer`: in the first epoch filters learn from
    patches; then units learn from which filters win where, one unit for an image; in the last
    epoch only thresholds move, until each unit is among the k winners equally often.
    Filters start as patches, units as images. Labels are used for the centroids of the classes
    only, the k units that are active most often.

    Parameters
    ----------
    n_hidden : tuple of one int, optional
        Filters.
    n_units : int, optional
        Units of the code.
    sparsity : float, optional
        Part of them that win.
    batch_size : int, optional
        Images of one update.
    max_epochs : int, optional
        Passes over the data, at least three.
    backend : {"auto", "nengo", "nengo-dl"}, optional
        Simulator. "auto" takes NengoDL if it is installed and the batch is large
        enough for it to be faster.
    random_state : int, RandomState or None, optional
        Seed of where filters and units start, patches and order of images.
    image_shape : tuple of int or None, optional
        Height and width; None: images are square.
    patch : int, optional
        Pixels on each side of a filter.
    patches_per_image : int, optional
        Patches that filters learn from.
    grid : int, optional
        Cells on each side, in which it does not matter where a filter has won.
    learning_rate : float, optional
        The part of the way to its input that a winner goes; falls to a twentieth within
        each phase.
    homeostasis : float, optional
        Step size of thresholds for each input of a unit; 0: they don't move. It falls like
        ``learning_rate``.
    sparse_output : bool, optional
        Whether ``transform`` returns a `scipy.sparse.csr_matrix`.
    device : str, optional
        For NengoDL: "/cpu:0", "/gpu:0" and so on.
    verbose : bool, optional
        Whether ``fit`` shows its progress.

    Attributes
    ----------
    classes_ : array
        Labels.
    centroids_ : (n_classes, n_units) array
        Of 0 and 1.
    parameters_ : dict of {str: array}
        ``"W1"``, ``"b1"`` of filters and ``"W2"``, ``"b2"`` of units, see `.PatchEncoder`.
    history_ : list of dict
        For each epoch, its phase ("filters", "units" or "thresholds"), learning rate and
        samples per second; from the second on, of at most 10,000 training images, the units
        that none of them activates, the mean entropy of units (bit), and the error of
        validation images by centroids (%).
    n_iter_ : int
        Epochs.
    n_features_in_ : int
        Pixels.

    References
    ----------
    Rumelhart & Zipser 1985, "Feature discovery by competitive learning"; DeSieno 1988,
    "Adding a conscience to competitive learning"; Coates, Lee & Ng 2011, "An analysis of
    single-layer networks in unsupervised feature learning", of patches and cells.
    """

    _recorded = ("phase",)

    arguments = (
        SizesParam("n_hidden", lengths=(1,)),
        WholeParam("max_epochs", low=3),
        KWinnersTakeAll.sparsity,
        SizesParam("image_shape", lengths=(2,), optional=True),
        WholeParam("patch"),
        WholeParam("patches_per_image"),
        WholeParam("grid"),
        SGD.learning_rate,
        FiniteParam("homeostasis", low=0),
    )

    def __init__(
        self,
        n_hidden=(64,),
        n_units=512,
        sparsity=0.05,
        batch_size=100,
        max_epochs=3,
        backend="auto",
        random_state=None,
        *,
        image_shape=None,
        patch=7,
        patches_per_image=3,
        grid=3,
        learning_rate=0.05,
        homeostasis=0.02,
        sparse_output=False,
        device=None,
        verbose=False,
    ):
        self.n_hidden = n_hidden
        self.n_units = n_units
        self.sparsity = sparsity
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.backend = backend
        self.random_state = random_state
        self.image_shape = image_shape
        self.patch = patch
        self.patches_per_image = patches_per_image
        self.grid = grid
        self.learning_rate = learning_rate
        self.homeostasis = homeostasis
        self.sparse_output = sparse_output
        self.device = device
        self.verbose = verbose

    # --- learning

    @property
    def _phase(self):
        if self.n_iter_ == 0:
            return "filters"
        return "thresholds" if self.n_iter_ >= self.max_epochs - 1 else "units"

    def _begin(self):
        """Nothing: filters and units start as what they are shown first."""

    def _epoch(self, data, validation, watchers):
        self._rng = np.random.RandomState([self._seed, self.n_iter_, 1])
        return super()._epoch(data, validation, watchers)

    def _learn(self, data, order, watchers):
        X, y = data
        if self.n_iter_ in (0, 1, self.max_epochs - 1):
            self._start_phase(X, order)
        record = {"phase": self._phase, **super()._learn(data, order, watchers)}
        if self._phase == "filters":
            return record
        self._finite_state()
        return {**record, **self._look(X, y, order)}

    def _start_phase(self, X, order):
        self._forget_runners()
        if self._phase == "filters":
            self._state = _imprinted(1, self._some_patches(X[order], self.n_hidden[0]))
            return
        # what optimisers remember is of the phase before
        self._state = self.parameters_
        if self.n_iter_ == 1:
            start = self._present("cells", X[order[: self.n_units]])
            self._state.update(_imprinted(2, start))

    def _learn_batch(self, x, y):
        if self._phase == "filters":
            for _ in range(self.patches_per_image):
                self._trainer().present(self._patches(x), learn=True)
        else:
            self._trainer().present(x, learn=True)
        return {}

    def _patches(self, X):
        """One patch of each image, from anywhere in it."""
        height, width = self._shape
        p, n = self.patch, np.arange(len(X))
        images = X.reshape(len(X), height, width)
        rows, columns = (self._rng.randint(s - p + 1, size=len(X)) for s in (height, width))
        inside = np.arange(p)
        return images[
            n[:, None, None],
            rows[:, None, None] + inside[:, None],
            columns[:, None, None] + inside,
        ].reshape(len(X), p * p)

    def _some_patches(self, X, n):
        """Patches with something on them; of empty images, whatever there is."""
        times = 1 + 4 * n // len(X)
        found = np.concatenate([self._patches(X) for _ in range(times)])
        return found[np.argsort(found.mean(axis=1) < _INK, kind="stable")[:n]]

    def _validate(self, X_val, y_val):
        return super()._validate(X_val, y_val) if hasattr(self, "centroids_") else {}

    def _state_now(self):
        return {**self._state, **_numbered(super()._state_now(), self._level)}

    @property
    def _level(self):
        return 1 if self._phase == "filters" else 2

    # --- using what was learned

    def _codes(self, X):
        if "W2" not in self.parameters_:
            raise NotFittedError("units of the code have not begun to learn yet")
        return self._present("output", X)

    def _present(self, name, X):
        seen = ["cells", "output"]
        runner = self._runner("infer", lambda: self._network(learns=False), seen)
        runner.set_state(_of_level(self._parameters_now(), 2))
        with self._whole_or_not():
            return runner.present(X)[name]

    def _parameters_now(self):
        if "train" not in self._runners:
            return self.parameters_
        return {k: v for k, v in self._state_now().items() if "/" not in k}

    @property
    def _n_winners(self):
        return KWinnersTakeAll(self.sparsity).n_winners(self.n_units)

    # --- runners

    def _trainer(self):
        if "train" not in self._runners:
            trainer = self._runner("train", lambda: self._network(learns=True), ["output"])
            trainer.set_state(_of_level(self._state, self._level))
        return self._runners["train"]

    def _network(self, learns):
        schedule = Schedule(1, self.batch_size)
        kwargs = {"schedule": schedule, "seed": self._seed}
        if learns:
            kwargs.update(self._optimizers())
        if learns and self._phase == "filters":
            m = self.n_hidden[0]
            winners = KWinnersTakeAll(1 / m, positive=True)
            return CompetitiveLayer((self.patch**2, m), winners, **kwargs)
        one_wins = learns and self._phase == "units"
        return PatchEncoder(
            self._shape,
            self._state["W1"],
            self._state["b1"],
            self.grid,
            self.n_units,
            winners=KWinnersTakeAll(1 / self.n_units if one_wins else self.sparsity),
            **kwargs,
        )

    def _optimizers(self):
        """Of weights and thresholds, with steps that shrink within a phase."""
        per_epoch = self._n_updates // self.max_epochs
        n_updates = {
            "filters": per_epoch * self.patches_per_image,
            "units": per_epoch * (self.max_epochs - 2),
            "thresholds": per_epoch,
        }[self._phase]
        # updates are means over the batch, but each image is to count as if it came alone
        moved = Annealed(SGD(self.learning_rate * self.batch_size), n_updates)
        optimizers = {"optimizer": None if self._phase == "thresholds" else moved}
        if self.homeostasis > 0:
            n_inputs = self._state[f"W{self._level}"].shape[1]
            step = SGD(self.homeostasis * n_inputs)
            optimizers["homeostasis"] = Annealed(step, n_updates)
        return optimizers

    # --- files

    def _state_shapes(self, shapes):
        if np.prod(self._shape, dtype=float) != self.n_features_in_:
            raise ValueError(f"images of {self._shape} pixels have no {self.n_features_in_}")
        filters, cells = self.n_hidden[0], self.n_hidden[0] * self.grid**2
        found = {"W1": (filters, self.patch**2), "b1": (filters, 1)}
        phase, level = self.history_[-1].get("phase") if self.history_ else None, 1
        if phase != "filters":
            found.update({"W2": (self.n_units, cells), "b2": (self.n_units, 1)})
            level = 2
        learned = [] if phase == "thresholds" else ["W"]
        for name in learned + (["b"] if self.homeostasis > 0 else []):
            found[f"{name}{level}/optimizer_age"] = ()
        return found

    # --- checks

    @property
    def _shape(self):
        if self.image_shape is not None:
            return tuple(self.image_shape)
        side = int(round(self.n_features_in_**0.5))
        return side, side

    def _check_training(self, X, y, X_val, y_val, resume):
        checked = super()._check_training(X, y, X_val, y_val, resume)
        height, width = self._shape
        if height * width != self.n_features_in_:
            raise ValueError(
                f"image_shape must have {self.n_features_in_} pixels, got "
                f"{self.image_shape or 'none, and images are not square'}"
            )
        places = min(height, width) - self.patch + 1
        if not self.grid <= places:
            raise ValueError(
                f"patch and grid must fit on images of {height} x {width} pixels, got "
                f"patch={self.patch} and grid={self.grid}"
            )
        n_learned = len(checked[0]) // self.batch_size * self.batch_size
        if n_learned < self.n_units:
            raise ValueError(
                f"n_units must not be larger than the data, since units start as images: got "
                f"n_units={self.n_units} and {n_learned} images in whole batches"
            )
        return checked


def _imprinted(level, start):
    """Parameters of units that start as some samples."""
    start = np.asarray(start, dtype=float)
    return {
        f"W{level}": start,
        f"b{level}": -0.5 * np.sum(start**2, axis=1, keepdims=True),
    }


def _numbered(state, level):
    """A layer's state, with the number of a level after the first letter of each name."""
    return {f"{name[0]}{level}{name[1:]}": array for name, array in state.items()}


def _of_level(state, level):
    """What belongs to a level, without its number."""
    own = {name: array for name, array in state.items() if name[1] == str(level)}
    return {name[0] + name[2:]: array for name, array in own.items()}
