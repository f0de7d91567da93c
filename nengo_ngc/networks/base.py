"""What networks that learn have in common: parameters by name, probes, timing."""

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from ..objects import Delay
from ..rules import FeedbackAlignment, LocalRule
from ..schedule import Schedule
from ..validation import (
    ArraysParam,
    CheckedParam,
    FlagParam,
    InstanceParam,
    SeedParam,
    TextParam,
    checked,
    unfit,
)
from ..validation.messages import unknown
from .named_list import NamedList
from .parameters import check_parameters, write_signal

# of every network
NETWORK = TextParam("label"), SeedParam(), FlagParam("add_to_container")

# of every network that learns
LEARNING = InstanceParam("schedule", Schedule), ArraysParam("parameters"), *NETWORK


class SimulatorParam(CheckedParam):
    """A simulator of a network, or of one that contains it."""

    expected = "a simulator of this network"

    def convert(self, value):
        if not (hasattr(value, "signals") and hasattr(value, "model")):
            raise TypeError
        return value

    def coerce(self, instance, value):
        value = super().coerce(instance, value)
        whole = value.model.toplevel
        if instance is not whole and instance not in getattr(whole, "all_networks", ()):
            raise unfit(self.name, self.expected, value, instance)
        return value


class LearningNetwork(nengo.Network):
    """A network whose parameters are read and written by name, on any simulator.

    Subclasses set ``_shapes`` (of each parameter, by name), ``_visible`` (what can be
    probed, by name) and ``_parameter_signals``.

    Parameters
    ----------
    schedule : Schedule, optional
        Default: 50 timesteps.
    label, seed, add_to_container
        As for `nengo.Network`.
    """

    # what is probed of which only the direction counts, so that its size may be any
    _scale_free = ()

    def __init__(self, schedule=None, label=None, seed=None, add_to_container=None):
        super().__init__(label=label, seed=seed, add_to_container=add_to_container)
        self._schedule = Schedule() if schedule is None else schedule
        self._visible = {}
        self.objects[nengo.Connection] = NamedList("connection")

    @property
    def connections(self):
        """The network's connections, also by name: ``connections["W1"]``."""
        return self.objects[nengo.Connection]

    @property
    def schedule(self):
        """Length of a presentation and samples per update."""
        return self._schedule

    @property
    def _delay(self):
        """To the next timestep of the same presentation."""
        k = self._schedule.interleave
        return nengo.Lowpass(0) if k == 1 else Delay(k)

    # --- parameters

    @checked(SimulatorParam("sim"))
    def parameters(self, sim):
        """The parameters as they are in a simulator now.

        Parameters
        ----------
        sim : nengo.Simulator or nengo_ngc.dl.Simulator
            Of this network, or of one that contains it.

        Returns
        -------
        dict of {str: array}
            Copies; matrices are (post, pre).
        """
        return {
            name: self._sign(name) * np.array(sim.signals[signal])
            for name, signal in self._parameter_signals(sim.model).items()
        }

    @checked(SimulatorParam("sim"), ArraysParam("parameters"))
    def set_parameters(self, sim, parameters):
        """Write parameters, all or some of them, into a simulator.

        Parameters
        ----------
        sim : nengo.Simulator or nengo_ngc.dl.Simulator
        parameters : mapping of str to array
            As ``parameters`` returns them.

        Raises
        ------
        nengo.exceptions.ValidationError
            If a name is unknown, or an array is of another shape or not finite.
        """
        given = self._with_what_follows(check_parameters(parameters, self._shapes))
        for name, signal in self._parameter_signals(sim.model).items():
            if name in given:
                write_signal(sim, signal, self._sign(name) * given[name])

    @checked(SimulatorParam("sim"))
    def state(self, sim):
        """All that learning changes: parameters and what the optimisers remember.

        Parameters
        ----------
        sim : nengo.Simulator or nengo_ngc.dl.Simulator

        Returns
        -------
        dict of {str: array}
            Parameters by name; ``"W1/optimizer_m"`` and the like; and what is random and
            fixed, ``"W1/feedback"``.
        """
        remembered = {
            name: np.array(sim.signals[signal])
            for name, signal in self._remembered_signals(sim.model).items()
        }
        return {**self.parameters(sim), **remembered}

    @checked(SimulatorParam("sim"), ArraysParam("state"))
    def set_state(self, sim, state):
        """Write what ``state`` returned into a simulator of the same network.

        Raises
        ------
        nengo.exceptions.ValidationError
            If a name is unknown or a shape does not fit.
        """
        remembered = self._remembered_signals(sim.model)
        parameters = {name: array for name, array in state.items() if "/" not in name}
        check_parameters(parameters, self._shapes, "state")
        self.set_parameters(sim, parameters)
        for name, array in state.items():
            if "/" in name:
                signal = remembered.get(name)
                if signal is None or signal.shape != np.shape(array):
                    raise ValidationError(
                        f"{name} does not belong to this network",
                        attr="state",
                        obj=self,
                    )
                write_signal(sim, signal, array)

    def state_shapes(self):
        """Shapes of what ``state`` returns, known before there is a simulator.

        Returns
        -------
        dict of {str: tuple of int}
        """
        shapes = dict(self._shapes)
        for connection in self.connections:
            rule = connection.learning_rule_type
            if isinstance(rule, LocalRule):
                shapes.update(_remembered_shapes(connection, rule))
        return shapes

    def _parameter_signals(self, model):
        raise TypeError(f"{type(self).__name__} must say where its parameters are")

    def _rule_arguments(self):
        """What the rules of a network with an ``optimizer`` have in common."""
        return {
            "optimizer": self._optimizer,
            "schedule": self._schedule,
            "learn": self.learn,
        }

    def _with_what_follows(self, given):
        """Add the parameters that are determined by those that are given."""
        return given

    def _sign(self, name):
        """-1 for parameters that connections carry negated."""
        return 1

    def _remembered_signals(self, model):
        return {
            f"{connection.label}/{name}": signal
            for connection in self.connections
            if connection.learning_rule is not None
            for name, signal in model.sig[connection.learning_rule].items()
            if "optimizer_" in name or name == "feedback"
        }

    @checked(SimulatorParam("sim"))
    def pending(self, sim):
        """The updates that rules have added up since they last changed the weights.

        Parameters
        ----------
        sim : nengo.Simulator or nengo_ngc.dl.Simulator

        Returns
        -------
        dict of {str: array}
            By the name of the weights; the direction in which they would grow.
        """
        return {
            connection.label: np.array(
                sim.signals[sim.model.sig[connection.learning_rule]["total"]]
            )
            for connection in self.connections
            if connection.learning_rule is not None
        }

    # --- what can be seen

    @checked(TextParam("name"))
    def probe(self, name, **kwargs):
        """Add a probe of what the network computes.

        Parameters
        ----------
        name : str
            What to look at, by the name that the class's documentation gives it.
        **kwargs
            For `nengo.Probe`.

        Returns
        -------
        nengo.Probe

        Raises
        ------
        nengo.exceptions.ValidationError
            If the network has nothing of this name.
        """
        if name not in self._visible:
            raise ValidationError(unknown("name", name, self._visible), attr="name", obj=self)
        with self:
            return nengo.Probe(self._visible[name], **kwargs)


