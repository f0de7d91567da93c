"""One classifier for each learning rule, so that rules can be compared."""

from sklearn.utils.validation import check_is_fitted

from ..networks import FeedforwardClassifier, PredictiveCodingClassifier
from ..networks.classifiers import NEURONS
from ..validation import (
    ChoiceParam,
    FlagParam,
    PositiveParam,
    WholeParam,
    declared,
)
from . import inputs
from .classifier import ImageClassifier
from .tasks.rules import RULES, OfflineRuleTask, RuleTask


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

    def _new_task(self):
        task = OfflineRuleTask if RULES[self.rule].offline else RuleTask
        return task(self, self._seed, self.n_features_in_, len(self.classes_), self._n_updates)

    def alignment(self, X, y) -> dict[str, float]:
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
        n = len(X) // self.batch_size * self.batch_size
        return self._task.alignment(X[:n], self._task.targets(y[:n]))

    def _check_together(self):
        super()._check_together()
        if RULES[self.rule].offline:
            inputs.check_differentiates(self, f"since rule={self.rule!r} is NengoDL's")
