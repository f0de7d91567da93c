"""An encoder of images by sparse distributed representations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..metrics.code_losses import CODE_LOSSES
from ..neurons import SoftKWinnersTakeAll
from ..rules import Adam
from ..validation import (
    ArraysParam,
    CallableParam,
    ChoiceParam,
    FiniteParam,
    FlagParam,
    PositiveParam,
    WholeParam,
    checked,
    unfit,
)
from .codes import CodeClassifier
from .inputs import ImagesLike, check_differentiates
from .tasks.sdr import SDRTask


class SDREncoder(CodeClassifier):
    r"""An encoder that learns binary sparse codes which tell the classes of images apart.

    The network is a multilayer perceptron whose last layer is a population of k winners.
    It is trained with soft winners and a loss that makes codes of a class more similar to
    each other than to those of other classes. By default the predicted label is that of the
    class whose mean code is at the smallest angle to the code. The centroid of a class is made
    of the k units that its training images activate most often.

    Parameters
    ----------
    n_hidden : tuple of int, optional
        Number of units in each hidden layer.
    n_units : int, optional
        Number of units of the code.
    sparsity : float, optional
        The fraction of the units that win. With ``first_sparsity``, it is the value at which
        sparsity stops decaying.
    loss : {"triplet", "contrastive"}, optional
        The loss, see `.code_losses.TripletLoss` and
        `.code_losses.ContrastiveLoss`.
    margin : float, optional
        The margin of the loss.
    batch_size : int, optional
        Number of images of one update, among which triplets are drawn. If there are fewer
        images, all of them make one batch, with a warning.
    max_epochs : int, optional
        Number of passes over the images. In each of them, images that do not fill a batch
        are left out; which ones changes from epoch to epoch.
    backend : {"auto", "nengo", "nengo-dl", "jax"}, optional
        The simulator of ``transform`` and ``predict``. Learning needs automatic
        differentiation, which JAX and NengoDL have.
    random_state : int, RandomState or None, optional
        Seed of the weights, of the order of images and of triplets.
    hardness : float, optional
        Hardness of `.SoftKWinnersTakeAll`. With ``first_hardness``, it is the value at which
        hardness stops growing.
    hidden : {"relu", "winners"}, optional
        Whether hidden layers are rectified linear units, or populations of k winners as well.
    hard : bool, optional
        Whether soft winners use the hard sigmoid instead of the logistic function.
    first_sparsity, first_hardness : float or None, optional
        Sparsity and hardness in the first epoch. None: ``sparsity`` and ``hardness`` hold in
        all epochs.
    sparsity_decay, hardness_growth : float, optional
        Factors by which ``first_sparsity`` and ``first_hardness`` are multiplied every
        ``schedule_epochs`` epochs, see `.training.annealing.geometric`.
    schedule_epochs : int, optional
        Number of epochs after which sparsity and hardness change.
    scaling : float, optional
        Step size of `.SynapticScaling`, which adapts a gain of each unit. With 0 there are no
        gains.
    learning_rate : float, optional
        The learning rate of Adam.
    anneal : bool, optional
        Whether updates shrink linearly in the course of ``max_epochs``, from their full size
        to a twentieth of it.
    readout : {"mean-codes", "linear"}, optional
        What labels are predicted by: the angles between a code and the mean codes of the
        classes, or a linear classifier that is trained on codes (scikit-learn's
        `sklearn.linear_model.LogisticRegression`).
    sparse_output : bool, optional
        Whether ``transform`` returns a `scipy.sparse.csr_matrix`.
    device : str or None, optional
        The device that JAX or NengoDL uses, such as ``"cpu:0"`` or ``"gpu:0"``. None leaves
        the choice to them.
    verbose : bool, optional
        Whether ``fit`` shows a progress bar.

    Attributes
    ----------
    classes_ : (n_classes,) array
        The labels that the model knows, sorted.
    mean_codes_ : (n_classes, n_units) array
        The part of the codes of each class in which each unit is active.
    centroids_ : (n_classes, n_units) array
        The k units that are active most often in each class, as 0 and 1.
    parameters_ : dict of {str: array}
        The parameters by name, see `.networks.SparseEncoder`, of shape (post, pre).
    history_ : list of dict
        A record of each epoch. It has the number ``epoch``; the mean ``loss``; the number of
        ``silent_units``, which none of at most 10,000 training images activates after the
        epoch, and the mean ``entropy`` of units for these images, in bits; ``val_error``, in
        percent, if there were validation images; ``learning_rate`` and
        ``samples_per_second``.
    n_iter_ : int
        Number of epochs that are done.
    n_features_in_ : int
        Number of pixels of an image.
    feature_names_in_ : (n_pixels,) array of str
        Names of the pixels, if ``X`` was a data frame whose columns have names.
    about_ : dict or None
        What was said about the model when it was saved, if it was loaded from a file.

    Notes
    -----
    Images of ``partial_fit`` are learned with the sparsity and hardness of the last epoch that
    is done, or of the first one if there is none. Each call makes the mean codes of the
    classes of which it has images anew, from these images; ``fit_centroids`` makes all mean
    codes from images of the user's choice. A linear readout is trained anew by each call, too,
    on the codes of its images, and on the mean codes of classes of which it has none.

    References
    ----------
    For the triplet loss, Schroff, Kalenichenko & Philbin 2015, "FaceNet". For the codes, Ahmad
    & Hawkins 2016, "How do neurons operate on sparse distributed representations?",
    arXiv 1601.00720.
    """

    _task_type = SDRTask

    arguments = (
        SoftKWinnersTakeAll.sparsity,
        SoftKWinnersTakeAll.hardness,
        SoftKWinnersTakeAll.hard,
        ChoiceParam("loss", CODE_LOSSES),
        FiniteParam("margin", low=0, low_open=True, high=2),
        ChoiceParam("hidden", ("relu", "winners")),
        FiniteParam("first_sparsity", low=0, low_open=True, high=1, optional=True),
        PositiveParam("first_hardness", optional=True),
        FiniteParam("sparsity_decay", low=0, low_open=True, high=1, high_open=True),
        FiniteParam("hardness_growth", low=1, low_open=True),
        WholeParam("schedule_epochs"),
        FiniteParam("scaling", low=0),
        Adam.learning_rate,
        FlagParam("anneal"),
    )

    def __init__(
        self,
        n_hidden: Sequence[int] = (64,),
        n_units: int = 512,
        sparsity: float = 0.05,
        loss: str = "triplet",
        margin: float = 0.3,
        batch_size: int = 100,
        max_epochs: int = 15,
        backend: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        *,
        hidden: str = "relu",
        hardness: float = 5.0,
        hard: bool = False,
        first_sparsity: float | None = None,
        first_hardness: float | None = None,
        sparsity_decay: float = 0.7,
        hardness_growth: float = 2.0,
        schedule_epochs: int = 1,
        scaling: float = 0.0,
        learning_rate: float = 1e-3,
        anneal: bool = True,
        readout: str = "mean-codes",
        sparse_output: bool = False,
        device: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.n_hidden = n_hidden
        self.n_units = n_units
        self.sparsity = sparsity
        self.loss = loss
        self.margin = margin
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.backend = backend
        self.random_state = random_state
        self.hidden = hidden
        self.hardness = hardness
        self.hard = hard
        self.first_sparsity = first_sparsity
        self.first_hardness = first_hardness
        self.sparsity_decay = sparsity_decay
        self.hardness_growth = hardness_growth
        self.schedule_epochs = schedule_epochs
        self.scaling = scaling
        self.learning_rate = learning_rate
        self.anneal = anneal
        self.readout = readout
        self.sparse_output = sparse_output
        self.device = device
        self.verbose = verbose

    # --- learning

    @checked(CallableParam("on_batch"), FlagParam("resume"), ArraysParam("parameters"))
    def epochs(
        self,
        X: ImagesLike,
        y: ArrayLike,
        X_val: ImagesLike | None = None,
        y_val: ArrayLike | None = None,
        on_batch: Callable[[dict], Any] | None = None,
        resume: bool = False,
        parameters: Mapping[str, ArrayLike] | None = None,
    ) -> Iterator[dict]:
        """Learn as ``fit`` does, one epoch at a time, and make centroids after each epoch.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
            Images, or any other finite features.
        y : (n,) array
            Labels.
        X_val : (m, n_pixels) array or Images, optional
            Images that are not learned from. Their classification error is recorded after
            each epoch.
        y_val : (m,) array, optional
            Labels of ``X_val``.
        on_batch : callable, optional
            Called after each batch with a dict: epoch, batch, n_batches, loss,
            samples_per_second.
        resume : bool, optional
            Go on after the last epoch that is done, as if learning had not been
            interrupted. By default learning begins from the start.
        parameters : mapping of str to array, optional
            All or some of the weights and biases at the start, such as those of a classifier
            that has learned before.

        Returns
        -------
        iterator of dict
            The record of each epoch, which is also appended to ``history_``. All arguments
            are checked before the first epoch begins.

        Raises
        ------
        ValueError
            If the data or a parameter of the model is invalid.
        DivergenceError
            If a parameter stops being finite.
        """
        if resume and parameters is not None and hasattr(self, "parameters_"):
            raise ValueError(
                "parameters must be None with resume=True, which goes on as it is"
            )
        return self._learn(X, y, X_val, y_val, on_batch, resume, start=parameters)

    # --- checks

    def _check_training(self, X, y, X_val, y_val, resume):
        checked = super()._check_training(X, y, X_val, y_val, resume)
        self._check_learns()
        return checked

    def _check_stream(self, X, y, classes, first):
        checked = super()._check_stream(X, y, classes, first)
        self._check_learns()
        return checked

    def _check_learns(self):
        check_differentiates(self, "since sparse codes are learned by gradients")

    def _check_together(self):
        super()._check_together()
        first, last = self.first_sparsity, self.sparsity
        if first is not None and first < last:
            raise unfit("first_sparsity", f"at least sparsity, {last}", first, self)
        first, last = self.first_hardness, self.hardness
        if first is not None and first > last:
            raise unfit("first_hardness", f"at most hardness, {last}", first, self)
