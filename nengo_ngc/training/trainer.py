"""The loop over epochs and batches, for any task on any simulator."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..backends.divergence import check_finite
from .progress import Progress
from .stopping import Patience
from .task import Task


class Trainer:
    """Teaches a task, epoch by epoch.

    Each epoch has an order of its own, which follows from the task's seed and the number of
    the epoch, so that learning which was interrupted goes on as if it had not been. What was
    learned is kept at the end of each epoch only.

    Parameters
    ----------
    task : Task
        What is learned.
    history : list of dict, optional
        Records of the epochs that are done.

    Attributes
    ----------
    history : list of dict
        A record of each epoch: its number from 1, what was measured, the learning rate, and
        samples per second.
    in_epoch : bool
        Whether an epoch has begun and not ended.
    """

    def __init__(self, task: Task, history: list[dict] | None = None):
        self.task = task
        self.history = self.task.history = [] if history is None else history
        self.task.epoch = max(len(self.history) - 1, 0)
        self.in_epoch = False

    def epochs(
        self,
        data: tuple,
        max_epochs: int,
        validation: tuple | None = None,
        stop: Patience | None = None,
        on_batch: Callable[[dict], Any] | None = None,
        verbose: bool = False,
    ) -> Iterator[dict]:
        """Learn, epoch by epoch.

        Parameters
        ----------
        data : tuple of arrays
            What the task's ``learn`` takes, with a row for each sample.
        max_epochs : int
            Epochs after which learning ends, those counted that are done.
        validation : tuple of arrays, optional
            What the task's ``validate`` takes.
        stop : Patience, optional
            When learning ends before.
        on_batch : callable, optional
            Called after each batch with a dict: epoch, batch, n_batches, what was measured,
            samples_per_second.
        verbose : bool, optional
            Whether the progress of each epoch is shown: by a bar on a terminal, by a line
            elsewhere.

        Yields
        ------
        dict
            The record of each epoch.

        Raises
        ------
        DivergenceError
            If learning diverges. The task then has what was learned in the epoch before.
        """
        while len(self.history) < max_epochs and not (stop and stop.is_over(self.history)):
            bar = Progress(max_epochs) if verbose else None
            watchers = [watch for watch in (bar, on_batch) if watch is not None]
            self.in_epoch = True
            try:
                with self.task.whole():
                    record = self._epoch(data, validation, watchers)
                if bar is not None:
                    bar.done(record)
            finally:
                self.in_epoch = False
                self.task.epoch = max(len(self.history) - 1, 0)
                if bar is not None:
                    bar.close()
            yield record

    def _epoch(self, data, validation, watchers):
        task, start, n = self.task, time.perf_counter(), len(data[0])
        task.epoch = len(self.history)
        order = np.random.RandomState([task.seed, task.epoch]).permutation(n)
        size = min(task.settings.batch_size, n)
        order = order[: n // size * size]
        begun = task.begin_epoch(data, order)
        task.draw_anew()
        record = {
            **begun,
            **self.learn(data, order, watchers),
            **task.end_epoch(data, order),
        }
        for name, value in record.items():
            if isinstance(value, float):
                check_finite(name, value, task.training.n_steps)
        record["learning_rate"] = task.learning_rate
        seconds = time.perf_counter() - start
        record["samples_per_second"] = round(len(order) / seconds, 1)
        if validation is not None:
            record.update(task.validate(*validation))
        task.keep()
        task.training.reset()  # nothing else goes on, as if the task had been loaded
        self.history.append({"epoch": task.epoch + 1, **record})
        return self.history[-1]

    def stream(self, data: tuple) -> None:
        """Learn from samples once, in the order in which they come, and keep it.

        Parameters
        ----------
        data : tuple of arrays
            What the task's ``learn`` takes. Samples that do not fill a batch are one of
            their own.
        """
        with self.task.whole():
            self.task.begin_stream(data)
            self.task.draw_anew(stream=True)
            self.learn(data, np.arange(len(data[0])))
            self.task.end_stream(data)
            self.task.keep()
            # as after an epoch, but only where it matters, since parts of a stream are small
            if self.task.training.is_random:
                self.task.training.reset()

    def learn(
        self,
        data: tuple,
        order: np.ndarray,
        watchers: Sequence[Callable[[dict], Any]] = (),
    ) -> dict[str, float]:
        """Learn from samples, once each, in an order, and return means of what was measured.

        Parameters
        ----------
        data : tuple of arrays
            As for ``epochs``.
        order : (n,) array of int
            Rows of the data.
        watchers : sequence of callable, optional
            As ``on_batch`` of ``epochs``.
        """
        start, size, batch = time.perf_counter(), self.task.settings.batch_size, 0

        def report(measured):
            nonlocal batch
            batch += 1
            about = {
                "epoch": len(self.history) + 1,
                "batch": batch,
                "n_batches": -(-len(order) // size),
                **measured,
                "samples_per_second": min(batch * size, len(order))
                / (time.perf_counter() - start),
            }
            for watch in watchers:
                watch(about)

        return self.task.run_through(data, order, report)
