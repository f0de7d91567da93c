"""Estimators are tested on a backend that is registered from outside the package, too."""

import nengo
import pytest

from nengo_ngc import backends
from nengo_ngc.backends.nengo import NengoSession

from ..conftest import BACKENDS
from .trainer_by_hand import BY_HAND


class PlainSession(NengoSession):
    """Nengo's simulator as a user would bring it, with a session of its own class."""

    def _simulator(self):
        return nengo.Simulator(self.model, optimize=False, progress_bar=False)


@pytest.fixture(autouse=True)
def plain():
    """The backend "plain", for as long as a test runs."""
    backends.register(backends.Backend("plain", PlainSession))
    yield
    backends.unregister("plain")


@pytest.fixture(autouse=True)
def by_hand():
    """The backend "by-hand", for as long as a test runs."""
    backends.register(BY_HAND)
    yield
    backends.unregister(BY_HAND.name)


@pytest.fixture(params=[*BACKENDS, "plain"])
def backend(request, plain):
    """Each simulator in turn, and the one from outside."""
    return request.param
