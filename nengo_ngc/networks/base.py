"""What networks that learn have in common: parameters by name, and timing."""

from collections.abc import Mapping
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model, Signal
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..objects import Delay
from ..rules import LocalRule
from ..rules.forms import Form
from ..schedule import Schedule
from ..validation import (
    ArraysParam,
    CheckedParam,
    InstanceParam,
    TextParam,
    UnfitValue,
    checked,
    unfit,
)
from .named_network import NETWORK, NamedNetwork
from .parameters import Shape, check_parameters, write_signal
from .settling import at_the_end

# arguments of every network that learns
LEARNING = InstanceParam("schedule", Schedule), ArraysParam("parameters"), *NETWORK


class SimulatorParam(CheckedParam):
    """An open simulator of a network, or of one that contains it."""

    expected = "an open simulator of this network"

    def convert(self, value: Any) -> Any:
        """Return the simulator, see `.CheckedParam`."""
        if not (hasattr(value, "signals") and hasattr(value, "model")):
            raise TypeError
        if getattr(value, "closed", False):
            raise UnfitValue(f"must be {self.expected}, got one that is closed")
        return value

    def coerce(self, instance: Any, value: Any) -> Any:
        """Return the simulator if the network is part of its model, see `.CheckedParam`."""
        value = super().coerce(instance, value)
        whole = value.model.toplevel
        if instance is not whole and instance not in getattr(whole, "all_networks", ()):
            raise unfit(self.name, self.expected, value, instance)
        return value


class LearningNetwork(NamedNetwork):
    """A network whose parameters are read and written by name, on any simulator.

    Subclasses set ``_shapes``, the shape of each parameter by name, and ``_visible``, as for
    `NamedNetwork`, and they write ``_parameter_signals``.

    Parameters
    ----------
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: 50 timesteps.
    label, seed, add_to_container
        As for `nengo.Network`.
    """

    # names for ``probe`` of vectors of which only the direction matters, whatever their norm
    _scale_free: tuple[str, ...] = ()
    # forms of parameters, by name, in the gradients of which alike entries are to be alike
    _forms: Mapping[str, Form] = {}

    def __init__(
        self,
        schedule: Schedule | None = None,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        super().__init__(label=label, seed=seed, add_to_container=add_to_container)
        self._schedule = Schedule() if schedule is None else schedule
        self._shapes: dict[str, Shape] = {}

    @property
    def schedule(self) -> Schedule:
        """Length of a presentation and samples per update."""
        return self._schedule

    @property
    def _delay(self):
        """The synapse that leads to the next timestep of the same presentation."""
        k = self._schedule.interleave
        return nengo.Lowpass(0) if k == 1 else Delay(k)

    @checked(TextParam("name"))
    def settled(self, name: str) -> nengo.Node:
        """Add a Node that has what something was at the end of the last presentation.

        States begin every presentation anew, and mean something once they have settled. The
        Node keeps what they have settled on for the whole of the next presentation, so that
        what learns from it, or acts on it, sees no settling. It has 0 in the first one.

        Parameters
        ----------
        name : str
            One of the names that ``probe`` knows.

        Returns
        -------
        nengo.Node
            It is called ``"settled_z1"``, for example, and is made once for each name.

        Raises
        ------
        nengo.exceptions.ValidationError
            If the network has nothing of this name.
        """
        label = f"settled_{name}"
        if label in self.nodes:
            return self.nodes[label]
        with self:
            return at_the_end(self._object(name), self._schedule, self._delay, label)

    # --- parameters

    @checked(SimulatorParam("sim"))
    def parameters(self, sim: Any) -> dict[str, NDArray]:
        """Return the parameters with the values that they have in a simulator now.

        Parameters
        ----------
        sim : nengo.Simulator, nengo_ngc.jax.Simulator or nengo_ngc.dl.Simulator
            A simulator of this network, or of one that contains it.

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
    def set_parameters(self, sim: Any, parameters: Mapping[str, NDArray]) -> None:
        """Write parameters, all or some of them, into a simulator.

        Parameters
        ----------
        sim : nengo.Simulator, nengo_ngc.jax.Simulator or nengo_ngc.dl.Simulator
            A simulator of this network, or of one that contains it.
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
    def state(self, sim: Any) -> dict[str, NDArray]:
        """Return all that learning changes: the parameters and the states of the optimisers.

        Parameters
        ----------
        sim : nengo.Simulator, nengo_ngc.jax.Simulator or nengo_ngc.dl.Simulator

        Returns
        -------
        dict of {str: array}
            The parameters by name, the states of the optimisers by names such as
            ``"W1/optimizer_m"``, what else the rules remember for all samples, and the random
            feedback of feedback alignment, which does not change, by names such as
            ``"W1/feedback"``.
        """
        remembered = {
            name: np.array(sim.signals[signal])
            for name, signal in self._remembered_signals(sim.model).items()
        }
        return {**self.parameters(sim), **remembered}

    @checked(SimulatorParam("sim"), ArraysParam("state"))
    def set_state(self, sim: Any, state: Mapping[str, NDArray]) -> None:
        """Write what ``state`` returned into a simulator of the same network.

        Parameters
        ----------
        sim : nengo.Simulator, nengo_ngc.jax.Simulator or nengo_ngc.dl.Simulator
            A simulator of this network, or of one that contains it.
        state : mapping of str to array
            As ``state`` returns it.

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

    def state_shapes(self) -> dict[str, Shape]:
        """Return the shapes of the arrays of ``state``, which needs no simulator.

        Returns
        -------
        dict of {str: tuple of int}
        """
        shapes = dict(self._shapes)
        for connection in self.connections:
            rule = connection.learning_rule_type
            if isinstance(rule, LocalRule):
                kept = rule.remembered(connection)
                shapes.update({f"{connection.label}/{k}": shape for k, shape in kept.items()})
        return shapes

    def _parameter_signals(self, model: Model) -> dict[str, Signal]:
        raise TypeError(f"{type(self).__name__} must say where its parameters are")

    def _rule_arguments(self):
        """Arguments that all rules of a network with an ``optimizer`` have in common."""
        return {
            "optimizer": self._optimizer,
            "schedule": self._schedule,
            "learn": self.learn,
        }

    def _teach(self, name, signal, **kwargs):
        """Connect a signal to the rule of a connection, if it has one."""
        rule = self.connections[name].learning_rule
        if rule is not None:
            nengo.Connection(signal, rule, synapse=None, **kwargs)

    def _with_what_follows(self, given):
        """Given parameters, with those that follow from them."""
        return given

    def _sign(self, name):
        """-1 for parameters that connections carry with the opposite sign, else 1."""
        return 1

    def _remembered_signals(self, model):
        return {
            f"{connection.label}/{name}": model.sig[connection.learning_rule][name]
            for connection in self.connections
            if isinstance(connection.learning_rule_type, LocalRule)
            for name in connection.learning_rule_type.remembered(connection)
        }

    @checked(SimulatorParam("sim"))
    def pending(self, sim: Any) -> dict[str, NDArray]:
        """Return the updates that have been summed up since the weights last changed.

        Parameters
        ----------
        sim : nengo.Simulator, nengo_ngc.jax.Simulator or nengo_ngc.dl.Simulator
            A simulator of this network, or of one that contains it.

        Returns
        -------
        dict of {str: array}
            Directions of growth by the names of the weights.
        """
        return {
            connection.label: np.array(
                sim.signals[sim.model.sig[connection.learning_rule]["total"]]
            )
            for connection in self.connections
            if connection.learning_rule is not None
        }
