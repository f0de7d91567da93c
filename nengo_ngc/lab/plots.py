"""Pictures of images, learning curves, codes and latents, as PNG files.

Arguments of a wrong type or shape raise a ValueError that names them.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..storage import atomic
from ..validation import (
    ArrayParam,
    EitherParam,
    InstanceParam,
    LabelsParam,
    PathParam,
    SequenceParam,
    SizesParam,
    TextParam,
    check_as_many,
    checked,
    unfit,
)

# the Okabe-Ito palette, which colour-blind people can tell apart
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


@checked(
    SequenceParam("rows", ArrayParam("rows", ndim=2, finite=False), at_least=1),
    SizesParam("image_shape", lengths=(2, 3)),
    PathParam("path"),
    SequenceParam("titles", TextParam("titles")),
)
def image_grid(
    rows: Sequence[NDArray],
    image_shape: Sequence[int],
    path: str | os.PathLike,
    titles: Sequence[str] | None = None,
) -> None:
    """Draw images in rows and write them to a PNG file.

    Parameters
    ----------
    rows : sequence of (n, n_pixels) arrays
        Pixels in [0, 1].
    image_shape : tuple of int
        Height and width, and 3 of images in colour.
    path : str or path
    titles : sequence of str, optional
        One for each row.
    """
    if image_shape[2:] not in ((), (3,)):
        raise unfit("image_shape", "of height, width and perhaps 3 colours", image_shape)
    for row in rows:
        if row.shape[1] != np.prod(image_shape):
            raise unfit("image_shape", f"of {row.shape[1]} pixels, as rows", image_shape)
    if titles is not None:
        check_as_many("titles", titles, "rows", rows)
    n_columns = max(len(row) for row in rows)
    fig, axes = figure(
        len(rows), n_columns, figsize=(0.7 * n_columns + 1.2, 0.75 * len(rows) + 0.1)
    )
    for ax in axes.flat:
        ax.axis("off")
    for number, images in enumerate(rows):
        for ax, image in zip(axes[number], images):
            image = np.clip(image, 0, 1).reshape(image_shape)
            ax.imshow(image, cmap="gray", vmin=0, vmax=1)
        if titles is not None:
            axes[number, 0].text(
                -0.15,
                0.5,
                titles[number],
                transform=axes[number, 0].transAxes,
                ha="right",
                va="center",
            )
    _write(fig, path, bbox_inches="tight")


@checked(
    SequenceParam("history", InstanceParam("history", dict)),
    SequenceParam(
        "panels",
        SequenceParam(
            "panels",
            EitherParam("panels", TextParam("panels"), InstanceParam("panels", dict)),
            lengths=(2,),
        ),
    ),
    PathParam("path"),
)
def learning_curves(
    history: Sequence[Mapping[str, Any]],
    panels: Sequence[tuple[str, Mapping[str, str]]],
    path: str | os.PathLike,
) -> None:
    """Draw what was measured over epochs and write a PNG file.

    Parameters
    ----------
    history : list of dict
        ``history_`` of a model.
    panels : sequence of (str, dict of {str: str})
        What each axis shows, and labels of the entries of ``history`` on it. What no
        epoch has measured is left out.
    path : str or path
    """
    for record in history:
        if "epoch" not in record:
            raise unfit("history", "of dicts that all have an epoch", record)
    epochs = [record["epoch"] for record in history]
    shown = []
    for title, lines in panels:
        values = {
            label: [record.get(key, np.nan) for record in history]
            for key, label in lines.items()
            if any(key in record for record in history)
        }
        if values:
            shown.append((title, values))
    if not shown:  # nothing is measured yet
        return
    fig, axes = figure(1, len(shown), figsize=(4.5 * len(shown), 3.2))
    for ax, (title, values) in zip(axes.flat, shown):
        for (label, line), colour in zip(values.items(), COLOURS):
            ax.plot(epochs, line, "o-", ms=3, color=colour, label=label)
        ax.set(xlabel="epoch", ylabel=title)
        whole_numbers(ax.xaxis)
        ax.legend(frameon=False)
    save(fig, path)


@checked(LabelsParam("classes"), ArrayParam("means", ndim=2), PathParam("path"))
def class_codes(classes: NDArray, means: NDArray, path: str | os.PathLike) -> None:
    """Draw how often each unit is active in each class and write a PNG file.

    Parameters
    ----------
    classes : (n_classes,) array
    means : (n_classes, n_units) array
        As `.analysis.class_means` returns them. Units are drawn in the order of the class
        in which they are most active; those that are never active are left out.
    path : str or path
    """
    check_as_many("means", means, "classes", classes)
    order = np.lexsort((-means.max(axis=0), means.argmax(axis=0)))
    order = order[means.max(axis=0)[order] > 0]
    fig, ((ax,),) = figure(1, 1, figsize=(9, 3))
    image = ax.imshow(means[:, order], aspect="auto", cmap="viridis", vmin=0, vmax=1)
    ax.set(xlabel="units that are ever active", ylabel="class")
    ax.set_yticks(range(len(classes)), classes)
    fig.colorbar(image, label="part of images in which it is active")
    save(fig, path)


@checked(ArrayParam("Z", ndim=2), LabelsParam("y"), PathParam("path"))
def latent_map(Z: NDArray, y: NDArray, path: str | os.PathLike) -> None:
    """Draw latents in two dimensions, by t-SNE, and write a PNG file.

    Parameters
    ----------
    Z : (n, n_latents) array
    y : (n,) array
        Labels, which are drawn in colours.
    path : str or path
    """
    check_as_many("y", y, "Z", Z)
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    tsne = TSNE(perplexity=min(30.0, (len(Z) - 1) / 3), random_state=0)
    # its threads wait for each other for minutes where a processor is busy
    with threadpool_limits(1):
        points = tsne.fit_transform(Z)
    fig, ((ax,),) = figure(1, 1, figsize=(6, 5))
    for number, label in enumerate(np.unique(y)):
        of_label = points[y == label]
        colour = COLOURS[number % len(COLOURS)]
        marker = f"${label}$" if len(str(label)) == 1 else "os^D"[number % 4]
        ax.scatter(*of_label.T, s=22, color=colour, marker=marker, lw=0.3, label=label)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    save(fig, path)


def style(number: int) -> dict[str, str]:
    """Colour, marker and line of the number-th of several curves."""
    n = len(COLOURS)
    return {
        "color": COLOURS[number % n],
        "marker": "osD^vP"[number % n],
        "ls": ("-", "--", ":")[number // n % 3],
    }


def band(
    ax: Any, x: Sequence[int], runs: NDArray, label: str, color: str, marker: str, ls: str
) -> None:
    """Draw the mean of several runs, (n_runs, n_points), and their range."""
    if len(runs) > 1:
        low, high = runs.min(axis=0), runs.max(axis=0)
        ax.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
    ax.plot(x, runs.mean(axis=0), ls, marker=marker, ms=3.5, color=color, label=label)


def log_percent(axis: Any) -> None:
    """Plain numbers on a logarithmic axis of percentages."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def whole_numbers(axis: Any) -> None:
    """Ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def save(figure: Any, path: str | os.PathLike, tight: bool = True) -> bool:
    """Write a figure to a PNG file; returns True."""
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
    if tight:
        figure.tight_layout()
    _write(figure, path)
    return True


def _write(figure, path, **kwargs):
    with atomic.replacing(path, "wb") as file:
        figure.savefig(file, dpi=120, format="png", **kwargs)


def figure(n_rows: int, n_columns: int, figsize: tuple[float, float]) -> tuple[Any, Any]:
    """A figure and its axes, (n_rows, n_columns)."""
    # without pyplot, which keeps figures and looks for a screen
    from matplotlib.figure import Figure

    fig = Figure(figsize=figsize)
    return fig, fig.subplots(n_rows, n_columns, squeeze=False)
