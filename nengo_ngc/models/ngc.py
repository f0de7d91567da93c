"""A generative model of images."""

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.base import DensityMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted

from ..metrics import monte_carlo_log_likelihood
from ..networks import GNCN
from ..rules import Adam
from ..storage.model_files import within
from ..training import Patience
from ..training.prior import arrays_of, drawn, expected_arrays, fitted_mixture, mixture_of
from ..validation import (
    CallableParam,
    FlagParam,
    MaskParam,
    RandomStateParam,
    WholeParam,
    checked,
    declared,
)
from .base import NetworkEstimator
from .tasks.ngc import NGCTask

_PRIOR_IMAGES = 10_000


class NGCModel(TransformerMixin, DensityMixin, NetworkEstimator):
    """A generative model of images that learns by neural generative coding.

    Parameters
    ----------
    n_hidden : tuple of int, optional
        Units in each layer of latent states, from the lowest to the top.
    variant : {"t1", "t1-sigma", "t2-sigma", "pdh"}, optional
        The circuit, see `.networks.GNCN`.
    steps : int, optional
        Iterations of inference, which is timesteps, for each image.
    batch_size : int, optional
        Images averaged in one update. It cannot be larger than the data.
    max_epochs : int, optional
        Passes over the data. After each one, what does not fill a batch is left
        over; which images these are changes with the epoch.
    backend : {"auto", "nengo", "nengo-dl"}, optional
        Simulator. "auto" takes NengoDL if it is installed and the batch is large
        enough for it to be faster.
    random_state : int, RandomState or None, optional
        Seed of weights, order of images and the prior. With an int, runs on one
        backend and machine repeat to the bit.
    learning_rate : float, optional
        Adam's; recognition weights learn five times as fast.
    beta, leak, momentum, carry, n_group, n_top_group, self_excitation, cross_inhibition : \
optional
        As for `.networks.GNCN`.
    activation : str or nengo.neurons.NeuronType, optional
        As for `.networks.GNCN`.
    initial : {"zero", "feedforward", "previous"}, optional
        Where states start to settle: at 0; at what one feedforward pass, by weights that
        learn from settled states, makes of an image; or, in training, where the same
        image's last presentation left them (the first time at 0), and otherwise by the
        feedforward pass. "previous" keeps the states of all training images, in the
        model's file, too.
    tolerance : float or None, optional
        Images settle until their states move by no more than this part of their norm in
        a step, or for ``steps``.
    n_mixture : int, optional
        Components of the Gaussian mixture that is the prior of the top latents; no
        more than the images it is fitted to.
    n_iter_no_change : int or None, optional
        Epochs without a lower validation cross-entropy after which ``fit`` stops, if it
        is given validation images.
    device : str, optional
        For NengoDL: "/cpu:0", "/gpu:0" and so on.
    verbose : bool, optional
        Whether ``fit`` shows its progress.

    Attributes
    ----------
    parameters_ : dict of {str: array}
        W, E, M, V, Sigma and Prec of each layer, by name, (post, pre).
    mixture_ : sklearn.mixture.GaussianMixture
        The prior of the top latents.
    history_ : list of dict
        For each epoch: mean cross-entropy and total discrepancy of the training images
        before they changed the weights, cross-entropy of the validation images, learning
        rate and samples per second.
    n_iter_ : int
        Epochs.
    n_features_in_ : int
        Pixels.

    References
    ----------
    Ororbia & Kifer 2022, "The neural coding framework for learning generative
    models", Nature Communications 13, 2064.
    """

    _derived = ("mixture_",)

    arguments = (
        WholeParam("steps"),
        Adam.learning_rate,
        *declared(GNCN, "variant", "beta", "leak", "momentum", "n_group", "n_top_group"),
        *declared(GNCN, "self_excitation", "cross_inhibition", "activation", "initial"),
        *declared(GNCN, "carry", "tolerance"),
        WholeParam("n_mixture"),
        WholeParam("n_iter_no_change", optional=True),
    )

    def __init__(
        self,
        n_hidden=(360, 360, 360),
        variant="pdh",
        steps=50,
        batch_size=512,
        max_epochs=10,
        backend="auto",
        random_state=None,
        *,
        learning_rate=1e-3,
        beta=0.1,
        leak=0.001,
        momentum=0.0,
        n_group=12,
        n_top_group=18,
        self_excitation=0.15,
        cross_inhibition=0.1,
        activation=None,
        initial="zero",
        carry=0.8,
        tolerance=None,
        n_mixture=75,
        n_iter_no_change=None,
        device=None,
        verbose=False,
    ):
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
        self.initial = initial
        self.carry = carry
        self.tolerance = tolerance
        self.n_mixture = n_mixture
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.verbose = verbose

    def _new_task(self):
        return NGCTask(self, self._seed, self.n_features_in_)

    # --- learning

    def fit(self, X, y=None, X_val=None):
        """Learn to model images, from the start.

        Parameters
        ----------
        X : (n, n_pixels) array
            Pixels in [0, 1].
        y : ignored
        X_val : (m, n_pixels) array, optional
            Images that are not learned from; their cross-entropy is recorded after each
            epoch.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or a parameter of the model is unfit.
        DivergenceError
            If a state or parameter stops being finite.
        """
        for _ in self.epochs(X, X_val):
            pass
        self.fit_prior(X)
        return self

    @checked(CallableParam("on_batch"), FlagParam("resume"))
    def epochs(
        self, X, X_val=None, on_batch: Callable | None = None, resume: bool = False
    ) -> Iterator[dict]:
        """Learn epoch by epoch; what ``fit`` does, for those who look in between.

        Parameters
        ----------
        X, X_val : arrays
            As for ``fit``.
        on_batch : callable, optional
            Called after each batch with a dict: epoch, batch, n_batches, bce,
            discrepancy, samples_per_second.
        resume : bool, optional
            Go on after the last epoch that is done, as if it had not been left.

        Returns
        -------
        iterator of dict
            The entry of ``history_`` for each epoch. Everything is checked before.
        """
        resume = resume and hasattr(self, "parameters_")
        with self._as_before_if_unfit():
            X = self._check_images(X, reset=not resume, for_learning=True)
            X_val = None if X_val is None else self._check_images(X_val, name="X_val")
            if not resume:
                self._start()
                self._task.begin()
            self._task.expect(len(X))
        validation = None if X_val is None else (X_val,)
        stop = Patience("val_bce", self.n_iter_no_change)
        return self._epochs((X, np.arange(len(X))), validation, on_batch, stop)

    def partial_fit(self, X, y=None):
        """Learn from images, in their order, once.

        Parameters
        ----------
        X : (n, n_pixels) array
            Pixels in [0, 1]; n must be a multiple of ``batch_size``.
        y : ignored
            Taken because scikit-learn's pipelines hand it on.

        Returns
        -------
        self
        """
        first = not hasattr(self, "parameters_")
        with self._as_before_if_unfit():
            X = self._check_images(X, reset=first, for_learning=True)
            self._check_whole_batches(X)
            if first:
                self._start()
                self._task.begin()
        self._trainer.stream((X, np.arange(len(X))))
        self._forget_derived()
        return self

    def fit_prior(self, X):
        """Fit the prior of the top latents, for ``sample`` and ``score``.

        ``fit`` does it at its end, from at most 10,000 of its images.

        Parameters
        ----------
        X : (n, n_pixels) array

        Returns
        -------
        self
        """
        check_is_fitted(self, "parameters_")
        X = self._check_images(X)
        rng = np.random.RandomState(self._seed)
        rows = rng.permutation(len(X))[:_PRIOR_IMAGES]
        top = self._task.top
        Z = self._task.settled(X[rows])[top]
        self.mixture_ = fitted_mixture(
            Z, top, min(self.n_mixture, len(Z)), self._seed, max_iter=50
        )
        return self

    # --- using what was learned

    def transform(self, X):
        """The top latents that images settle on.

        Parameters
        ----------
        X : (n, n_pixels) array

        Returns
        -------
        (n, n_hidden[-1]) array
        """
        check_is_fitted(self, "parameters_")
        X = self._check_images(X)
        return self._task.settled(X)[self._task.top]

    @checked(MaskParam("mask", ndim=(1, 2)))
    def reconstruct(self, X, mask=None):
        """The predictions of images, hidden parts filled in.

        Parameters
        ----------
        X : (n, n_pixels) array
        mask : (n_pixels,) or (n, n_pixels) array of bool, optional
            True where a pixel is hidden: what X says there counts for nothing.

        Returns
        -------
        (n, n_pixels) array
        """
        check_is_fitted(self, "parameters_")
        X = self._check_images(X)
        return self._task.settled(X, self._check_mask(mask, X))["mu0"]

    @checked(WholeParam("n_samples"), RandomStateParam())
    def sample(self, n_samples=1, random_state=None):
        """Draw images from the model: top latents from the prior, one pass down.

        Parameters
        ----------
        n_samples : int, optional
        random_state : int, RandomState or None, optional
            None: the model's own, so that two calls return the same.

        Returns
        -------
        (n_samples, n_pixels) array
            Means of the pixels.
        """
        self._check_prior()
        return self._task.generate(self._draw(n_samples, random_state))

    @checked(WholeParam("n_samples"), WholeParam("chunk_size"))
    def score_samples(self, X, n_samples=5000, chunk_size=1000):
        r"""Log likelihood of images by sampling the prior.

        .. math:: \log p(x) \approx \log \frac{1}{S} \sum_s p(x \mid z_s),
            \qquad z_s \sim p(z)

        a lower bound on average, which rises with S.

        Parameters
        ----------
        X : (n, n_pixels) array
        n_samples : int, optional
            Samples S, those that ``sample`` draws.
        chunk_size : int, optional
            Samples of which images are held in memory at once.

        Returns
        -------
        (n,) array
            In nats.
        """
        self._check_prior()
        X = self._check_images(X)[:]
        z = self._draw(n_samples)
        chunks = (self._task.generate(z[rows]) for rows in gen_batches(n_samples, chunk_size))
        return monte_carlo_log_likelihood(X, chunks, n_samples)

    def score(self, X, y=None):
        """Mean of ``score_samples``."""
        return float(self.score_samples(X).mean())

    def _draw(self, n_samples, random_state=None):
        rng = check_random_state(self._seed if random_state is None else random_state)
        return drawn(self.mixture_, n_samples, rng)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # simulators have their own
        return tags

    # --- checks

    def _check_mask(self, mask, X):
        if mask is None:
            return None
        if mask.shape not in (X.shape, X.shape[1:]):
            raise ValueError(
                f"mask must have shape {X.shape[1:]} or {X.shape}, got {mask.shape}"
            )
        return np.broadcast_to(mask, X.shape).astype(np.float32)

    def _check_prior(self):
        check_is_fitted(self, "parameters_")
        if not hasattr(self, "mixture_"):
            raise NotFittedError(
                "the prior of the latents is not fitted yet: call fit or fit_prior"
            )

    # --- files

    def _expected_arrays(self, shapes, history):
        expected = super()._expected_arrays(shapes, history)
        if within("mixture", shapes):
            expected.update(expected_arrays("mixture", self.n_hidden[-1]))
        return expected

    def _arrays(self):
        arrays = super()._arrays()
        if hasattr(self, "mixture_"):
            arrays.update(arrays_of(self.mixture_, "mixture"))
        return arrays

    def _take_up(self, arrays):
        super()._take_up(arrays)
        mixture = within("mixture", arrays)
        if mixture:
            self.mixture_ = mixture_of(mixture)
