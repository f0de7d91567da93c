"""The style of all figures, and parts that figures are made of."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...storage import atomic

# Okabe and Ito's palette and four more, which people with any kind of colour blindness can
# tell apart on white
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#332288",
    "#882255",
    "#222222",
    "#9030F0",
)
# lighter ones of the same hues, which everybody can tell apart on the background of dark pages
DARK_COLOURS = (
    "#62A5CE",
    "#DD5A30",
    "#26E28E",
    "#D9A4B6",
    "#EADD71",
    "#ACD7F6",
    "#9880E8",
    "#D44D9D",
    "#E4E8EC",
    "#A954FB",
)
INK = "C8"  # the ninth colour is that of text
_MARKERS = "osD^vP*X<>"
_LINES = ("-", "--", ":")

WIDTH = 7.5  # inches, of a figure that is as wide as a page

_FORM = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so figures are the same everywhere
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 3.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.6,
    "figure.dpi": 150,
    "savefig.dpi": 150,
}


def _coloured(colours: Sequence[str], background: str, grid: str) -> dict[str, Any]:
    """Return the style in these colours, of which the ninth is that of text and axes."""
    inked = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    # opaque, since pages of another colour would swallow the text
    filled = ("figure.facecolor", "savefig.facecolor", "axes.facecolor")
    return {
        **_FORM,
        **dict.fromkeys(inked, colours[8]),
        **dict.fromkeys(filled, background),
        "grid.color": grid,
        "axes.prop_cycle": f"cycler(color={list(colours)})",
    }


STYLE = _coloured(COLOURS, "#FFFFFF", "#E6E6E6")
DARK_STYLE = _coloured(DARK_COLOURS, "#14181E", "#323A46")  # of pydata-sphinx-theme's pages

_style: ContextVar[dict[str, Any]] = ContextVar("style", default=STYLE)


@contextmanager
def dark() -> Iterator[None]:
    """Make all figures of the ``with`` block in ``DARK_STYLE`` instead of ``STYLE``."""
    before = _style.set(DARK_STYLE)
    try:
        yield
    finally:
        _style.reset(before)


def light_and_dark(draw: Callable[[Path], Any], path: str | os.PathLike) -> None:
    """Draw a figure twice: NAME.png for light pages, and NAME_dark.png for dark ones.

    Parameters
    ----------
    draw : callable
        Draws the figure into a file, whose path it takes, with the functions of this module.
    path : str or path
        Of the figure for light pages.
    """
    path = Path(path)
    draw(path)
    with dark():
        draw(path.with_name(f"{path.stem}_dark{path.suffix}"))


@contextmanager
def figure(
    path: str | os.PathLike,
    n_rows: int = 1,
    n_columns: int = 1,
    size: tuple[float, float] = (WIDTH, 3.0),
    **kwargs: Any,
) -> Iterator[tuple[Any, Any]]:
    """Make a figure, which is written to a PNG file at the end of the ``with`` block.

    Parameters
    ----------
    path : str or path
    n_rows, n_columns : int, optional
        Number of axes.
    size : tuple of float, optional
        Width and height in inches.
    **kwargs
        Further arguments of ``matplotlib.figure.Figure.subplots``.

    Yields
    ------
    matplotlib.figure.Figure
    (n_rows, n_columns) array of matplotlib.axes.Axes
    """
    import matplotlib.style

    # without pyplot, which keeps figures and looks for a screen
    from matplotlib.figure import Figure

    with matplotlib.style.context(_style.get(), after_reset=True):
        fig = Figure(figsize=size, layout="constrained")
        yield fig, fig.subplots(n_rows, n_columns, squeeze=False, **kwargs)
        with atomic.replacing(path, "wb") as file:
            fig.savefig(file, format="png")


def look(number: int) -> dict[str, str]:
    """Return the colour, marker and line of the number-th of several curves.

    The colour is matplotlib's name of one in the style of the figure, such as "C0".
    """
    n = len(COLOURS)
    return {
        "color": f"C{number % n}",
        "marker": _MARKERS[number % n],
        "ls": _LINES[number // n % len(_LINES)],
    }


def band(ax: Any, x: Sequence[float], runs: NDArray, **kwargs: Any) -> None:
    """Draw the mean of several runs, (n_runs, n_points), and their range.

    Further arguments are those of ``matplotlib.axes.Axes.plot``.
    """
    (line,) = ax.plot(x, runs.mean(axis=0), **kwargs)
    if len(runs) > 1:
        low, high = runs.min(axis=0), runs.max(axis=0)
        ax.fill_between(x, low, high, color=line.get_color(), alpha=0.15, lw=0)


def legend(
    fig: Any, place: str = "above", n_columns: int = 4, title: str | None = None
) -> None:
    """Name all curves of a figure once, outside of its axes: above them, or on their right.

    Above the axes there are at most ``n_columns`` columns, and only as many as fit.
    """
    names: dict[str, Any] = {}
    for ax in fig.axes:
        for handle, name in zip(*ax.get_legend_handles_labels()):
            names.setdefault(name, handle)
    loc, n = {"above": ("upper left", n_columns), "right": ("right upper", 1)}[place]
    look = {"loc": f"outside {loc}", "title": title, "alignment": "left"}
    for ncols in range(min(n, len(names)), 0, -1):
        made = fig.legend(names.values(), names.keys(), ncols=ncols, **look)
        if made.get_tightbbox().width < fig.bbox.width or ncols == 1:
            return
        made.remove()


def log_axis(ax: Any, which: str) -> None:
    """Make the x or y axis logarithmic, with plain numbers, and have its label say so."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set(**{f"{which}scale": "log"})
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_label_text(f"{axis.get_label_text()}, log scale")


def whole_numbers(axis: Any) -> None:
    """Put ticks only at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def as_text(name: Any) -> str:
    """Return a name as it is to be drawn: between two dollars there is no formula in it."""
    return str(name).replace("$", r"\$")
