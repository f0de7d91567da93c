"""Transforms of each kind and size give the numbers of nengo.Simulator."""

import nengo
import numpy as np
import pytest

RNG = np.random.RandomState(0)
CONVOLUTIONS = {
    "1-D": ((7, 2), {"n_filters": 3, "kernel_size": (3,)}),
    "1-D, same, strided": ((8, 2), {"n_filters": 3, "kernel_size": (3,), "padding": "same"}),
    "2-D": ((5, 6, 2), {"n_filters": 4, "kernel_size": (2, 3), "strides": (2, 1)}),
    "2-D, same": ((5, 6, 2), {"n_filters": 4, "strides": (3, 2), "padding": "same"}),
    "2-D, channels first": ((2, 5, 6), {"n_filters": 4, "channels_last": False}),
    "2-D, groups": ((5, 6, 4), {"n_filters": 6, "groups": 2}),
}
TRANSPOSED = {
    "1-D": ((4, 2), {"n_filters": 3, "kernel_size": (3,), "strides": (2,)}),
    "2-D": ((3, 4, 2), {"n_filters": 3, "strides": (2, 3)}),
    "2-D, same": ((3, 4, 2), {"n_filters": 3, "strides": (2, 1), "padding": "same"}),
    "2-D, channels first": ((2, 3, 4), {"n_filters": 3, "channels_last": False}),
}


def _convolutions():
    for cls, cases in (
        (nengo.Convolution, CONVOLUTIONS),
        (nengo.ConvolutionTranspose, TRANSPOSED),
    ):
        for label, (shape, options) in cases.items():
            dimensions = len(shape) - 1
            options = {
                "kernel_size": (3,) * dimensions,
                "strides": (1,) * dimensions,
                **options,
            }
            last = options.get("channels_last", True)
            shape = nengo.transforms.ChannelShape(shape, channels_last=last)
            yield f"{cls.__name__} {label}", cls(input_shape=shape, **options)


def test_convolutions(same):
    with nengo.Network(seed=0) as net:
        for label, transform in _convolutions():
            size = transform.size_in
            source = nengo.Node(nengo.processes.WhiteNoise(seed=1), size_out=size)
            target = nengo.Node(size_in=transform.size_out)
            nengo.Connection(source, target, transform=transform, synapse=None)
            nengo.Probe(target, label=label)
    same(net, 4)


@pytest.mark.parametrize("cls", [nengo.Convolution, nengo.ConvolutionTranspose])
def test_convolutions_in_three_dimensions(cls, compiled):
    """Which nengo.Simulator does not have."""
    strides, kernel, x = (
        (1, 2, 1),
        RNG.normal(size=(2, 2, 3, 2, 4)),
        RNG.normal(size=(3, 4, 4, 2)),
    )
    options = {"kernel_size": (2, 2, 3), "strides": strides, "init": kernel}
    transform = cls(4, input_shape=x.shape, **options)
    with nengo.Network() as net:
        target = nengo.Node(size_in=transform.size_out)
        nengo.Connection(nengo.Node(x.ravel()), target, transform=transform, synapse=None)
        probe = nengo.Probe(target)
    sim = compiled(net)
    sim.run_steps(1)
    expected = np.zeros(transform.output_shape.shape)
    for tap in np.ndindex(2, 2, 3):
        if cls is nengo.Convolution:  # out[i] += x[i * stride + tap] @ K[tap]
            where = _strided(tap, expected.shape[:3], strides)
            expected += x[where] @ kernel[tap]
        else:  # out[i * stride + tap] += x[i] @ K[tap]
            expected[_strided(tap, x.shape[:3], strides)] += x @ kernel[tap]
    np.testing.assert_allclose(sim.data[probe][0], expected.ravel(), atol=1e-12)


def _strided(tap, sizes, strides):
    return tuple(slice(k, k + n * s, s) for k, n, s in zip(tap, sizes, strides))


def test_other_transforms(same):
    sparse = nengo.Sparse((4, 3), [(0, 1), (2, 0), (2, 2)], [0.5, -2, 1])
    empty_rows = nengo.Sparse((3, 3), [(1, 1)], [3.0])
    transforms = {
        "scalar": (2.5, 3),
        "diagonal": ([1, 2, 3], 3),
        "dense": (RNG.normal(size=(4, 3)), 4),
        "one row": (RNG.normal(size=(1, 3)), 1),
        "sparse": (sparse, 4),
        "empty rows": (empty_rows, 3),
        "none": (nengo.transforms.NoTransform(3), 3),
    }
    with nengo.Network(seed=0) as net:
        source = nengo.Node(lambda t: [t, 1 - t, np.sin(200 * t)])
        for label, (transform, size) in transforms.items():
            target = nengo.Node(size_in=size)
            nengo.Connection(source, target, transform=transform, synapse=None)
            nengo.Probe(target, label=label)
    same(net, 5)


def test_many_small_ensembles_are_merged(compiled):
    """Merged or not, the numbers are those of nengo.Simulator."""
    with nengo.Network(seed=0) as net:
        source = nengo.Node(nengo.processes.WhiteSignal(0.1, 50, seed=1), size_out=4)
        array = nengo.networks.EnsembleArray(10, 4)
        product = nengo.networks.CircularConvolution(10, 2)
        nengo.Connection(source, array.input)
        nengo.Connection(array.output[:2], product.input_a)
        nengo.Connection(array.output[2:], product.input_b)
        nengo.Probe(array.output, synapse=0.01)
        nengo.Probe(product.output)
    with nengo.Simulator(net, progress_bar=False) as reference:
        reference.run_steps(30)
    n_operators = []
    for optimize, minibatch_size in ((True, 1), (True, 3), (False, 1)):
        sim = compiled(net, optimize=optimize, minibatch_size=minibatch_size)
        n_operators.append(len(sim.model.operators))
        sim.run_steps(30)
        for probe in net.probes:
            for values in sim.data[probe]:
                np.testing.assert_allclose(values, reference.data[probe], atol=1e-9)
    assert n_operators[0] == n_operators[1] < n_operators[2] / 3
