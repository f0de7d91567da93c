"""Pictures of images, learning curves, codes and latents, as PNG files of one style.

Arguments of a wrong type or shape raise a ValueError that names them.
"""

from .classes import class_codes, latent_map
from .curves import learning_curves
from .images import image_grid
from .style import COLOURS, STYLE, WIDTH, band, figure, legend, log_axis, look, whole_numbers

__all__ = [
    "COLOURS",
    "STYLE",
    "WIDTH",
    "band",
    "class_codes",
    "figure",
    "image_grid",
    "latent_map",
    "learning_curves",
    "legend",
    "log_axis",
    "look",
    "whole_numbers",
]
