r"""Layers of winners that learn without gradients and without labels."""

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from ..neurons import Identity, KWinnersTakeAll, SoftThreshold
from ..rules import Competitive, Homeostasis, Optimizer
from ..schedule import Schedule
from ..validation import ArrayParam, InstanceParam, SizesParam, WholeParam, checked, declared
from .base import LEARNING, LearningNetwork
from .parameters import check_parameters
from .parts import neurons, seed_of


class CompetitiveLayer(LearningNetwork):
    r"""Units that compete for what comes in, and are kept equally busy.

    .. math::
        y = \mathrm{kWTA}(W x + b), \qquad
        \Delta W = y\, x^T - \mathrm{diag}(y)\, W, \qquad \Delta b = p - y

    With :math:`b_i = -\tfrac12 |w_i|^2`, from which it starts, the winners are the units
    whose weights are nearest to x. `.Homeostasis` then moves the thresholds until each unit
    wins a part p = k / n of samples.

    Parameters
    ----------
    shape : sequence of int
        Number of inputs and of units.
    winners : KWinnersTakeAll, optional
        Default: a twentieth of the units wins.
    optimizer : Optimizer, optional
        Of W, by `.Competitive`. None: W stays as it is.
    homeostasis : Optimizer, optional
        Of b. None: b stays as it is.
    schedule : Schedule, optional
        Samples averaged in one update. Default: one timestep each.
    parameters : mapping of str to array, optional
        ``"W"``, (units, inputs), and ``"b"``, (units, 1), at the start. Default: W is random,
        uniform from 0 to 1.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
    learn : nengo.Node
        The learning switch.
    output : nengo.ensemble.Neurons
        The code y.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    Notes
    -----
    ``probe`` knows ``"output"``.

    References
    ----------
    Rumelhart & Zipser 1985; DeSieno 1988, "Adding a conscience to competitive learning".
    """

    @checked(
        SizesParam("shape", lengths=(2,)),
        InstanceParam("winners", KWinnersTakeAll),
        InstanceParam("optimizer", Optimizer),
        InstanceParam("homeostasis", Optimizer),
        *LEARNING,
    )
    def __init__(
        self,
        shape,
        winners=None,
        optimizer=None,
        homeostasis=None,
        schedule=None,
        parameters=None,
        label=None,
        seed=None,
        add_to_container=None,
    ):
        schedule = Schedule(steps=1) if schedule is None else schedule
        super().__init__(schedule, label, seed, add_to_container)
        n_inputs, n_units = shape
        winners = KWinnersTakeAll() if winners is None else winners
        self._optimizer = optimizer
        self._shapes = {"W": (n_units, n_inputs), "b": (n_units, 1)}
        given = check_parameters(parameters or {}, self._shapes)
        rng = np.random.RandomState(seed_of(self))
        W = given["W"] if "W" in given else rng.rand(n_units, n_inputs)
        b = given.get("b", -0.5 * np.sum(W**2, axis=1, keepdims=True))
        target = winners.n_winners(n_units) / n_units
        with self:
            self.input = nengo.Node(size_in=n_inputs, label="input")
            self.learn = nengo.Node([1.0], label="learn")
            x = neurons(n_inputs, Identity(), "x")
            always = neurons(1, Identity(), "always", bias=[1.0])
            self.output = neurons(n_units, winners, "units")
            nengo.Connection(self.input, x, synapse=None)
            moved = None if optimizer is None else Competitive(**self._rule_arguments())
            kept = None
            if homeostasis is not None:
                others = {**self._rule_arguments(), "optimizer": homeostasis}
                kept = Homeostasis(target, **others)
            self._connect(x, W, "W", moved)
            self._connect(always, b, "b", kept)
        self._visible["output"] = self.output

    def _connect(self, pre, transform, name, rule):
        nengo.Connection(
            pre,
            self.output,
            transform=transform,
            learning_rule_type=rule,
            synapse=None,
            label=name,
        )

    def _parameter_signals(self, model):
        return {name: model.sig[self.connections[name]]["weights"] for name in self._shapes}


