"""Models of Nengo run on nengo.Simulator and, compiled, in float64."""

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc

from ...conftest import needs_jax


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "lowering":
            item.add_marker(needs_jax)


@pytest.fixture
def compiled():
    """Makes a simulator in float64; it is closed at the end."""
    made = []

    def make(*args, **kwargs):
        options = {"progress_bar": False, "dtype": "float64", "seed": 1, **kwargs}
        made.append(ngc.jax.Simulator(*args, **options))
        return made[-1]

    yield make
    for sim in made:
        sim.close()


@pytest.fixture
def same(compiled):
    """Asserts that all probes of a network agree to rounding; returns the compiled data."""

    def check(network, n_steps=60, atol=1e-9, **options):
        sim = compiled(network, **options)
        with nengo.Simulator(network, progress_bar=False, seed=1, optimize=False) as reference:
            for n in (1, n_steps - 1):  # a second run goes on from the first
                reference.run_steps(n)
                sim.run_steps(n)
        for probe in network.all_probes:
            expected, actual = np.asarray(reference.data[probe]), sim.data[probe]
            assert np.any(expected != 0), probe.label
            scale = np.abs(expected).max()
            np.testing.assert_allclose(actual, expected, 0, atol * scale, err_msg=probe.label)
        return sim

    return check
