"""Options of the command line that set parameters of a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from ...models import BACKENDS

COUNT = click.IntRange(min=1)
SEED = click.IntRange(0, 2**32 - 1)
PROPORTION = click.FloatRange(0, 1, min_open=True)


class _Sizes(click.ParamType):
    name = "sizes"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
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
        return sizes


SIZES = _Sizes()


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
        What it may be.
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

    def as_click(self, models: Sequence[str] = ()) -> click.Option:
        """The option for click, whose help begins with the models that have it, if not all."""
        text = self.help
        if models:
            names = " and ".join(filter(None, [", ".join(models[:-1]), models[-1]]))
            text = f"Of {names}: {text[0].lower()}{text[1:]}"
        return click.Option(
            [f"--{self.name}"], type=self.type, default=self.default, help=text
        )


# of all models whose estimator has such a parameter
SHARED = (
    Option("hidden", "n_hidden", "Units of each layer, as 360,360,360.", SIZES),
    Option("backend", "backend", f"One of {', '.join(BACKENDS)}; auto if not given."),
    Option("batch", "batch_size", "Images averaged in one update.", COUNT),
    Option("epochs", "max_epochs", "Passes over the data, at most.", COUNT),
    Option("learning-rate", "learning_rate", "Step size of learning.", click.FLOAT),
    Option("seed", "random_state", "Seed of weights, order and samples.", SEED, default=0),
    Option("device", "device", "Device, gpu:0 for example; not for Nengo."),
)

# of several models
STEPS = Option("steps", "steps", "Timesteps of inference for each image.", COUNT)
UNITS = Option("units", "n_units", "Units of the code.", COUNT)
SPARSITY = Option("sparsity", "sparsity", "The proportion of units that win.", PROPORTION)
