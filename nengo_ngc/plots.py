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
    fig, axes = figure(
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
    fig.savefig(path, dpi=120, bbox_inches="tight", format="png")


def learning_curves(history, path):
    """Draw cross-entropy and discrepancy over epochs and write a PNG file.

    Parameters
    ----------
    history : list of dict
        ``NGCModel.history_``.
    path : str or path
    """
    fig, axes = figure(1, 2, figsize=(9, 3.2))
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
        ax.legend(frameon=False)
    save(fig, path)


def style(number):
    """Colour, marker and line of the number-th of several curves."""
    n = len(COLOURS)
    return {
        "color": COLOURS[number % n],
        "marker": "osD^vP"[number % n],
        "ls": ("-", "--", ":")[number // n % 3],
    }


def band(ax, x, runs, label, color, marker, ls):
    """Draw the mean of several runs, (n_runs, n_points), and their range."""
    if len(runs) > 1:
        low, high = runs.min(axis=0), runs.max(axis=0)
        ax.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
    ax.plot(x, runs.mean(axis=0), ls, marker=marker, ms=3.5, color=color, label=label)


def log_percent(axis):
    """Plain numbers on a logarithmic axis of percentages."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def whole_numbers(axis):
    """Ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def save(figure, path, tight=True):
    """Write a figure to a PNG file; returns True."""
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
    if tight:
        figure.tight_layout()
    figure.savefig(path, dpi=120, format="png")
    return True


def figure(n_rows, n_columns, figsize):
    """A figure and its axes, (n_rows, n_columns)."""
    # without pyplot, which keeps figures and looks for a screen
    from matplotlib.figure import Figure

    fig = Figure(figsize=figsize)
    return fig, fig.subplots(n_rows, n_columns, squeeze=False)
