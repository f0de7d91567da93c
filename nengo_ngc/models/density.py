"""The prior of a model's top states, and what follows from it: samples and likelihoods."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import DensityMixin
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted

from ..metrics import log_mean_exp, mse
from ..storage.model_files import Array, within
from ..training.images import part
from ..training.importance import importance_weights, prior_weights
from ..training.prior import arrays_of, drawn, expected_arrays, fitted_mixture, mixture_of
from ..validation import ChoiceParam, RandomStateParam, WholeParam, checked
from .base import NetworkEstimator
from .inputs import ImagesLike

METHODS = ("prior", "importance")

_PRIOR_IMAGES = 10_000
_COMPARED_IMAGES = 200  # on which numbers of components are compared
_COMPARED_SAMPLES = 100
_GENERATED_AT_ONCE = 1000
_WEIGHTS_AT_ONCE = 5_000_000
_SMALLEST_VARIANCE = 1e-6  # so that the density stays finite where nothing varies

_SAMPLING = (
    WholeParam("n_samples"),
    WholeParam("chunk_size"),
    ChoiceParam("method", METHODS),
    RandomStateParam(),
)


class DensityEstimator(DensityMixin, NetworkEstimator):
    """Base class of models whose top states have a mixture of Gaussians as their prior.

    The model's task has methods ``settled`` and ``decoder``, as `.tasks.ngc.NGCTask` has.
    """

    _derived = ("mixture_", "noise_variance_")

    n_hidden: Any
    n_mixture: Any
    output: str
    mixture_: GaussianMixture
    noise_variance_: float

    # --- fitting it

    def fit_prior(self, X: ImagesLike, X_val: ImagesLike | None = None) -> Self:
        r"""Fit the prior of the top states, which ``sample`` and ``score`` need.

        ``fit`` does this at its end. With ``output="gaussian"`` the variance of the pixels is
        estimated, too:

        .. math:: \sigma^2 = \frac{1}{n d} \sum_{i=1}^n |x_i - \mu_0(z_i)|^2

        for n images :math:`x_i` of d pixels, the top states :math:`z_i` on which they settle,
        and the images :math:`\mu_0(z_i)` that these states predict in one pass down. It is
        the estimate of maximum likelihood, given these predictions.

        If ``n_mixture`` is a sequence, a prior of each of these numbers of components is
        fitted. The one is kept with which images that were not used to fit it have the
        highest log p(x) on average. This is estimated by importance sampling, see
        ``log_weights``, with 100 samples for each of 200 images.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
            Images. If there are more than 10,000, the prior is fitted to 10,000 of them,
            which are drawn at random.
        X_val : (m, n_pixels) array or Images, optional
            Images on which numbers of components are compared, if ``n_mixture`` is a
            sequence. By default these are a tenth of X, to which the priors are then not
            fitted.

        Returns
        -------
        self

        References
        ----------
        For the variance: Bishop 2006, "Pattern recognition and machine learning", section
        5.2.
        """
        check_is_fitted(self, "parameters_")
        with self._as_before_on_error():
            self._fit_prior(X, X_val)
        return self

    def _fit_prior(self, X, X_val):
        images = self._check_images(X)
        compared = None if X_val is None else self._check_images(X_val, name="X_val")
        rng = np.random.RandomState(self._seed)
        images = part(images, rng.permutation(len(images))[:_PRIOR_IMAGES])
        candidates = np.atleast_1d(self.n_mixture)
        if len(candidates) > 1 and compared is None:
            if len(images) == 1:
                raise ValueError("X must have 2 images, one of which is held out, got 1")
            n_held_out = max(1, len(images) // 10)
            compared = part(images, slice(n_held_out))
            images = part(images, slice(n_held_out, None))
        Z = self._task.settled(images)[self._task.top]
        if self.output == "gaussian":
            self.noise_variance_ = self._variance(images, Z)
        if compared is not None:  # they may be in order of their classes
            shown = np.random.RandomState(self._seed).permutation(len(compared))
            compared = part(compared, shown[:_COMPARED_IMAGES])
        self.mixture_ = self._best_mixture(candidates, Z, compared)

    def _best_mixture(self, candidates, Z, images):
        """The mixture of the number of components with which images are the likeliest."""
        fitted, scores = [], []
        for n_components in np.unique(np.minimum(candidates, len(Z))):
            self.mixture_ = fitted_mixture(
                Z, self._task.top, int(n_components), self._seed, max_iter=50
            )
            fitted.append(self.mixture_)
            if len(candidates) > 1:
                log_p = self.score_samples(images, _COMPARED_SAMPLES, method="importance")
                scores.append(log_p.mean())
        return fitted[int(np.argmax(scores))] if scores else fitted[0]

    def _variance(self, images, Z):
        """The mean squared error of what top states predict in one pass down."""
        decode = self._task.decoder()
        errors = [
            mse(images[rows], decode(Z[rows]))
            for rows in gen_batches(len(Z), _GENERATED_AT_ONCE)
        ]
        return max(float(np.concatenate(errors).mean()), _SMALLEST_VARIANCE)

    # --- what follows from it

    @checked(WholeParam("n_samples"), RandomStateParam())
    def sample(
        self,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> NDArray:
        """Draw images from the model.

        Top states are drawn from the prior. The images are what they predict in one pass
        down.

        Parameters
        ----------
        n_samples : int, optional
            Number of images.
        random_state : int, RandomState or None, optional
            Seed of the draws. None takes a seed of the model, so that two calls return the
            same images.

        Returns
        -------
        (n_samples, n_pixels) array
            Means of the pixels, in [0, 1] unless ``output="gaussian"``. Noise is not added.
        """
        self._check_prior()
        rng = check_random_state(self._seed if random_state is None else random_state)
        return self._task.decoder()(drawn(self.mixture_, n_samples, rng))

    @checked(*_SAMPLING)
    def score_samples(
        self,
        X: ImagesLike,
        n_samples: int = 5000,
        chunk_size: int = 1000,
        method: str = "prior",
        random_state: int | np.random.RandomState | None = None,
    ) -> NDArray:
        r"""Return the log likelihood of images, estimated from samples of top states.

        It is the logarithm of the mean of the weights whose logarithms ``log_weights``
        returns. On average it is a lower bound of log p(x), which rises with the number of
        samples. With ``output="gaussian"``, p(x given z) is a density: that of a Gaussian
        with the variance ``noise_variance_`` in each pixel.

        Parameters
        ----------
        X, n_samples, chunk_size, method, random_state
            As for ``log_weights``.

        Returns
        -------
        (n,) array
            In nats. `.metrics.log_mean_exp` returns standard errors as well.
        """
        blocks = self._log_weights(X, n_samples, chunk_size, method, random_state)
        return np.concatenate([log_mean_exp(block).values for block in blocks])

    @checked(*_SAMPLING)
    def log_weights(
        self,
        X: ImagesLike,
        n_samples: int = 5000,
        chunk_size: int = 1000,
        method: str = "prior",
        random_state: int | np.random.RandomState | None = None,
    ) -> NDArray:
        r"""Return logarithms of weights whose mean over samples of top states is p(x).

        With ``method="prior"`` top states are drawn from the prior, the same ones for all
        images, and their weights are

        .. math:: w_s = p(x \mid z_s), \qquad z_s \sim p(z)

        With ``method="importance"`` they are drawn for each image from a proposal that is
        close to the states which explain it (see ``nengo_ngc.training.importance``):

        .. math:: w_s = \frac{p(x \mid z_s)\, p(z_s)}{q(z_s \mid x)},
            \qquad z_s \sim q(z \mid x)

        Few samples from the prior explain an image, so that most of p(x) is missed unless
        there are very many. The proposal takes more time for each image.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
        n_samples : int, optional
            Number S of samples. With ``method="prior"`` they are those that ``sample`` draws.
        chunk_size : int, optional
            Number of samples whose images are held in memory at once.
        method : {"prior", "importance"}, optional
            What the samples are drawn from.
        random_state : int, RandomState or None, optional
            Seed of the draws. None takes a seed of the model, so that two calls return the
            same weights.

        Returns
        -------
        (n, n_samples) array
            In nats, for `.metrics.log_mean_exp`.
        """
        blocks = self._log_weights(X, n_samples, chunk_size, method, random_state)
        return np.concatenate([*blocks])

    def score(self, X: ImagesLike, y: object = None) -> float:
        """Return the mean log likelihood of images, see ``score_samples``.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
        y : object, optional
            Ignored. It is there because scikit-learn's pipelines pass it on.

        Returns
        -------
        float
            In nats.
        """
        return float(self.score_samples(X).mean())

    def _log_weights(
        self, X, n_samples, chunk_size, method, random_state
    ) -> Iterator[NDArray]:
        """The logarithms of the weights for some images after others."""
        self._check_prior()
        images = self._check_images(X)
        seed = self._seed if random_state is None else random_state
        if isinstance(seed, np.random.RandomState):
            seed = seed.randint(2**31 - 1)
        decode = self._task.decoder()
        variance = self.noise_variance_ if self.output == "gaussian" else None
        if method == "prior":
            z = drawn(self.mixture_, n_samples, check_random_state(seed))
        for rows in gen_batches(len(images), max(1, _WEIGHTS_AT_ONCE // n_samples)):
            x = images[rows]
            if method == "prior":
                yield prior_weights(x, z, decode, variance, chunk_size)
            else:
                top = self._task.settled(x)[self._task.top]
                # seeds of their own, so that images do not depend on others
                rngs = [np.random.RandomState([seed, rows.start + i]) for i in range(len(x))]
                yield importance_weights(
                    x, top, self.mixture_, decode, variance, n_samples, rngs, chunk_size
                )

    def _check_prior(self):
        check_is_fitted(self, "parameters_")
        fitted = ("mixture_", "noise_variance_")[: 1 + (self.output == "gaussian")]
        if not all(hasattr(self, name) for name in fitted):
            raise NotFittedError(
                "the prior of the latents is not fitted yet: call fit or fit_prior"
            )

    # --- files

    def _expected_arrays(self, shapes, history):
        expected = super()._expected_arrays(shapes, history)
        if within("mixture", shapes):
            expected.update(expected_arrays("mixture", self._n_columns))
            if self.output == "gaussian":
                expected["noise_variance"] = Array(())
        return expected

    def _arrays(self):
        arrays = super()._arrays()
        if hasattr(self, "mixture_"):
            arrays.update(arrays_of(self.mixture_, "mixture"))
        if hasattr(self, "noise_variance_"):
            arrays["noise_variance"] = np.array(self.noise_variance_)
        return arrays

    def _take_up(self, arrays):
        super()._take_up(arrays)
        mixture = within("mixture", arrays)
        if mixture:
            self.mixture_ = mixture_of(mixture)
            if self.output == "gaussian":
                self.noise_variance_ = float(arrays["noise_variance"])
                if self.noise_variance_ <= 0:
                    raise ValueError("noise_variance must be above 0")
