"""Draws ``images/circuit.png``: python docs/make_pictures.py"""

from pathlib import Path

from nengo_ngc.plots import COLOURS, figure, save

IMAGES = Path(__file__).parent / "images"
DOWN, UP, GREY = *COLOURS[:2], "#555555"
LEFT, RIGHT, HEIGHT = 0.0, 3.0, 1.6
N_LAYERS = 3


def box(ax, x, y, text, colour):
    """A box with a text in it."""
    frame = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": colour}
    ax.text(x, y, text, ha="center", va="center", fontsize=15, color=colour, bbox=frame)


def arrow(ax, start, end, colour, bend=0.0):
    """An arrow from the border of one box to that of another."""
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.6, "shrinkA": 19, "shrinkB": 19}
    style["connectionstyle"] = f"arc3,rad={bend}"
    ax.annotate("", end, start, arrowprops=style)


def circuit(path):
    """A GNCN of three layers: predictions go down, errors go up."""
    fig, ((ax,),) = figure(1, 1, figsize=(7.6, 5.0))
    for level in range(N_LAYERS):
        y = HEIGHT * level
        state, above, error = (LEFT, y), (LEFT, y + HEIGHT), (RIGHT, y)
        box(ax, *state, f"$z_{level}$" if level else "image", "black")
        box(ax, *error, f"$e_{level}$", UP)
        if level == 0:
            arrow(ax, (LEFT + 0.25, y), error, GREY)
        else:
            arrow(ax, state, error, GREY, bend=-0.08)
            arrow(ax, error, state, UP, bend=-0.08)
        arrow(ax, above, error, DOWN, bend=0.07)
        arrow(ax, error, above, UP, bend=0.07)
        ax.text(0.62, y + 0.62, f"$W_{level + 1}$", color=DOWN, fontsize=14)
        ax.text(1.82, y + 0.88, f"$E_{level + 1}$", color=UP, fontsize=14)
    top = HEIGHT * N_LAYERS
    box(ax, LEFT, top, f"$z_{N_LAYERS}$", "black")
    heading = {"ha": "center", "fontsize": 12}
    ax.text(LEFT, top + 0.55, "latent states", **heading)
    ax.text(RIGHT, top - HEIGHT + 0.55, "errors", color=UP, **heading)
    notes = (
        (DOWN, "W: each layer predicts\nthe one below"),
        (GREY, "e: what is there,\nless its prediction"),
        (UP, "E: what is left unexplained\nmoves the states, then\nchanges the weights"),
    )
    for row, (colour, text) in enumerate(notes):
        ax.text(RIGHT + 0.7, 3.5 - row, text, color=colour, fontsize=11, va="top")
    ax.set(xlim=(-0.8, 6.6), ylim=(-0.5, top + 0.9))
    ax.axis("off")
    save(fig, path)


if __name__ == "__main__":
    circuit(IMAGES / "circuit.png")
