"""Random networks give the same numbers on nengo.Simulator and on ngc.dl.Simulator."""

import nengo
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import nengo_ngc as ngc

from .conftest import needs_dl
from .random_networks import build, scripts

PIECES = st.lists(st.integers(1, 9), min_size=1, max_size=3)  # timesteps of each run_steps


@needs_dl
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(scripts(), st.sampled_from([None, 1, 3]), PIECES)
def test_same_numbers_on_both_simulators(script, minibatch_size, pieces):
    assert_same_numbers(script, minibatch_size, pieces)


def assert_same_numbers(script, minibatch_size, pieces):
    """Raise AssertionError unless all probes of a network agree to float32 rounding."""
    import nengo_ngc.dl

    model = build(script)
    with nengo.Simulator(model, progress_bar=False) as reference:
        for n_steps in pieces:
            reference.run_steps(n_steps)
    with ngc.dl.Simulator(model, minibatch_size=minibatch_size, progress_bar=False) as sim:
        for n_steps in pieces:
            sim.run_steps(n_steps)
    for probe in model.probes:
        expected, actual = reference.data[probe], sim.data[probe]
        if minibatch_size is not None:
            assert len(actual) == minibatch_size
            expected = np.broadcast_to(expected, (minibatch_size, *expected.shape))
        if expected.size == actual.size == 0:  # ended before the first sample
            continue
        assert actual.shape == expected.shape, probe
        size = np.abs(expected).max(initial=1)
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-4 * size, err_msg=str(probe))
