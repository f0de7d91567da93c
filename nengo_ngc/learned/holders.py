"""What ensembles and connections hold that is learned, drawn or solved."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import nengo
import numpy as np
from nengo.base import NengoObject
from nengo.builder import Model, Signal
from nengo.connection import LearningRule
from nengo.dists import Distribution
from nengo.solvers import NoSolver
from nengo.transforms import Dense
from numpy.typing import NDArray

from ..networks.convolutional import with_init
from ..objects import FromParameter
from ..rules import LocalRule
from ..rules.connections import rules_of, solves_weights

Arrays = Mapping[str, NDArray]
Shapes = dict[str, tuple[int, ...]]


class WeightsAsGiven(NoSolver):
    """Weights between the neurons of two ensembles, which Nengo takes as they are."""

    compositional = False  # else it would multiply them by encoders and the transform


class Holder:
    """An ensemble or a connection of which a file has the seed only.

    Parameters
    ----------
    obj : nengo.Ensemble or nengo.Connection
    """

    def __init__(self, obj: NengoObject) -> None:
        self.obj: Any = obj

    @property
    def shapes(self) -> Shapes:
        """Return the shapes of the arrays that the object can take, by name."""
        return {}

    @property
    def is_given(self) -> bool:
        """Whether the script determines the arrays, as long as nothing else changes them."""
        return True

    def arrays(self, sim: Any) -> dict[str, NDArray]:
        """Return the present values in a simulator, unless they are those of the script."""
        return {}

    def changes(self, arrays: Arrays) -> dict[str, Any]:
        """Return the attributes, in order, with which Nengo builds these arrays."""
        return {}


class Encoding(Holder):
    """Gains, biases, and encoders times gain divided by radius, as simulators have them."""

    is_given = False

    @property
    def shapes(self) -> Shapes:
        n = self.obj.n_neurons
        return {"encoders": (n, self.obj.dimensions), "gain": (n,), "bias": (n,)}

    def arrays(self, sim: Any) -> dict[str, NDArray]:
        encoders = _value(sim, sim.model.sig[self.obj]["encoders"])
        gain = sim.model.params[self.obj].gain
        if np.any(encoders[gain == 0]):
            raise ValueError(
                "gains must not be 0 where encoders have been learned, since Nengo builds the "
                "product of both"
            )
        bias = _value(sim, sim.model.sig[self.obj.neurons]["bias"])
        return {"encoders": encoders, "gain": gain, "bias": bias}

    def changes(self, arrays: Arrays) -> dict[str, Any]:
        gain = arrays["gain"]
        per_gain = np.divide(self.obj.radius, gain, out=np.zeros_like(gain), where=gain != 0)
        return {
            "encoders": arrays["encoders"] * per_gain[:, None],
            "normalize_encoders": False,
            "gain": gain,
            "bias": arrays["bias"],
            # gains and biases replace them, and Nengo warns of any but the defaults
            "max_rates": nengo.Ensemble.max_rates.default,
            "intercepts": nengo.Ensemble.intercepts.default,
        }


class Weights(Holder):
    """The weights of a transform: a matrix, its diagonal, a number, or a kernel.

    If a rule computes them from something else that it learns, that is the ``"parameter"``.
    """

    _name = "weights"

    @property
    def shapes(self) -> Shapes:
        shape = self._shape()
        return {self._name: shape, "parameter": shape}

    @property
    def is_given(self) -> bool:
        drawn = isinstance(self.obj.transform.init, Distribution)
        return not drawn and _modified(self.obj) <= {"encoders"}

    def arrays(self, sim: Any) -> dict[str, NDArray]:
        signal = sim.model.sig[self.obj]["weights"]
        arrays = {self._name: _value(sim, signal)}
        if self.is_given and _is_rounded(arrays[self._name], self.obj.transform.init):
            return {}
        parameter = _parameter(self.obj, sim.model)
        if parameter is not signal:
            arrays["parameter"] = _value(sim, parameter)
        return arrays

    def changes(self, arrays: Arrays) -> dict[str, Any]:
        transform = self.obj.transform
        if type(transform) in (Dense, FromParameter):
            return {"transform": _transform(transform.shape, arrays["weights"], arrays)}
        return {"transform": with_init(transform, arrays["weights"])}

    def _shape(self):
        return self.obj.transform.sample(rng=np.random.RandomState(0)).shape


class Decoders(Weights):
    """Decoders, as the transform has multiplied them."""

    is_given = False
    _name = "decoders"

    def changes(self, arrays: Arrays) -> dict[str, Any]:
        size = self.obj.size_out
        # the function says only how many values are decoded
        resized = {} if self.obj.size_mid == size else {"function": partial(_zeros, size)}
        return {
            **resized,
            "transform": _transform((size, size), 1.0, arrays),
            "solver": NoSolver(arrays["decoders"].T, weights=self.obj.solver.weights),
        }

    def _shape(self):
        return self.obj.size_out, self.obj.pre_obj.n_neurons


class SolvedWeights(Weights):
    """Weights between the neurons of two ensembles, which a solver has found."""

    is_given = False

    def changes(self, arrays: Arrays) -> dict[str, Any]:
        shape = self.obj.size_out, self.obj.size_mid
        init = getattr(self.obj.transform, "init", 1.0)  # it has no effect on the weights
        return {
            "transform": _transform(shape, init, arrays),
            "solver": WeightsAsGiven(arrays["weights"].T, weights=True),
        }

    def _shape(self):
        return self.obj.post_obj.n_neurons, self.obj.pre_obj.n_neurons


def holder(obj: NengoObject) -> Holder:
    """Return what knows the arrays of an ensemble or a connection."""
    if isinstance(obj, nengo.Ensemble):
        return (Holder if _is_direct(obj) else Encoding)(obj)
    if isinstance(obj.pre_obj, nengo.Ensemble) and not _is_direct(obj.pre_obj):
        leads_to_ensemble = isinstance(obj.post_obj, nengo.Ensemble)
        return (SolvedWeights if leads_to_ensemble and solves_weights(obj) else Decoders)(obj)
    has_weights = isinstance(getattr(obj.transform, "init", None), (np.ndarray, Distribution))
    return (Weights if has_weights else Holder)(obj)


def draws_entries(obj: NengoObject) -> bool:
    """Whether the entries of a sparse matrix are drawn, which then follow from a seed."""
    init = getattr(getattr(obj, "transform", None), "init", None)
    return isinstance(getattr(init, "data", None), Distribution)


def _transform(shape, init, arrays):
    """A transform, with the parameter of the connection's rule if there is one."""
    if "parameter" in arrays:
        return FromParameter(shape, init, arrays["parameter"])
    return Dense(shape, init)


