"""Predictive forward-forward as a task."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...networks import PFF
from ...rules import Annealed, Clipped, Optimizer
from ...rules.optimizers import OPTIMIZERS
from ...schedule import Schedule
from ...training import Images
from ...validation import LARGEST_WHOLE, unfit
from .labels import LabelTask


def wrong_labels(
    random_state: np.random.RandomState, X: NDArray, target: NDArray
) -> tuple[NDArray, NDArray]:
    """Return negative samples, which are the images with wrong labels, as in the paper.

    Parameters
    ----------
    random_state : numpy.random.RandomState
        The source of random numbers.
    X : (n, n_pixels) array
        Images.
    target : (n, n_classes) array
        1 at the right class of each image, and 0 elsewhere.

    Returns
    -------
    X : (n, n_pixels) array
        The same images.
    target : (n, n_classes) array
        1 at a wrong class of each image, and 0 elsewhere.
    """
    n, n_classes = target.shape
    shift = random_state.randint(1, n_classes, size=(n,))
    return X, target[
        np.arange(n)[:, None], (np.arange(n_classes) - shift[:, None]) % n_classes
    ]


class PFFTask(LabelTask):
    """A representation circuit learns goodness, a generative circuit predicts its states.

    See `.PFFClassifier` for the settings.
    """

    inputs = ("input", "target", "kind")

    # --- learning

    @property
    def outputs(self) -> Sequence[str]:
        losses = range(len(self.settings.n_hidden) + 1) if self.settings.g_units else ()
        return ["goodness", *(f"generative_loss{k}" for k in losses)]

    @property
    def n_at_once(self):
        return 2 * self.batch_size  # as many negatives as positives

    def training_network(self) -> PFF:
        return self.network(self.settings.steps + 1, learns=True)

    @property
    def optimizer(self) -> Optimizer:
        """The optimiser of all parameters, with steps that change as set."""
        model = self.settings
        return self.annealed(Clipped(OPTIMIZERS[model.optimizer](model.learning_rate)))

    def annealed(self, optimizer: Optimizer) -> Optimizer:
        model = self.settings
        n_updates = min(self.n_updates * model.steps, LARGEST_WHOLE)  # one in each step
        if not model.anneal:
            return optimizer
        return Annealed(optimizer, n_updates, hold=int(model.hold * n_updates))

    def begin_epoch(self, data, order):
        self._rng = self.random_state()
        return {}

    def begin_stream(self, data):
        self._rng = self.random_state(stream=True)

    def learn(self, x, target):
        n = len(x)
        make = wrong_labels if self.settings.negatives is None else self.settings.negatives
        made = make(self._rng, x.copy(), target.copy())  # it may change what it is given
        negative_x, negative_target = _checked(made, x, target)
        positive = np.repeat(np.array([[1], [0]], np.float32), n, axis=0)
        seen = self.training.present(
            np.concatenate([x, negative_x]),
            learn=True,
            target=np.concatenate([target, negative_target]),
            kind=positive,
        )
        goodness = seen.pop("goodness")
        measured = {
            "positive_goodness": float(goodness[:n].mean()),
            "negative_goodness": float(goodness[n:].mean()),
        }
        if self.settings.g_units:
            losses = [loss[:n].mean() for loss in seen.values()]
            measured["generative_loss"] = float(sum(losses))
        return measured

    # --- using what was learned

    def decide(self, X):
        if not self.settings.scan:
            return self.present("pass", 1, X)["output"]
        sign = -1 if self.settings.low_is_positive else 1
        logits = []
        for label in range(self.n_classes):
            target = self.one_hot(np.full(len(X), label))
            # mean_goodness is a mean over the two steps in the middle; the first is the pass
            seen = self.present("scan", self.settings.steps // 2 + 2, X, target)
            logits.append(seen["mean_goodness"][:, 0])
        return sign * np.transpose(logits) / len(self.settings.n_hidden)

    def latents(self, X: NDArray | Images, y: NDArray) -> NDArray:
        """Return the latent states of the generative circuit after all steps, (n, g_units)."""
        return self.present("latent", self.settings.steps + 1, X, self.one_hot(y))["z_g"]

    def present(
        self, name: str, steps: int, X: NDArray | Images, target: NDArray | None = None
    ) -> dict[str, NDArray]:
        """Present images, with or without labels, to a network that does not learn.

        Parameters
        ----------
        name : {"scan", "pass", "latent"}
            What is returned: the goodness, the output of one pass, or latent states.
        steps : int
            Timesteps of a presentation.
        X : (n, n_pixels) array or Images
        target : (n, n_classes) array, optional
            1 at the class of each image. By default 0 everywhere, which is no label.

        Returns
        -------
        dict of {str: array}
            What was read out, by the names that `.networks.PFF` has for it.
        """
        names = {"scan": ["mean_goodness"], "pass": ["output", self.top], "latent": ["z_g"]}
        generates = name == "latent"
        if target is None:
            target = np.zeros((len(X), self.n_classes), np.float32)
        with self.alone():
            session = self.session(
                name,
                lambda: self.network(steps, learns=False, generates=generates),
                names[name],
                inputs=("input", "target"),
            )
            session.set_state(self._parameters_for(generates))
            return session.present(X, target=target)

    def generate(self, z_g: NDArray) -> NDArray:
        """Return the images that latent states predict in one pass down."""
        net = self.network(1, learns=False, generates=True)
        return np.clip(net.generate(self.kept_parameters(), z_g), 0, 1)

    # --- the circuits

    @property
    def top(self) -> str:
        """The name of the top states of the representation circuit."""
        return f"z{len(self.settings.n_hidden)}"

    def _parameters_for(self, generates):
        """The parameters of a network with or without the generative circuit."""
        parameters = self.parameters()
        return {k: v for k, v in parameters.items() if generates or not k.startswith("G")}

    def network(self, steps: int, learns: bool, generates: bool = True) -> PFF:
        """Return a network of both circuits, or of the representation circuit alone."""
        model, n = self.settings, self.n_at_once
        # without minibatches, samples are at the same iteration by taking turns
        together = 1 if not learns or self.backend.minibatches else n
        return PFF(
            (self.n_features, *model.n_hidden),
            n_classes=self.n_classes,
            g_units=model.g_units if generates else 0,
            schedule=Schedule(steps, n, online=True, interleave=together),
            threshold=model.threshold,
            low_is_positive=model.low_is_positive,
            carry=model.carry,
            recurrent=model.recurrent,
            lateral=model.lateral,
            normalize=model.normalize,
            n_group=model.n_group,
            latent_step=model.latent_step,
            positives_only=model.positives_only,
            noise=model.noise if learns else 0.0,
            g_noise=model.g_noise if learns else 0.0,
            weight_std=model.weight_std,
            label_scale=model.label_scale,
            readout=model.readout,
            optimizer=self.optimizer if learns else None,
            parameters=None if learns else self._parameters_for(generates),
            seed=self.seed,
        )

    def layer_sizes(self):
        g_units = self.settings.g_units
        return super().layer_sizes() + ((g_units,) if g_units else ())


def _checked(negatives, *positives):
    """Negative samples, if they are finite arrays of the shapes of positive ones."""
    if not isinstance(negatives, tuple) or len(negatives) != len(positives):
        raise unfit("negatives", "a function that returns images and targets", negatives)
    for name, array, like in zip(("images", "targets"), negatives, positives):
        if np.shape(array) != like.shape or not np.all(np.isfinite(array)):
            fit = f"a function that returns finite {name} of shape {like.shape}"
            raise unfit("negatives", fit, array)
    return negatives
