"""One classifier for each learning rule, so that rules can be compared."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..metrics import angle, cross_entropy
from ..networks import FeedforwardClassifier, PredictiveCodingClassifier
from ..networks.classifiers import NEURONS, takes_time
from ..rules import SGD, Adam, Annealed
from ..schedule import Schedule
from ..validation import (
    LARGEST_WHOLE,
    CallableParam,
    ChoiceParam,
    FlagParam,
    PositiveParam,
    WholeParam,
    checked,
    declared,
    unfit,
)
from .autodiff import expected_of_autodiff
from .labels import ImageClassifier

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
    """How a classifier learns.

    Parameters
    ----------
    network : callable
        ``network(model, learns, **kwargs)`` makes the network for a `.RuleClassifier`
        ``model``, with or without learning rules. It must have the parameters W1, b1, ...
    steps : int, optional
        Timesteps of a presentation in which rate neurons learn.
    optimizer : callable, optional
        Makes the optimiser of a learning rate.
    learning_rate : float, optional
        The default.
    offline : bool, optional
        Whether NengoDL trains the network by automatic differentiation.
    """

    network: object
    steps: int = 1
    optimizer: object = Adam
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


class RuleClassifier(ImageClassifier):
    """A classifier of images that learns by a rule of one's choice.

    Parameters
    ----------
    n_hidden : tuple of int, optional
        Neurons in each hidden layer.
    rule : str, optional
        "backprop", "feedback-alignment", "direct-feedback-alignment",
        "predictive-coding", "pes" (hidden layers stay random), or "autodiff" (NengoDL's
        own training). What else is in ``RULES`` works, too.
    neuron_type : str, optional
        Of hidden layers, see `.networks.FeedforwardClassifier`.
    steps : int or None, optional
        Timesteps for each image. None: 50 for spiking and adaptive neurons; otherwise 5 for
        predictive coding, of which one is enough for a prediction, and 1.
    batch_size : int, optional
        Images averaged in one update. It cannot be larger than the data.
    max_epochs : int, optional
        Passes over the data. What does not fill a batch is left over; which images
        these are changes with the epoch.
    backend : {"auto", "nengo", "nengo-dl"}, optional
        Simulator. "auto" takes NengoDL if it is installed and the batch is large
        enough for it to be faster.
    random_state : int, RandomState or None, optional
        Seed of weights, feedback matrices and order of images.
    learning_rate : float or None, optional
        Of Adam, or for "pes" of plain descent. None: 0.001 and 0.1.
    anneal : bool, optional
        Whether steps shrink in proportion to what is left of ``max_epochs``, down to a
        twentieth.
    beta : float, optional
        Step size of settling in predictive coding.
    max_rate : float, optional
        Rate, in Hz, at which firing neurons have an activity of 1.
    synapse : float, optional
        Time constant, in seconds, of the filter of spikes.
    device : str, optional
        For NengoDL: "/cpu:0", "/gpu:0" and so on.
    verbose : bool, optional
        Whether ``fit`` shows its progress.

    Attributes
    ----------
    classes_ : array
        Labels.
    parameters_ : dict of {str: array}
        W1, b1 and so on, (post, pre).
    history_ : list of dict
        For each epoch: mean loss (nats) and error (%) of the training images before they
        changed the weights, error of the validation images, learning rate, samples per
        second.
    n_iter_ : int
        Epochs.
    n_features_in_ : int
        Pixels.
    """

    arguments = (
        ChoiceParam("rule", RULES),
        ChoiceParam("neuron_type", NEURONS),
        WholeParam("steps", optional=True),
        PositiveParam("learning_rate", optional=True),
        FlagParam("anneal"),
        *declared(PredictiveCodingClassifier, "beta"),
        *declared(FeedforwardClassifier, "max_rate", "synapse"),
    )

    def __init__(
        self,
        n_hidden=(256, 256),
        rule="backprop",
        neuron_type="relu",
        steps=None,
        batch_size=128,
        max_epochs=15,
        backend="auto",
        random_state=None,
        *,
        learning_rate=None,
        anneal=True,
        beta=0.05,
        max_rate=200.0,
        synapse=0.01,
        device=None,
        verbose=False,
    ):
        self.n_hidden = n_hidden
        self.rule = rule
        self.neuron_type = neuron_type
        self.steps = steps
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.backend = backend
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.anneal = anneal
        self.beta = beta
        self.max_rate = max_rate
        self.synapse = synapse
        self.device = device
        self.verbose = verbose

    # --- learning

    def _learn(self, data, order, watchers):
        if not RULES[self.rule].offline:
            return super()._learn(data, order, watchers)
        X, y = data
        return self._trainer().fit(
            X, y, order, self.n_iter_ + 1, [w for w in watchers if w is not None]
        )

    def _learn_batch(self, x, y):
        output = self._trainer().present(x, learn=True, target=y)["output"]
        return {
            "loss": float(cross_entropy(output, y).mean()),
            "error": 100 * float(np.mean(output.argmax(1) != y.argmax(1))),
        }

    def alignment(self, X, y):
        """Angles between this rule's updates and backprop's at the present weights.

        Parameters
        ----------
        X : (n, n_pixels) array
            At least one batch.
        y : (n,) array

        Returns
        -------
        dict of {str: float}
            In degrees, for the weights of each layer that learns: W1, W2, ... Empty for
            "autodiff", whose update is the gradient.
        """
        check_is_fitted(self, "parameters_")
        X = self._check_images(X, for_learning=True)
        y = self._check_labels(y, X)
        if RULES[self.rule].offline:
            return {}
        n = len(X) // self.batch_size * self.batch_size
        target = self._one_hot(y[:n])
        own = self._update_of(self.rule, X[:n], target)
        exact = self._update_of("backprop", X[:n], target)
        return {
            name: angle(update, exact[name]) for name, update in own.items() if name in exact
        }

    def _update_of(self, rule, X, y):
        kind = f"update by {rule}"
        runner = self._runner(
            kind,
            lambda: self._network(rule, never_due=True),
            ["output"],
            inputs=("input", "target"),
        )
        state = self._state if rule == self.rule else self.parameters_
        runner.set_state(state)
        runner.rest()  # of the last time, nothing is pending any more
        with self._whole_or_not():
            runner.present(X, learn=True, target=y)
        return runner.net.pending(runner.sim)

    # --- using what was learned

    def _decide(self, X):
        return self._output(X, lambda: self._network(self.rule, learns=False))

    # --- runners

    def _make_trainer(self):
        rule = RULES[self.rule]
        if not rule.offline:
            return self._runner(
                "train", self._training_network, ["output"], inputs=("input", "target")
            )
        from ..backends.nengo_dl import autodiff

        return autodiff.AutodiffRunner(
            self._training_network,
            self.batch_size,
            self._learning_rate,
            self._n_updates if self.anneal else None,
            autodiff.cross_entropy,
            [autodiff.error],
            device=self.device,
        )

    def _training_network(self):
        if RULES[self.rule].offline:
            return self._network(self.rule, learns=False, trained=True)
        return self._network(self.rule)

    def _layer_sizes(self):
        return (*super()._layer_sizes(), len(self.classes_))

    def _expected_arrays(self, shapes):
        expected = super()._expected_arrays(shapes)
        if RULES[self.rule].offline:
            expected.update(expected_of_autodiff(shapes, self._layer_sizes(), n_others=0))
        return expected

    def _network(self, rule, learns=True, trained=False, never_due=False):
        entry = RULES[rule]
        steps = self._steps(entry.steps if learns else 1)
        batches = LARGEST_WHOLE // self.batch_size if never_due else 1
        parameters = None if learns or trained else self._parameters_now()
        optimizer = entry.optimizer(self._learning_rate)
        if self.anneal and learns:
            optimizer = Annealed(optimizer, self._n_updates)
        return entry.network(
            self,
            learns,
            shape=(self.n_features_in_, *self.n_hidden, len(self.classes_)),
            neuron_type=self.neuron_type,
            schedule=Schedule(steps, batches * self.batch_size),
            optimizer=optimizer,
            parameters=parameters,
            seed=self._seed,
        )

    @property
    def _learning_rate(self):
        default = RULES[self.rule].learning_rate
        return default if self.learning_rate is None else self.learning_rate

    def _steps(self, needed):
        slow = takes_time(self.neuron_type)
        if self.steps is not None and (slow or needed > 1):
            return self.steps
        return _SLOW_STEPS if slow else needed

    # --- checks

    def _check_together(self):
        super()._check_together()
        if RULES[self.rule].offline and self.backend == "nengo":
            expected = f"'nengo-dl' or 'auto', since rule={self.rule!r} is NengoDL's"
            raise unfit("backend", expected, self.backend, self)

    def _backend(self):
        return "nengo-dl" if RULES[self.rule].offline else super()._backend()
