"""The contract of ``xp``: each function, with each of its arguments, on each backend."""

import ast
import inspect
import itertools
from pathlib import Path

import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc.namespace import FUNCTIONS, NUMPY, offer

from .conftest import needs_dl, needs_jax

RNG = np.random.RandomState(0)
A, B = RNG.randn(3, 4), RNG.randn(3, 4)
TIED = np.array([[2.0, 1.0, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0], [-1.0, 3.0, 3.0, -1.0]])
YES = A > 0
IMAGES = RNG.randn(2, 5, 6, 4)
SQUARE = A @ A.T + np.eye(3)
LOWER = np.tril(SQUARE) + 7 * np.triu(np.ones((3, 3)), 1)  # what cholesky must not look at

ALONG = [((), {}), ((), {"axis": 0}), ((), {"axis": 1, "keepdims": True})]
ALONG += [((), {"axis": (0, 1)}), ((), {"axis": -1, "keepdims": False})]
INDICES = [((), {}), ((), {"axis": 0}), ((), {"axis": 1})]

# what is passed, positional and by name
CASES = {
    "abs": [((A,), {})],
    "sign": [((TIED,), {})],
    "square": [((A,), {})],
    "sqrt": [((A**2,), {})],
    "exp": [((A,), {})],
    "expm1": [((1e-3 * A,), {})],
    "log": [((A**2,), {})],
    "log1p": [((1e-3 * A,), {})],
    "cos": [((A,), {})],
    "tanh": [((A,), {})],
    "floor": [((3 * A,), {})],
    "isfinite": [((np.array([0.0, np.nan, np.inf, -np.inf]),), {})],
    "minimum": [((A, B), {}), ((A, 0.5), {}), ((0, A), {}), ((A, B[:1]), {})],
    "maximum": [((A, B), {}), ((A, 0.5), {}), ((0, A), {}), ((A, B[:1]), {})],
    "clip": [((A, -0.5, 0.5), {}), ((A, 0, 1), {})],
    "where": [
        ((YES, A, B), {}),
        ((YES, A, 0.0), {}),
        ((YES, 1, B), {}),
        ((True, A, B), {}),
        ((YES[:, :1], A, B), {}),
    ],
    **{
        name: [((A, *args), kwargs) for args, kwargs in ALONG]
        for name in ("sum", "mean", "max", "min")
    },
    "any": [((YES, *args), kwargs) for args, kwargs in ALONG],
    "all": [((YES | (A < -1), *args), kwargs) for args, kwargs in ALONG],
    **{
        name: [((TIED, *args), kwargs) for args, kwargs in INDICES]
        for name in ("argmax", "argmin")
    },
    "cumsum": [((A, *args), kwargs) for args, kwargs in INDICES],
    "sort": [((A,), {}), ((A,), {"axis": 0})],
    "partition": [((TIED, 1), {}), ((A, 0), {}), ((A, 2), {}), ((B, 3), {}), ((A, -1), {})],
    "argsort": [((TIED,), {"kind": "stable"}), ((-TIED,), {"axis": 0, "kind": "stable"})],
    "einsum": [
        (("bi,bj->ij", A, B), {}),
        (("ij,->ij", A, np.array(3.0)), {}),
        (("bi,ij->bj", A, SQUARE[:, [0, 1, 2, 0]].T), {}),
        (("ij,bj->bi", B, A), {}),
        (("be,ben->bn", A, RNG.randn(3, 4, 2)), {}),
        (("ii->i", SQUARE), {}),
        (("bi,bi->b", A, B), {}),
        (("bi,bj->ij", RNG.randn(9, 2), RNG.randn(9, 3)), {}),
        (("bj,ij->bi", RNG.randn(9, 2), RNG.randn(8, 2)), {}),
    ],
    "matmul": [((A, B.T), {}), ((RNG.randn(2, 3, 4), RNG.randn(2, 4, 5)), {})],
    "diag": [((A[0],), {}), ((SQUARE,), {})],
    "linalg.inv": [((SQUARE,), {})],
    "linalg.inv_lower": [((np.linalg.cholesky(SQUARE),), {})],
    "linalg.cholesky": [((SQUARE,), {}), ((LOWER,), {})],
    "convolve": [
        ((IMAGES, RNG.randn(3, 2, 4, 6), (1, 1), [(0, 0), (0, 0)], (1, 1), 1), {}),
        ((IMAGES, RNG.randn(3, 2, 4, 6), (2, 1), [(1, 2), (0, 1)], (1, 3), 1), {}),
        ((IMAGES, RNG.randn(2, 2, 2, 6), (1, 2), [(0, 1), (2, 0)], (2, 1), 2), {}),
        ((IMAGES, RNG.randn(2, 3, 4, 6), (2, 1), [(3, 0), (1, 4)], (2, 3), 1), {}),
        ((IMAGES[:, :, 0], RNG.randn(2, 4, 3), (2,), [(1, 0)], (1,), 1), {}),
    ],
    "transpose": [((A,), {}), ((RNG.randn(2, 3, 4),), {"axes": (0, 2, 1)})],
    "reshape": [((A, (4, 3)), {}), ((A, (-1, 2)), {})],
    "concatenate": [(([A, B],), {}), (((A, B, A),), {"axis": 1})],
    "stack": [(([A, B],), {}), (((A, B),), {"axis": -1})],
    "broadcast_to": [((A[:1], (3, 4)), {}), ((A, (2, 3, 4)), {})],
    "take": [
        ((A, np.array([2, 0, 0]), 0), {}),
        ((A, np.array([3, 1]), 1), {}),
        ((RNG.randn(2, 3, 4), np.array([1, 2]), 1), {}),
        ((A, np.array([-1, 0, -4]), 1), {}),
        ((A, [2, 0], 0), {}),
    ],
    "zeros_like": [((A,), {}), ((YES,), {})],
    "ones_like": [((A,), {}), ((YES,), {})],
    "arange": [((5,), {}), ((2, 9), {}), ((2,), {"stop": 9, "step": 3})],
    "asarray": [((A,), {}), ((np.arange(4),), {"dtype": A.dtype}), (([1.0, 2.0],), {})],
    "stop_gradient": [((A,), {})],
}
ALL = [
    pytest.param(name, *case, id=f"{name} {k}")
    for name, cases in CASES.items()
    for k, case in enumerate(cases)
]
FLOATS = ["float32", "float64"]


