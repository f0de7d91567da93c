r"""A sparse code of images, by winners among filters and winners among units."""

import math
from collections.abc import Mapping

import nengo
import numpy as np
from nengo.builder import Model, Signal
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..neurons import KWinnersTakeAll, SoftThreshold
from ..rules import Optimizer
from ..schedule import Schedule
from ..validation import (
    ArrayParam,
    EitherParam,
    SizesParam,
    WholeParam,
    checked,
    declared,
)
from .base import LearningNetwork
from .competitive import CompetitiveLayer
from .parts import neurons


class PatchEncoder(LearningNetwork):
    r"""A sparse code of images, made by winners among filters and winners among units.

    At each place of the image at most one of m filters wins: the one that is nearest to the
    patch at this place, unless the patch is nearer to 0 than to any filter. The places are
    divided into a coarse grid of cells. Each cell has one unit for each filter, which is
    active if the filter has won anywhere in the cell, and a `CompetitiveLayer` makes a code of
    these:

    .. math::
        y_1 &= \mathrm{1WTA}^+(W_1 \ast x + b_1) \quad\text{at each place} \\
        c &= \bigl[\textstyle\sum_{\text{places of a cell}} y_1 > 0\bigr] \\
        y_2 &= \mathrm{kWTA}(W_2 c + b_2)

    Filters do not learn here. They are learned by another `CompetitiveLayer`, to which patches
    are presented.

    Parameters
    ----------
    image_shape : tuple of int
        Height and width of the images, and the number of colours if they have colours.
    filters, thresholds : arrays
        :math:`W_1`, (m, size of a patch), and :math:`b_1`, (m, 1). A patch is flat, in the
        order of rows, columns and colours.
    grid : int or tuple of int
        Number of cells along each side, or along the height and along the width.
    n_units : int
        Number of units in the code.
    winners, optimizer, homeostasis, schedule, parameters, label, seed, add_to_container
        As for `CompetitiveLayer`.
    patch : tuple of int, optional
        Height and width of a patch. Default: patches are square.

    Attributes
    ----------
    input : nengo.Node
        The image.
    learn : nengo.Node
        The learning switch.
    cells : nengo.ensemble.Neurons
        The units c of the cells, m for each cell, ordered by row, column and filter.
    output : nengo.ensemble.Neurons
        The code :math:`y_2`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is of the wrong type or shape, if filters are larger than the image, or
        if there are more cells than places.

    Notes
    -----
    Parameters are those of the `CompetitiveLayer`, and so are the names in ``nodes`` and
    ``connections``. ``probe`` and ``ensembles`` know ``"cells"`` and ``"output"``.
    """

    @checked(
        SizesParam("image_shape", lengths=(2, 3)),
        ArrayParam("filters", ndim=2),
        ArrayParam("thresholds"),
        EitherParam("grid", WholeParam("grid"), SizesParam("grid", lengths=(2,))),
        WholeParam("n_units"),
        *declared(CompetitiveLayer)[1:],
        SizesParam("patch", lengths=(2,), optional=True),
    )
    def __init__(
        self,
        image_shape: tuple[int, ...],
        filters: NDArray,
        thresholds: NDArray,
        grid: int | tuple[int, int],
        n_units: int,
        winners: KWinnersTakeAll | None = None,
        optimizer: Optimizer | None = None,
        homeostasis: Optimizer | None = None,
        schedule: Schedule | None = None,
        parameters: Mapping[str, NDArray] | None = None,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
        patch: tuple[int, int] | None = None,
    ) -> None:
        schedule = Schedule(steps=1) if schedule is None else schedule
        super().__init__(schedule, label, seed, add_to_container)
        if len(image_shape) == 2:
            image_shape = (*image_shape, 1)
        grid = (grid, grid) if isinstance(grid, int) else grid
        patch = self._check_sizes(image_shape, filters, thresholds, grid, patch)
        with self:
            self.input = nengo.Node(size_in=math.prod(image_shape), label="input")
            self.cells = self._build_cells(image_shape, patch, filters, thresholds, grid)
            self._layer = CompetitiveLayer(
                (self.cells.size_out, n_units),
                winners,
                optimizer,
                homeostasis,
                schedule,
                parameters,
                seed=seed,
            )
            nengo.Connection(self.cells, self._layer.input, synapse=None)
        self.learn, self.output = self._layer.learn, self._layer.output
        self._shapes = self._layer._shapes
        self._visible = {"cells": self.cells, "output": self.output}

    def _check_sizes(self, image_shape, filters, thresholds, grid, patch):
        """Raise unless filters fit on images and cells on places; returns a patch's sides."""
        m, (_, _, colours) = len(filters), image_shape
        if patch is None:
            p = int(round((filters.shape[1] / colours) ** 0.5))
            patch, size = (p, p), "p * p"
        else:
            size = " * ".join(map(str, patch))
        if filters.shape[1] != patch[0] * patch[1] * colours:
            size += f" * {colours}" if colours > 1 else ""
            raise ValidationError(
                f"must have shape (m, {size}), got {filters.shape}", attr="filters", obj=self
            )
        if thresholds.size != m:
            raise ValidationError(
                f"must be one for each of {m} filters, got shape {thresholds.shape}",
                attr="thresholds",
                obj=self,
            )
        places = _places(image_shape, patch)
        if not (grid[0] <= places[0] and grid[1] <= places[1]):
            shown = grid[0] if grid[0] == grid[1] else grid
            raise ValidationError(
                f"cells of a grid must be between 1 and the places of a filter, {places}, "
                f"on each side, got grid={shown} with filters of {patch[0]} x {patch[1]} "
                "pixels",
                attr="grid",
                obj=self,
            )
        return patch

    def _build_cells(self, image_shape, patch, filters, thresholds, grid):
        m, places = len(filters), _places(image_shape, patch)
        convolution = nengo.Convolution(
            m,
            image_shape,
            kernel_size=patch,
            strides=(1, 1),
            init=filters.T.reshape(*patch, image_shape[2], m),
        )
        maps = neurons(
            places[0] * places[1] * m,
            KWinnersTakeAll(1 / m, group_size=m, positive=True),
            "maps",
            bias=np.tile(np.ravel(thresholds), places[0] * places[1]),
        )
        nengo.Connection(self.input, maps, transform=convolution, synapse=None)
        n_cells = grid[0] * grid[1] * m
        half = np.full(n_cells, -0.5)  # between no winner and one
        cells = neurons(n_cells, SoftThreshold(), "cells", bias=half)
        nengo.Connection(maps, cells, transform=_pooling(places, grid, m), synapse=None)
        return cells

    def _parameter_signals(self, model: Model) -> dict[str, Signal]:
        return self._layer._parameter_signals(model)

    def _remembered_signals(self, model):
        return self._layer._remembered_signals(model)


def _places(image_shape, patch):
    """Numbers of places, along each side, at which a filter fits on an image."""
    return tuple(side - p + 1 for side, p in zip(image_shape, patch))


def _pooling(places, grid, m):
    """Weights of 1 from each filter at each place to the same filter's unit of its cell."""
    rows, columns = (np.arange(n) * cells // n for n, cells in zip(places, grid))
    cell = (rows[:, None] * grid[1] + columns).ravel()
    target = (cell[:, None] * m + np.arange(m)).ravel()
    pairs = np.stack([target, np.arange(len(target))], axis=1)
    return nengo.Sparse((grid[0] * grid[1] * m, len(target)), indices=pairs, init=1.0)
