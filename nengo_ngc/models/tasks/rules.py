"""Learning rules of classifiers, and a classifier that learns by one of them as a task."""

from collections.abc import Callable
from dataclasses import dataclass

import nengo
import numpy as np
from numpy.typing import NDArray

from ...backends import Backend, Loss
from ...metrics import angle
from ...namespace import NUMPY
from ...networks import FeedforwardClassifier, PredictiveCodingClassifier
from ...networks.base import LearningNetwork
from ...networks.classifiers import OUTPUT_LOSSES, takes_time
from ...rules import SGD, Adam, Annealed, Optimizer
from ...rules.optimizers import OPTIMIZERS
from ...schedule import AddUp, Schedule
from ...training import Images
from ...training.autodiff import AutodiffTask
from ...validation import (
    LARGEST_WHOLE,
    CallableParam,
    FlagParam,
    TextParam,
    WholeParam,
    checked,
)
from .labels import LabelTask

_SLOW_STEPS = 50


@checked(
    CallableParam("network"),
    WholeParam("steps"),
    CallableParam("optimizer"),
    Adam.learning_rate,
    FlagParam("offline"),
    FlagParam("online"),
    TextParam("prediction"),
)
@dataclass(frozen=True)
class Rule:
    """The network and the optimiser with which a classifier learns.

    Parameters
    ----------
    network : callable
        A function ``network(model, learns, **kwargs)`` that returns the network for a
        `.RuleClassifier` ``model``, with or without learning rules. The network must have the
        parameters W1, b1, W2, b2 and so on.
    steps : int, optional
        Timesteps of a presentation that rate neurons need to learn.
    optimizer : callable, optional
        A function that returns the optimiser with a given learning rate.
    learning_rate : float, optional
        The default of the classifier's learning rate.
    offline : bool, optional
        Whether the simulator trains the network by automatic differentiation.
    online : bool, optional
        Whether weights change in each timestep of a presentation.
    prediction : str, optional
        What the network calls the outputs that images have before they teach anything.
    """

    network: Callable[..., LearningNetwork]
    steps: int = 1
    optimizer: Callable = Adam
    learning_rate: float = 1e-3
    offline: bool = False
    online: bool = False
    prediction: str = "output"


def _feedforward(hidden_rule):
    def network(model, learns, **kwargs):
        return FeedforwardClassifier(
            rule=hidden_rule if learns else None,
            max_rate=model.max_rate,
            synapse=model.synapse,
            loss=model.loss,
            init=model.init,
            **kwargs,
        )

    return network


def _predictive_coding(model, learns, **kwargs):
    return PredictiveCodingClassifier(
        beta=model.beta,
        learns=learns,
        loss=model.loss,
        momentum=model.momentum,
        nudging=model.nudging if learns else None,
        residual=model.residual,
        states=model.states,
        scaling=model.scaling,
        init=model.init,
        **kwargs,
    )


RULES = {
    "autodiff": Rule(_feedforward(None), offline=True),
    "backprop": Rule(_feedforward("backprop")),
    "feedback-alignment": Rule(_feedforward("feedback-alignment")),
    "sign-symmetry": Rule(_feedforward("sign-symmetry")),
    "direct-feedback-alignment": Rule(_feedforward("direct-feedback-alignment")),
    "predictive-coding": Rule(_predictive_coding, steps=5, prediction="prediction"),
    "incremental-predictive-coding": Rule(
        _predictive_coding, steps=5, online=True, prediction="prediction"
    ),
    # PES is the delta rule for decoders, by plain descent
    "pes": Rule(_feedforward("fixed"), optimizer=SGD, learning_rate=0.1),
}


