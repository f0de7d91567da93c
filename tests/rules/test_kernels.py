"""Learning rules on convolutions: patches, kernels, and what comes back through them."""

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_ngc as ngc
from nengo_ngc.namespace import NUMPY
from nengo_ngc.objects import Transposed
from nengo_ngc.program.operators import PureOperator
from nengo_ngc.rules.forms import KernelForm
from nengo_ngc.rules.patches import Patches

from ..conftest import needs_jax, simulator

# image, filters, kernel, strides, padding, groups, channels last
CONVOLUTIONS = {
    "plain": ((5, 6, 2), 4, (3, 2), (1, 1), "valid", 1, True),
    "strides": ((7, 6, 2), 4, (3, 3), (2, 3), "same", 1, True),
    "channels first": ((2, 7, 6), 4, (3, 3), (2, 1), "same", 1, False),
    "groups": ((5, 5, 4), 6, (2, 3), (1, 2), "valid", 2, True),
    "groups, channels first": ((4, 5, 5), 2, (2, 2), (2, 2), "same", 2, False),
    "one axis": ((9, 3), 2, (4,), (2,), "same", 1, True),
    "one pixel": ((1, 1, 3), 4, (1, 1), (1, 1), "valid", 1, True),
}


@pytest.fixture(params=CONVOLUTIONS)
def convolution(request):
    shape, n, kernel, strides, padding, groups, last = CONVOLUTIONS[request.param]
    return nengo.Convolution(n, shape, kernel, strides, padding, last, groups=groups)


def turned(convolution):
    """The transpose of a convolution as Nengo has it; it knows no groups."""
    if convolution.groups > 1:
        pytest.skip("Nengo's transposed convolution has no groups")
    return nengo.ConvolutionTranspose(
        convolution.input_shape.n_channels,
        convolution.output_shape,
        convolution.input_shape,
        convolution.kernel_size,
        convolution.strides,
        convolution.padding,
        convolution.channels_last,
    )


