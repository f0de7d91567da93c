"""An encoder of images that learns without gradients and without labels."""

import warnings
from collections.abc import Sequence

import numpy as np

from ..neurons import KWinnersTakeAll
from ..rules import SGD
from ..training.images import image_shape_of
from ..validation import FiniteParam, FlagParam, SizesParam, WholeParam
from .codes import CodeClassifier
from .tasks.hebbian import HebbianTask, fitting


class HebbianEncoder(CodeClassifier):
    r"""An encoder that learns sparse codes of images by competition.

    Learning needs no gradients and has three phases, each with a `.CompetitiveLayer`. In the
    first epoch, filters learn from patches of images. In the epochs after it, units learn
    which filters win in which places; one unit wins for each image. In the last epoch only
    thresholds change, so that all units are among the k winners equally often. Filters start
    as patches, and units start as images. Labels are used for the readout only. By default the
    predicted label is that of the class whose mean code is at the smallest angle to the code.
    The centroid of a class is made of the k units that its images activate most.

    Parameters
    ----------
    n_hidden : tuple of one int, optional
        Number of filters.
    n_units : int, optional
        Number of units of the code. Since units start as images, there are as many units as
        images if there are fewer images, with a warning.
    sparsity : float, optional
        The fraction of the units that win.
    batch_size : int, optional
        Number of images that take part in one update. If there are fewer images, all of them
        make one batch, with a warning.
    max_epochs : int, optional
        Number of passes over the images, at least 3. In each of them, images that do not fill
        a batch are left out; which ones changes from epoch to epoch.
    backend : {"auto", "nengo", "nengo-dl", "jax"}, optional
        The simulator. "auto" takes the one that is the fastest for batches of this size, of
        those that are installed.
    random_state : int, RandomState or None, optional
        Seed of the start of filters and units, of patches and of the order of images.
    image_shape : tuple of int or None, optional
        Height and width of an image, and 3 if it has colours, or another number of features
        of each place. None: images are square if the number of features allows it, and
        otherwise of one row.
    patch : int, optional
        Height and width of a filter, in pixels. On images that are too small for it, and for
        the grid, filters are smaller, with a warning.
    patches_per_image : int, optional
        Number of patches of each image from which filters learn.
    grid : int, optional
        An image is divided into ``grid * grid`` cells. Units see which filters win somewhere
        in a cell, but not where in the cell. An image of fewer pixels on a side has fewer
        cells there.
    learning_rate : float, optional
        The fraction of the distance to its input by which a winner moves. It shrinks linearly
        to a twentieth within each phase. Samples of a batch count as if they came alone, so
        that the fraction times the number of samples that a unit wins should be below 1. A
        warning says so if it is not on average.
    homeostasis : float, optional
        Step size of thresholds, for each input of a unit. It shrinks as ``learning_rate``
        does. With 0 thresholds do not change.
    readout : {"mean-codes", "linear"}, optional
        What labels are predicted by: the angles between a code and the mean codes of the
        classes, or a linear classifier that is trained on codes (scikit-learn's
        `sklearn.linear_model.LogisticRegression`).
    graded : bool, optional
        Whether the code shows by how much the inputs of winners exceed those of the other
        units, as `.GradedKWinners` do. Otherwise it is binary. What is learned is the same. If
        it is changed after ``fit``, mean codes and the linear readout still belong to the
        codes from before, until ``fit_centroids`` is called.
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
        The mean code of each class, which is the part of its codes in which each unit is
        active if codes are binary.
    centroids_ : (n_classes, n_units) array
        The k largest entries of each mean code, as 0 and 1.
    parameters_ : dict of {str: array}
        ``"W1"``, ``"b1"`` of filters and ``"W2"``, ``"b2"`` of units, see `.PatchEncoder`.
        Filters are of features that are divided by ``scale_``.
    history_ : list of dict
        A record of each epoch. It has the number ``epoch``; its ``phase`` ("filters", "units"
        or "thresholds"); ``learning_rate`` and ``samples_per_second``. From the second epoch
        on, it has the number of ``silent_units``, which none of at most 10,000 training images
        activates, the mean ``entropy`` of units for these images, in bits, and ``val_error``,
        in percent, if there were validation images.
    filter_shape_ : tuple of int
        Height and width of a filter, and the number of colours if there are any.
    scale_ : float
        The largest size of the features that filters have started from, which is 1 for images
        with white pixels.
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
    Images of ``partial_fit`` come in no epochs. At the first call, filters start as patches of
    its images and learn from all of them; then units start as the first ``n_units`` images,
    and learn from all images, too. At further calls units learn, and filters do not change. If
    the model has been fitted before, ``partial_fit`` goes on in the phase of the last epoch.
    Each call makes the mean codes of the classes of which it has images anew, from these
    images; ``fit_centroids`` makes all mean codes from images of the user's choice. A linear
    readout is trained anew by each call, too, on the codes of its images, and on the mean
    codes of classes of which it has none.

    References
    ----------
    Rumelhart & Zipser 1985, "Feature discovery by competitive learning"; DeSieno 1988,
    "Adding a conscience to competitive learning"; for patches and cells, Coates, Lee & Ng
    2011, "An analysis of single-layer networks in unsupervised feature learning".
    """

    _recorded = ("phase",)
    _poor_score = True

    arguments = (
        SizesParam("n_hidden", lengths=(1,)),
        WholeParam("max_epochs", low=3),
        KWinnersTakeAll.sparsity,
        SizesParam("image_shape", lengths=(2, 3), optional=True),
        WholeParam("patch"),
        WholeParam("patches_per_image"),
        WholeParam("grid"),
        SGD.learning_rate,
        FiniteParam("homeostasis", low=0),
        FlagParam("graded"),
    )

    def __init__(
        self,
        n_hidden: Sequence[int] = (64,),
        n_units: int = 512,
        sparsity: float = 0.05,
        batch_size: int = 100,
        max_epochs: int = 3,
        backend: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        *,
        image_shape: Sequence[int] | None = None,
        patch: int = 7,
        patches_per_image: int = 3,
        grid: int = 3,
        learning_rate: float = 0.05,
        homeostasis: float = 0.02,
        readout: str = "mean-codes",
        graded: bool = False,
        sparse_output: bool = False,
        device: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.n_hidden = n_hidden
        self.n_units = n_units
        self.sparsity = sparsity
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.backend = backend
        self.random_state = random_state
        self.image_shape = image_shape
        self.patch = patch
        self.patches_per_image = patches_per_image
        self.grid = grid
        self.learning_rate = learning_rate
        self.homeostasis = homeostasis
        self.readout = readout
        self.graded = graded
        self.sparse_output = sparse_output
        self.device = device
        self.verbose = verbose

    def _new_task(self):
        return HebbianTask(
            self,
            self._seed,
            self.n_features_in_,
            len(self.classes_),
            self._n_updates,
            image_shape=self._shape,
        )

    # --- checks

    @property
    def _shape(self):
        return image_shape_of(self.image_shape, self.n_features_in_)

    @property
    def scale_(self) -> float:
        """The largest size of the features that filters have started from."""
        return self._task.scale

    @property
    def filter_shape_(self) -> tuple[int, ...]:
        """Height and width of a filter, and the number of colours if there are any."""
        return (*self._task.patch, *self._shape[2:])

    def _check_training(self, X, y, X_val, y_val, resume):
        checked = super()._check_training(X, y, X_val, y_val, resume)
        X = checked[0]
        n = len(X) if len(X) < self.batch_size else len(X) // self.batch_size * self.batch_size
        self._check_sizes(n)
        return checked

    def _check_stream(self, X, y, classes, first):
        X, y = super()._check_stream(X, y, classes, first)
        self._check_sizes(len(X) if first else self.n_units)  # further ones may be few
        return X, y

    def _check_sizes(self, n_learned):
        """Raise ValueError unless images have their shape; warn of what does not fit."""
        shape = self._shape
        patch, grid = fitting(self.patch, self.grid, shape)
        if (patch, grid) != (2 * (self.patch,), 2 * (self.grid,)):
            warnings.warn(
                f"patch={self.patch} and grid={self.grid} do not fit on images of {shape[0]} "
                f"x {shape[1]} pixels: filters have {patch[0]} x {patch[1]} pixels, and there "
                f"are {grid[0]} x {grid[1]} cells",
                stacklevel=2,
            )
        fewest = min(self.n_hidden[0], self.n_units)
        if self.learning_rate * self.batch_size > fewest:
            warnings.warn(
                f"learning_rate={self.learning_rate:g} is too large for batches of "
                f"{self.batch_size}: each of {fewest} units wins "
                f"{self.batch_size / fewest:.3g} samples of a batch on average, and moves "
                "beyond their mean; take a smaller one, or smaller batches",
                stacklevel=2,
            )
        if n_learned < self.n_units:
            warnings.warn(
                f"n_units={self.n_units} is larger than the data: there are {n_learned} "
                "units, since each starts as an image of the first batches",
                stacklevel=2,
            )
