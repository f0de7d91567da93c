"""What transforms can be used for."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_ngc as ngc
from nengo_ngc.objects import AtStart, Transposed


@pytest.fixture
def objects():
    with nengo.Network():
        yield nengo.Node([0.3, 0.4]), nengo.Ensemble(5, 2), nengo.Node(size_in=2)


@pytest.mark.parametrize(
    "transform",
    [2.0, [2.0, 3.0], nengo.transforms.NoTransform(2), nengo.Sparse((2, 2), [[0, 1]], [1.0])],
    ids=["number", "diagonal", "none", "sparse"],
)
def test_there_is_nothing_to_transpose_but_a_matrix_or_a_kernel(objects, transform):
    u, _, out = objects
    other = nengo.Connection(u, out, transform=transform)
    with pytest.raises(ValidationError, match="connection: must be one with a matrix"):
        Transposed(other)


def test_decoded_connections_have_no_transpose(objects):
    _, ensemble, out = objects
    decoded = nengo.Connection(ensemble, out, transform=np.eye(2))
    with pytest.raises(ValidationError, match="connection: .* not from an ensemble"):
        Transposed(decoded)
    ensemble.neuron_type = nengo.Direct()
    assert Transposed(decoded).size_in == 2


@pytest.mark.parametrize("kind", ["transposed", "at start"])
def test_decoders_are_not_lost(kind):
    with nengo.Network() as model:
        ensemble, out = nengo.Ensemble(5, 2), nengo.Node(size_in=2)
        transform = AtStart((2, 2), np.eye(2), ngc.Schedule(3))
        if kind == "transposed":
            weights = nengo.Connection(nengo.Node([1.0, 1.0]), out, transform=np.eye(2))
            transform = Transposed(weights)
        nengo.Connection(ensemble, out, transform=transform)
    with pytest.raises(BuildError, match="cannot be the transform of a connection from an"):
        nengo.Simulator(model, progress_bar=False)
