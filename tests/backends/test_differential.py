"""Random networks give the same numbers on nengo.Simulator as on those of minibatches."""

import nengo
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ..conftest import needs_dl, needs_jax, simulator
from .random_networks import build, scripts

PIECES = st.lists(st.integers(1, 9), min_size=1, max_size=3)  # timesteps of each run_steps


SETTINGS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # which asks how busy the machine is
    phases=[Phase.generate],  # `python -m benchmarks.differential` looks for a small example
)
NETWORKS = given(scripts(), st.sampled_from([None, 1, 3]), PIECES)


@needs_dl
@settings(SETTINGS, max_examples=12)
@NETWORKS
def test_same_numbers_on_nengo_dl(script, minibatch_size, pieces):
    assert_same_numbers("nengo-dl", script, minibatch_size, pieces)


@needs_jax
@pytest.mark.slow
@settings(SETTINGS, max_examples=15)  # each is compiled
@NETWORKS
def test_same_numbers_on_jax(script, minibatch_size, pieces):
    assert_same_numbers("jax", script, minibatch_size, pieces)


def assert_same_numbers(backend, script, minibatch_size, pieces):
    """Raise AssertionError unless all probes of a network agree, to rounding in float32."""
    model = build(script)
    reference = nengo.Simulator(model, progress_bar=False)
    sim = simulator(backend, model, minibatch_size)
    with reference, sim:
        for n_steps in pieces:
            reference.run_steps(n_steps)
            sim.run_steps(n_steps)
    for probe in model.probes:
        expected, actual = np.asarray(reference.data[probe]), sim.data[probe]
        if expected.size == 0:  # nothing has been sampled yet
            assert actual.size == 0
            continue
        samples = actual if minibatch_size else actual[None]
        # weights that do not learn are there once for all samples
        assert len(samples) in (1, minibatch_size or 1)
        atol = 1e-4 * np.abs(expected).max(initial=1)
        for sample in samples:
            values = sample.reshape(expected.shape)  # NengoDL gives a scalar weight an axis
            np.testing.assert_allclose(values, expected, 1e-3, atol, err_msg=str(probe))
