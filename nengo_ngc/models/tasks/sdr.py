"""Sparse distributed representations by the triplet loss as a task."""

from collections.abc import Mapping

from numpy.typing import ArrayLike, NDArray

from ...backends import Loss
from ...networks import SparseEncoder
from ...neurons import SoftKWinnersTakeAll
from ...rules import SGD, Adam, Optimizer, SynapticScaling
from ...training import Images
from ...training.annealing import geometric
from ...training.autodiff import AutodiffTask
from .codes import CodeTask


class SDRTask(AutodiffTask, CodeTask):
    """A multilayer perceptron learns codes.

    See `.SDREncoder` for the settings.

    Attributes
    ----------
    start : mapping of str to array or None
        Weights and biases with which learning begins. None: the network draws them.
    """

    inputs = ("input",)
    n_remembered = 1  # losses count their batches
    start: Mapping[str, ArrayLike] | None = None

    def training_network(self) -> SparseEncoder:
        model = self.settings
        return SparseEncoder(
            (*self.layer_sizes(),),
            winners=self.winners,
            hidden_type=self.winners if model.hidden == "winners" else None,
            scaling=self._scaling(),
            parameters=self.start,
            seed=self.seed,
        )

    @property
    def loss(self) -> Loss:
        return Loss(self.settings.loss, {"margin": self.settings.margin, "seed": self.seed})

    @property
    def optimizer(self) -> Optimizer:
        return self.annealed(Adam(self.learning_rate))

    def begin_epoch(self, data, order):
        if self._winners_in(max(self.epoch - 1, 0)) != self.winners:
            self.close()  # sessions have the winners of the epoch before
        return {}

    def end_epoch(self, data, order):
        self.state_now()
        return self.look(*data, order)

    def codes(self, X: NDArray | Images) -> NDArray:
        return self.output(X, self.training_network)

    @property
    def n_winners(self) -> int:
        return self.winners.n_winners(self.settings.n_units)

    @property
    def winners(self) -> SoftKWinnersTakeAll:
        """The winners of the code in the present epoch, or in the last one."""
        return self._winners_in(self.epoch)

    def _winners_in(self, epoch):
        model = self.settings
        n, sparsity, hardness = epoch // model.schedule_epochs, model.sparsity, model.hardness
        if model.first_sparsity is not None:
            sparsity = geometric(model.first_sparsity, sparsity, model.sparsity_decay, n)
        if model.first_hardness is not None:
            hardness = geometric(model.first_hardness, hardness, model.hardness_growth, n)
        return SoftKWinnersTakeAll(sparsity, hardness, model.hard)

    def _scaling(self):
        if not self.settings.scaling:
            return None
        return SynapticScaling(
            self.n_winners / self.settings.n_units,
            active_above=0.5,
            optimizer=SGD(self.settings.scaling),
        )

    def layer_sizes(self):
        return (*super().layer_sizes(), self.settings.n_units)
