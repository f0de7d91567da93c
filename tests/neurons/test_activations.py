"""Activations of deep learning, and their derivatives."""

import numpy as np
import pytest
from nengo.exceptions import ValidationError
from scipy.stats import norm

from nengo_ngc.namespace import NUMPY
from nengo_ngc.neurons import GELU, HardTanh, LeakyRectifiedLinear, derivative

from ..conftest import needs_jax

J = np.linspace(-4, 4, 81)  # both sides of all kinks, and none of them
J = J[(J != 0) & (np.abs(J) != 1)]


@needs_jax
@pytest.mark.parametrize(
    "neurons, name, kinks",
    [
        (LeakyRectifiedLinear(), "leaky_relu", [0.0]),
        (GELU(), "gelu", []),
        (HardTanh(), "hard_tanh", [-1.0, 1.0]),
    ],
)
def test_as_jax(neurons, name, kinks):
    import jax

    function = getattr(jax.nn, name)
    np.testing.assert_allclose(neurons.activity(NUMPY, J), function(J), atol=1e-6)
    found = derivative(neurons)(NUMPY, J)
    np.testing.assert_allclose(found, jax.vmap(jax.grad(function))(J), atol=2e-6)
    at_kinks = np.array([*kinks, 0.5])
    slopes = derivative(neurons)(NUMPY, at_kinks)
    np.testing.assert_array_equal(slopes[:-1], np.ones(len(kinks)))
    assert np.all(np.isfinite(derivative(neurons)(NUMPY, np.array([-80.0, 80.0]))))


def test_gelu_is_close_to_its_definition():
    difference = np.abs(GELU().activity(NUMPY, J) - J * norm.cdf(J))
    assert 1e-5 < difference.max() < 5e-4


def test_slope():
    leaky = LeakyRectifiedLinear(slope=0.2)
    np.testing.assert_allclose(leaky.activity(NUMPY, np.array([-2.0, 3.0])), [-0.4, 3])
    np.testing.assert_allclose(derivative(leaky)(NUMPY, np.array([-2.0, 3.0])), [0.2, 1])
    with pytest.raises(ValidationError, match="slope"):
        LeakyRectifiedLinear(slope=-0.1)