class PatchEncoder(LearningNetwork):
    r"""A sparse code of images, by winners among filters and winners among units.

    At each place of the image one of m filters wins, the one nearest to the patch there,
    unless the patch is nearer to nothing. A coarse grid of cells notes which filters have won
    anywhere in them, and a `CompetitiveLayer` makes a code of that:

    .. math::
        y_1 &= \mathrm{1WTA}^+(W_1 \ast x + b_1) \quad\text{at each place} \\
        c &= \bigl[\textstyle\sum_{\text{places of a cell}} y_1 > 0\bigr] \\
        y_2 &= \mathrm{kWTA}(W_2 c + b_2)

    Filters are learned by a `CompetitiveLayer` of their own, which is shown patches.

    Parameters
    ----------
    image_shape : tuple of int
        Height and width.
    filters, thresholds : arrays
        :math:`W_1`, (m, p * p), and :math:`b_1`, (m, 1).
    grid : int
        Cells on each side.
    n_units : int
        Units of the code.
    winners, optimizer, homeostasis, schedule, parameters, label, seed, add_to_container
        As for `CompetitiveLayer`.

    Attributes
    ----------
    input : nengo.Node
        The image.
    learn : nengo.Node
        The learning switch.
    cells : nengo.ensemble.Neurons
        c, (grid * grid * m,), by row, column and filter.
    output : nengo.ensemble.Neurons
        The code :math:`y_2`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If filters do not fit on the image, or cells not on the filters' places.

    Notes
    -----
    Parameters are those of the `CompetitiveLayer`. ``probe`` knows ``"cells"`` and
    ``"output"``.
    """

    @checked(
        SizesParam("image_shape", lengths=(2,)),
        ArrayParam("filters", ndim=2),
        ArrayParam("thresholds"),
        WholeParam("grid"),
        WholeParam("n_units"),
        *declared(CompetitiveLayer)[1:],
    )
    def __init__(
        self,
        image_shape,
        filters,
        thresholds,
        grid,
        n_units,
        winners=None,
        optimizer=None,
        homeostasis=None,
        schedule=None,
        parameters=None,
        label=None,
        seed=None,
        add_to_container=None,
    ):
        schedule = Schedule(steps=1) if schedule is None else schedule
        super().__init__(schedule, label, seed, add_to_container)
        height, width = image_shape
        m, p = len(filters), int(round(filters.shape[1] ** 0.5))
        if filters.shape[1] != p * p:
            raise ValidationError(
                f"must have shape (m, p * p), got {filters.shape}", attr="filters", obj=self
            )
        if thresholds.size != m:
            raise ValidationError(
                f"must be one for each of {m} filters, got shape {thresholds.shape}",
                attr="thresholds",
                obj=self,
            )
        places = height - p + 1, width - p + 1
        if grid > min(places):
            raise ValidationError(
                f"cells of a grid must be between 1 and the places of a filter, {places}, "
                f"on each side, got grid={grid} with filters of {p} x {p} pixels",
                attr="grid",
                obj=self,
            )
        with self:
            self.input = nengo.Node(size_in=height * width, label="input")
            convolution = nengo.Convolution(
                m,
                (height, width, 1),
                kernel_size=(p, p),
                strides=(1, 1),
                init=filters.T.reshape(p, p, 1, m),
            )
            maps = neurons(
                places[0] * places[1] * m,
                KWinnersTakeAll(1 / m, group_size=m, positive=True),
                "maps",
                bias=np.tile(np.ravel(thresholds), places[0] * places[1]),
            )
            nengo.Connection(self.input, maps, transform=convolution, synapse=None)
            n_cells = grid * grid * m
            half = np.full(n_cells, -0.5)  # between no winner and one
            self.cells = neurons(n_cells, SoftThreshold(), "cells", bias=half)
            nengo.Connection(
                maps, self.cells, transform=_pooling(places, grid, m), synapse=None
            )
            self._layer = CompetitiveLayer(
                (n_cells, n_units),
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

    def _parameter_signals(self, model):
        return self._layer._parameter_signals(model)

    def _remembered_signals(self, model):
        return self._layer._remembered_signals(model)


def _pooling(places, grid, m):
    """Ones from each filter at each place to the same filter of its cell."""
    rows, columns = (np.arange(n) * grid // n for n in places)
    cell = (rows[:, None] * grid + columns).ravel()
    target = (cell[:, None] * m + np.arange(m)).ravel()
    pairs = np.stack([target, np.arange(len(target))], axis=1)
    return nengo.Sparse((grid * grid * m, len(target)), indices=pairs, init=1.0)