class RuleTask(LabelTask):
    """A classifier learns by one of ``RULES``.

    See `.RuleClassifier` for the settings.
    """

    @property
    def rule(self) -> Rule:
        """The rule by which the network learns."""
        return RULES[self.settings.rule]

    @property
    def inputs(self):
        given = ["input", "target"]
        if self.settings.centred:
            with nengo.Network():
                given += ["sign"] if _takes_sign(self.training_network()) else []
        return tuple(given)

    @property
    def outputs(self):
        return (self.rule.prediction,)

    def training_network(self) -> LearningNetwork:
        return self.network(self.settings.rule)

    _sign = 1.0  # of nudging

    def begin_epoch(self, data, order):
        self._sign = -1.0 if self.epoch % 2 else 1.0
        return super().begin_epoch(data, order)

    def begin_stream(self, data):
        super().begin_stream(data)
        self._sign = 1.0

    def learn(self, x, y):
        fed = {"target": y}
        if self.settings.centred and _takes_sign(self.training.net):
            fed["sign"] = np.full((len(y), 1), self._sign)
        output = self.training.present(x, learn=True, **fed)[self.rule.prediction]
        losses = OUTPUT_LOSSES[self.settings.loss].of(NUMPY, output.astype(float), y)
        return {
            "loss": float(losses.mean()),
            "error": 100 * float(np.mean(output.argmax(1) != y.argmax(1))),
        }

    def decide(self, X):
        return self.output(X, lambda: self.network(self.settings.rule, learns=False))

    def alignment(self, X: NDArray | Images, y: NDArray) -> dict[str, float]:
        """Return the angles between this rule's updates and backprop's.

        See ``RuleClassifier.alignment``.
        """
        if self.settings.residual or self.settings.scaling != "standard":
            return {}
        own = self._update_of(self.settings.rule, X, y)
        exact = self._update_of("backprop", X, y)
        return {
            name: angle(update, exact[name]) for name, update in own.items() if name in exact
        }

    def _update_of(self, rule, X, y):
        n = min(self.settings.batch_size, len(X))
        with self.alone():
            session = self.session(
                f"update by {rule} of {n}",
                lambda: self.network(rule, applies=False),
                ["output"],
                ("input", "target"),
                n,
            )
            of_this_rule = rule == self.settings.rule  # feedback weights are its own, too
            session.set_state(self.learned if of_this_rule else self.kept_parameters())
            return session.gradient(X, target=y)

    @property
    def learning_rate(self) -> float:
        default = self.rule.learning_rate
        return default if self.settings.learning_rate is None else self.settings.learning_rate

    @property
    def optimizer(self) -> Optimizer:
        """The optimiser of all weights and biases, with steps that change as set."""
        name = self.settings.optimizer
        make = self.rule.optimizer if name is None else OPTIMIZERS[name]
        decay = {"decay": self.settings.weight_decay} if name == "adamw" else {}
        return self.annealed(make(self.learning_rate, **decay))

    def annealed(self, optimizer: Optimizer) -> Optimizer:
        model, n_updates = self.settings, self.n_updates
        if self.rule.online:
            n_updates = min(n_updates * self._steps(self.rule.steps), LARGEST_WHOLE)
        # a stream has no end, of which a part could be the warm-up
        warm_up = 0 if n_updates == LARGEST_WHOLE else round(model.warm_up * n_updates)
        if not model.anneal and warm_up == 0:
            return optimizer
        return Annealed(
            optimizer,
            n_updates,
            floor=model.floor if model.anneal else 1.0,
            shape=model.anneal if isinstance(model.anneal, str) else "linear",
            warm_up=min(warm_up, n_updates - 1),
            first=model.warm_up_from,
        )

    def network(
        self, rule: str, learns: bool = True, given: bool = True, applies: bool = True
    ) -> LearningNetwork:
        """Return the network of a rule.

        Parameters
        ----------
        rule : str
            One of ``RULES``.
        learns : bool, optional
            Whether the network has learning rules.
        given : bool, optional
            Whether a network without learning rules has the learned parameters.
        applies : bool, optional
            Whether learning rules change the weights. If not, updates are only summed up.

        Returns
        -------
        LearningNetwork
        """
        entry, model = RULES[rule], self.settings
        steps = self._steps(entry.steps if learns else 1)
        return entry.network(
            model,
            learns,
            shape=(*self.layer_sizes(),),
            neuron_type=model.neuron_type,
            schedule=self._schedule(entry, steps, applies and learns),
            optimizer=self.optimizer if learns else None,
            parameters=self.parameters() if given and not learns else None,
            seed=self.seed,
        )

    def _schedule(self, entry, steps, applies):
        online = {"online": entry.online, "from_start": entry.online}
        if not applies:
            return AddUp(steps, **online)
        n = self.batch_size
        # without minibatches, samples are at the same iteration by taking turns
        together = n if entry.online and not self.backend.minibatches else 1
        return Schedule(steps, n, interleave=together, **online)

    def _steps(self, needed):
        slow = takes_time(self.settings.neuron_type)
        if self.settings.steps is not None and (slow or needed > 1):
            return self.settings.steps
        return _SLOW_STEPS if slow else needed

    def layer_sizes(self):
        return (*super().layer_sizes(), self.n_classes)


def _takes_sign(net):
    """Whether a network has the sign of nudging as an input."""
    return hasattr(net, "sign")


class OfflineRuleTask(AutodiffTask, RuleTask):
    """A classifier is trained by automatic differentiation."""

    inputs = ("input",)
    measures = (Loss("error"),)
    optimizer = RuleTask.optimizer

    @property
    def loss(self) -> Loss:
        return Loss(self.settings.loss)

    @property
    def backend(self) -> Backend:
        return self.training_backend

    def training_network(self) -> LearningNetwork:
        return self.network(self.settings.rule, learns=False, given=False)

    def alignment(self, X, y):
        return {}  # the update is the gradient
