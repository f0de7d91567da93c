"""What is left of models that nobody uses any more."""

import gc
from weakref import ref

import pytest

from .small import X, labels, make, output


def networks_of_a_model(name):
    """Weak references to all networks that a model has learned with and used."""
    model = make(name).fit(X, *labels(name))
    output(model)
    return [ref(session.net) for session in model._task._sessions.values()]


@pytest.mark.parametrize("name", ["NGCModel", "PFFClassifier", "RuleClassifier"])
def test_networks_are_freed_with_their_model(name):
    networks = networks_of_a_model(name)
    for _ in range(2):  # simulators close themselves in the first round
        gc.collect()
    assert networks and not any(network() for network in networks)
