"""Pictures of how codes and latents depend on classes."""

import os

import numpy as np
from numpy.typing import NDArray

from ...validation import ArrayParam, LabelsParam, PathParam, check_as_many, checked, unfit
from .style import COLOURS, WIDTH, as_text, figure

_FEW = 12  # classes whose names fit into the map
_IN_A_COLUMN = 20  # names in the legend
_MOST = 40  # classes that colours and markers tell apart
_COLUMN = 0.8  # inches


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
    height = max(2.4, 0.26 * len(classes) + 0.6)
    with figure(path, size=(WIDTH, height)) as (fig, ((ax,),)):
        ax.grid(False)
        # without interpolation, which would smear units over their neighbours
        image = ax.imshow(
            means[:, order],
            aspect="auto",
            cmap="viridis",
            vmin=0,
            vmax=1,
            interpolation="none",
        )
        silent = means.shape[1] - len(order)
        ax.set(
            xlabel=f"{len(order)} units that are ever active, of {len(order) + silent}",
            ylabel="class",
        )
        ax.set_yticks(range(len(classes)), [*map(as_text, classes)])
        fig.colorbar(image, label="fraction of images\nin which it is active")


@checked(ArrayParam("Z", ndim=2), LabelsParam("y"), PathParam("path"))
def latent_map(Z: NDArray, y: NDArray, path: str | os.PathLike) -> None:
    """Draw latents in two dimensions, by t-SNE, and write a PNG file.

    Parameters
    ----------
    Z : (n, n_latents) array
    y : (n,) array
        Labels, which are drawn in colours. The name of each of up to 12 classes stands in
        the middle of its points, and up to 40 classes have a legend.
    path : str or path

    Raises
    ------
    nengo.exceptions.ValidationError
        If there are fewer than two latents.
    """
    check_as_many("y", y, "Z", Z)
    if len(Z) < 2:
        raise unfit("Z", "of two rows or more", Z)
    from matplotlib.patheffects import withStroke
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # principal components need two columns, and latents that differ
    init = "pca" if min(Z.shape) > 1 and np.ptp(Z, axis=0).any() else "random"
    tsne = TSNE(perplexity=min(30.0, (len(Z) - 1) / 3), init=init, random_state=0)
    # its threads wait for each other for minutes where a processor is busy
    with threadpool_limits(1):
        points = tsne.fit_transform(Z)
    labels = np.unique(y)
    columns = -(-len(labels) // _IN_A_COLUMN) if len(labels) <= _MOST else 0
    shown = []
    with figure(path, size=(4.7 + _COLUMN * columns, 4.5)) as (_, ((ax,),)):
        for number, label in enumerate(labels):
            of_label = points[y == label]
            # after ten classes colours come again, with another marker
            marker = "o^sD"[number // len(COLOURS) % 4]
            colour = f"C{number % len(COLOURS)}"
            shown.append(ax.scatter(*of_label.T, s=12, color=colour, marker=marker, lw=0))
            if len(labels) <= _FEW:
                ax.text(
                    *np.median(of_label, axis=0),
                    as_text(label),
                    ha="center",
                    va="center",
                    weight="bold",
                    path_effects=[withStroke(linewidth=3, foreground=ax.get_facecolor())],
                )
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        if columns:
            ax.legend(
                shown,
                [*map(as_text, labels)],
                ncols=columns,
                loc="center left",
                bbox_to_anchor=(1.0, 0.5),
                markerscale=1.5,
            )
