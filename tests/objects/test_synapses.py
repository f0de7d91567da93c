"""A delay is as long as it says, for each value of a vector."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_ngc.objects import Delay


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_delay(steps):
    with nengo.Network() as model:
        source = nengo.Node(lambda t: [round(1000 * t), -round(1000 * t)])
        out = nengo.Node(size_in=2)
        nengo.Connection(source, out, synapse=Delay(steps))
        probe = nengo.Probe(out)
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(12)
        first = sim.data[probe].copy()
        sim.reset()
        sim.run_steps(12)
    expected = np.maximum(np.arange(1, 13) - steps, 0)
    np.testing.assert_array_equal(first, np.stack([expected, -expected], axis=1))
    np.testing.assert_array_equal(sim.data[probe], first)


def test_no_delay_of_nothing():
    with pytest.raises(ValidationError, match="steps"):
        Delay(0)