def _is_direct(ensemble):
    return isinstance(ensemble.neuron_type, nengo.Direct)


def _modified(connection: nengo.Connection) -> set[str]:
    """What the rules of a connection modify: weights, decoders or encoders."""
    return {LearningRule(connection, rule).modifies for rule in rules_of(connection)}


def _parameter(connection: nengo.Connection, model: Model) -> Signal:
    """The signal that a rule learns: the weights, or what it computes them from."""
    for rule in rules_of(connection):
        signals = model.sig[LearningRule(connection, rule)]
        if isinstance(rule, LocalRule) and "encoders" not in _modified(connection):
            return signals["parameter"]
    return model.sig[connection]["weights"]


def _value(sim: Any, signal: Signal) -> NDArray:
    """The present value of a signal that all samples share."""
    try:
        value = np.asarray(sim.signals[signal])
    except KeyError:  # a constant that the simulator does without
        if not signal.readonly:
            raise
        value = signal.initial_value
    if value.shape == (1, *signal.shape):
        value = value[0]
    if value.shape != signal.shape:
        raise ValueError(
            "all samples of a minibatch must have learned the same, got weights of their own "
            f"for each of {len(value)} samples; use minibatch_size=1"
        )
    return value


def _is_rounded(value: NDArray, exact: NDArray) -> bool:
    """Whether the first array is the second one with the digits of its type."""
    return np.array_equal(value, exact.astype(value.dtype))


def _zeros(size, x):
    return np.zeros(size)