def found_in(xp, name):
    """A function of a namespace, by its name in the contract."""
    for part in name.split("."):
        xp = getattr(xp, part)
    return xp


def of_type(value, dtype, convert=lambda array: array):
    """Arguments with all arrays of floats of one type."""
    if isinstance(value, np.ndarray):
        return convert(value.astype(dtype) if value.dtype.kind == "f" else value)
    if isinstance(value, (list, tuple)) and isinstance(value[0], np.ndarray):
        return type(value)(of_type(v, dtype, convert) for v in value)
    return np.dtype(dtype) if isinstance(value, np.dtype) else value


def expected(name, args, kwargs, dtype):
    """What NumPy makes of it."""
    args = [of_type(arg, dtype) for arg in args]
    kwargs = {key: of_type(value, dtype) for key, value in kwargs.items()}
    if name == "stop_gradient":
        return args[0]
    if name == "linalg.inv_lower":
        return np.linalg.inv(np.tril(args[0]))
    if name == "convolve":
        return convolved(*args)
    if name == "asarray" and isinstance(args[0], list):
        kwargs["dtype"] = dtype
    return found_in(np, name)(*args, **kwargs)


def convolved(x, kernel, strides, padding, dilation, groups):
    """A convolution by a loop over all that is multiplied."""
    sizes = x.shape[1:-1]
    spread = [(n - 1) * d + 1 + sum(p) for n, d, p in zip(sizes, dilation, padding)]
    padded = np.zeros((len(x), *spread, x.shape[-1]), x.dtype)
    for at in np.ndindex(*sizes):
        there = [a * d + p[0] for a, d, p in zip(at, dilation, padding)]
        padded[(slice(None), *there)] = x[(slice(None), *at)]
    places = [(n - k) // s + 1 for n, k, s in zip(spread, kernel.shape, strides)]
    *pixels, n_in, n_out = kernel.shape
    found = np.zeros((len(x), *places, n_out), x.dtype)
    for place, pixel in itertools.product(np.ndindex(*places), np.ndindex(*pixels)):
        seen = padded[(slice(None), *(p * s + k for p, s, k in zip(place, strides, pixel)))]
        for f in range(n_out):
            first = f // (n_out // groups) * n_in
            weights = kernel[(*pixel, slice(None), f)]
            found[(slice(None), *place, f)] += seen[:, first : first + n_in] @ weights
    return found


def check(name, result, reference, dtype):
    result = np.asarray(result)
    if name == "partition":  # which may have others than NumPy's in the same order
        result, reference = np.sort(result), np.sort(reference)
    assert result.shape == reference.shape
    assert result.dtype.kind == reference.dtype.kind
    if result.dtype.kind == "f":
        assert result.dtype == dtype
    precise = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(result, reference, rtol=precise, atol=precise)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name, args, kwargs", ALL)
def test_numpy(name, args, kwargs, dtype):
    if name == "asarray" and isinstance(args[0], list):
        dtype = "float64"  # NumPy's own type for numbers that belong to no array
    reference = expected(name, args, kwargs, dtype)
    args = [of_type(arg, dtype) for arg in args]
    kwargs = {key: of_type(value, dtype) for key, value in kwargs.items()}
    check(name, found_in(NUMPY, name)(*args, **kwargs), np.asarray(reference), dtype)


@needs_dl
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name, args, kwargs", ALL)
def test_tensorflow(name, args, kwargs, dtype, compiled):
    import tensorflow as tf

    from nengo_ngc.backends.nengo_dl.namespace import tensorflow_namespace

    reference = np.asarray(expected(name, args, kwargs, dtype))
    args = [of_type(arg, dtype, tf.constant) for arg in args]
    kwargs = {key: of_type(value, dtype, tf.constant) for key, value in kwargs.items()}
    function = found_in(tensorflow_namespace(tf.as_dtype(dtype)), name)

    def call():
        return function(*args, **kwargs)

    check(name, tf.function(call)() if compiled else call(), reference, dtype)


@needs_jax
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name, args, kwargs", ALL)
def test_jax(name, args, kwargs, dtype, compiled):
    import jax
    import jax.numpy as jnp

    from nengo_ngc.backends.jax.namespace import jax_namespace

    reference = np.asarray(expected(name, args, kwargs, dtype))
    with jax.enable_x64(dtype == "float64"):
        args = [of_type(arg, dtype, jnp.asarray) for arg in args]
        kwargs = {key: of_type(value, dtype, jnp.asarray) for key, value in kwargs.items()}
        function = found_in(jax_namespace(), name)

        def call():
            return function(*args, **kwargs)

        check(name, jax.jit(call)() if compiled else call(), reference, dtype)


def namespaces():
    def jax():
        from nengo_ngc.backends.jax.namespace import jax_namespace

        return jax_namespace(training=True)

    def tensorflow():
        import tensorflow as tf

        from nengo_ngc.backends.nengo_dl.namespace import tensorflow_namespace

        return tensorflow_namespace(tf.float32, training=True)

    others = pytest.param(tensorflow, marks=needs_dl), pytest.param(jax, marks=needs_jax)
    return [lambda: NUMPY, *others]


@pytest.mark.parametrize("kth", [0, 2, 3, -1, -2])
@pytest.mark.parametrize("make", namespaces())
def test_a_partition_has_one_entry_in_its_place(make, kth):
    xp = make()
    found, like = np.asarray(xp.partition(xp.asarray(A.astype("f")), kth)), np.sort(A)
    np.testing.assert_allclose(found[:, kth], like[:, kth], rtol=1e-6)
    assert np.all(found[:, :kth] <= found[:, [kth]])
    assert np.all(found[:, kth:] >= found[:, [kth]])


@pytest.mark.parametrize("make", namespaces())
def test_a_namespace_has_what_the_contract_lists_and_nothing_else(make):
    xp = make()
    names = {f.name for f in FUNCTIONS}
    seen = {name for name in vars(xp) if not name.startswith("__")} - {"linalg", "training"}
    seen |= {f"linalg.{name}" for name in vars(xp.linalg) if not name.startswith("__")}
    assert seen == names
    for name, within in (("log2", xp), ("einsums", xp), ("svd", xp.linalg), ("newaxis", xp)):
        with pytest.raises(AttributeError, match=f"{name}'.*nengo_ngc.namespace"):
            getattr(within, name)
    assert not hasattr(xp, "float64")
    with pytest.raises(AttributeError, match="did you mean 'einsum'"):
        getattr(xp, "eimsum")  # noqa: B009


def test_every_argument_of_every_function_is_tried():
    for function in FUNCTIONS:
        tree = ast.parse(f"def {function.name.replace('.', '_')}{_arguments(function)}: ...")
        arguments = tree.body[0].args
        n_needed = len(arguments.args) - len(arguments.defaults)
        by_name = {a.arg for a in arguments.args[n_needed:]}
        cases = CASES[function.name]
        tried = {key for _, kwargs in cases for key in kwargs}
        assert tried == by_name, function.name
        if arguments.vararg is None:
            assert all(n_needed <= len(args) <= len(arguments.args) for args, _ in cases)
    assert CASES.keys() == {f.name for f in FUNCTIONS}


def _arguments(function):
    return function.signature[len(function.name) :]


def test_the_package_uses_nothing_else():
    used = set()
    for path in Path(ngc.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("xp."):
                used.add(ast.unparse(node)[3:])
    names = {f.name for f in FUNCTIONS} | {"training", "linalg"}
    assert {"einsum", "where", "linalg.inv", "training"} <= used <= names


def test_the_list_is_in_the_documentation():
    for function in FUNCTIONS:
        assert f"``{function.signature}``" in inspect.getdoc(ngc.namespace)


def test_a_backend_must_offer_all_functions():
    functions = {f.name: len for f in FUNCTIONS}
    assert offer(functions, training=True).training is True
    with pytest.raises(TypeError, match="see linalg.inv"):
        offer({name: len for name in functions if name != "linalg.inv"})
    with pytest.raises(TypeError, match="see roll"):
        offer({**functions, "roll": len})


def test_a_rule_that_uses_another_function_fails_on_either_simulator(backend, simulate):
    import nengo
    from nengo.exceptions import BuildError

    class Rolls(ngc.LocalRule):
        def update(self, xp, pre, post, error, weights):
            return xp.einsum("bi,bj->ij", post, xp.roll(pre, 1))

    with nengo.Network() as model:
        a, b = (nengo.Ensemble(3, 1, neuron_type=ngc.neurons.Identity()) for _ in range(2))
        nengo.Connection(
            a.neurons, b.neurons, transform=np.eye(3), learning_rule_type=Rolls(), synapse=None
        )
    with pytest.raises(BuildError, match="AttributeError: unknown function of xp 'roll'"):
        simulate(model, 1, 1)


@needs_dl
def test_gradients_stop_and_training_is_known():
    import tensorflow as tf

    from nengo_ngc.backends.nengo_dl.namespace import tensorflow_namespace

    x = tf.Variable([1.0, 2.0])
    xp = tensorflow_namespace(tf.float32, training=1)
    with tf.GradientTape() as tape:
        y = xp.sum(x * xp.stop_gradient(x))
    np.testing.assert_array_equal(tape.gradient(y, x), [1, 2])
    assert xp.training.dtype == tf.bool and bool(xp.training)
    assert not bool(tensorflow_namespace(tf.float32).training) and NUMPY.training is False


@needs_jax
def test_gradients_stop_in_jax():
    import jax

    from nengo_ngc.backends.jax.namespace import jax_namespace

    xp = jax_namespace(training=True)
    gradient = jax.grad(lambda x: xp.sum(x * xp.stop_gradient(x)))
    np.testing.assert_array_equal(gradient(np.array([1.0, 2.0], "f4")), [1, 2])
    assert xp.training is True and jax_namespace().training is False