def _remembered_shapes(connection, rule):
    """What the optimisers of a local rule remember, and its fixed feedback."""
    learned = {"": (connection.size_out, connection.size_in)}
    if rule.biases:
        learned["bias_"] = (connection.size_out,)
    found = {}
    for prefix, shape in learned.items():
        a_number = np.zeros((1,) * len(shape))
        for name, kept in rule.optimizer.init(a_number).items():
            kept = shape if kept.shape == a_number.shape else kept.shape
            found[f"{connection.label}/{prefix}optimizer_{name}"] = kept
    if isinstance(rule, FeedbackAlignment):
        found[f"{connection.label}/feedback"] = (connection.size_out, rule.n_errors)
    return found


def neurons(n, neuron_type, label, gain=None, bias=None):
    """A layer of neurons that are wired to directly; gain 1 and bias 0 by default."""
    # decoded values would only cost memory and time
    return nengo.Ensemble(
        n,
        1,
        neuron_type=neuron_type,
        gain=np.ones(n) if gain is None else gain,
        bias=np.zeros(n) if bias is None else bias,
        encoders=np.ones((n, 1)),
        noise=None,  # whatever the surrounding network's configuration says
        eval_points=np.zeros((1, 1)),
        label=label,
    ).neurons


def seed_of(network):
    """A network's seed, or one that follows from those of the networks around it, or None.

    For values that are drawn while the network is made, rather than by Nengo's builder.
    """
    around = list(nengo.Network.context)
    seeds = [other.seed for other in around if other.seed is not None]
    if network.seed is not None or not seeds:
        return network.seed
    place = [len(other.networks) for other in around]  # tells networks side by side apart
    return int(np.random.RandomState([*seeds, *place]).randint(2**31))
