r"""The base class of local learning rules, for ``learning_rule_type=`` of connections.

A rule is one pure function over batches of arrays, its ``update``. Everything else that a rule
needs (optimiser, norm bound, timing, averaging, the learning switch) is inherited from
:class:`LocalRule`, and one operator runs it on every backend.
"""

from collections.abc import Mapping
from typing import Any, Self

import nengo
import numpy as np
from nengo.base import ObjView
from nengo.connection import Connection, LearningRule
from nengo.exceptions import ValidationError
from nengo.learning_rules import LearningRuleType
from nengo.synapses import Synapse
from numpy.typing import NDArray

from ..schedule import Schedule
from ..validation import (
    ChoiceParam,
    EitherParam,
    FlagParam,
    InstanceParam,
    PositiveParam,
    SwitchParam,
    SynapseParam,
    TextParam,
    WholeParam,
    checked,
    unfit,
    unknown,
)
from .connections import (
    asked_about,
    asked_for_a_matrix,
    goes_to_neurons,
    has_kernel,
    n_units,
    rules_of,
)
from .forms import form_of
from .optimizer_wrappers import Bounded
from .optimizers import SGD, Optimizer
from .signals import Memory, places


class _SizeParam(EitherParam):
    """Size of the error: a number, or words by which Nengo finds it on a connection."""

    def __init__(self):
        words = "pre", "post", "mid", "pre_state", "post_state"
        super().__init__(
            "size_in", WholeParam("size_in", low=0), ChoiceParam("size_in", words)
        )

    def __get__(self, rule, owner):
        given = super().__get__(rule, owner)
        connection = None if rule is None else asked_about()
        return given if connection is None else rule.size_on(connection)


