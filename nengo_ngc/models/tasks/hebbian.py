"""Codes by competition, without gradients, as a task."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils import gen_batches

from ...networks import CompetitiveLayer, PatchEncoder
from ...networks.base import LearningNetwork
from ...networks.competitive import nearest_bias
from ...neurons import GradedKWinners, KWinnersTakeAll
from ...rules import SGD, Annealed
from ...schedule import Schedule
from ...storage.model_files import Array
from ...training import Images
from ...training.images import part
from ...validation import LARGEST_WHOLE
from .codes import CodeTask

# mean size of the pixels of a patch that a filter can start from, beside the largest of all
_INK = 0.1
_AT_ONCE = 4096  # images of which patches are held in memory


class HebbianTask(CodeTask):
    """Filters learn from patches, then units learn from filters, then thresholds change alone.

    See `.HebbianEncoder` for the settings. The level of the filters is 1 and that of the units
    is 2. Parameters have the number of their level in their names.

    Parameters
    ----------
    *args
        As for `.LabelTask`.
    image_shape : tuple of int
        Height and width, and the number of colours if there are any.

    Attributes
    ----------
    phase : {"filters", "units", "thresholds"}
        What learns in the present epoch or stream.
    scale : float
        The largest size of the features that filters start from. All features are divided by
        it, so that step sizes of thresholds suit any of them.
    """

    inputs = ("input",)
    phase = "filters"
    scale = 1.0

    def __init__(self, *args: Any, image_shape: tuple[int, ...]) -> None:
        super().__init__(*args)
        self.image_shape = image_shape
        self._n_units: int | None = None

    @property
    def n_units(self) -> int:
        """The number of units, which start as images; there are no more than those."""
        if self.learned is not None and "W2" in self.learned:
            return len(self.learned["W2"])
        return self._n_units or self.settings.n_units

    @property
    def patch(self) -> tuple[int, int]:
        """Height and width of a patch."""
        return fitting(self.settings.patch, self.settings.grid, self.image_shape)[0]

    @property
    def grid(self) -> tuple[int, int]:
        """Cells along the height and along the width of an image."""
        return fitting(self.settings.patch, self.settings.grid, self.image_shape)[1]

    # --- learning

    @property
    def _level(self):
        return 1 if self.phase == "filters" else 2

    def begin(self) -> None:
        """Do nothing, because filters and units start as what they are shown first."""

    def begin_epoch(self, data, order):
        self._rng = self.random_state()
        last = self.settings.max_epochs - 1
        if self.epoch == 0:
            self._begin_filters(data[0], order)
        elif self.epoch == 1:
            self._begin_units(data[0], order)
        elif self.epoch == last:
            self._begin_thresholds()
        else:
            self.phase = "units" if self.epoch < last else "thresholds"
        return {"phase": self.phase}

    def _begin_filters(self, X, order):
        self.close()
        self.phase, self.learned = "filters", _imprinted(1, self._some_patches(X, order))

    def _begin_units(self, X, order):
        self._begin_thresholds()
        self._n_units = min(self.settings.n_units, len(order))
        start = self._present("cells", part(X, order[: self._n_units]))
        self.phase = "units"
        self.learned.update(_imprinted(2, start))

    def _begin_thresholds(self):
        self.close()
        self.phase, self.learned = "thresholds", self.kept_parameters()

    def begin_stream(self, data):
        self._rng = self.random_state(stream=True)
        if self.history:
            self.phase = self.history[-1]["phase"]
        elif self.learned is None:
            self._begin_filters(data[0], np.arange(len(data[0])))
        else:
            self.phase = "units"

    def end_stream(self, data):
        if self.phase == "filters" and not self.history:
            order = np.arange(len(data[0]))
            self.keep()
            self._begin_units(data[0], order)
            self.run_through(data, order, report=lambda measured: None)
        if self.phase != "filters":
            super().end_stream(data)

    def learn(self, x, y):
        if self.phase == "filters":
            for _ in range(self.settings.patches_per_image):
                patches = self._patches(x, self._places(len(x))) / self.scale
                self.training.present(patches, learn=True)
        else:
            self.training.present(x, learn=True)
        return {}

    @property
    def n_presentations(self) -> float:
        return self.settings.patches_per_image if self.phase == "filters" else 1

    def end_epoch(self, data, order):
        if self.phase == "filters":
            return {}
        self.state_now()
        return self.look(*data, order)

    def validate(self, X_val, y_val):
        return {} if self.means is None else super().validate(X_val, y_val)

    def _session_state(self):
        return {**self.learned, **_numbered(self.training.state(), self._level)}

    def _take_up(self, session):
        session.set_state(_of_level(self.learned, self._level))

    # --- patches

    def _places(self, n):
        """Rows and columns at which a patch begins, one of each for each of n images."""
        sides = zip(self.image_shape, self.patch)
        return tuple(self._rng.randint(side - p + 1, size=n) for side, p in sides)

    def _patches(self, X, places):
        """The patch of each image at its place, flat, (n, size of a patch)."""
        n, (rows, columns) = np.arange(len(X)), places
        height, width = self.patch
        return X.reshape(len(X), *self.image_shape)[
            n[:, None, None],
            rows[:, None, None] + np.arange(height)[:, None],
            columns[:, None, None] + np.arange(width),
        ].reshape(len(X), -1)

    def _some_patches(self, X, order):
        """Patches with something on them, scaled; of empty images, whatever there is."""
        n = self.settings.n_hidden[0]
        times = 1 + 4 * n // len(order)
        places = np.concatenate([self._places(len(order)) for _ in range(times)], axis=1)
        order = np.tile(order, times)
        parts = gen_batches(len(order), _AT_ONCE)
        sizes = (np.abs(self._patches(X[order[k]], places[:, k])) for k in parts)
        found = [(size.mean(axis=1), size.max()) for size in sizes]
        self.scale = float(max(largest for _, largest in found)) or 1.0
        ink = np.concatenate([mean for mean, _ in found])
        chosen = np.argsort(ink < _INK * self.scale, kind="stable")[:n]
        return self._patches(X[order[chosen]], places[:, chosen]) / self.scale

    # --- using what was learned

    def codes(self, X: NDArray | Images) -> NDArray:
        if "W2" not in self.kept_parameters():
            raise NotFittedError("units of the code have not begun to learn yet")
        return self._present("output", X)

    def _present(self, name, X):
        seen, graded = ["cells", "output"], self.settings.graded
        kind = GradedKWinners if graded else KWinnersTakeAll
        with self.alone():
            session = self.session(
                "graded" if graded else "infer",
                lambda: self._encoder(kind(self.settings.sparsity)),
                seen,
            )
            session.set_state(_of_level(self.parameters(), 2))
            return session.present(X)[name]

    @property
    def n_winners(self) -> int:
        return KWinnersTakeAll(self.settings.sparsity).n_winners(self.n_units)

    # --- networks

    def training_network(self) -> LearningNetwork:
        if self.phase != "filters":
            one_wins = self.phase == "units"
            sparsity = 1 / self.n_units if one_wins else self.settings.sparsity
            return self._encoder(KWinnersTakeAll(sparsity), **self._optimizers())
        m = self.settings.n_hidden[0]
        return CompetitiveLayer(
            (self.learned["W1"].shape[1], m),
            winners=KWinnersTakeAll(1 / m, positive=True),
            schedule=Schedule(1, self.batch_size),
            seed=self.seed,
            **self._optimizers(),
        )

    def _encoder(self, winners, **optimizers):
        return PatchEncoder(
            self.image_shape,
            self.learned["W1"] / self.scale,
            self.learned["b1"],
            self.grid,
            self.n_units,
            winners=winners,
            schedule=Schedule(1, self.batch_size),
            seed=self.seed,
            patch=self.patch,
            **optimizers,
        )

    def _optimizers(self):
        """Of weights and thresholds, with steps that shrink within a phase."""
        model = self.settings
        per_epoch = self.n_updates // model.max_epochs
        n_updates = {
            "filters": per_epoch * model.patches_per_image,
            "units": per_epoch * (model.max_epochs - 2),
            "thresholds": per_epoch,
        }[self.phase]
        # updates are means over the batch, but each image is to count as if it came alone
        n_updates = min(n_updates, LARGEST_WHOLE)
        moved = Annealed(SGD(model.learning_rate * self.batch_size), n_updates)
        optimizers = {"optimizer": None if self.phase == "thresholds" else moved}
        if model.homeostasis > 0:
            n_inputs = self.learned[f"W{self._level}"].shape[1]
            step = SGD(model.homeostasis * n_inputs)
            optimizers["homeostasis"] = Annealed(step, n_updates)
        return optimizers

    # --- files

    def arrays(self):
        return {**super().arrays(), "scale": np.array(self.scale)}

    def expected_arrays(self, shapes):
        # files of earlier versions lack it
        scale = {"scale": Array(())} if "scale" in shapes else {}
        return {**super().expected_arrays(shapes), **scale}

    def take_up(self, arrays):
        super().take_up(arrays)
        self.scale = float(arrays.get("scale", 1.0))
        if not self.scale > 0:
            raise ValueError("scale must be above 0")

    def _expected_state(self, shapes):
        model = self.settings
        if np.prod(self.image_shape, dtype=float) != self.n_features:
            raise ValueError(
                f"image_shape must have {self.n_features} pixels, got {self.image_shape}"
            )
        filters, n_units = model.n_hidden[0], self._n_units_in(shapes)
        size = math.prod((*self.patch, *self.image_shape[2:]))
        found = {"W1": (filters, size), "b1": (filters, 1)}
        phase, level = self.history[-1].get("phase") if self.history else None, 1
        if phase != "filters":
            cells = filters * math.prod(self.grid)
            found.update({"W2": (n_units, cells), "b2": (n_units, 1)})
            level = 2
        learned = [] if phase == "thresholds" else ["W"]
        for name in learned + (["b"] if model.homeostasis > 0 else []):
            found[f"{name}{level}/optimizer_age"] = ()
        return found

    def _n_units_in(self, shapes):
        most, found = self.settings.n_units, shapes.get("state/W2", ())
        return found[0] if found and 1 <= found[0] <= most else most


def fitting(
    patch: int, grid: int, image_shape: tuple[int, ...]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Sides of patches and of the grid, which are smaller than asked for on small images.

    The grid goes before the patch, as long as a patch has one pixel.
    """
    height, width = image_shape[:2]
    p = [max(1, min(patch, side - grid + 1)) for side in (height, width)]
    cells = [min(grid, side - q + 1) for side, q in zip((height, width), p)]
    return (p[0], p[1]), (cells[0], cells[1])


def _imprinted(level, start):
    """Parameters of units that start as some samples."""
    start = np.asarray(start, dtype=float)
    return {f"W{level}": start, f"b{level}": nearest_bias(start)}


def _numbered(state, level):
    """A layer's state, with the number of a level after the first letter of each name."""
    return {f"{name[0]}{level}{name[1:]}": array for name, array in state.items()}


def _of_level(state, level):
    """What belongs to a level, without its number."""
    own = {name: array for name, array in state.items() if name[1] == str(level)}
    return {name[0] + name[2:]: array for name, array in own.items()}
