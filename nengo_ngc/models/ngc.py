"""A generative model of images."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from nengo.neurons import NeuronType
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ..networks import GNCN
from ..networks.convolutional import LayersParam
from ..rules import Adam
from ..training import Patience
from ..validation import (
    CallableParam,
    EitherParam,
    FlagParam,
    MaskParam,
    SizesParam,
    WholeParam,
    checked,
    declared,
)
from .density import DensityEstimator
from .inputs import ImagesLike
from .tasks.ngc import MEASURES, NGCTask
from .transformer import LatentTransformer


class NGCModel(LatentTransformer, DensityEstimator):
    """A generative model of images that learns by neural generative coding.

    Parameters
    ----------
    n_hidden : tuple of int, Conv or str, optional
        Number of latent states in each layer, from the lowest layer to the top one. Layers of
        the variant "t1" can be convolutional, such as ``("16c5s2", 128)``, see
        `.Conv`.
    variant : {"t1", "t1-sigma", "t2-sigma", "pdh"}, optional
        The variant of the circuit, see `.networks.GNCN`.
    steps : int, optional
        Timesteps of a presentation, each of which is one iteration of inference.
    batch_size : int, optional
        Number of images over which an update is averaged. If there are fewer images, all of
        them make one batch, with a warning.
    max_epochs : int, optional
        Number of passes over the images. In each of them, images that do not fill a batch
        are left out; which ones changes from epoch to epoch.
    backend : {"auto", "nengo", "nengo-dl", "jax"}, optional
        The simulator. "auto" takes the one that is the fastest for batches of this size, of
        those that are installed.
    random_state : int, RandomState or None, optional
        Seed of the weights, of the order of images and of the prior. With an int, learning
        gives the same bits each time on the same backend and machine.
    learning_rate : float, optional
        The learning rate of Adam. Recognition weights, which a feedforward pass needs, learn
        five times as fast.
    beta, leak, momentum, carry, n_group, n_top_group, self_excitation, cross_inhibition : \
