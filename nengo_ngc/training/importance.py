r"""Importance sampling of latent states, whose prior is a mixture of Gaussians.

A sample consists of a component k of the mixture and a state z. The proposal for an image x is

.. math:: q(k, z \mid x) = \alpha\, p(k)\, p(z \mid k)
    + (1 - \alpha)\, r_k(x)\, \mathcal{N}(z; m_k(x), C_k(x))

The second part imitates the posterior p(k, z given x). Within each component, it is the
Gaussian that the posterior would be if the prediction :math:`\mu(z)` of the pixels were
linear and their noise Gaussian:

.. math:: C_k^{-1} = \Sigma_k^{-1} + J^\top N^{-1} J

where J are the slopes of :math:`\mu` and N are the variances of the pixels, both at
:math:`m_k`, which a few Gauss-Newton steps have brought to the maximum of
:math:`p(x \mid z)\, p(z \mid k)`. The probability :math:`r_k` is proportional to the integral
of this product (Laplace's approximation, Bishop 2006, section 4.4). The first part is there
because no weight can then be above :math:`\max_z p(x \mid z) / \alpha`.

Slopes are measured over a distance of one standard deviation of the prior to either side. At
kinks, such as that of rectified linear units at 0, they are the mean slopes that samples meet,
and units of any type have them. A proposal need not be exact: whatever it is, the mean of the
weights is p(x).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture
from sklearn.utils import gen_batches

from ..metrics import pairwise_log_likelihood
from .gaussian import Gaussian

_FROM_PRIOR = 0.05  # the proportion alpha
_N_COMPONENTS = 3  # whose posterior is imitated for each image
_N_STEPS = 2
_STEP_SIZES = np.append(0.5 ** np.arange(6), 0.0)[:, None]  # the best of them is taken
_SMALLEST_VARIANCE = 1e-7  # of a Bernoulli pixel

Predict = Callable[[NDArray], NDArray]


@dataclass(frozen=True)
class Component:
    """A component of the prior.

    Parameters
    ----------
    log_weight : float
        The logarithm of its probability.
    density : Gaussian
    spread : (d,) array
        Standard deviations.
    """

    log_weight: float
    density: Gaussian
    spread: NDArray

    def log_joint(self, z: NDArray) -> NDArray:
        """The logarithm of the weighted density of each row of z, (n,)."""
        return self.log_weight + self.density.log_density(z)


def components_of(mixture: GaussianMixture) -> list[Component]:
    """The components of a fitted mixture that have a probability above 0."""
    spreads = np.sqrt(np.diagonal(mixture.covariances_, axis1=1, axis2=2))
    parts = zip(mixture.weights_, mixture.means_, mixture.precisions_cholesky_, spreads)
    return [
        Component(float(np.log(weight)), Gaussian(mean, factor), spread)
        for weight, mean, factor, spread in parts
        if weight > 0
    ]


class Proposal:
    """The proposal for one image, and the weights of samples that are drawn from it.

    Parameters
    ----------
    x : (n_pixels,) array
    z : (d,) array
        The state from which the search for modes begins.
    components : list of Component
        The prior.
    predict : callable
        Turns states, (n, d), into means of the pixels, (n, n_pixels).
    variance : float or None
        The variance of Gaussian pixels. None: pixels are Bernoulli.

    Attributes
    ----------
    modes : dict of {int: Gaussian}
        The posteriors within some components, by the numbers of the components.
    log_shares : dict of {int: float}
        The logarithms of :math:`r_k`.
    """

    def __init__(
        self,
        x: NDArray,
        z: NDArray,
        components: list[Component],
        predict: Predict,
        variance: float | None,
    ) -> None:
        self._x, self._components = x, components
        self._predict, self._variance = predict, variance
        near = np.argsort([-component.log_joint(z[None])[0] for component in components])
        self.modes = {k: self._mode(components[k], z) for k in near[:_N_COMPONENTS]}
        found = np.array([self._log_integral(k) for k in self.modes])
        self.log_shares = dict(zip(self.modes, found - logsumexp(found)))

    # --- the posterior within one component

    def _mode(self, component, z):
        prior = component.density
        for _ in range(_N_STEPS):
            gradient, precision = self._slope(component, z)
            tried = z + _STEP_SIZES * np.linalg.solve(precision, gradient)
            z = tried[np.argmax(self.log_likelihood(tried) + prior.log_density(tried))]
        return Gaussian.of_precision(z, self._slope(component, z)[1])

    def _slope(self, component, z):
        """Gradient of the log posterior at z, and its negative second derivative."""
        prior, d = component.density, np.diag(component.spread)
        # the proposal needs no more precision, and this takes half the time
        shown = np.vstack([z, z + d, z - d]).astype(np.float32)
        mu, above, below = np.split(self._predict(shown), [1, len(z) + 1])
        slopes = (above - below) / (2 * component.spread[:, None]).astype(np.float32)
        weighted = slopes / self._noise(mu[0])
        gradient = weighted @ (self._x - mu[0]) - prior.precision @ (z - prior.mean)
        return gradient, prior.precision + weighted @ slopes.T

    def _noise(self, mu):
        if self._variance is not None:
            return self._variance
        return np.maximum(mu * (1 - mu), _SMALLEST_VARIANCE)

    def _log_integral(self, k):
        z = self.modes[k].mean[None]
        joint = self._components[k].log_joint(z) + self.log_likelihood(z)
        return (joint - self.modes[k].log_density(z))[0]

    # --- samples

    def log_likelihood(self, z: NDArray) -> NDArray:
        """log p(x given z) of each row of z, (n,)."""
        return pairwise_log_likelihood(self._x[None], self._predict(z), self._variance)[0]

    def draw(self, n_samples: int, rng: np.random.RandomState) -> tuple[NDArray, NDArray]:
        """Samples in random order: their components, (n_samples,), and states z."""
        prior = np.exp([component.log_weight for component in self._components])
        prior *= _FROM_PRIOR / prior.sum()
        modes = (1 - _FROM_PRIOR) * np.exp([*self.log_shares.values()])
        sources = [*enumerate(c.density for c in self._components), *self.modes.items()]
        n_each = rng.multinomial(n_samples, np.append(prior, modes))
        z = np.concatenate([s.draw(n, rng) for (_, s), n in zip(sources, n_each) if n])
        order = rng.permutation(n_samples)
        return np.repeat([k for k, _ in sources], n_each)[order], z[order]

    def log_weights(self, which: NDArray, z: NDArray, chunk_size: int) -> NDArray:
        """The logarithms of p(x, k, z) / q(k, z given x) of samples.

        Parameters
        ----------
        which, z
            What ``draw`` returns.
        chunk_size : int
            Samples whose predictions are held in memory at once.

        Returns
        -------
        (n_samples,) array
        """
        log_ratio = np.empty(len(z))
        for k in np.unique(which):
            rows = which == k
            log_ratio[rows] = self._log_ratio(k, z[rows])
        chunks = gen_batches(len(z), chunk_size)
        log_p = np.concatenate([self.log_likelihood(z[rows]) for rows in chunks])
        return log_p + log_ratio

    def _log_ratio(self, k, z):
        """The logarithms of p(k, z) / q(k, z given x)."""
        log_prior = self._components[k].log_joint(z)
        log_q = np.log(_FROM_PRIOR) + log_prior
        if k in self.modes:
            of_mode = self.log_shares[k] + self.modes[k].log_density(z)
            log_q = np.logaddexp(log_q, np.log1p(-_FROM_PRIOR) + of_mode)
        return log_prior - log_q


def prior_weights(
    X: NDArray, z: NDArray, predict: Predict, variance: float | None, chunk_size: int
) -> NDArray:
    """Log weights of samples z from the prior, for all of some images.

    Parameters
    ----------
    X : (n, n_pixels) array
    z : (n_samples, d) array
    predict, variance
        As for `Proposal`.
    chunk_size : int
        Samples whose predictions are held in memory at once.

    Returns
    -------
    (n, n_samples) array
    """
    chunks = gen_batches(len(z), chunk_size)
    found = [pairwise_log_likelihood(X, predict(z[rows]), variance) for rows in chunks]
    return np.concatenate(found, axis=1)


def importance_weights(
    X: NDArray,
    Z: NDArray,
    mixture: GaussianMixture,
    predict: Predict,
    variance: float | None,
    n_samples: int,
    rngs: Sequence[np.random.RandomState],
    chunk_size: int,
) -> NDArray:
    """Log weights of samples that are drawn for each image from its `Proposal`.

    Parameters
    ----------
    X : (n, n_pixels) array
    Z : (n, d) array
        States from which the search for the modes of each image begins.
    mixture : GaussianMixture
        The prior.
    predict, variance
        As for `Proposal`.
    n_samples : int
        Samples for each image.
    rngs : sequence of RandomState
        One for each image.
    chunk_size : int
        Samples whose predictions are held in memory at once.

    Returns
    -------
    (n, n_samples) array
    """
    components, weights = components_of(mixture), []
    for x, z, rng in zip(X.astype(float), Z.astype(float), rngs):
        proposal = Proposal(x, z, components, predict, variance)
        drawn = proposal.draw(n_samples, rng)
        weights.append(proposal.log_weights(*drawn, chunk_size))
    return np.array(weights)
