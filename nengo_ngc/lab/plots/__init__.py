"""Pictures of images, learning curves, codes and latents, as PNG files of one style.

Figures are made for light pages. In ``with dark():`` they are made for dark ones.
Arguments of a wrong type or shape raise a ValueError that names them.
"""

from .classes import class_codes, latent_map
from .curves import learning_curves
from .images import image_grid
from .style import (
    COLOURS,
    DARK_COLOURS,
    DARK_STYLE,
    INK,
    STYLE,
    WIDTH,
    band,
    dark,
    figure,
    legend,
    light_and_dark,
    log_axis,
    look,
    whole_numbers,
)

__all__ = [
    "COLOURS",
    "DARK_COLOURS",
    "DARK_STYLE",
    "INK",
    "STYLE",
    "WIDTH",
    "band",
    "class_codes",
    "dark",
    "figure",
    "image_grid",
    "latent_map",
    "learning_curves",
    "legend",
    "light_and_dark",
    "log_axis",
    "look",
    "whole_numbers",
]
