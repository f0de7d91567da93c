"""An encoder of images by sparse distributed representations."""

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
from .inputs import check_differentiates
from .tasks.sdr import SDRTask

LOSSES = ("triplet", "contrastive")


class SDREncoder(CodeClassifier):
    r"""Learns binary sparse codes of images that keep what class they are of.

    A multilayer perceptron whose last layer is a population of k winners, soft while
    NengoDL trains it, so that codes of a class come closer to each other than to others.
    The label predicted is that of the class whose centroid, the k units that are active
    most often in its training images, has most units in common with the code.

    Parameters
    ----------
    n_hidden : tuple of int, optional
        Units in each hidden layer.
    n_units : int, optional
        Units of the code.
    sparsity : float, optional
        Part of them that win, where sparsity decays from ``first_sparsity`` the floor.
    loss : {"triplet", "contrastive"}, optional
    margin : float, optional
        Of the loss, see `.dl.losses`.
    batch_size : int, optional
        Images of one update, among which triplets are drawn.
    max_epochs : int, optional
        Passes over the data. What does not fill a batch is left over; which images
        these are changes with the epoch.
    backend : {"auto", "nengo", "nengo-dl"}, optional
        Simulator of ``transform`` and ``predict``; learning needs NengoDL.
    random_state : int, RandomState or None, optional
        Seed of weights, order of images and triplets.
    hardness : float, optional
        Of `.SoftKWinnersTakeAll`; where it grows from ``first_hardness`` the cap.
    hidden : {"relu", "winners"}, optional
        Whether hidden layers are rectified linear units, or k winners, too.
    hard : bool, optional
        Whether winners are soft by the hard sigmoid.
    first_sparsity, first_hardness : float or None, optional
        Values of the first epoch, which are multiplied by ``sparsity_decay`` and
        ``hardness_growth`` every ``schedule_epochs`` epochs, see
        `.training.annealing.geometric`.
        None: they don't change.
    sparsity_decay, hardness_growth : float, optional
    schedule_epochs : int, optional
    scaling : float, optional
        Step size of `.SynapticScaling` of the units' gains; 0: there are no gains.
    learning_rate : float, optional
        Adam's.
    anneal : bool, optional
        Whether steps shrink in proportion to what is left of ``max_epochs``, down to a
        twentieth.
    sparse_output : bool, optional
        Whether ``transform`` returns a `scipy.sparse.csr_matrix`.
    device : str, optional
        For NengoDL: "/cpu:0", "/gpu:0" and so on.
    verbose : bool, optional
        Whether ``fit`` shows its progress.

    Attributes
    ----------
    classes_ : array
        Labels.
    centroids_ : (n_classes, n_units) array
        Of 0 and 1.
    parameters_ : dict of {str: array}
        By name, (post, pre).
    history_ : list of dict
        For each epoch: mean loss; of at most 10,000 training images after it, the units
        that none of them activates and the mean entropy of units (bit); error of the
        validation images by centroids (%), learning rate, samples per second.
    n_iter_ : int
        Epochs.
    n_features_in_ : int
        Pixels.

    References
    ----------
    Schroff, Kalenichenko & Philbin 2015, "FaceNet", of the triplet loss; Ahmad & Hawkins
    2016, "How do neurons operate on sparse distributed representations?", arXiv 1601.00720.
    """

    arguments = (
        SoftKWinnersTakeAll.sparsity,
        SoftKWinnersTakeAll.hardness,
        SoftKWinnersTakeAll.hard,
        ChoiceParam("loss", LOSSES),
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
        n_hidden=(64,),
        n_units=512,
        sparsity=0.05,
        loss="triplet",
        margin=0.3,
        batch_size=100,
        max_epochs=15,
        backend="auto",
        random_state=None,
        *,
        hidden="relu",
        hardness=5.0,
        hard=False,
        first_sparsity=None,
        first_hardness=None,
        sparsity_decay=0.7,
        hardness_growth=2.0,
        schedule_epochs=1,
        scaling=0.0,
        learning_rate=1e-3,
        anneal=True,
        sparse_output=False,
        device=None,
        verbose=False,
    ):
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
        self.sparse_output = sparse_output
        self.device = device
        self.verbose = verbose

    # --- learning

    @checked(CallableParam("on_batch"), FlagParam("resume"), ArraysParam("parameters"))
    def epochs(
        self, X, y, X_val=None, y_val=None, on_batch=None, resume=False, parameters=None
    ):
        """Learn epoch by epoch; what ``fit`` does, for those who look in between.

        Parameters
        ----------
        X : (n, n_pixels) array
            Pixels in [0, 1].
        y : (n,) array
            Labels.
        X_val, y_val : arrays, optional
            Images that are not learned from; their error is recorded after each epoch.
        on_batch : callable, optional
            Called after each batch with a dict: epoch, batch, n_batches, loss,
            samples_per_second.
        resume : bool, optional
            Go on after the last epoch that is done, as if it had not been left.
        parameters : mapping of str to array, optional
            Weights and biases at the start, all or some of them: those of a classifier
            that has learned before, for example.

        Returns
        -------
        iterator of dict
            The entry of ``history_`` for each epoch. Everything is checked before.

        Raises
        ------
        ValueError
            If the data or a parameter of the model is unfit.
        DivergenceError
            If a parameter stops being finite.
        """
        return self._learn(X, y, X_val, y_val, on_batch, resume, start=parameters)

    def _new_task(self):
        return SDRTask(
            self, self._seed, self.n_features_in_, len(self.classes_), self._n_updates
        )

    # --- checks

    def _check_training(self, X, y, X_val, y_val, resume):
        checked = super()._check_training(X, y, X_val, y_val, resume)
        check_differentiates(self, "since learning sparse codes is NengoDL's")
        return checked

    def _check_together(self):
        super()._check_together()
        first, last = self.first_sparsity, self.sparsity
        if first is not None and first < last:
            raise unfit("first_sparsity", f"at least sparsity, {last}", first, self)
        first, last = self.first_hardness, self.hardness
        if first is not None and first > last:
            raise unfit("first_hardness", f"at most hardness, {last}", first, self)
