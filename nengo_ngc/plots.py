"""Pictures of what a model sees, says and dreams."""

import numpy as np

# the Okabe-Ito palette, which colour-blind people can tell apart
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def image_grid(rows, image_shape, path, titles=None):
    """Draw images in rows and write them to a PNG file.

    Parameters
    ----------
    rows : sequence of (n, n_pixels) arrays
        Pixels in [0, 1].
    image_shape : tuple of int
        Height and width.
    path : str or path
    titles : sequence of str, optional
        One for each row.
    """
    n_columns = max(len(row) for row in rows)
    figure, axes = _figure(
        len(rows), n_columns, figsize=(0.7 * n_columns + 1.2, 0.75 * len(rows) + 0.1)
    )
    for ax in axes.flat:
        ax.axis("off")
    for row, images in enumerate(rows):
        for ax, image in zip(axes[row], images):
            ax.imshow(image.reshape(image_shape), cmap="gray", vmin=0, vmax=1)
        if titles is not None:
            axes[row, 0].text(
                -0.15, 0.5, titles[row], transform=axes[row, 0].transAxes,
                ha="right", va="center",
            )
    figure.savefig(path, dpi=120, bbox_inches="tight", format="png")


def learning_curves(history, path):
    """Draw cross-entropy and discrepancy over epochs and write a PNG file.

    Parameters
    ----------
    history : list of dict
        ``NGCModel.history_``.
    path : str or path
    """
    figure, axes = _figure(1, 2, figsize=(9, 3.2))
    epochs = [record["epoch"] for record in history]
    panels = (
        ("cross-entropy (nats per image)", {"bce": "training", "val_bce": "validation"}),
        ("total discrepancy (squared error per image)", {"discrepancy": "training"}),
    )
    for ax, (title, lines) in zip(axes.flat, panels):
        for (key, label), colour in zip(lines.items(), COLOURS):
            values = [record.get(key, np.nan) for record in history]
            if not np.all(np.isnan(values)):
                ax.plot(epochs, values, "o-", ms=3, color=colour, label=label)
        ax.set(xlabel="epoch", ylabel=title)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120, format="png")


def _figure(n_rows, n_columns, figsize):
    # without pyplot, which keeps figures and looks for a screen
    from matplotlib.figure import Figure

    figure = Figure(figsize=figsize)
    return figure, figure.subplots(n_rows, n_columns, squeeze=False)
