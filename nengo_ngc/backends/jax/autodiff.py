"""Training by gradients, which JAX computes by differentiating the simulation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from ...rules import Optimizer
from ..means import Means
from ..model import Loss, Model
from ..session import TrainingSession
from ..trained import trained_arrays
from .losses import measure
from .session import placed
from .simulator import Simulator
from .training import Update

_PREFIX, _UPDATES = "autodiff/", "autodiff/n_updates"


class AutodiffSession(TrainingSession):
    """Trains a network by back-propagation through the simulation.

    Parameters
    ----------
    model, n_samples
        As for `.TrainingSession`.
    device : str, optional
        As for `.JaxSession`.
    optimizer : Optimizer
        The optimiser of all arrays.
    loss : Loss
        "cross-entropy" of the softmax of the output, or another one of ``OUTPUT_LOSSES`` or
        ``CODE_LOSSES``.
    measures : sequence of Loss, optional
        Other measures to report: "error", in percent.
    """

    def __init__(
        self,
        model: Model,
        n_samples: int,
        device: str | None = None,
        *,
        optimizer: Optimizer,
        loss: Loss,
        measures: Sequence[Loss] = (),
    ):
        super().__init__(model, n_samples)
        losses = {"loss": loss, **{m.name: m for m in measures}}
        self.sim = _Simulator(
            self.model,
            minibatch_size=n_samples,
            **placed(device),
            progress_bar=False,
            optimize=False,  # what is trained is an array of its own
        )
        self.sim.compile(
            trained_arrays(self.sim.model, self.net),
            self.net.schedule.steps,
            self._output,
            {name: measure(one) for name, one in losses.items()},
            optimizer,
            self.net._forms,
        )

    def train(
        self, X: Any, y: Any, order: NDArray, report: Callable[[dict[str, float]], None]
    ) -> dict[str, float]:
        means = Means()
        for rows in gen_batches(len(order), self.n_samples):
            part = order[rows]
            means.add(len(part), self.sim.update({self._stimulus: X[part]}, y[part]))
            report(means.over_samples())
        return means.over_samples()

    def state(self) -> dict[str, NDArray]:
        remembered = {_PREFIX + name: array for name, array in self.sim.remembered.items()}
        return {**super().state(), **remembered}

    def set_state(self, state: Mapping[str, NDArray]) -> None:
        own = {name: array for name, array in state.items() if name.startswith(_PREFIX)}
        super().set_state({name: array for name, array in state.items() if name not in own})
        self.sim.remembered = {name.removeprefix(_PREFIX): x for name, x in own.items()}

    def _reset(self, seed):  # random numbers of training have seeds of their own
        self.sim.reset()


class _Simulator(Simulator):
    """Changes arrays so that a loss decreases.

    Attributes
    ----------
    remembered : dict of {str: array}
        The values that the optimiser keeps, by names such as ``"W1/optimizer_m"``, and the
        number of updates, ``"n_updates"``.
    """

    def compile(self, trained, n_steps, output, losses, optimizer, forms):
        """Set what is trained, the length of a presentation, the loss and the optimiser."""
        start, shared, self._steps = self.program.shared, self.program.layout.shared, n_steps
        # what no operator reads has no gradient
        self._trained = {n: shared[s.base] for n, s in trained.items() if s.base in shared}
        self._remembered = {
            name: {k: self._array(x) for k, x in optimizer.init(start[name]).items()}
            for name in self._trained.values()
        }
        self._n_updates, self._names = 0, [*losses]
        self._update = Update(
            self.program,
            self._dtype,
            self._n,
            n_steps,
            self.program.probes[output],
            losses,
            optimizer,
            {key: forms[name] for name, key in self._trained.items() if name in forms},
            self._devices,
        )

    def update(self, data, y):
        """Learn from one minibatch; returns the loss and the measures."""
        first, own = self._n_steps + 1, {*self._trained.values()}
        held = {self._inputs.name(node): np.asarray(x) for node, x in data.items()}
        series = self._inputs.ahead(held, first, self._steps)
        of_all = self._state.keys() - self.program.per_sample
        with self._settings():
            trained, self._remembered, shared, state, measured = self._update.apply(
                {name: self._shared[name] for name in own},
                self._remembered,
                {name: x for name, x in self._shared.items() if name not in own},
                {name: self._state[name] for name in of_all},
                {name: self._array(x, 0) for name, x in held.items()},
                {name: self._given(x, 1) for name, x in series.items()},
                self._array(y, 0),
                np.int32(self._n_updates + 1),
                np.uint32(self.seed),
            )
        self._shared = {**shared, **trained}
        self._state.update(state)
        self._n_updates += 1
        self._n_steps += self._steps
        return {name: float(measured[name]) for name in self._names}

    @property
    def remembered(self):
        arrays = {
            f"{name}/optimizer_{k}": np.array(x)
            for name, key in self._trained.items()
            for k, x in self._remembered[key].items()
        }
        return {**arrays, "n_updates": np.array(self._n_updates)}

    @remembered.setter
    def remembered(self, arrays):
        before = {name: array.shape for name, array in self.remembered.items()}
        found = {name: np.shape(array) for name, array in arrays.items()}
        if found != before:
            raise ValidationError(
                f"what training by JAX remembers must be {before}, got {found}: learning "
                "that was begun by another backend goes on there only",
                attr="state",
            )
        with self._settings():
            for name, key in self._trained.items():
                for k in self._remembered[key]:
                    array = arrays[f"{name}/optimizer_{k}"]
                    self._remembered[key][k] = self._array(array)
        self._n_updates = int(arrays["n_updates"])
