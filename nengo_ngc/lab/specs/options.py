"""Options of the command line that set parameters of a model."""

from dataclasses import dataclass
from typing import Any

import click
from nengo.exceptions import ValidationError

from ...models import BACKENDS
from ...models.codes import READOUTS
from ...networks.convolutional import Conv

COUNT = click.IntRange(min=1)
SEED = click.IntRange(0, 2**32 - 1)
PROPORTION = click.FloatRange(0, 1, min_open=True)


class _Sizes(click.ParamType):
    name = "sizes"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | tuple[int, ...]:
        try:
            sizes = tuple(int(n) for n in value.split(","))
        except ValueError:
            sizes = ()
        if not sizes or min(sizes) < 1:
            self.fail(
                f"must be whole numbers of at least 1 with commas between them, "
                f"like 360,360,360, got {value!r}",
                param,
                ctx,
            )
        return sizes if len(sizes) > 1 else sizes[0]


SIZES = _Sizes()


class _Layers(click.ParamType):
    name = "layers"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int | str, ...]:
        try:
            return tuple(
                int(layer) if layer.isdecimal() and int(layer) else str(Conv.of(layer))
                for layer in value.split(",")
            )
        except (ValueError, ValidationError):
            self.fail(
                "must be whole numbers of at least 1, or convolutional layers, with commas "
                f"between them, like 360,360,360 or 32c5s2,64c3s2,128, got {value!r}",
                param,
                ctx,
            )


LAYERS = _Layers()


@dataclass(frozen=True)
class Option:
    """One option of ``nengo-ngc train``.

    Parameters
    ----------
    name : str
        As it is typed, without the two dashes: ``"learning-rate"``.
    parameter : str
        The parameter of the estimator that it sets.
    help : str
        What it means, as a sentence.
    type : click.ParamType, optional
        What it may be. An option of ``click.BOOL`` has no value, and another option, with
        ``no-`` before its name, turns it off.
    default : object, optional
        None: what the model's defaults say.
    """

    name: str
    parameter: str
    help: str
    type: click.ParamType = click.STRING
    default: Any = None

    @property
    def key(self) -> str:
        """The name as an argument of Python."""
        return self.name.replace("-", "_")

    @property
    def typed(self) -> list[str]:
        """What may be typed."""
        off = [f"--no-{self.name}"] if self.type is click.BOOL else []
        return [f"--{self.name}", *off]

    def as_click(self, note: str = "") -> click.Option:
        """Return the option for click, with a note at the end of its help."""
        text = f"{self.help}  {note}" if note else self.help
        return click.Option(
            ["/".join(self.typed)], type=self.type, default=self.default, help=text
        )


# of all models whose estimator has such a parameter
SHARED = (
    Option(
        "hidden",
        "n_hidden",
        "Set the units of each layer, such as 360,360,360. Layers of the models rules and ngc "
        "can be convolutional: 32c5s2,128 begins with 32 filters of 5 x 5 pixels, every 2 "
        "pixels.",
        LAYERS,
    ),
    Option("backend", "backend", f"Choose the simulator: {', '.join(BACKENDS)}."),
    Option("batch", "batch_size", "Set the number of images in a batch.", COUNT),
    Option("epochs", "max_epochs", "Stop after this number of epochs.", COUNT),
    Option("learning-rate", "learning_rate", "Set the learning rate.", click.FLOAT),
    Option(
        "seed",
        "random_state",
        "Set the seed of the weights, of the order of images, and of samples.",
        SEED,
        default=0,
    ),
    Option(
        "device",
        "device",
        "Choose the device on which JAX or NengoDL computes, such as gpu:0.",
    ),
)

# of several models
STEPS = Option("steps", "steps", "Set the timesteps for which each image is presented.", COUNT)
UNITS = Option("units", "n_units", "Set the number of units in the code.", COUNT)
SPARSITY = Option("sparsity", "sparsity", "Set the proportion of units that win.", PROPORTION)
READOUT = Option(
    "readout",
    "readout",
    "Predict labels by the angles to mean codes, or by a linear classifier of codes.",
    click.Choice(READOUTS),
)
