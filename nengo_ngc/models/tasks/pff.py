"""Predictive forward-forward as a task."""

import numpy as np

from ...networks import PFF
from ...rules import Adam, Clipped
from ...schedule import Schedule
from .labels import LabelTask


def wrong_labels(
    random_state: np.random.RandomState, X: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Negative samples as the original makes them: the image, with a wrong label.

    Parameters
    ----------
    random_state : numpy.random.RandomState
    X : (n, n_pixels) array
    target : (n, n_classes) array
        1 at the right class.

    Returns
    -------
    X, target : arrays
        Of the same shapes.
    """
    n, n_classes = target.shape
    shift = random_state.randint(1, n_classes, size=n)
    return X, target[
        np.arange(n)[:, None], (np.arange(n_classes) - shift[:, None]) % n_classes
    ]


class PFFTask(LabelTask):
    """A representation circuit learns goodness, a generative circuit to predict it.

    See `.PFFClassifier` for the settings.
    """

    inputs = ("input", "target", "kind")

    # --- learning

    @property
    def outputs(self):
        losses = range(len(self.settings.n_hidden) + 1) if self.settings.g_units else ()
        return ["goodness", *(f"generative_loss{k}" for k in losses)]

    @property
    def n_at_once(self):
        return 2 * self.settings.batch_size  # as many negatives as positives

    def training_network(self) -> PFF:
        return self.network(self.settings.steps + 1, learns=True)

    def begin_epoch(self, data, order):
        self._rng = np.random.RandomState([self.seed, self.epoch, 1])
        return {}

    def learn(self, x, target):
        n = len(x)
        make = wrong_labels if self.settings.negatives is None else self.settings.negatives
        negative_x, negative_target = make(self._rng, x, target)
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
        return sign * np.transpose(logits) / (len(self.settings.n_hidden) + 1)

    def latents(self, X, y: np.ndarray) -> np.ndarray:
        """Latent states of the generative circuit after all steps, (n, g_units)."""
        return self.present("latent", self.settings.steps + 1, X, self.one_hot(y))["z_g"]

    def present(self, name: str, steps: int, X, target=None) -> dict[str, np.ndarray]:
        """Present images, with labels or none, to a network that learns nothing.

        Parameters
        ----------
        name : {"scan", "pass", "latent"}
            What is asked for: goodness, the output of one pass, or latent states.
        steps : int
            Timesteps of a presentation.
        X : (n, n_pixels) array
        target : (n, n_classes) array, optional
        """
        names = {"scan": ["mean_goodness"], "pass": ["output", self.top], "latent": ["z_g"]}
        generates = name == "latent"
        session = self.session(
            name,
            lambda: self.network(steps, learns=False, generates=generates),
            names[name],
            inputs=("input", "target"),
        )
        session.set_state(self._parameters_for(generates))
        if target is None:
            target = np.zeros((len(X), self.n_classes), np.float32)
        with self.whole():
            return session.present(X, target=target)

    def generate(self, z_g: np.ndarray) -> np.ndarray:
        """Images that latent states predict, by one pass down."""
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
        """Both circuits, or the representation circuit alone."""
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
            optimizer=Clipped(Adam(model.learning_rate)) if learns else None,
            parameters=None if learns else self._parameters_for(generates),
            seed=self.seed,
        )

    def layer_sizes(self):
        g_units = self.settings.g_units
        return super().layer_sizes() + ((g_units,) if g_units else ())
