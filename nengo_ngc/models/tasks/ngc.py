"""Neural generative coding as a task."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics import binary_cross_entropy, mse
from ...networks.gncn import GNCN, VARIANTS
from ...rules import Adam, Delta, ErrorDriven
from ...schedule import Schedule
from ...storage.model_files import Array
from ...training import Images, Task

# what is measured of reconstructions, by the distribution of pixels
MEASURES = {"bernoulli": ("bce", binary_cross_entropy), "gaussian": ("mse", mse)}


class NGCTask(Task):
    """A GNCN circuit learns to predict images.

    See `.NGCModel` for the settings.

    Attributes
    ----------
    previous : (n, n_states) array
        The states on which the last presentation of each training image has settled, with
        ``initial="previous"``.
    """

    def __init__(self, settings: Any, seed: int, n_features: int) -> None:
        super().__init__(settings, seed, n_features)
        self.previous = self.no_states(0)

    # --- learning

    @property
    def inputs(self) -> Sequence[str]:
        starts = ("start", "fresh") if self._starts_from_previous else ()
        return ("input", *starts)

    @property
    def outputs(self) -> Sequence[str]:
        names = [f"mu{level}" for level in range(len(self.settings.n_hidden))] + self._targets
        if self._starts_from_previous:
            names += self._states
        if self.settings.tolerance is not None:
            names.append("iterations")
        return list(dict.fromkeys(names))

    def training_network(self) -> GNCN:
        return self.network(learns=True)

    def begin_epoch(self, data, order):
        self._reached = self.previous.copy()  # what is interrupted leaves no trace
        return {}

    def begin_stream(self, data):
        self._reached = self.no_states(len(data[0]))

    def end_stream(self, data):
        self._reached = self.no_states(0)  # they are of images that may not come again

    def expect(self, n: int) -> None:
        """Prepare to keep the states of n training images.

        Raises
        ------
        ValueError
            If the states of another number of images are kept already.
        """
        if not self.previous.size:
            self.previous = self.no_states(n)
        elif self._starts_from_previous and len(self.previous) != n:
            raise ValueError(
                f"X must be the {len(self.previous)} images that learning began with, "
                f"got {n} images"
            )

    def learn(self, x, rows):
        given = {}
        if self._starts_from_previous:
            given = {"start": self._reached[rows], "fresh": np.zeros((len(x), 1))}
        settled = self.training.present(x, learn=True, **given)
        if self._starts_from_previous:
            states = [settled[name] for name in self._states]
            self._reached[rows] = np.concatenate(states, axis=1)
        name, measure = MEASURES[self.settings.output]
        measured = {
            name: measure(x, settled["mu0"]),
            "discrepancy": self._discrepancy(x, settled),
        }
        if "iterations" in settled:
            measured["iterations"] = settled["iterations"]
        return {name: float(values.mean()) for name, values in measured.items()}

    def _discrepancy(self, X, settled):
        """Sum of squared differences of targets and predictions, over all layers."""
        total = np.sum((X - settled["mu0"]) ** 2, axis=1)
        for level, name in enumerate(self._targets, start=1):
            total = total + np.sum((settled[name] - settled[f"mu{level}"]) ** 2, axis=1)
        return total

    def validate(self, X_val):
        name, measure = MEASURES[self.settings.output]
        measured = []
        for x in self.batches(X_val):  # what is read out of all of them may be too large
            new = {}
            if self._starts_from_previous:
                new = {"start": self.no_states(len(x)), "fresh": np.ones((len(x), 1))}
            mu = self.training.present(x, **new)["mu0"]
            measured.append(measure(x, mu))
        return {f"val_{name}": float(np.concatenate(measured).mean())}

    def keep(self):
        super().keep()
        self.previous = self._reached
        # the others hold what the parameters were before
        self.close(all_but=("train", "rest"))

    def no_states(self, n: int) -> NDArray[np.float32]:
        """Return the states of n images that have not been presented, which are 0."""
        n_states = sum(self.layers.sizes[1:]) if self._starts_from_previous else 0
        return np.zeros((n, n_states), np.float32)

    # --- using what was learned

    def settled(self, X: NDArray | Images, mask: NDArray | None = None) -> dict[str, NDArray]:
        """Return the predictions ``mu0`` of images and the top states on which they settle."""
        name, others = ("infer", {}) if mask is None else ("mask", {"mask": mask})
        with self.alone():
            session = self.session(
                name, lambda: self.network(learns=False), ["mu0", self.top], ("input", *others)
            )
            return session.present(X, **others)

    def decoder(self) -> Callable[[NDArray], NDArray]:
        """Return the function that predicts images of top states, in one pass down."""
        return self.network(learns=False).decoder(self.kept_parameters())

    # --- the circuit

    @property
    def top(self) -> str:
        """The name of the top states."""
        return f"z{len(self.settings.n_hidden)}"

    @property
    def _starts_from_previous(self):
        return self.settings.initial == "previous"

    @property
    def _targets(self):
        """What is predicted of the layers between the input and the top one."""
        target = VARIANTS[self.settings.variant].target
        return [f"{target}{level}" for level in range(1, len(self.settings.n_hidden))]

    @property
    def _states(self):
        return [f"z{level}" for level in range(1, len(self.settings.n_hidden) + 1)]

    def network(self, learns: bool) -> GNCN:
        """Return the circuit, either with learning rules or with the learned parameters."""
        model = self.settings
        rule = ErrorDriven(Adam(model.learning_rate), norm_bound=1.0)
        start = model.initial if learns or model.initial == "zero" else "feedforward"
        return GNCN(
            self.layer_sizes(),
            variant=model.variant,
            beta=model.beta,
            leak=model.leak,
            momentum=model.momentum,
            carry=model.carry,
            n_group=model.n_group,
            n_top_group=model.n_top_group,
            self_excitation=model.self_excitation,
            cross_inhibition=model.cross_inhibition,
            schedule=Schedule(model.steps, self.batch_size),
            learning_rule_type=rule if learns else None,
            recognition_rule_type=Delta(Adam(5 * model.learning_rate)),
            activation=model.activation,
            output=model.output,
            initial=start,
            tolerance=model.tolerance,
            parameters=None if learns else self.kept_parameters(),
            seed=self.seed,
        )

    # --- files

    def arrays(self):
        return {**super().arrays(), "previous": self.previous}

    def expected_arrays(self, shapes):
        n_states = self.no_states(0).shape[1]
        return {**super().expected_arrays(shapes), "previous": Array((None, n_states))}

    def take_up(self, arrays):
        super().take_up(arrays)
        self.previous = arrays["previous"]
