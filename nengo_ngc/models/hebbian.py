"""An encoder of images that learns without gradients and without labels."""

from ..neurons import KWinnersTakeAll
from ..rules import SGD
from ..validation import FiniteParam, SizesParam, WholeParam
from .codes import CodeClassifier
from .tasks.hebbian import HebbianTask


class HebbianEncoder(CodeClassifier):
    r"""Learns binary sparse codes of images by competition, without gradients.

    Three phases, each with `.CompetitiveLayer`: in the first epoch filters learn from
    patches; then units learn from which filters win where, one unit for an image; in the last
    epoch only thresholds move, until each unit is among the k winners equally often.
    Filters start as patches, units as images. Labels are used for the centroids of the classes
    only, the k units that are active most often.

    Parameters
    ----------
    n_hidden : tuple of one int, optional
        Filters.
    n_units : int, optional
        Units of the code.
    sparsity : float, optional
        Part of them that win.
    batch_size : int, optional
        Images of one update.
    max_epochs : int, optional
        Passes over the data, at least three.
    backend : {"auto", "nengo", "nengo-dl"}, optional
        Simulator. "auto" takes NengoDL if it is installed and the batch is large
        enough for it to be faster.
    random_state : int, RandomState or None, optional
        Seed of where filters and units start, patches and order of images.
    image_shape : tuple of int or None, optional
        Height and width; None: images are square.
    patch : int, optional
        Pixels on each side of a filter.
    patches_per_image : int, optional
        Patches that filters learn from.
    grid : int, optional
        Cells on each side, in which it does not matter where a filter has won.
    learning_rate : float, optional
        The part of the way to its input that a winner goes; falls to a twentieth within
        each phase.
    homeostasis : float, optional
        Step size of thresholds for each input of a unit; 0: they don't move. It falls like
        ``learning_rate``.
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
        ``"W1"``, ``"b1"`` of filters and ``"W2"``, ``"b2"`` of units, see `.PatchEncoder`.
    history_ : list of dict
        For each epoch, its phase ("filters", "units" or "thresholds"), learning rate and
        samples per second; from the second on, of at most 10,000 training images, the units
        that none of them activates, the mean entropy of units (bit), and the error of
        validation images by centroids (%).
    n_iter_ : int
        Epochs.
    n_features_in_ : int
        Pixels.

    References
    ----------
    Rumelhart & Zipser 1985, "Feature discovery by competitive learning"; DeSieno 1988,
    "Adding a conscience to competitive learning"; Coates, Lee & Ng 2011, "An analysis of
    single-layer networks in unsupervised feature learning", of patches and cells.
    """

    _recorded = ("phase",)

    arguments = (
        SizesParam("n_hidden", lengths=(1,)),
        WholeParam("max_epochs", low=3),
        KWinnersTakeAll.sparsity,
        SizesParam("image_shape", lengths=(2,), optional=True),
        WholeParam("patch"),
        WholeParam("patches_per_image"),
        WholeParam("grid"),
        SGD.learning_rate,
        FiniteParam("homeostasis", low=0),
    )

    def __init__(
        self,
        n_hidden=(64,),
        n_units=512,
        sparsity=0.05,
        batch_size=100,
        max_epochs=3,
        backend="auto",
        random_state=None,
        *,
        image_shape=None,
        patch=7,
        patches_per_image=3,
        grid=3,
        learning_rate=0.05,
        homeostasis=0.02,
        sparse_output=False,
        device=None,
        verbose=False,
    ):
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
        if self.image_shape is not None:
            return tuple(self.image_shape)
        side = int(round(self.n_features_in_**0.5))
        return side, side

    def _check_training(self, X, y, X_val, y_val, resume):
        checked = super()._check_training(X, y, X_val, y_val, resume)
        height, width = self._shape
        if height * width != self.n_features_in_:
            raise ValueError(
                f"image_shape must have {self.n_features_in_} pixels, got "
                f"{self.image_shape or 'none, and images are not square'}"
            )
        places = min(height, width) - self.patch + 1
        if not self.grid <= places:
            raise ValueError(
                f"patch and grid must fit on images of {height} x {width} pixels, got "
                f"patch={self.patch} and grid={self.grid}"
            )
        n_learned = len(checked[0]) // self.batch_size * self.batch_size
        if n_learned < self.n_units:
            raise ValueError(
                f"n_units must not be larger than the data, since units start as images: got "
                f"n_units={self.n_units} and {n_learned} images in whole batches"
            )
        return checked