class LocalRule(LearningRuleType):
    r"""A learning rule that uses only values available at a synapse.

    Derive from it and write ``update``, and the rule works on every connection with
    a weight matrix or a kernel, on all simulators. Oja's rule, for example::

        class Oja(ngc.LocalRule):
            def update(self, xp, pre, post, error, weights):
                growth = xp.einsum("bi,bj->ij", post, pre)
                return growth - xp.sum(post**2, axis=0)[:, None] * weights

    At the last timestep of a presentation, the result of ``update`` is added to a sum. Once
    enough samples have been seen, the optimiser turns the mean into a change of the weights.

    On a connection with a ``nengo.Convolution`` a rule learns the kernel. It sees each patch
    of each image as a sample: ``pre`` are the pixels of the patches, (batch * places, pixels
    * channels), ``post`` and ``error`` are (batch * places, filters), and ``weights`` are
    (filters, pixels * channels). Of a ``nengo.ConvolutionTranspose``, ``pre`` are the
    channels of the places, and ``post`` and ``error`` are patches. Updates are added up over
    the places. Biases of the neurons that belong to the same filter change alike.

    A rule with eligibility traces, or other memory of its own, also writes ``memory`` and
    ``remember``. A rule with several error signals names them in ``errors``.

    Parameters
    ----------
    optimizer : Optimizer, optional
        Turns the mean update into a change of the weights. Default: ``SGD(0.01)``.
    norm_bound : float or None, optional
        Rows (the incoming weights of one unit) with a larger L2 norm are scaled back
        to it after each change, as by `Bounded` around the optimiser. None: no bound.
    schedule : Schedule, optional
        Says at which timesteps the rule applies, and how many samples it averages. By default
        it applies at every timestep.
    learn : nengo.Node or None, optional
        The learning switch: the rule learns from samples that are presented while its output
        is above 0, and from no others. A minibatch, on JAX and NengoDL, is learned from if
        the output is above 0 for any of its samples.
    pre_synapse, post_synapse : nengo.synapses.Synapse, float or None, optional
        Filters of the activities that the rule sees; a number is the time constant of a
        lowpass filter in seconds. None: no filter.
    size_in : int or str, optional
        Size of the signal that ``nengo.Connection(signal, connection.learning_rule)``
        brings; ``"post"`` means one value for each postsynaptic unit. It is ignored if the
        rule has ``errors``.
    biases : bool, optional
        Whether the biases of the postsynaptic neurons learn as well: by the same rule
        and a copy of the optimiser, as weights from a unit that is always 1. ``prior``,
        ``init`` and ``constrain`` are not used for biases.

    Attributes
    ----------
    errors : mapping of str to int or str
        Set it in a derived class if the rule takes several error signals: the size of each by
        its name, or ``"pre"`` or ``"post"`` for one value for each unit at that side. See
        ``signal``. It is empty if there is one ``error``.
    error_sign : str or None
        The sign that the error must have, "desired - actual" or "actual - desired". None if
        it is no difference, or its sign does not matter. Where one signal goes to two rules
        that want opposite signs, building the model warns.
    modifies : str
        What Nengo is told that the rule modifies, on the connection on whose behalf Nengo
        asks: "weights", "decoders" or "encoders".

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is of the wrong type or out of range.
    """

    learns_encoders = False
    error_sign: str | None = None

    size_in = _SizeParam()
    biases = FlagParam("biases", default=False, readonly=True)

    optimizer = InstanceParam("optimizer", Optimizer)
    norm_bound = PositiveParam("norm_bound", optional=True)
    schedule = InstanceParam("schedule", Schedule)
    learn = SwitchParam("learn", default=None, optional=True, readonly=True)
    pre_synapse = SynapseParam("pre_synapse", default=None, readonly=True)
    post_synapse = SynapseParam("post_synapse", default=None, readonly=True)

    def __init__(
        self,
        optimizer: Optimizer | None = None,
        norm_bound: float | None = None,
        schedule: Schedule | None = None,
        learn: nengo.Node | None = None,
        pre_synapse: Synapse | float | None = None,
        post_synapse: Synapse | float | None = None,
        size_in: int | str = 0,
        biases: bool = False,
    ):
        self.optimizer = SGD() if optimizer is None else optimizer
        # learning_rate has no meaning beside an optimiser, but Nengo wants a number
        super().__init__(self.optimizer.learning_rate, size_in=size_in)
        self.norm_bound = norm_bound
        self.schedule = Schedule(steps=1) if schedule is None else schedule
        self.learn = learn
        self.pre_synapse = pre_synapse
        self.post_synapse = post_synapse
        self.biases = biases

    # --- what a derived class writes

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        """Return the direction in which the weights grow, summed over the batch.

        It must be a pure function made of operators and functions of ``xp``, and a sum
        over samples: the update of a batch is the sum of the updates of its halves. When a
        model is built, it is called once with a few samples whose values mean nothing, and
        building fails with an error that says what is wrong.

        Parameters
        ----------
        xp : namespace
            The functions that `nengo_ngc.namespace` lists.
        pre : (batch, n_pre) array
            Presynaptic activity at this timestep.
        post : (batch, n_post) array
            Postsynaptic activity at this timestep.
        error : (batch, size_in) array or None
            What connections into ``connection.learning_rule`` bring. It is None if
            ``size_in`` is 0. If the rule has ``errors``, it has an attribute for each of them.
        weights : (n_post, n_pre) array
        memory : object, of rules that have ``memory`` only
            Has an attribute for each array that the rule remembers, this timestep included.

        Returns
        -------
        (n_post, n_pre) array
        """
        raise TypeError(
            f"{type(self).__name__} needs a method update(self, xp, pre, post, error, weights)"
        )

    def memory(self, n_pre: int, n_post: int) -> Mapping[str, Memory]:
        """Return the arrays that the rule remembers, by name.

        Most rules remember nothing, which is the default.

        Parameters
        ----------
        n_pre, n_post : int
            Number of units before and after the connection.

        Returns
        -------
        mapping of str to Memory
        """
        return {}

    def remember(
        self, xp: Any, pre: Any, post: Any, error: Any, weights: Any, memory: Any, dt: float
    ) -> Mapping[str, Any]:
        """Return what the rule remembers from this timestep on.

        It is called at every timestep, before ``update``, whether or not the rule applies.

        Parameters
        ----------
        xp, pre, post, error, weights
            As for ``update``.
        memory : object
            Has an attribute for each array, as it was returned at the timestep before.
            Arrays are of shape ``(batch, *shape)``, or ``shape`` if they are shared.
        dt : float
            Length of a timestep, in seconds. A spike has the activity 1 / dt.

        Returns
        -------
        mapping of str to array
            Every array of the memory, by name.
        """
        name = type(self).__name__
        arguments = "self, xp, pre, post, error, weights, memory, dt"
        raise TypeError(f"{name} has a memory and needs a method remember({arguments})")

    def prior(self, xp: Any, weights: Any) -> Any:
        """Return an array that is added once to each sum of updates.

        The default, None, stands for nothing.
        """
        return None

    def init(self, weights: NDArray) -> NDArray:
        """Return the learned parameter that belongs to the weights at the start.

        Most rules learn the weights themselves and return them. A rule that returns
        something else (a covariance, say) says in ``constrain`` which weights follow.
        """
        return weights

    def constrain(self, xp: Any, parameter: Any) -> tuple[Any, Any]:
        """Return the learned parameter and the weights after a change of the parameter."""
        return parameter, parameter

    # --- what the package asks a rule

    @property
    def errors(self) -> Mapping[str, int | str]:
        """The sizes of several error signals by their names; none if there is one error."""
        return {}

    @property
    def chain(self) -> Optimizer:
        """The optimiser, with the norm bound around it if there is one."""
        if self.norm_bound is None:
            return self.optimizer
        return Bounded(self.optimizer, self.norm_bound)

    @property
    def probeable(self) -> tuple[str, ...]:
        """Names of what can be probed in ``connection.learning_rule``."""
        return ("error", *self.memory(1, 1))

    @property
    def modifies(self) -> str:
        """What the rule modifies, for Nengo; see ``modifies_on``."""
        connection, by_check = asked_about(), asked_for_a_matrix()
        if connection is None:
            return "weights"
        modified = self.modifies_on(connection)
        return "kernel" if by_check and has_kernel(connection) else modified

    def modifies_on(self, connection: Connection) -> str:
        """Return what the rule modifies on a connection.

        Parameters
        ----------
        connection : nengo.Connection

        Returns
        -------
        {"weights", "decoders", "encoders"}

        Raises
        ------
        nengo.exceptions.ValidationError
            If the rule can learn nothing there.
        """
        if goes_to_neurons(connection):
            return "weights"
        if self.biases and not self.learns_encoders:
            raise ValidationError(
                f"biases learn on connections to neurons, got one to {connection.post_obj}",
                attr="biases",
                obj=self,
            )
        return "encoders" if self.learns_encoders else "decoders"

    def size_on(self, connection: Connection) -> int | str:
        """Return the size of all errors together, for a connection."""
        if not self.errors:
            return n_units(connection).get(self.size_in, self.size_in)
        return max(place.stop for place in places(self.errors, connection).values())

    def remembered(self, connection: Connection) -> dict[str, tuple[int, ...]]:
        """Return the shapes of what is learned on a connection besides weights and biases.

        Parameters
        ----------
        connection : nengo.Connection
            A connection between neurons.

        Returns
        -------
        dict of {str: tuple of int}
            By the names of the signals that the rule has when it is built: states of the
            optimiser, ``"optimizer_m"`` for example, and arrays of the memory that are shared.
            Of biases, the names begin with ``"bias_"``.
        """
        n_post = connection.size_out
        form = form_of(connection.transform, (n_post, connection.size_in))
        learned = {"": form.shape, **({"bias_": (n_post,)} if self.biases else {})}
        found = {}
        for prefix, shape in learned.items():
            for name, kept in self.optimizer.init(np.zeros(shape)).items():
                found[f"{prefix}optimizer_{name}"] = np.shape(kept)
            memory = self.memory(1 if prefix else shape[1], shape[0])
            shared = {name: kept for name, kept in memory.items() if kept.shared}
            found.update({prefix + name: kept.start().shape for name, kept in shared.items()})
        return found

    @checked(InstanceParam("connection", Connection), TextParam("name"))
    def signal(self, connection: Connection, name: str) -> ObjView:
        """Return where connections bring one of the errors that the rule names.

        Parameters
        ----------
        connection : nengo.Connection
            A connection that learns by this rule.
        name : str
            One of ``errors``.

        Returns
        -------
        nengo.base.ObjView
            A part of ``connection.learning_rule``, to which a Connection can be made.

        Raises
        ------
        nengo.exceptions.ValidationError
            If the connection does not learn by this rule, or there is no such error.

        Examples
        --------
        ::

            rule = connection.learning_rule_type
            nengo.Connection(reward, rule.signal(connection, "reward"), synapse=None)
        """
        if self not in rules_of(connection):
            raise unfit("connection", f"one that learns by {self}", connection, self)
        if name not in self.errors:
            raise ValidationError(unknown("error", name, self.errors), attr="name", obj=self)
        return LearningRule(connection, self)[places(self.errors, connection)[name]]

    def replace(self, **changes: Any) -> Self:
        """Return a copy of this rule with some of its parameters changed.

        Raises
        ------
        TypeError
            If the rule has no parameter of a name.
        nengo.exceptions.ValidationError
            If a value is of the wrong type or out of range.
        """
        for name in changes:
            if name not in self._paramdict:
                raise TypeError(unknown("parameter", name, sorted(self._paramdict)))
        clone = object.__new__(type(self))
        state: Any = self.__getstate__()
        clone.__setstate__({**state, **changes})
        return clone
