"""Pictures of how codes and latents depend on classes."""

import os

import numpy as np
from numpy.typing import NDArray

from ...validation import ArrayParam, LabelsParam, PathParam, check_as_many, checked
from .style import COLOURS, WIDTH, figure

_FEW = 12  # classes whose names fit into the map


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
        ax.set_yticks(range(len(classes)), classes)
        fig.colorbar(image, label="fraction of images\nin which it is active")


@checked(ArrayParam("Z", ndim=2), LabelsParam("y"), PathParam("path"))
def latent_map(Z: NDArray, y: NDArray, path: str | os.PathLike) -> None:
    """Draw latents in two dimensions, by t-SNE, and write a PNG file.

    Parameters
    ----------
    Z : (n, n_latents) array
    y : (n,) array
        Labels, which are drawn in colours. The name of each of up to 12 classes stands in
        the middle of its points.
    path : str or path
    """
    check_as_many("y", y, "Z", Z)
    from matplotlib.patheffects import withStroke
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    tsne = TSNE(perplexity=min(30.0, (len(Z) - 1) / 3), random_state=0)
    # its threads wait for each other for minutes where a processor is busy
    with threadpool_limits(1):
        points = tsne.fit_transform(Z)
    labels = np.unique(y)
    with figure(path, size=(5.5, 4.5)) as (_, ((ax,),)):
        for number, label in enumerate(labels):
            of_label = points[y == label]
            # after ten classes colours come again, with another marker
            marker = "o^sD"[number // len(COLOURS) % 4]
            colour = f"C{number % len(COLOURS)}"
            ax.scatter(*of_label.T, s=12, color=colour, marker=marker, lw=0, label=label)
            if len(labels) <= _FEW:
                ax.text(
                    *np.median(of_label, axis=0),
                    str(label),
                    ha="center",
                    va="center",
                    weight="bold",
                    path_effects=[withStroke(linewidth=3, foreground=ax.get_facecolor())],
                )
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=1.5)
