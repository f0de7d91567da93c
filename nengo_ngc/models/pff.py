"""A classifier, and generator, that learns by predictive forward-forward."""

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from ..namespace import NUMPY
from ..networks import PFF
from ..neurons.functions import normalize
from ..rules import Adam
from ..rules.optimizers import OPTIMIZERS
from ..storage.model_files import within
from ..training.images import part
from ..training.prior import arrays_of, drawn, expected_arrays, fitted_mixture, mixture_of
from ..validation import (
    CallableParam,
    ChoiceParam,
    FiniteParam,
    FlagParam,
    RandomStateParam,
    WholeParam,
    checked,
    declared,
)
from .classifier import ImageClassifier
from .inputs import ImagesLike
from .tasks.pff import PFFTask
from .transformer import LatentTransformer

_PRIOR_IMAGES = 10_000


class PFFClassifier(LatentTransformer, ImageClassifier):
    r"""A classifier of images that learns by predictive forward-forward.

    In each batch there are as many negative samples as images, and all of them are presented
    at once. To predict a label, the model tries each of them with the image and takes the one
    with the best goodness, which is averaged over the layers and over the two timesteps in the
    middle of a presentation. Alternatively it takes the output of one feedforward pass.

    Parameters
    ----------
    n_hidden : tuple of int, optional
        Number of units in each hidden layer of the representation circuit.
    g_units : int, optional
        Number of latent states of the generative circuit. With 0 there is no generative
        circuit, the model draws no images, and it takes any finite features: pixels need not
        lie in [0, 1].
    steps : int, optional
        Timesteps of inference and learning for each image.
    batch_size : int, optional
        Number of images over which an update is averaged, together with as many negative
        samples. If there are fewer images, all of them make one batch, with a warning.
    max_epochs : int, optional
        Number of passes over the images. In each of them, images that do not fill a batch
        are left out; which ones changes from epoch to epoch.
    backend : {"auto", "nengo", "nengo-dl", "jax"}, optional
        The simulator. "auto" takes the one that is the fastest for batches of this size, of
        those that are installed.
    random_state : int, RandomState or None, optional
        Seed of the weights, of the order of images, of negative samples and of ``sample``.
    optimizer : {"adam", "adamw", "momentum", "rmsprop", "sgd"}, optional
        The optimiser of all parameters, which sees no gradient beyond 1 in size.
    learning_rate : float, optional
        The learning rate of the optimiser.
    anneal : bool, optional
        Whether updates shrink linearly in the course of ``max_epochs``, from their full size
        to a twentieth of it.
    hold : float, optional
        The part of all updates, below 1, that have their full size before they begin to
        shrink. It has an effect with ``anneal``.
    threshold, low_is_positive, carry, recurrent, lateral, normalize : optional
    n_group, latent_step, positives_only, noise, g_noise, weight_std, label_scale : optional
        As for `.networks.PFF`. With ``recurrent=False, carry=0, g_units=0`` this is the plain
        forward-forward algorithm.
    readout : {"pass", "states", "layers"}, optional
        What the output reads and learns from, see `.networks.PFF`. With "states", as in the
        original program, predictions by one pass are poor.
    scan : bool, optional
        Whether to predict by trying all labels. If not, labels are predicted by one
        feedforward pass.
    negatives : callable or None, optional
        A function that makes negative samples, with the arguments of `.wrong_labels`, which
        is the default, and with results of the same shapes. A model with another function
        cannot be saved.
    n_mixture : int, optional
        Number of components of the Gaussian mixture that is the prior of latent states of a
        class. Of a class with fewer images, there are as many components as images.
    device : str or None, optional
        The device that JAX or NengoDL uses, such as ``"cpu:0"`` or ``"gpu:0"``. None leaves
        the choice to them.
    verbose : bool, optional
        Whether ``fit`` shows a progress bar.

    Attributes
    ----------
    classes_ : (n_classes,) array
        The labels that the model knows, sorted.
    parameters_ : dict of {str: array}
        The parameters of both circuits by name, see `.networks.PFF`, of shape (post, pre).
    mixtures_ : list of sklearn.mixture.GaussianMixture
        The prior of the generative circuit's latent states, for each class, after ``fit`` or
        ``fit_prior``.
    history_ : list of dict
        A record of each epoch. It has the number ``epoch``; the means
        ``positive_goodness`` of training images, ``negative_goodness`` of negative samples
        and ``generative_loss`` of training images, all of them at the last timestep;
        ``val_error``, in percent, if there were validation images; ``learning_rate`` and
        ``samples_per_second``, in which negative samples do not count.
    n_iter_ : int
        Number of epochs that are done.
    n_features_in_ : int
        Number of pixels of an image.
    feature_names_in_ : (n_pixels,) array of str
        Names of the pixels, if ``X`` was a data frame whose columns have names.
    about_ : dict or None
        What was said about the model when it was saved, if it was loaded from a file.

    References
    ----------
    Ororbia & Mali 2023, "The predictive forward-forward algorithm", arXiv 2301.01452.
    """

    _task_type = PFFTask
    _poor_score = True
    _derived = ("mixtures_",)

    arguments = (
        *declared(PFF, "g_units", "threshold", "low_is_positive", "carry", "recurrent"),
        *declared(PFF, "lateral", "normalize", "n_group", "latent_step", "positives_only"),
        *declared(PFF, "noise", "g_noise", "weight_std", "label_scale", "readout"),
        WholeParam("steps"),
        ChoiceParam("optimizer", OPTIMIZERS),
        Adam.learning_rate,
        FlagParam("anneal"),
        FiniteParam("hold", low=0, high=1, high_open=True),
        FlagParam("scan"),
        CallableParam("negatives", optional=True),
        WholeParam("n_mixture"),
    )

    @property
    def _remedy(self):
        if not self.g_units:  # only the direction of an image matters to the other circuit
            return None
        return (
            "scale them, by sklearn.preprocessing.MinMaxScaler for example, or leave out the "
            "generative circuit, whose predictions cannot be below 0, by g_units=0 in Python "
            "(on the command line, the models rules, sdr and hebbian take any numbers)"
        )

    def __init__(
        self,
        n_hidden: Sequence[int] = (500, 500),
        g_units: int = 20,
        steps: int = 12,
        batch_size: int = 500,
        max_epochs: int = 5,
        backend: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        *,
        optimizer: str = "adam",
        learning_rate: float = 2.5e-4,
        anneal: bool = False,
        hold: float = 0.0,
        threshold: float = 10.0,
        low_is_positive: bool = True,
        carry: float = 0.3,
        recurrent: bool = True,
        lateral: bool = True,
        normalize: bool | str = True,
        n_group: int = 10,
        latent_step: float = 0.025,
        positives_only: bool = True,
        noise: float = 0.0,
        g_noise: float = 0.0,
        weight_std: float = 0.05,
        label_scale: float = 5.0,
        readout: str = "pass",
        scan: bool = True,
        negatives: Callable | None = None,
        n_mixture: int = 10,
        device: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.n_hidden = n_hidden
        self.g_units = g_units
        self.steps = steps
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.backend = backend
        self.random_state = random_state
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.anneal = anneal
        self.hold = hold
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
        self.g_noise = g_noise
        self.weight_std = weight_std
        self.label_scale = label_scale
        self.readout = readout
        self.scan = scan
        self.negatives = negatives
        self.n_mixture = n_mixture
        self.device = device
        self.verbose = verbose

    # --- learning

    def fit(
        self,
        X: ImagesLike,
        y: ArrayLike,
        X_val: ImagesLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        super().fit(X, y, X_val, y_val)
        return self.fit_prior(X, y) if self.g_units else self

    fit.__doc__ = ImageClassifier.fit.__doc__

    def fit_prior(self, X: ImagesLike, y: ArrayLike) -> Self:
        """Fit the prior of the generative circuit's latent states, which ``sample`` needs.

        ``fit`` does this at its end.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
            Images. If there are more than 10,000, the prior is fitted to 10,000 of them,
            which are drawn at random, and to one of each class.
        y : (n,) array
            Labels, with at least one of each class.

        Returns
        -------
        self
        """
        check_is_fitted(self, "parameters_")
        if not self.g_units:
            raise ValueError("g_units must be above 0 for a prior, got 0")
        images, labels = self._check_all_classes(X, y)
        order = np.random.RandomState(self._seed).permutation(len(images))
        first_of_class = np.unique(labels[order], return_index=True)[1]
        rows = order[np.union1d(np.arange(len(order))[:_PRIOR_IMAGES], first_of_class)]
        z_g = self._task.latents(part(images, rows), labels[rows])
        if self.normalize:  # the circuit sees only the direction of z_g
            z_g = normalize(NUMPY, z_g, 1e-30)  # its 1e-8 would shorten small states
        mixtures = []
        for label in range(len(self.classes_)):
            of_class = z_g[labels[rows] == label]
            n = min(self.n_mixture, len(of_class))
            with threadpool_limits(1):  # matrices of this size are not worth threads
                mixtures.append(fitted_mixture(of_class, "z_g", n, self._seed))
        self.mixtures_ = mixtures
        return self

    # --- using what was learned

    def transform(self, X: ImagesLike) -> NDArray:
        """Return the top states of the representation circuit after one feedforward pass.

        Parameters
        ----------
        X : (n, n_pixels) array or Images

        Returns
        -------
        (n, n_hidden[-1]) array
        """
        check_is_fitted(self, "parameters_")
        return self._task.present("pass", 1, self._check_images(X))[self._task.top]

    @checked(WholeParam("n_samples"), RandomStateParam())
    def sample(
        self,
        n_samples: int = 1,
        label: ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> NDArray:
        """Draw images from the generative circuit.

        Its latent states are drawn from the prior. The images are what they predict in one
        pass down.

        Parameters
        ----------
        n_samples : int, optional
            Number of images.
        label : label or (n_samples,) array, optional
            One of ``classes_`` for all images, or one for each image. None takes each class
            in turn.
        random_state : int, RandomState or None, optional
            Seed of the draws. None takes a seed of the model, so that two calls return the
            same images.

        Returns
        -------
        (n_samples, n_pixels) array
            Pixels in [0, 1].
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
