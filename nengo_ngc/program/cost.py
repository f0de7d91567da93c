r"""Counts the multiply-accumulates of a network, without running it.

Counted are products of matrices with vectors and outer products, which take nearly all of the
time of a large network: a product with a matrix of :math:`m \times n` entries counts
:math:`m n`. What is done entry by entry (activations, optimisers, biases, the addition of
errors) is not counted. Spikes count as any other numbers.
"""

import math
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import nengo
import numpy as np
from nengo.connection import Connection, LearningRule
from nengo.ensemble import Ensemble
from nengo.transforms import (
    Convolution,
    ConvolutionTranspose,
    Dense,
    NoTransform,
    Sparse,
    Transform,
)
from numpy.typing import NDArray

from ..namespace import NUMPY
from ..objects import AtStart, PureNode, Transposed
from ..rules import BackProp, FeedbackAlignment, LayerError, LocalRule
from ..rules.connections import has_kernel, learning_neurons, n_units, rules_of, solves_weights
from ..rules.forms import Form, KernelForm
from ..rules.layer_rule import LayerRule
from ..rules.signals import by_name, places
from ..schedule import Schedule

_DT = 0.001


class _Uncountable(Exception):
    """Something of a network is not known well enough."""


def multiply_accumulates(
    network: nengo.Network,
    schedule: Schedule,
    iterations: float | None = None,
    back_propagates: bool = False,
) -> int | None:
    r"""Return the multiply-accumulates of one presentation of one sample.

    At each timestep, each connection multiplies by its matrix, transposed or not, and rules
    carry errors back. At the timesteps at which rules apply, each of them makes its update,
    for a matrix of :math:`m \times n` weights mostly an outer product, which counts
    :math:`m n`; what a rule multiplies is found by calling it.

    If the network is trained by back-propagation through the simulation, the backward pass
    takes two products for each one of the forward pass: one for the gradient by the weights,
    and one for the gradient by their input. The latter is left out where no weights lead to
    the input. This is the same count as that of a network that learns by `.BackProp`.

    Parameters
    ----------
    network : nengo.Network
    schedule : Schedule
        The length of a presentation.
    iterations : float, optional
        Timesteps that are simulated, if a presentation ends early.
    back_propagates : bool, optional
        Whether the network is trained by back-propagation through the simulation.

    Returns
    -------
    int or None
        None if the network has parts of which nothing is known: nodes with Python functions
        of an input, transforms and learning rules of others than this package and Nengo's
        ``Dense``, ``Sparse`` and ``Convolution``, and functions that are computed directly.
    """
    steps = schedule.steps if iterations is None else iterations
    try:
        forward = {c: _product(c) for c in network.all_connections}
        total = sum(n * _times(c, steps) for c, n in forward.items())
        if back_propagates:
            depends = _depend_on_weights(forward)
            total += steps * sum(n * (1 + (c.pre_obj in depends)) for c, n in forward.items())
        total += steps * sum(map(_encoded, _ensembles_with_input(network)))
        total += steps * sum(map(_of_node, network.all_nodes))
        for connection in network.all_connections:
            for rule_type in rules_of(connection):
                total += _of_rule(connection, rule_type, steps)
    except _Uncountable:
        return None
    return round(total)


# --- connections, ensembles and nodes


def _times(connection: Connection, steps: float) -> float:
    return 1 if isinstance(connection.transform, AtStart) else steps


def _product(connection: Connection) -> int:
    """Multiply-accumulates of the matrix of a connection, for one input."""
    transform, pre = connection.transform, connection.pre_obj
    if solves_weights(connection):
        return math.prod(_of_matrix(connection))
    if isinstance(pre, Ensemble):  # decoders have the transform within them
        if isinstance(pre.neuron_type, nengo.Direct):
            raise _Uncountable
        return pre.n_neurons * transform.size_out
    if isinstance(transform, Dense):
        return _entries(connection, transform)
    if isinstance(transform, Transposed):
        return _of_transform(transform.connection.transform)
    if isinstance(transform, Sparse):
        matrix = transform.init  # of Nengo or of SciPy
        return matrix.nnz if hasattr(matrix, "nnz") else len(matrix.indices)
    if isinstance(transform, NoTransform):
        return 0
    return _of_transform(transform)


def _of_transform(transform: Transform) -> int:
    """Multiply-accumulates of a transform that may learn, or of its transpose."""
    if isinstance(transform, Convolution | ConvolutionTranspose):
        form = KernelForm(transform)
        return form.n_places * math.prod(form.shape)
    if isinstance(transform, Dense):
        return transform.size_in * transform.size_out
    raise _Uncountable


def _entries(connection: Connection, transform: Dense) -> int:
    """Entries of a matrix; of one that does not change only those that are not 0."""
    if len(transform.init_shape) < 2:  # factors
        return 0
    fixed = not rules_of(connection) and isinstance(transform.init, np.ndarray)
    return int(np.count_nonzero(transform.init)) if fixed else math.prod(transform.init_shape)


def _depend_on_weights(forward: dict[Connection, int]) -> set:
    """All objects to which a matrix leads, directly or not."""
    found: set = set()
    while True:
        more = {c.post_obj for c, n in forward.items() if n or c.pre_obj in found} - found
        if not more:
            return found
        found |= more


