"""Learning rules of classifiers, and a classifier that learns by one of them as a task."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...backends import Backend, Loss
from ...metrics import angle, cross_entropy
from ...networks import FeedforwardClassifier, PredictiveCodingClassifier
from ...networks.base import LearningNetwork
from ...networks.classifiers import takes_time
from ...rules import SGD, Adam, Optimizer
from ...schedule import AddUp, Schedule
from ...training import Images
from ...training.autodiff import AutodiffTask
from ...validation import CallableParam, FlagParam, WholeParam, checked
from .labels import LabelTask

_SLOW_STEPS = 50


@checked(
    CallableParam("network"),
    WholeParam("steps"),
    CallableParam("optimizer"),
    Adam.learning_rate,
    FlagParam("offline"),
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
    """

    network: Callable[..., LearningNetwork]
    steps: int = 1
    optimizer: Callable = Adam
    learning_rate: float = 1e-3
    offline: bool = False


def _feedforward(hidden_rule):
    def network(model, learns, **kwargs):
        return FeedforwardClassifier(
            rule=hidden_rule if learns else None,
            max_rate=model.max_rate,
            synapse=model.synapse,
            **kwargs,
        )

    return network


def _predictive_coding(model, learns, **kwargs):
    return PredictiveCodingClassifier(beta=model.beta, learns=learns, **kwargs)


RULES = {
    "autodiff": Rule(_feedforward(None), offline=True),
    "backprop": Rule(_feedforward("backprop")),
    "feedback-alignment": Rule(_feedforward("feedback-alignment")),
    "direct-feedback-alignment": Rule(_feedforward("direct-feedback-alignment")),
    "predictive-coding": Rule(_predictive_coding, steps=5),
    # PES is the delta rule for decoders, by plain descent
    "pes": Rule(_feedforward("fixed"), optimizer=SGD, learning_rate=0.1),
}


class RuleTask(LabelTask):
    """A classifier learns by one of ``RULES``.

    See `.RuleClassifier` for the settings.
    """

    def training_network(self) -> LearningNetwork:
        return self.network(self.settings.rule)

    def learn(self, x, y):
        output = self.training.present(x, learn=True, target=y)["output"]
        return {
            "loss": float(cross_entropy(output, y).mean()),
            "error": 100 * float(np.mean(output.argmax(1) != y.argmax(1))),
        }

    def decide(self, X):
        return self.output(X, lambda: self.network(self.settings.rule, learns=False))

    def alignment(self, X: NDArray | Images, y: NDArray) -> dict[str, float]:
        """Return the angles between this rule's updates and backprop's.

        See ``RuleClassifier.alignment``.
        """
        own = self._update_of(self.settings.rule, X, y)
        exact = self._update_of("backprop", X, y)
        return {
            name: angle(update, exact[name]) for name, update in own.items() if name in exact
        }

    def _update_of(self, rule, X, y):
        n = min(self.settings.batch_size, len(X))
        session = self.session(
            f"update by {rule} of {n}",
            lambda: self.network(rule, applies=False),
            ["output"],
            self.inputs,
            n,
        )
        of_this_rule = rule == self.settings.rule  # feedback weights are its own, too
        session.set_state(self.learned if of_this_rule else self.kept_parameters())
        with self.whole():
            return session.gradient(X, target=y)

    @property
    def learning_rate(self) -> float:
        default = RULES[self.settings.rule].learning_rate
        return default if self.settings.learning_rate is None else self.settings.learning_rate

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
        optimizer = entry.optimizer(self.learning_rate)
        if learns:
            optimizer = self.annealed(optimizer)
        return entry.network(
            model,
            learns,
            shape=(*self.layer_sizes(),),
            neuron_type=model.neuron_type,
            schedule=Schedule(steps, self.batch_size) if applies else AddUp(steps),
            optimizer=optimizer,
            parameters=self.parameters() if given and not learns else None,
            seed=self.seed,
        )

    def _steps(self, needed):
        slow = takes_time(self.settings.neuron_type)
        if self.settings.steps is not None and (slow or needed > 1):
            return self.settings.steps
        return _SLOW_STEPS if slow else needed

    def layer_sizes(self):
        return (*super().layer_sizes(), self.n_classes)


class OfflineRuleTask(AutodiffTask, RuleTask):
    """A classifier is trained by automatic differentiation."""

    inputs = ("input",)
    loss = Loss("cross-entropy")
    measures = (Loss("error"),)

    @property
    def backend(self) -> Backend:
        return self.training_backend

    def training_network(self) -> LearningNetwork:
        return self.network(self.settings.rule, learns=False, given=False)

    @property
    def optimizer(self) -> Optimizer:
        return self.annealed(Adam(self.learning_rate))

    def alignment(self, X, y):
        return {}  # the update is the gradient
