"""One classifier for each learning rule, so that rules can be compared."""

from collections.abc import Sequence

import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from ..networks import FeedforwardClassifier, PredictiveCodingClassifier
from ..networks.classifiers import NEURONS
from ..networks.convolutional import LayersParam
from ..rules.optimizer_wrappers import SHAPES
from ..rules.optimizers import OPTIMIZERS
from ..training.images import part
from ..validation import (
    ChoiceParam,
    EitherParam,
    FiniteParam,
    FlagParam,
    PositiveParam,
    SizesParam,
    WholeParam,
    declared,
    shown,
    unfit,
)
from .classifier import ImageClassifier
from .inputs import ImagesLike, check_differentiates
from .tasks.rules import RULES, OfflineRuleTask, Rule, RuleTask


class RuleClassifier(ImageClassifier):
    """A classifier of images that learns by a rule of the user's choice.

    Parameters
    ----------
    n_hidden : tuple of int, Conv or str, optional
        Number of neurons in each hidden layer, or convolutional layers, see
        `.Conv`, such as ``(Conv(32, 5, stride=2), 128)`` or ``("32c5s2", 128)``.
    rule : str, optional
        The learning rule: "backprop", "feedback-alignment", "sign-symmetry" (feedback weights
        are random but for their signs), "direct-feedback-alignment", "predictive-coding",
        "incremental-predictive-coding" (weights change in each timestep of settling), "pes"
        (hidden layers stay random), "autodiff" (training by automatic differentiation, which
        JAX and NengoDL have), or another name that was added to ``nengo_ngc.models.RULES``.
    neuron_type : str, optional
        The neurons of hidden layers, see `.networks.FeedforwardClassifier`.
    steps : int or None, optional
        Timesteps for which an image is presented. None takes 50 with spiking or adaptive
        neurons. With other neurons it takes as many as the rule needs to learn, which are 5
        for predictive coding and 1 for all other rules; a prediction then takes 1 timestep.
        Where 1 is enough, another number has no effect. Predictive coding moves its states
        one time less often than there are timesteps.
    batch_size : int, optional
        Number of images over which an update is averaged. If there are fewer images, all of
        them make one batch, with a warning.
    max_epochs : int, optional
        Number of passes over the images. In each of them, images that do not fill a batch
        are left out; which ones changes from epoch to epoch.
    backend : {"auto", "nengo", "nengo-dl", "jax"}, optional
        The simulator. "auto" takes the one that is the fastest for batches of this size, of
        those that are installed.
    random_state : int, RandomState or None, optional
        Seed of the weights, of feedback matrices and of the order of images.
    loss : {"cross-entropy", "binary-cross-entropy", "squared-error"}, optional
        What learning makes smaller: the cross-entropy of the softmax of the outputs, that of
        each class by itself, or the squared error of the outputs. Whatever it is,
        ``predict_proba`` returns the softmax of the outputs.
    init : {"normal", "uniform"}, optional
        How weights are drawn: from a normal distribution that preserves the power of signals,
        or uniformly, with the biases, as Torch does, see `.networks.FeedforwardClassifier`.
        It must be "normal" with ``scaling="mupc"``.
    optimizer : {"adam", "adamw", "momentum", "rmsprop", "sgd"} or None, optional
        The optimiser of all weights and biases. None takes plain gradient descent for "pes"
        and Adam for all other rules.
    learning_rate : float or None, optional
        The learning rate of the optimiser. None takes 0.1 for "pes" and 0.001 for all other
        rules.
    weight_decay : float, optional
        Weight decay of ``optimizer="adamw"``, see `.AdamW`. Other optimisers have none.
    anneal : bool or {"linear", "cosine"}, optional
        How updates shrink in the course of ``max_epochs``. True is "linear", and with False
        they do not shrink.
    floor : float, optional
        The fraction of its full size that an update has in the end, from 0 to 1. It has an
        effect if updates shrink, see ``anneal``.
    warm_up : float, optional
        The part of all updates, below 1, in which they grow to their full size.
    warm_up_from : float, optional
        The fraction of its full size that the first update has, from 0 to 1, if there is a
        ``warm_up``.
    beta : float, optional
        Step size with which states settle in predictive coding.
    momentum : float, optional
        The part of their velocity that states keep in predictive coding, below 1.
    nudging : float or None, optional
        The strength with which predictive coding nudges its output towards the label, or away
        from it if the number is negative, see `.networks.PredictiveCodingClassifier`. None
        clamps the output to the label.
    centred : bool, optional
        Whether the sign of nudging alternates from epoch to epoch, which needs ``nudging``.
        The first epoch has the sign of ``nudging``, and so has ``partial_fit``.
    states : {"currents", "activities"}, optional
        What the states of predictive coding are: the input currents of units, or their
        activities, see `.networks.PredictiveCodingClassifier`. They must be currents with
        ``residual`` and with ``scaling="mupc"``.
    residual : bool, optional
        Whether hidden layers have residual connections in predictive coding: each layer adds
        the states below to its input, if both have the same size.
    scaling : {"standard", "mupc"}, optional
        How predictive coding scales its weights. With "mupc", for deep networks, the input
        of each layer is multiplied by a constant that depends on the widths and the depth,
        the first weights are drawn from the standard normal distribution, and biases stay 0.
    max_rate : float, optional
        Firing rate, in Hz, that counts as an activity of 1. It has an effect on neurons that
        fire or are models of firing, and not in predictive coding.
    synapse : float, optional
        Time constant, in seconds, of the filter of spikes. It has an effect on neurons that
        spike, and not in predictive coding.
    image_shape : tuple of int or None, optional
        Height and width of an image, and the number of colours if there are any, which
        convolutional layers need. None: images are square if the number of features allows
        it, and otherwise of one row.
    device : str or None, optional
        The device that JAX or NengoDL uses, such as ``"cpu:0"`` or ``"gpu:0"``. None leaves
        the choice to them.
    verbose : bool, optional
        Whether ``fit`` shows a progress bar.

    Attributes
    ----------
    classes_ : (n_classes,) array
        The labels that the model knows, sorted.
    parameters_ : dict of {str: array}
        Weights W1, W2 and so on, of shape (post, pre), and biases b1, b2 and so on.
    history_ : list of dict
        A record of each epoch. It has the number ``epoch``; the means ``loss``, in nats if it
        is a cross-entropy, and ``error``, in percent, of training images, measured on the
        feedforward prediction before they changed the weights; ``val_error``, in percent, if
        there were validation images; ``learning_rate`` and ``samples_per_second``.
    n_iter_ : int
        Number of epochs that are done.
    n_features_in_ : int
        Number of pixels of an image.
    feature_names_in_ : (n_pixels,) array of str
        Names of the pixels, if ``X`` was a data frame whose columns have names.
    about_ : dict or None
        What was said about the model when it was saved, if it was loaded from a file.
    """

    arguments = (
        LayersParam("n_hidden"),
        SizesParam("image_shape", lengths=(2, 3), optional=True),
        ChoiceParam("rule", RULES),
        ChoiceParam("neuron_type", NEURONS),
        WholeParam("steps", optional=True),
        ChoiceParam("optimizer", OPTIMIZERS, optional=True),
        PositiveParam("learning_rate", optional=True),
        FiniteParam("weight_decay", low=0),
        EitherParam("anneal", FlagParam("anneal"), ChoiceParam("anneal", SHAPES)),
        FiniteParam("floor", low=0, high=1),
        FiniteParam("warm_up", low=0, high=1, high_open=True),
        FiniteParam("warm_up_from", low=0, high=1),
        FlagParam("centred"),
        *declared(
            PredictiveCodingClassifier,
            *("loss", "init", "beta", "momentum", "nudging"),
            *("states", "residual", "scaling"),
        ),
        *declared(FeedforwardClassifier, "max_rate", "synapse"),
    )

    def __init__(
        self,
        n_hidden: Sequence[int] = (256, 256),
        rule: str = "backprop",
        neuron_type: str = "relu",
        steps: int | None = None,
        batch_size: int = 128,
        max_epochs: int = 15,
        backend: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        *,
        loss: str = "cross-entropy",
        init: str = "normal",
        optimizer: str | None = None,
        learning_rate: float | None = None,
        weight_decay: float = 0.0,
        anneal: bool | str = "linear",
        floor: float = 0.05,
        warm_up: float = 0.0,
        warm_up_from: float = 0.0,
        beta: float = 0.05,
        momentum: float = 0.0,
        nudging: float | None = None,
        centred: bool = False,
        states: str = "currents",
        residual: bool = False,
        scaling: str = "standard",
        max_rate: float = 200.0,
        synapse: float = 0.01,
        image_shape: Sequence[int] | None = None,
        device: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.n_hidden = n_hidden
        self.rule = rule
        self.neuron_type = neuron_type
        self.steps = steps
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.backend = backend
        self.random_state = random_state
        self.loss = loss
        self.init = init
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.anneal = anneal
        self.floor = floor
        self.warm_up = warm_up
        self.warm_up_from = warm_up_from
        self.beta = beta
        self.momentum = momentum
        self.nudging = nudging
        self.centred = centred
        self.states = states
        self.residual = residual
        self.scaling = scaling
        self.max_rate = max_rate
        self.synapse = synapse
        self.image_shape = image_shape
        self.device = device
        self.verbose = verbose

    @property
    def _task_type(self):
        return OfflineRuleTask if RULES[self.rule].offline else RuleTask

    def _check_training(self, X, y, X_val, y_val, resume):
        self._check_kind_of_rule(resume)
        return super()._check_training(X, y, X_val, y_val, resume)

    def _check_stream(self, X, y, classes, first):
        self._check_kind_of_rule(not first)
        return super()._check_stream(X, y, classes, first)

    def _check_kind_of_rule(self, goes_on):
        if goes_on and type(self._task) is not self._task_type:
            raise ValueError(
                f"rule was changed to {self.rule!r} after the model had learned, but only "
                "fit can change between 'autodiff' and a rule"
            )

    def alignment(self, X: ImagesLike, y: ArrayLike) -> dict[str, float]:
        """Return the angles between this rule's updates and those of backpropagation.

        Both updates are computed with the present weights, which do not change.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
            Images. If there is more than one batch of them, those that do not fill a batch
            are left out.
        y : (n,) array
            Labels.

        Returns
        -------
        dict of {str: float}
            Angles in degrees, by the names of the weights that the rule changes. The dict is
            empty for "autodiff", whose update is the gradient itself, and for residual or
            scaled networks, which backpropagation does not have here.
        """
        check_is_fitted(self, "parameters_")
        images = self._check_images(X)
        rows = self._check_labels(y, images)
        n = len(images)
        if n > self.batch_size:
            n = n // self.batch_size * self.batch_size
        return self._task.alignment(part(images, slice(n)), self._task.targets(rows[:n]))

    def _check_together(self):
        super()._check_together()
        rule = RULES[self.rule]
        if not isinstance(rule, Rule):
            expected = f"must be an object of class Rule, got {shown(rule)}"
            raise ValidationError(expected, attr=f"RULES[{self.rule!r}]")
        if self.weight_decay > 0 and self.optimizer != "adamw":
            raise unfit("weight_decay", "0 without optimizer='adamw'", self.weight_decay, self)
        if self.scaling == "mupc" and self.init != "normal":
            raise unfit("init", "'normal' with scaling='mupc'", self.init, self)
        if self.states == "activities" and (self.residual or self.scaling == "mupc"):
            expected = "'currents' with residual connections and with scaling='mupc'"
            raise unfit("states", expected, self.states, self)
        if self.centred and self.nudging is None:
            raise unfit("nudging", "a number with centred=True", self.nudging, self)
        if rule.offline:
            check_differentiates(self, f"since rule={self.rule!r} needs gradients")