def _ensembles_with_input(network: nengo.Network) -> Iterable[Ensemble]:
    """Ensembles that are driven through their encoders."""
    return {
        c.post_obj
        for c in network.all_connections
        if isinstance(c.post_obj, Ensemble) and not solves_weights(c)
    }


def _encoded(ensemble: Ensemble) -> int:
    return ensemble.n_neurons * ensemble.dimensions


def _of_node(node: nengo.Node) -> int:
    """Multiply-accumulates of a node at one timestep."""
    if isinstance(node, LayerError):
        post = node.connection.post_obj
        decodes = isinstance(post, Ensemble) and not node.neurons
        return _encoded(post) if decodes else 0
    if isinstance(node, PureNode):
        first = [] if node.schedule is None else [True]
        others = [_zeros((1, other.size_out)) for other in node.others]
        return _counted(node.function, *first, _zeros((1, node.size_in)), *others)
    if callable(node.output) and node.size_in:
        raise _Uncountable
    return 0


# --- rules


def _of_rule(connection: Connection, rule_type: Any, steps: float) -> float:
    """Multiply-accumulates of a rule in one presentation."""
    if not isinstance(rule_type, LocalRule):
        raise _Uncountable
    form = _form(connection, rule_type)
    n_post, n_pre = form.shape
    rule = LearningRule(connection, rule_type)
    error: Any = None
    total = 0.0
    if isinstance(rule_type, LayerRule):
        total += steps * _carried_back(connection, rule_type, rule.size_in)
        error = _zeros((form.n_places, n_post))
    elif rule.size_in:
        post = rule.size_in == n_units(connection)["post"]
        error = _zeros((form.n_places, n_post if post else rule.size_in))
        error = by_name(error, places(rule_type.errors, connection))
    kept = rule_type.memory(n_pre, n_post)
    memory = [SimpleNamespace(**{name: _start(one) for name, one in kept.items()})][
        : len(kept)
    ]
    rows = form.n_places
    seen = _zeros((rows, n_pre)), _zeros((rows, n_post)), error, _zeros(form.shape), *memory
    if memory:
        total += steps * _counted(rule_type.remember, *seen, _DT)
    schedule = rule_type.schedule
    timesteps = range(1, schedule.steps * schedule.interleave + 1)
    n_updates = sum(map(schedule.applies_rules, timesteps)) / schedule.interleave
    return total + n_updates * _counted(rule_type.update, *seen)


def _form(connection: Connection, rule_type: LocalRule) -> Form:
    """The form of what a rule learns."""
    post = connection.post_obj
    if has_kernel(connection):
        return KernelForm(connection.transform)
    if isinstance(post, Ensemble) and getattr(rule_type, "learns_encoders", False):
        return Form((post.n_neurons, post.dimensions))
    return Form(_of_matrix(connection))


def _of_matrix(connection: Connection) -> tuple[int, int]:
    """The shape of the weights, (post, pre)."""
    n = n_units(connection)
    return n["post"], n["pre"]


def _carried_back(connection: Connection, rule_type: LayerRule, n_errors: int) -> int:
    n = learning_neurons(connection).size_in
    feedback = None
    if isinstance(rule_type, FeedbackAlignment):
        if isinstance(rule_type.feedback, Transform):
            return _of_transform(rule_type.feedback)
        feedback = _zeros((n, n_errors))
    elif not isinstance(rule_type, BackProp):
        raise _Uncountable
    elif rule_type.layer is not None:
        if has_kernel(rule_type.layer):
            return _of_transform(rule_type.layer.transform)
        feedback = _zeros((n_errors, n))
    return _counted(rule_type.carry_back, _zeros((1, n_errors)), feedback)


def _start(memory: Any) -> Any:
    start = memory.start()
    return (start if memory.shared else start[None]).view(_Counting)


# --- functions


class _Counting(np.ndarray):
    """An array that counts the products in which it takes part."""

    count = 0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [x.view(np.ndarray) if isinstance(x, _Counting) else x for x in inputs]
        if ufunc is np.matmul:
            _Counting.count += plain[0].size * plain[1].shape[-1]
        return np.asarray(getattr(ufunc, method)(*plain, **kwargs)).view(_Counting)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        before = _Counting.count
        found = super().__array_function__(func, types, args, kwargs)
        if func is np.einsum:  # which may be made of other products
            _Counting.count = before + _of_einsum(*args)
        return found.view(_Counting) if isinstance(found, np.ndarray) else found


def _of_einsum(subscripts: str, *arrays: NDArray) -> int:
    letters = subscripts.partition("->")[0].split(",")
    if len(letters) == 1:
        return 0
    sizes = {key: n for part, a in zip(letters, arrays) for key, n in zip(part, a.shape)}
    return math.prod(sizes.values())


def _zeros(shape: tuple[int, ...]) -> NDArray:
    return np.zeros(shape, np.float32).view(_Counting)


def _counted(function: Any, *arguments: Any) -> int:
    """The products of a function of the functions of ``xp`` and of arrays."""
    before = _Counting.count
    with np.errstate(all="ignore"):
        function(NUMPY, *arguments)
    return _Counting.count - before
