"""A command that has the options of one model, which is itself chosen by an option."""

from pathlib import Path
from typing import Any

import click

from ...storage import parsing
from ..run_folders import CONFIG
from ..specs import MODELS, ModelSpec, Option
from ..specs.base import SMALL
from .common import Filled, plain_errors

DEFAULT_MODEL = "ngc"

_MODEL = f"{__name__}.model"  # where a context keeps the name of the model


class OfOneModel(Filled):
    """A command with the options of the model that ``--model`` names, and of no other one.

    If no model is named, it is that of the run which ``--resume`` and ``--output`` name, or
    the default.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        name = _chosen(args)
        with plain_errors():
            MODELS.find(name)
        ctx.meta[_MODEL] = name
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            typed = error.option_name
            owners = [
                other
                for other, spec in MODELS.items()
                if any(typed in option.typed for option in spec.options)
            ]
            if not owners:
                raise
            raise click.UsageError(
                f"the model {name} has no option {typed}; {' and '.join(owners)} "
                f"{'has' if len(owners) == 1 else 'have'} it",
                ctx,
            ) from None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        spec = _spec(ctx)
        added = [option.as_click(_defaults(spec, option)) for option in spec.options]
        return [*super().get_params(ctx), *added]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = {option.key for option in _spec(ctx).options}
        name = _name(ctx)
        sections: dict[str, list] = {"Options": [], f"Options of the model {name}": []}
        general, of_model = sections.values()
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                (of_model if parameter.name in own else general).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)
        other = next(other for other in MODELS if other != name)
        formatter.write_paragraph()
        formatter.write_text(
            "Other models have other options. For example, "
            f"{ctx.command_path} --model {other} --help shows those of {other}."
        )


def _name(ctx: click.Context) -> str:
    return ctx.meta.get(_MODEL, DEFAULT_MODEL)


def _spec(ctx: click.Context) -> ModelSpec:
    return MODELS[_name(ctx)]


def _chosen(args: list[str]) -> str:
    """Return the name of the model whose options the arguments may have."""
    peek = click.Command(
        "peek",
        params=[
            click.Option(["--model"]),
            click.Option(["--output"]),
            click.Option(["--resume"], is_flag=True),
        ],
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    given = peek.make_context("peek", list(args), resilient_parsing=True).params
    if given["model"] is None and given["resume"] and given["output"] is not None:
        return _model_of(Path(given["output"]))
    return DEFAULT_MODEL if given["model"] is None else given["model"]


def _model_of(folder: Path) -> str:
    """Return the model of a run, or the default; a folder without a run is an error later."""
    try:
        config = parsing.read(folder / CONFIG)
    except (OSError, ValueError):
        return DEFAULT_MODEL
    name = config.get("model") if isinstance(config, dict) else None
    return name if isinstance(name, str) and name in MODELS else DEFAULT_MODEL


def _defaults(spec: ModelSpec, option: Option) -> str:
    """Return the default of an option as its help shows it."""
    usual: Any = option.default
    if usual is None:
        usual = spec.make({}).get_params().get(option.parameter)
    small, large = (_shown(of.get(option.key, usual)) for of in (spec.small, spec.large))
    if small == large:
        return small and f"[default: {small}]"
    return f"[default: {small}; {large} from {SMALL:,} training images on]"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