optional
        As for `.networks.GNCN`.
    activation : str or nengo.neurons.NeuronType, optional
        As for `.networks.GNCN`.
    output : {"bernoulli", "gaussian"}, optional
        How pixels are distributed around their prediction. With "bernoulli", pixels must lie
        in [0, 1], and the model learns to lower their cross-entropy. With "gaussian" they may
        be any real numbers, and the model learns to lower the squared error. It has no
        biases, so that features should have means near 0, as
        `sklearn.preprocessing.StandardScaler` makes them, or be at least 0.
    initial : {"zero", "feedforward", "previous"}, optional
        The values from which states start to settle. With "zero" they start from rest.
        With "feedforward" they start from a feedforward pass through recognition weights,
        which learn from settled states. With "previous" the states of a training image start
        where its last presentation ended (from rest the first time), and those of all other
        images start from the feedforward pass. "previous" keeps the states of all training
        images in memory, and in the model's file.
    tolerance : float or None, optional
        A presentation ends early once the states change by no more than this fraction of
        their norm in one timestep. None: each presentation takes ``steps`` timesteps.
    n_mixture : int or sequence of int, optional
        Number of components of the Gaussian mixture that is the prior of the top states. If
        there are fewer images, there are as many components as images. Of several numbers,
        the one with the highest log p(x) of validation images is chosen, see ``fit_prior``.
    n_iter_no_change : int or None, optional
        If ``fit`` is given validation images, it stops after this number of epochs without a
        lower validation cross-entropy, or squared error. None: it does not stop early.
    image_shape : tuple of int or None, optional
        Height and width of an image, and the number of colours if there are any, which
        convolutional layers need. None: images are square if the number of features allows
        it, and otherwise of one row.
    device : str or None, optional
        The device that JAX or NengoDL uses, such as ``"cpu:0"`` or ``"gpu:0"``. None leaves
        the choice to them.
    verbose : bool, optional
        Whether ``fit`` shows a progress bar.

    Attributes
    ----------
    parameters_ : dict of {str: array}
        The weights W, E, M and V and the matrices Sigma and Prec of each layer that the
        variant has, by names such as ``"W1"``, of shape (post, pre).
    mixture_ : sklearn.mixture.GaussianMixture
        The prior of the top states, after ``fit`` or ``fit_prior``.
    noise_variance_ : float
        With ``output="gaussian"``, the variance of pixels around their prediction, which
        ``score_samples`` uses, after ``fit`` or ``fit_prior``. It is the same for all pixels,
        and at least 1e-6.
    history_ : list of dict
        A record of each epoch. It has the number ``epoch``; the means ``bce`` (cross-entropy,
        in nats; with ``output="gaussian"`` instead ``mse``, the squared error per pixel) and
        ``discrepancy`` of training images, measured before they changed the weights;
        ``val_bce`` or ``val_mse`` if there were validation images; with a ``tolerance``, the
        mean number of ``iterations``; ``learning_rate`` and ``samples_per_second``.
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
    Ororbia & Kifer 2022, "The neural coding framework for learning generative
    models", Nature Communications 13, 2064.
    """

    arguments = (
        WholeParam("steps"),
        Adam.learning_rate,
        *declared(GNCN, "variant", "beta", "leak", "momentum", "n_group", "n_top_group"),
        *declared(GNCN, "output"),
        *declared(GNCN, "self_excitation", "cross_inhibition", "activation", "initial"),
        *declared(GNCN, "carry", "tolerance"),
        LayersParam("n_hidden"),
        SizesParam("image_shape", lengths=(2, 3), optional=True),
        EitherParam("n_mixture", WholeParam("n_mixture"), SizesParam("n_mixture")),
        WholeParam("n_iter_no_change", optional=True),
    )

    def __init__(
        self,
        n_hidden: Sequence[int] = (360, 360, 360),
        variant: str = "pdh",
        steps: int = 50,
        batch_size: int = 512,
        max_epochs: int = 10,
        backend: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        *,
        learning_rate: float = 1e-3,
        beta: float = 0.1,
        leak: float = 0.001,
        momentum: float = 0.0,
        n_group: int = 12,
        n_top_group: int = 18,
        self_excitation: float = 0.15,
        cross_inhibition: float = 0.1,
        activation: str | NeuronType | None = None,
        output: str = "bernoulli",
        initial: str = "zero",
        carry: float = 0.8,
        tolerance: float | None = None,
        n_mixture: int | Sequence[int] = 75,
        n_iter_no_change: int | None = None,
        image_shape: Sequence[int] | None = None,
        device: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.n_hidden = n_hidden
        self.variant = variant
        self.steps = steps
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.backend = backend
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.beta = beta
        self.leak = leak
        self.momentum = momentum
        self.n_group = n_group
        self.n_top_group = n_top_group
        self.self_excitation = self_excitation
        self.cross_inhibition = cross_inhibition
        self.activation = activation
        self.output = output
        self.initial = initial
        self.carry = carry
        self.tolerance = tolerance
        self.n_mixture = n_mixture
        self.n_iter_no_change = n_iter_no_change
        self.image_shape = image_shape
        self.device = device
        self.verbose = verbose

    @property
    def _n_columns(self):
        return self._task.layers.sizes[-1]

    def _new_task(self):
        return NGCTask(self, self._seed, self.n_features_in_)

    # --- learning

    def fit(self, X: ImagesLike, y: object = None, X_val: ImagesLike | None = None) -> Self:
        """Learn to model images, from the start.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
            Images, with pixels in [0, 1] unless ``output="gaussian"``.
        y : object, optional
            Ignored. It is there because scikit-learn's pipelines pass it on.
        X_val : (m, n_pixels) array or Images, optional
            Images that are not learned from. Their cross-entropy, or squared error, is
            recorded after each epoch. If ``n_mixture`` is a sequence, numbers of components
            are compared on them.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or a parameter of the model is invalid.
        DivergenceError
            If a state or a parameter stops being finite.
        """
        for _ in self.epochs(X, X_val):
            pass
        self._warn_of_short_training(X)
        return self.fit_prior(X, X_val)

    @checked(CallableParam("on_batch"), FlagParam("resume"))
    def epochs(
        self,
        X: ImagesLike,
        X_val: ImagesLike | None = None,
        on_batch: Callable[[dict], Any] | None = None,
        resume: bool = False,
    ) -> Iterator[dict]:
        """Learn as ``fit`` does, one epoch at a time, but fit no prior.

        Parameters
        ----------
        X, X_val
            As for ``fit``.
        on_batch : callable, optional
            Called after each batch with a dict: epoch, batch, n_batches, bce (or mse),
            discrepancy, samples_per_second.
        resume : bool, optional
            Go on after the last epoch that is done, as if learning had not been
            interrupted. By default learning begins from the start.

        Returns
        -------
        iterator of dict
            The record of each epoch, which is also appended to ``history_``. All arguments
            are checked before the first epoch begins.
        """
        resume = resume and hasattr(self, "parameters_")
        with self._as_before_on_error():
            self.check_parameters()
            images = self._check_images(X, reset=not resume)
            self._warn_of_few(images)
            validation = None
            if X_val is not None:
                validation = (self._check_images(X_val, name="X_val"),)
            if not resume:
                self._start(len(images))
            self._task.expect(len(images))
        stop = Patience(f"val_{MEASURES[self.output][0]}", self.n_iter_no_change)
        return self._epochs((images, np.arange(len(images))), validation, on_batch, stop)

    def partial_fit(self, X: ImagesLike, y: object = None) -> Self:
        """Learn from images once, in their order.

        The first call begins to learn, unless the model has been fitted before. Successive
        calls teach what one call with all images would, if each of them has whole batches.
        ``max_epochs`` does not count. The prior is not fitted; ``fit_prior`` does that. With
        ``initial="previous"``, the images count as new ones.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
            Images, as for ``fit``. Those that do not fill a batch at the end of a call are
            learned from as a smaller batch: the update is the mean over them.
        y : object, optional
            Ignored. It is there because scikit-learn's pipelines pass it on.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or a parameter of the model is invalid.
        DivergenceError
            If a state or a parameter stops being finite. The model then is as it was before
            the call.
        """
        return self._stream(lambda first: self._check_stream(X, first))

    def _check_stream(self, X, first):
        self.check_parameters()
        X = self._check_images(X, reset=first)
        return X, np.arange(len(X))

    # --- using what was learned

    def transform(self, X: ImagesLike) -> NDArray:
        """Return the top states on which images settle.

        Parameters
        ----------
        X : (n, n_pixels) array or Images

        Returns
        -------
        (n, n_hidden[-1]) array
        """
        check_is_fitted(self, "parameters_")
        X = self._check_images(X)
        return self._task.settled(X)[self._task.top]

    @checked(MaskParam("mask", ndim=(1, 2)))
    def reconstruct(self, X: ImagesLike, mask: NDArray | None = None) -> NDArray:
        """Return the model's predictions of images, which fill in hidden parts.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
        mask : (n_pixels,) or (n, n_pixels) array of bool, optional
            True where a pixel is hidden. It does not matter which value X has there, but it
            must be one that a pixel can have, such as 0, and not NaN.

        Returns
        -------
        (n, n_pixels) array
            Means of the pixels, in [0, 1] unless ``output="gaussian"``.
        """
        check_is_fitted(self, "parameters_")
        X = self._check_images(X)
        return self._task.settled(X, self._check_mask(mask, X))["mu0"]

    # --- checks

    @property
    def _remedy(self):
        if self.output == "gaussian":
            return None
        return (
            "scale them, by sklearn.preprocessing.MinMaxScaler for example, or choose "
            "output='gaussian' (on the command line --likelihood gaussian), which takes any "
            "numbers"
        )

    def _check_mask(self, mask, X):
        if mask is None:
            return None
        if mask.shape not in (X.shape, X.shape[1:]):
            raise ValueError(
                f"mask must have shape {X.shape[1:]} or {X.shape}, got {mask.shape}"
            )
        return np.broadcast_to(mask, X.shape)