def pairs(convolution):
    """Index of the kernel, of the flat image and of the flat grid, of all that is multiplied.

    By a loop over places and pixels, as a definition reads.
    """
    image, grid = convolution.input_shape, convolution.output_shape
    before = []
    for n, k, s, m in zip(
        image.spatial_shape,
        convolution.kernel_size,
        convolution.strides,
        grid.spatial_shape,
    ):
        zeros = 0 if convolution.padding == "valid" else max((m - 1) * s + k - n, 0)
        before.append(zeros // 2)

    def flat(shape, place, channel):
        where = (*place, channel) if convolution.channels_last else (channel, *place)
        return np.ravel_multi_index(where, shape.shape)

    per_in = image.n_channels // convolution.groups
    per_out = grid.n_channels // convolution.groups
    for place in itertools.product(*map(range, grid.spatial_shape)):
        for pixel in itertools.product(*map(range, convolution.kernel_size)):
            seen = [
                p * s + k - b for p, s, k, b in zip(place, convolution.strides, pixel, before)
            ]
            if not all(0 <= x < n for x, n in zip(seen, image.spatial_shape)):
                continue
            for c, f in itertools.product(range(per_in), range(grid.n_channels)):
                channel = c + f // per_out * per_in
                yield (*pixel, c, f), flat(image, seen, channel), flat(grid, place, f)


def as_matrix(convolution, kernel):
    """The convolution as a dense matrix, (size_out, size_in)."""
    W = np.zeros((convolution.size_out, convolution.size_in))
    for k, i, g in pairs(convolution):
        W[g, i] += kernel[k]
    return W


def kernel_update(convolution, y, x):
    """What outer products of y and x, (b, n), are as a change of the kernel."""
    found = np.zeros(convolution.kernel_shape)
    for k, i, g in pairs(convolution):
        found[k] += np.sum(y[:, g] * x[:, i])
    return found


def random(*shape, seed=0):
    return np.random.RandomState(seed).uniform(-1, 1, shape)


# --- patches and forms


def test_patches_multiply_as_a_matrix_does(convolution):
    form, kernel = KernelForm(convolution), random(*convolution.kernel_shape)
    W = as_matrix(convolution, kernel)
    x, y = random(3, convolution.size_in), random(3, convolution.size_out, seed=1)
    shown = nengo.Network(seed=0)
    with shown:
        node = nengo.Node(x[0])
        out = nengo.Node(size_in=convolution.size_out)
        fixed = nengo.Convolution(
            convolution.n_filters,
            convolution.input_shape,
            convolution.kernel_size,
            convolution.strides,
            convolution.padding,
            convolution.channels_last,
            init=kernel,
            groups=convolution.groups,
        )
        nengo.Connection(node, out, transform=fixed, synapse=None)
        probe = nengo.Probe(out)
    with nengo.Simulator(shown, progress_bar=False) as sim:
        sim.run_steps(1)
    np.testing.assert_allclose(sim.data[probe][0], W @ x[0], atol=1e-12)
    np.testing.assert_allclose(form.back(NUMPY, y, kernel), y @ W, atol=1e-12)

    patches, M = form.pre(NUMPY, x), form.matrix(NUMPY, kernel)
    parts = form.parts(NUMPY, patches, form.post(NUMPY, y), None, M)
    made = np.concatenate([pre @ part.T for pre, _, _, part in parts], axis=1)
    np.testing.assert_allclose(made, form.post(NUMPY, x @ W.T), atol=1e-12)
    np.testing.assert_array_equal(form.weights(NUMPY, M), kernel)
    assert form.shape == M.shape


def test_the_transpose_of_a_convolution_multiplies_as_its_matrix_does(convolution):
    transposed = turned(convolution)
    kernel = random(*transposed.kernel_shape)
    form = KernelForm(transposed)
    space = range(len(convolution.kernel_size))
    W = as_matrix(convolution, np.transpose(kernel, (*space, kernel.ndim - 1, len(space)))).T
    y, x = random(3, transposed.size_out), random(3, transposed.size_in, seed=1)
    np.testing.assert_allclose(form.back(NUMPY, y, kernel), y @ W, atol=1e-12)
    M = form.matrix(NUMPY, kernel)
    np.testing.assert_array_equal(form.weights(NUMPY, M), kernel)
    # each place adds its patch to the image
    made = form.pre(NUMPY, x) @ M.T
    parts = made.reshape(3, form.n_places, -1, transposed.n_filters)
    whole = np.zeros((3, *transposed.output_shape.spatial_shape, transposed.n_filters))
    patches = form._patches
    for place, where in enumerate(itertools.product(*map(range, patches.grid))):
        for pixel, offset in enumerate(np.ndindex(*patches.kernel)):
            at = [
                p * s + k - b
                for p, s, k, b in zip(where, patches.strides, offset, patches.before)
            ]
            if all(0 <= a < n for a, n in zip(at, patches.image)):
                whole[(slice(None), *at)] += parts[:, place, pixel]
    if not transposed.channels_last:
        whole = np.moveaxis(whole, -1, 1)
    np.testing.assert_allclose(whole.reshape(3, -1), x @ W.T, atol=1e-12)


@needs_jax
def test_gathering_and_spreading_are_each_others_gradients(convolution):
    import jax

    from nengo_ngc.backends.jax.namespace import jax_namespace

    xp = jax_namespace()
    spaces = (s.spatial_shape for s in (convolution.input_shape, convolution.output_shape))
    patches = Patches.of(convolution, *spaces)
    kernel = random(*convolution.kernel_shape).astype(np.float32)
    x = random(2, *patches.image, convolution.input_shape.n_channels).astype(np.float32)
    y, back = jax.vjp(lambda x: patches.gather(xp, x, kernel), x)
    e = random(*y.shape, seed=1).astype(np.float32)
    spread = patches.spread(NUMPY, e, patches.turned(NUMPY, kernel))
    np.testing.assert_allclose(back(e)[0], spread, atol=1e-5)


# --- what rules learn


RATE = 0.5
SHAPE = (6, 5, 2)
DENSE = random(3, 24, seed=9)
TARGET = random(4, 3, seed=10)
X = random(4, 60, seed=11)


def layers():
    first = nengo.Convolution(4, SHAPE, (3, 3), (2, 1), "valid", init=random(3, 3, 2, 4))
    assert first.output_shape.shape == (2, 3, 4)
    kernel = random(2, 2, 4, 6, seed=2)
    second = nengo.Convolution(6, first.output_shape, (2, 2), (1, 1), "same", init=kernel)
    return first, second


class Stack:
    """Two convolutions and a matrix, with squared error, that learn in one timestep.

    The first layer has gains and biases of its own.
    """

    def __init__(self, make_rules, batch=4, **last):
        self.first, self.second = layers()
        self.gain = np.repeat([0.5, 1.0, 2.0, 1.5], 6).reshape(4, 6).T.ravel()
        n_first, n_second = self.first.size_out, self.second.size_out
        self.bias = random(n_first, seed=3)
        self.dense = random(3, n_second, seed=4)
        sgd = dict(optimizer=ngc.SGD(RATE), schedule=ngc.Schedule(1, batch))
        with nengo.Network(seed=1) as self.model:
            self.film = nengo.Node(lambda t: X[int(round(t / 0.001)) - 1], size_out=60)
            x = self.neurons(60, ngc.neurons.Identity())
            nengo.Connection(self.film, x, synapse=None)
            tanh = nengo.Tanh(tau_ref=1)
            h1 = self.neurons(n_first, tanh, gain=self.gain, bias=self.bias)
            h2 = self.neurons(n_second, tanh)
            output, error = nengo.Node(size_in=3), nengo.Node(size_in=3)
            self.c3 = nengo.Connection(h2, output, transform=self.dense, synapse=None)
            nengo.Connection(output, error, synapse=None)
            self.target = nengo.Node(lambda t: -TARGET[int(round(t / 0.001)) - 1], size_out=3)
            nengo.Connection(self.target, error, synapse=None)
            rule1, rule2 = make_rules(self, sgd, h2, output)
            self.c2 = nengo.Connection(
                h1, h2, transform=self.second, synapse=None, learning_rule_type=rule2(self)
            )
            self.c1 = nengo.Connection(
                x, h1, transform=self.first, synapse=None, learning_rule_type=rule1(self)
            )
            nengo.Connection(error, self.c2.learning_rule, synapse=None)
            nengo.Connection(ngc.LayerError(self.c2), self.c1.learning_rule, synapse=None)
        self.h1, self.h2 = h1, h2

    @staticmethod
    def neurons(n, neuron_type, gain=None, bias=None):
        return nengo.Ensemble(
            n,
            1,
            neuron_type=neuron_type,
            gain=np.ones(n) if gain is None else gain,
            bias=np.zeros(n) if bias is None else bias,
        ).neurons

    def learned(self, backend):
        """Changes of both kernels and of both biases, by one batch of four samples."""
        at_once, how, n_steps = 1, {}, 4
        if backend != "nengo":
            at_once, n_steps = 4, 1
            self.film.output, self.target.output = np.zeros(60), np.zeros(3)
            how = {"data": {self.film: X[:, None], self.target: -TARGET[:, None]}}
        with simulator(backend, self.model, at_once) as sim:
            signals = [sim.model.sig[c]["weights"] for c in (self.c1, self.c2)]
            signals += [sim.model.sig[h]["bias"] for h in (self.h1, self.h2)]
            before = [np.array(sim.signals[s]) for s in signals]
            sim.run_steps(n_steps, **how)
            return [np.array(sim.signals[s]) - old for s, old in zip(signals, before)]


def by_backprop(net, sgd, h2, output):
    return (
        lambda net: ngc.BackProp(net.c2, **sgd),
        lambda net: ngc.BackProp(net.c3, **sgd),
    )


def loop(net, feedback=None, back=None):
    """The changes by loops over places, in NumPy: (kernels, biases of filters)."""
    W1, W2 = (as_matrix(c, c.init) for c in (net.first, net.second))
    h1 = np.tanh(X @ W1.T * net.gain + net.bias)
    h2 = np.tanh(h1 @ W2.T)
    e = h2 @ net.dense.T - TARGET
    d2 = (1 - h2**2) * (e @ net.dense if feedback is None else e @ feedback.T)
    d1 = (1 - h1**2) * (d2 @ (W2 if back is None else back))
    of_filters = [
        np.tile(d.reshape(4, -1, n).sum(axis=(0, 1)), d.shape[1] // n)
        for d, n in ((d1, 4), (d2, 6))
    ]
    changes = [
        kernel_update(net.first, d1 * net.gain, X),
        kernel_update(net.second, d2, h1),
        *of_filters,
    ]
    return [-RATE / 4 * change for change in changes]


def test_backprop_is_a_loop_over_places(backend):
    net = Stack(by_backprop)
    for found, expected in zip(net.learned(backend), loop(net)):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@needs_jax
def test_backprop_is_automatic_differentiation():
    import jax
    import jax.numpy as jnp

    def convolved(x, kernel, conv):
        x = x.reshape(4, *conv.input_shape.shape)
        how = {"dimension_numbers": ("NHWC", "HWIO", "NHWC")}
        strides, padding = conv.strides, conv.padding.upper()
        return jax.lax.conv_general_dilated(x, kernel, strides, padding, **how)

    net = Stack(by_backprop)

    def loss(kernels, biases):
        h = jnp.tanh(convolved(X, kernels[0], net.first).reshape(4, -1) * net.gain + biases[0])
        h = jnp.tanh(convolved(h, kernels[1], net.second).reshape(4, -1) + biases[1])
        return 0.5 * jnp.sum((h @ net.dense.T - TARGET) ** 2) / 4

    kernels = [net.first.init, net.second.init]
    found = net.learned("jax")
    gradients = jax.grad(loss)(kernels, [net.bias, np.zeros(net.second.size_out)])
    for change, gradient in zip(found, gradients):
        np.testing.assert_allclose(change, -RATE * gradient, atol=1e-5)


def by_alignment(kernel, signs=False):
    """Rules of feedback alignment; back to the first layer through a fixed kernel."""

    def make(net, sgd, h2, output):
        _, second = layers()
        back = nengo.Convolution(6, second.input_shape, (2, 2), (1, 1), "same", init=kernel)
        B = random(net.second.size_out, 3, seed=5)
        return (
            lambda net: ngc.FeedbackAlignment(
                h2, feedback=back, signs=net.c2 if signs else None, **sgd
            ),
            lambda net: ngc.FeedbackAlignment(
                output, feedback=B, signs=net.c3 if signs else None, **sgd
            ),
        )

    return make


@pytest.mark.parametrize("signs", [False, True])
def test_alignment_through_a_kernel_is_a_loop_over_places(backend, signs):
    kernel = random(2, 2, 4, 6, seed=6)
    net = Stack(by_alignment(kernel, signs))
    B = random(net.second.size_out, 3, seed=5)
    back = as_matrix(net.second, kernel)
    if signs:
        B = np.abs(B) * np.sign(net.dense.T)
        back = np.abs(back) * np.sign(as_matrix(net.second, net.second.init))
    for found, expected in zip(net.learned(backend), loop(net, B, back)):
        np.testing.assert_allclose(found, expected, atol=1e-5)


class One:
    """One connection that learns, between 60 and some neurons, from fixed activities."""

    def __init__(self, transform, rule, error=None, n=None):
        n = transform.size_out if n is None else n
        with nengo.Network(seed=1) as self.model:
            node = nengo.Node(X[0])
            x = Stack.neurons(60, ngc.neurons.Identity())
            nengo.Connection(node, x, synapse=None)
            y = Stack.neurons(n, ngc.neurons.Identity())
            self.connection = nengo.Connection(
                x, y, transform=transform, synapse=None, learning_rule_type=rule
            )
            if error is not None:
                nengo.Connection(
                    nengo.Node(error), self.connection.learning_rule, synapse=None
                )

    def learned(self, backend):
        with simulator(backend, self.model) as sim:
            signal = sim.model.sig[self.connection]["weights"]
            before = np.array(sim.signals[signal])
            sim.run_steps(1)
            return np.array(sim.signals[signal]) - before, before


def test_error_driven_kernels(backend):
    convolution = nengo.Convolution(4, (4, 3, 5), (2, 3), (2, 1), "same", False, groups=2)
    error = random(convolution.size_out)
    rule = ngc.ErrorDriven(ngc.SGD(RATE))
    found, _ = One(convolution, rule, error).learned(backend)
    expected = RATE * kernel_update(convolution, error[None], X[:1])
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("last", [True, False])
def test_error_driven_kernels_of_transposed_convolutions(backend, last):
    shape, out = ((3, 4, 5), (6, 7, 2)) if last else ((5, 3, 4), (2, 6, 7))
    how = {"kernel_size": (3, 3), "strides": (2, 2), "padding": "same"}
    transposed = nengo.ConvolutionTranspose(2, shape, out, channels_last=last, **how)
    convolution = nengo.Convolution(5, out, channels_last=last, **how)
    error = random(transposed.size_out)
    found, _ = One(transposed, ngc.ErrorDriven(ngc.SGD(RATE)), error).learned(backend)
    expected = RATE * kernel_update(convolution, X[:1], error[None])
    np.testing.assert_allclose(np.swapaxes(found, -1, -2), expected, atol=1e-5)


class Oja(ngc.LocalRule):
    """Oja's rule."""

    def update(self, xp, pre, post, error, weights):
        growth = xp.einsum("bi,bj->ij", post, pre)
        return growth - xp.sum(post**2, axis=0)[:, None] * weights


@pytest.mark.parametrize("groups", [1, 2])
def test_rules_without_an_error_see_each_patch_as_a_sample(backend, groups):
    convolution = nengo.Convolution(4, SHAPE, (3, 3), (1, 2), groups=groups)
    found, kernel = One(convolution, Oja(ngc.SGD(RATE))).learned(backend)
    expected = np.zeros_like(kernel)
    image = X[0].reshape(SHAPE)
    for row, column in itertools.product(range(4), range(2)):
        patch = image[row : row + 3, 2 * column : 2 * column + 3]
        for f in range(4):
            x = patch[..., f // (4 // groups) :][..., : 2 // groups] if groups > 1 else patch
            y = np.sum(kernel[..., f] * x)
            expected[..., f] += RATE * (y * x - y**2 * kernel[..., f])
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_on_one_pixel_a_kernel_learns_as_a_matrix_does(backend):
    error, kernel = random(4), random(60, 4)
    convolution = nengo.Convolution(4, (1, 1, 60), (1, 1), init=kernel[None, None])
    rule = ngc.Delta(ngc.Adam(0.1), norm_bound=1.0)
    found, _ = One(convolution, rule, error).learned(backend)
    dense, _ = One(nengo.Dense((4, 60), init=kernel.T), rule, error).learned(backend)
    np.testing.assert_allclose(found[0, 0].T, dense, atol=1e-6)


def test_the_transpose_of_a_kernel_that_learns(backend):
    convolution, _ = layers()
    one = One(convolution, ngc.ErrorDriven(ngc.SGD(RATE)), random(24))
    y = random(24, seed=7)
    with one.model:
        out = nengo.Node(size_in=60)
        nengo.Connection(
            nengo.Node(y), out, transform=Transposed(one.connection), synapse=None
        )
        probe = nengo.Probe(out)
    with simulator(backend, one.model) as sim:
        sim.run_steps(2)
        seen = sim.data[probe].reshape(-1, 60)
    kernel = convolution.init + RATE * kernel_update(convolution, random(24)[None], X[:1])
    for row, W in zip(seen, (convolution.init, kernel)):
        np.testing.assert_allclose(row, y @ as_matrix(convolution, W), atol=1e-4)


@pytest.mark.parametrize("last", [True, False])
def test_average_pools(backend, last):
    shape = (5, 4, 3) if last else (3, 5, 4)
    pool = ngc.average_pool(shape, (2, 3), (2, 1), channels_last=last)
    images = X[0].reshape(shape)
    images = images if last else np.moveaxis(images, 0, -1)
    expected = np.array(
        [
            [images[2 * i : 2 * i + 2, j : j + 3].mean(axis=(0, 1)) for j in range(2)]
            for i in range(2)
        ]
    )
    expected = expected if last else np.moveaxis(expected, -1, 0)
    with nengo.Network() as model:
        out = nengo.Node(size_in=12)
        nengo.Connection(nengo.Node(X[0]), out, transform=pool, synapse=None)
        probe = nengo.Probe(out)
    with simulator(backend, model) as sim:
        sim.run_steps(1)
        seen = sim.data[probe].reshape(12)
    np.testing.assert_allclose(seen, expected.ravel(), atol=1e-6)


# --- what does not fit


class Trace(ngc.LocalRule):
    """A rule with a trace of each sample."""

    def memory(self, n_pre, n_post):
        return {"trace": ngc.Memory(n_pre)}


def test_what_cannot_learn_a_kernel_says_so():
    convolution, _ = layers()
    with pytest.raises(BuildError, match="sees many patches of a sample; 'trace'"):
        nengo.Simulator(One(convolution, Trace()).model, progress_bar=False)
    wrong = nengo.Convolution(5, (2, 3, 4), (2, 2), (1, 1), "same")
    with pytest.raises(ValidationError, match=r"must have shape \(24, 36\).*got \(24, 30\)"):
        Stack(
            lambda net, sgd, h2, output: (
                lambda net: ngc.FeedbackAlignment(h2, feedback=wrong),
                by_backprop(net, sgd, h2, output)[1],
            )
        )


@pytest.mark.parametrize("n", [2, 4])
def test_one_error_teaches_the_filters_of_all_groups(n):
    """Such as a reward, of which there is none for each filter."""

    class Rewarded(ngc.LocalRule):
        def update(self, xp, pre, post, error, weights):
            return xp.einsum("bi,bj->ij", error * xp.ones_like(post), pre)

    convolution = nengo.Convolution(4, (3, 3, n), (2, 2), groups=n)
    x = np.random.RandomState(0).rand(9 * n)
    with nengo.Network(seed=0) as model:
        pre, post = nengo.Ensemble(9 * n, 1), nengo.Ensemble(16, 1)
        for ensemble in (pre, post):
            ensemble.neuron_type = nengo.RectifiedLinear()
            ensemble.gain, ensemble.bias = (np.full(ensemble.n_neurons, v) for v in (1, 0))
        nengo.Connection(nengo.Node(x), pre.neurons, synapse=None)
        rule = Rewarded(ngc.SGD(1.0), size_in=1)
        learned = nengo.Connection(
            pre.neurons, post.neurons, transform=convolution, learning_rule_type=rule
        )
        nengo.Connection(nengo.Node([0.5]), learned.learning_rule, synapse=None)
        probe = nengo.Probe(learned, "weights")
    with nengo.Simulator(model, progress_bar=False) as sim:
        before = np.array(sim.data[learned].weights)
        sim.run_steps(1)
    change = sim.data[probe][-1].reshape(before.shape) - before
    patches = np.lib.stride_tricks.sliding_window_view(x.reshape(3, 3, n), (2, 2), (0, 1))
    sums = 0.5 * patches.sum(axis=(0, 1))  # of each channel, (n, 2, 2)
    for k in range(4):
        group = k * n // 4
        of_filter = change[..., k].reshape(2, 2, -1)
        np.testing.assert_allclose(of_filter[..., 0], sums[group], rtol=1e-5)


def test_a_network_is_built_in_several_threads():
    """Nengo's builder must not see the rule of a kernel, but all others must."""
    with nengo.Network(seed=0) as net:
        transform = nengo.Convolution(4, (8, 8, 1))
        pre, post = (nengo.Ensemble(n, 1).neurons for n in (64, transform.output_shape.size))
        nengo.Connection(pre, post, transform=transform, learning_rule_type=ngc.Competitive())

    def n_rules(_):
        model = nengo.builder.Model()
        model.build(net)
        return sum(isinstance(op, PureOperator) for op in model.operators)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(3) as pool:
            assert set(pool.map(n_rules, range(90))) == {1}
    finally:
        sys.setswitchinterval(interval)
