r"""The functions of ``xp``, with which rules and neurons compute on all backends.

The pure functions of this package (the ``update`` of a rule or of an optimiser, the
``activity`` of a neuron type, the function of a `.PureNode`) are given a namespace ``xp`` that
works like NumPy. It contains NumPy's own functions in Nengo, TensorFlow's in NengoDL and those
of jax.numpy in JAX, so that an equation is written only once. A namespace has the functions in
the table below, with these arguments, and no others. All backends offer them, and the tests
compare each of them with NumPy. Any other name raises an AttributeError on every backend, even
if NumPy has such a function.

{table}

In this table ``x`` and ``y`` are arrays, and one of them may be a Python number. ``axis`` is a
whole number, or None for all axes; ``sum``, ``mean``, ``max``, ``min``, ``any`` and ``all``
also take a tuple of axes. Results have the floating-point type of the arrays, 32 or 64 bits
wide, and a Python number takes on the type of the array that it is combined with. ``argmax``,
``argmin``, ``argsort`` and ``arange`` return whole numbers, and comparisons, ``any``, ``all``
and ``isfinite`` return booleans.

Arrays support the operators ``+ - * / ** @``, comparisons, ``& | ~`` between arrays of
booleans, indexing by whole numbers, slices and None, and the attributes ``shape`` and
``dtype``. Arrays must not be changed in place.

``convolve`` returns the cross-correlation of images x, ``(b, *space, channels)``, with a
kernel, ``(*space, channels / groups, filters)``, which is not flipped. For each axis of space
there are the stride of the kernel, a pair of the numbers of zeros that are added before and
after x, and the dilation of x: with a dilation of n there are n - 1 zeros between pixels.

Besides the functions there is one attribute, ``xp.training``, a boolean. It is True while JAX
or NengoDL trains a model by back-propagation, and False otherwise. It may be used as the
condition of ``xp.where``, but not in an ``if``, since TensorFlow knows its value only when the
model runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from .validation import unknown

_MANY = 8  # rows, from which BLAS is worth its start

Array = Any  # an array of NumPy, or of what another backend computes with


@dataclass(frozen=True)
class ArrayFunction:
    """One function of the contract.

    Parameters
    ----------
    signature : str
        The name of the function and the arguments that every backend supports.
    about : str
        What the function returns, in one line.
    """

    signature: str
    about: str

    @property
    def name(self) -> str:
        """The name under which ``xp`` has the function, such as ``"linalg.inv"``."""
        return self.signature.partition("(")[0]


def _functions(**abouts: str) -> tuple[ArrayFunction, ...]:
    return tuple(ArrayFunction(*item) for item in abouts.items())


FUNCTIONS = _functions(
    **{
        # entry by entry
        "abs(x)": "The absolute value of each entry.",
        "sign(x)": "-1, 0 or 1, the sign of each entry.",
        "square(x)": "The square of each entry.",
        "sqrt(x)": "The square root of each entry.",
        "exp(x)": "The exponential of each entry.",
        "expm1(x)": "exp(x) - 1, which is accurate for small entries, too.",
        "log(x)": "The natural logarithm of each entry.",
        "log1p(x)": "log(1 + x), which is accurate for small entries, too.",
        "cos(x)": "The cosine of each entry, in radians.",
        "tanh(x)": "The hyperbolic tangent of each entry.",
        "floor(x)": "The largest whole number that is not above each entry, as a float.",
        "isfinite(x)": "Whether each entry is neither infinite nor NaN.",
        "minimum(x, y)": "The smaller one of each pair of entries.",
        "maximum(x, y)": "The larger one of each pair of entries.",
        "clip(x, low, high)": "Each entry, moved to the nearest number from low to high.",
        "where(condition, x, y)": "The entries of x where the condition holds, else of y.",
        # along axes
        "sum(x, axis=None, keepdims=False)": "The sum of the entries.",
        "mean(x, axis=None, keepdims=False)": "The mean of the entries.",
        "max(x, axis=None, keepdims=False)": "The largest entry.",
        "min(x, axis=None, keepdims=False)": "The smallest entry.",
        "any(x, axis=None, keepdims=False)": "Whether any of the booleans x is True.",
        "all(x, axis=None, keepdims=False)": "Whether all of the booleans x are True.",
        "argmax(x, axis=None)": "The index of the largest entry, the first one of equals.",
        "argmin(x, axis=None)": "The index of the smallest entry, the first one of equals.",
        "cumsum(x, axis=None)": "The sums of the entries up to each of them.",
        "sort(x, axis=-1)": "The entries in ascending order.",
        "argsort(x, axis=-1, kind='stable')": "Indices that sort; equals keep their order.",
        "partition(x, kth)": "Rows with entry kth where sorting puts it, none larger before.",
        # products and matrices
        "einsum(subscripts, *arrays)": "A sum of products, as ``numpy.einsum`` writes it.",
        "matmul(x, y)": "The product of two matrices, or of two stacks of matrices.",
        "diag(x)": "The diagonal of a matrix, or the diagonal matrix of a vector.",
        "linalg.inv(x)": "The inverse of a matrix.",
        "linalg.inv_lower(x)": "The inverse of a lower triangular matrix.",
        "linalg.cholesky(x)": "The Cholesky factor of the lower triangle of x.",
        "convolve(x, kernel, strides, padding, dilation, groups)": "See below.",
        # shapes
        "transpose(x, axes=None)": "x with its axes reversed, or in the order of axes.",
        "reshape(x, shape)": "The same entries in another shape; one size may be -1.",
        "concatenate(arrays, axis=0)": "Arrays joined along an axis that they have.",
        "stack(arrays, axis=0)": "Arrays of one shape joined along a new axis.",
        "broadcast_to(x, shape)": "x, repeated along axes of length 1 and along new ones.",
        "take(x, indices, axis)": "The parts of x at some whole numbers along one axis.",
        # new arrays
        "zeros_like(x)": "Zeros, of the shape and the type of x.",
        "ones_like(x)": "Ones, of the shape and the type of x.",
        "arange(start, stop=None, step=1)": "Whole numbers from start to below stop.",
        "asarray(x, dtype=None)": "x as an array; dtype is that of another array.",
        # training
        "stop_gradient(x)": "x itself, as a constant for training by gradients.",
    }
)


def offer(functions: Mapping[str, Callable], training: Any = False) -> ModuleType:
    """Make a namespace that has the functions of the contract, and no others.

    The namespace is a module, because Python looks up names in modules faster than in other
    objects, and rules do so at every timestep.

    Parameters
    ----------
    functions : mapping of str to callable
        A backend's functions, by the names in ``FUNCTIONS``.
    training : bool or array, optional
        Whether the model is being trained by back-propagation.

    Returns
    -------
    module

    Raises
    ------
    TypeError
        If the names are not exactly those of the contract.
    """
    names = {function.name for function in FUNCTIONS}
    if functions.keys() != names:
        wrong = ", ".join(sorted(functions.keys() ^ names))
        raise TypeError(f"a backend must offer exactly the functions of xp, but see {wrong}")
    xp, linalg = ModuleType("xp"), ModuleType("xp.linalg")
    for module, prefix in ((xp, ""), (linalg, "linalg.")):
        vars(module)["__getattr__"] = lambda name, prefix=prefix: _raise_missing(prefix + name)
    for name, function in functions.items():
        *within, name = name.split(".")
        setattr(linalg if within else xp, name, function)
    vars(xp).update(linalg=linalg, training=training)
    return xp


def _raise_missing(name: str) -> None:
    names = [function.name for function in FUNCTIONS]
    raise AttributeError(
        f"{unknown('function of xp', name, names)}; nengo_ngc.namespace describes them"
    )


def _convolve(x, kernel, strides, padding, dilation, groups):
    channels, filters = np.split(x, groups, axis=-1), np.split(kernel, groups, axis=-1)
    every = (slice(None), *(slice(None, None, stride) for stride in strides))
    made = [
        _products_of_patches(c, f, every, padding)
        if max(dilation) == 1
        else _sum_of_copies(c, f, padding, dilation)[every]
        for c, f in zip(channels, filters)
    ]
    return made[0] if groups == 1 else np.concatenate(made, axis=-1)


def _products_of_patches(x, kernel, every, padding):
    space = tuple(range(1, x.ndim - 1))
    x = np.pad(x, [(0, 0), *padding, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:-2], axis=space)
    first = x.ndim - 1  # after the samples and places: channels, then pixels of the kernel
    axes = [*range(first + 1, windows.ndim), first], [*range(kernel.ndim - 1)]
    return np.tensordot(windows[every], kernel, axes)


def _sum_of_copies(x, kernel, padding, dilation):
    """The same for images with zeros between their pixels, which are not multiplied here."""
    *sizes, _, n_out = kernel.shape
    space = x.shape[1:-1]
    full = [(n - 1) * d + k for n, d, k in zip(space, dilation, sizes)]
    copies = np.tensordot(kernel, x, ([-2], [-1]))
    made = np.zeros((n_out, len(x), *full), copies.dtype)
    for pixel in np.ndindex(*sizes):
        starts = [k - 1 - at for k, at in zip(sizes, pixel)]
        places = (slice(s, s + (n - 1) * d + 1, d) for s, n, d in zip(starts, space, dilation))
        made[(..., *places)] += copies[pixel]
    made = np.moveaxis(made, 0, -1)
    # zeros around the images
    more = [[n - (k - 1) for n in zeros] for zeros, k in zip(padding, sizes)]
    made = np.pad(made, [(0, 0), *(np.maximum(n, 0) for n in more), (0, 0)])
    inner = (slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(more, made.shape[1:]))
    return made[(slice(None), *inner)]


def _einsum(subscripts, *arrays):
    # a matrix product of BLAS is up to ten times as fast, but takes longer to begin
    sizes = [len(array) for array in arrays if np.ndim(array)]
    return np.einsum(subscripts, *arrays, optimize=min(sizes, default=0) >= _MANY)


_OWN: dict[str, Callable] = {
    "einsum": _einsum,
    "stop_gradient": lambda x: x,
    "linalg.inv_lower": np.linalg.inv,
    "convolve": _convolve,
}


def _of_numpy(name: str) -> Callable:
    if name in _OWN:
        return _OWN[name]
    *within, name = name.split(".")
    return getattr(np.linalg if within else np, name)


NUMPY = offer({function.name: _of_numpy(function.name) for function in FUNCTIONS})


def _table() -> str:
    rows = [(f"``{f.signature}``", f.about) for f in FUNCTIONS]
    widths = [max(map(len, column)) for column in zip(*rows)]
    line = "  ".join("=" * width for width in widths)
    body = [f"{name:{widths[0]}}  {about}" for name, about in rows]
    return "\n".join([line, *body, line])


if __doc__:  # which python -OO leaves out
    __doc__ = __doc__.replace("{table}", _table())
