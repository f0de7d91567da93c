"""A classifier, and generator, that learns by predictive forward-forward."""

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from ..namespace import NUMPY
from ..networks import PFF
from ..neurons.functions import normalize
from ..rules import Adam
from ..storage.model_files import within
from ..training.prior import arrays_of, drawn, expected_arrays, fitted_mixture, mixture_of
from ..validation import (
    CallableParam,
    FlagParam,
    RandomStateParam,
    WholeParam,
    checked,
    declared,
)
from .classifier import ImageClassifier
from .inputs import check_has_all
from .tasks.pff import PFFTask

_PRIOR_IMAGES = 10_000


class PFFClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ImageClassifier):
    r"""A classifier of images that learns by predictive forward-forward.

    A batch is as many negative samples as positive ones, all of which are presented at
    once. A label is predicted by trying each of them and taking the one with the best
    goodness (a mean over layers and over the two middle steps), or by one feedforward
    pass.

    Parameters
    ----------
    n_hidden : tuple of int, optional
        Units in each hidden layer of the representation circuit.
    g_units : int, optional
        Latent states of the generative circuit; 0: none, and no samples.
    steps : int, optional
        Steps of inference and learning for each image.
    batch_size : int, optional
        Images, and as many negatives, averaged in one update.
    max_epochs : int, optional
        Passes over the data. What does not fill a batch is left over; which images
        these are changes with the epoch.
    backend : {"auto", "nengo", "nengo-dl"}, optional
        Simulator. "auto" takes NengoDL if it is installed and the batch is large
        enough for it to be faster.
    random_state : int, RandomState or None, optional
        Seed of weights, order of images, negatives and samples.
    learning_rate : float, optional
        Adam's.
    threshold, low_is_positive, carry, recurrent, lateral, normalize : optional
    n_group, latent_step, positives_only, noise : optional
        As for `.networks.PFF`. For plain forward-forward: ``recurrent=False, carry=0,
        g_units=0``.
    scan : bool, optional
        Whether to predict by trying labels, rather than by one pass.
    negatives : callable or None, optional
        Makes negative samples; None: `.wrong_labels`, which shows the arguments. A model
        with another one cannot be saved.
    n_mixture : int, optional
        Components of the Gaussian mixture that is the prior of latent states of a class.
    device : str, optional
        For NengoDL: "/cpu:0", "/gpu:0" and so on.
    verbose : bool, optional
        Whether ``fit`` shows its progress.

    Attributes
    ----------
    classes_ : array
        Labels.
    parameters_ : dict of {str: array}
        By name, (post, pre).
    mixtures_ : list of sklearn.mixture.GaussianMixture
        The prior of the generative circuit's latent states, for each class.
    history_ : list of dict
        For each epoch, at the last step of training images: goodness of positives and
        of negatives, generative loss of positives; error of the validation images (%),
        learning rate, samples per second (not counting negatives).
    n_iter_ : int
        Epochs.
    n_features_in_ : int
        Pixels.

    References
    ----------
    Ororbia & Mali 2023, "The predictive forward-forward algorithm", arXiv 2301.01452.
    """

    _derived = ("mixtures_",)

    arguments = (
        *declared(PFF, "g_units", "threshold", "low_is_positive", "carry", "recurrent"),
        *declared(PFF, "lateral", "normalize", "n_group", "latent_step", "positives_only"),
        *declared(PFF, "noise"),
        WholeParam("steps"),
        Adam.learning_rate,
        FlagParam("scan"),
        CallableParam("negatives", optional=True),
        WholeParam("n_mixture"),
    )

    def __init__(
        self,
        n_hidden=(500, 500),
        g_units=20,
        steps=12,
        batch_size=500,
        max_epochs=5,
        backend="auto",
        random_state=None,
        *,
        learning_rate=2.5e-4,
        threshold=10.0,
        low_is_positive=True,
        carry=0.3,
        recurrent=True,
        lateral=True,
        normalize=True,
        n_group=10,
        latent_step=0.025,
        positives_only=True,
        noise=0.0,
        scan=True,
        negatives=None,
        n_mixture=10,
        device=None,
        verbose=False,
    ):
        self.n_hidden = n_hidden
        self.g_units = g_units
        self.steps = steps
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.backend = backend
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.threshold = threshold
        self.low_is_positive = low_is_positive
        self.carry = carry
        self.recurrent = recurrent
        self.lateral = lateral
        self.normalize = normalize
        self.n_group = n_group
        self.latent_step = latent_step
        self.positives_only = positives_only
        self.noise = noise
        self.scan = scan
        self.negatives = negatives
        self.n_mixture = n_mixture
        self.device = device
        self.verbose = verbose

    def _new_task(self):
        return PFFTask(
            self, self._seed, self.n_features_in_, len(self.classes_), self._n_updates
        )

    # --- learning

    def fit(self, X, y, X_val=None, y_val=None):
        super().fit(X, y, X_val, y_val)
        return self.fit_prior(X, y) if self.g_units else self

    fit.__doc__ = ImageClassifier.fit.__doc__

    def fit_prior(self, X, y):
        """Fit the prior of the generative circuit's latent states, for ``sample``.

        ``fit`` does it at its end, from at most 10,000 of its images.

        Parameters
        ----------
        X : (n, n_pixels) array
        y : (n,) array
            At least one of each class.

        Returns
        -------
        self
        """
        check_is_fitted(self, "parameters_")
        if not self.g_units:
            raise ValueError("g_units must be above 0 for a prior, got 0")
        X = self._check_images(X)
        y = self._check_labels(y, X)
        check_has_all(y, self.classes_)
        order = np.random.RandomState(self._seed).permutation(len(X))
        first_of_class = np.unique(y[order], return_index=True)[1]
        rows = order[np.union1d(np.arange(len(order))[:_PRIOR_IMAGES], first_of_class)]
        z_g = self._task.latents(X[rows], y[rows])
        # only the direction of z_g is seen by the circuit
        z_g = normalize(NUMPY, z_g, 1e-30)  # the circuit's 1e-8 would shorten small states
        self.mixtures_ = []
        for label in range(len(self.classes_)):
            of_class = z_g[y[rows] == label]
            n = min(self.n_mixture, len(of_class))
            if len(of_class) == 1:  # scikit-learn asks for two
                of_class = np.repeat(of_class, 2, axis=0)
            with threadpool_limits(1):  # matrices of this size are not worth threads
                self.mixtures_.append(fitted_mixture(of_class, "z_g", n, self._seed))
        return self

    # --- using what was learned

    def transform(self, X):
        """The top states of the representation circuit after one feedforward pass.

        Parameters
        ----------
        X : (n, n_pixels) array

        Returns
        -------
        (n, n_hidden[-1]) array
        """
        check_is_fitted(self, "parameters_")
        return self._task.present("pass", 1, self._check_images(X))[self._task.top]

    @checked(WholeParam("n_samples"), RandomStateParam())
    def sample(self, n_samples=1, label=None, random_state=None):
        """Draw images: latent states from the prior, one pass down.

        Parameters
        ----------
        n_samples : int, optional
        label : optional
            One of ``classes_``, or one for each sample; None: each of them in turn.
        random_state : int, RandomState or None, optional
            None: the model's own, so that two calls return the same.

        Returns
        -------
        (n_samples, n_pixels) array
        """
        check_is_fitted(self, "parameters_")
        if not hasattr(self, "mixtures_"):
            raise NotFittedError(
                "the prior of the latents is not fitted yet: call fit or fit_prior"
            )
        labels = np.arange(n_samples) % len(self.classes_)
        if label is not None:
            wanted = np.ravel(label)
            if len(wanted) not in (1, n_samples):
                raise ValueError(f"label must be one label or {n_samples}, got {len(wanted)}")
            labels[:] = self._check_labels(wanted, wanted, "label")
        rng = check_random_state(self._seed if random_state is None else random_state)
        z_g = np.empty((n_samples, self.g_units))
        for which in np.unique(labels):
            rows = labels == which
            z_g[rows] = drawn(self.mixtures_[which], rows.sum(), rng)
        return self._task.generate(z_g)

    @property
    def _n_features_out(self):
        check_is_fitted(self, "parameters_")
        return self.n_hidden[-1]

    # --- files

    def _expected_arrays(self, shapes, history):
        expected = super()._expected_arrays(shapes, history)
        if any(name.startswith("mixture") for name in shapes):
            for k in range(len(self.classes_)):
                expected.update(expected_arrays(f"mixture{k}", self.g_units))
        return expected

    def _arrays(self):
        arrays = super()._arrays()
        for which, mixture in enumerate(getattr(self, "mixtures_", ())):
            arrays.update(arrays_of(mixture, f"mixture{which}"))
        return arrays

    def _take_up(self, arrays):
        super()._take_up(arrays)
        mixtures = [within(f"mixture{k}", arrays) for k in range(len(self.classes_))]
        if all(mixtures):
            self.mixtures_ = [mixture_of(arrays) for arrays in mixtures]
