"""What all benchmarks have in common: the command line, the header, tables and their files."""

import functools
import inspect
import json
import re
import shlex
import sys
from pathlib import Path

import click
import numpy as np

from nengo_ngc import datasets
from nengo_ngc.lab import provenance
from nengo_ngc.storage.atomic import replacing

ROOT = Path(__file__).parents[1]


def benchmark(function):
    """Make a command of a function that takes a `Report` and options.

    What the function returns is the exit status. The help is the docstring of the function's
    module. The command has one more option, ``--output``, that says where the tables are
    written, as text and as JSON.
    """
    module = inspect.getmodule(function)
    name = module.__spec__.name.removeprefix("benchmarks.").removesuffix(".__main__")

    @functools.wraps(function)
    def run(output, **options):
        report = Report(name, options)
        status = function(report, **options)
        if output is not None:
            report.write(output)
        sys.exit(status)

    # \b keeps click from filling lines
    paragraphs = inspect.getdoc(module).split("\n\n")
    command = click.command(
        name,
        help="\n\n".join(f"\b\n{paragraph}" for paragraph in paragraphs),
        context_settings={"max_content_width": 100, "show_default": True},
    )(run)
    command.params.append(
        click.Option(
            ["--output"],
            type=click.Path(path_type=Path),
            metavar="PATH",
            help="Write what is printed to PATH.txt, and a twin of it to PATH.json.",
        )
    )
    return command


class Report:
    """Prints a header, lines and tables as they come, and keeps them for two files.

    Parameters
    ----------
    name : str
        The name of the benchmark.
    options : dict of {str: object}, optional
        What the benchmark was asked for.
    """

    def __init__(self, name, options=None):
        self.name = name
        self._lines = []
        self._record = {
            "benchmark": name,
            "options": {key: _plain(value) for key, value in (options or {}).items()},
            **circumstances(name),
            "parts": [],
        }
        self._print(*header(self._record), "")

    def seeds(self, *seeds):
        """Print which seeds the numbers of the benchmark follow from."""
        self._record["seeds"] = list(seeds)
        self._print(provenance.seeds_text(seeds))

    def load(self, name, **how):
        """Load a data set as ``datasets.load`` does, and print its SHA-256."""
        sha256 = datasets.find(name).sha256()
        self._record["data"][str(name)] = sha256
        self._print(provenance.data_text(name, sha256))
        return datasets.load(name, **how)

    def say(self, text="", **numbers):
        """Print a line of text.

        Parameters
        ----------
        text : str
            With numbers, a template for ``str.format``.
        **numbers : float or str
            What was measured, by name.
        """
        text = text.format(**numbers) if numbers else text
        self._print(text)
        if text:
            self._record["parts"].append({"text": text, "numbers": _plain(numbers)})

    def table(self, title, columns):
        """Begin a table, and print its title and the names of its columns.

        Parameters
        ----------
        title : str
            Printed above the table; an empty one is not.
        columns : dict of {str: str}
            Alignment, width and format of each column by its name, ``">8.2f"`` for example.

        Returns
        -------
        Table
        """
        if self._lines[-1]:
            self._print("")
        table = Table(self._print, title, columns)
        self._record["parts"].append(table.record)
        return table

    def write(self, path):
        """Write what was printed to ``PATH.txt``, and a twin of it to ``PATH.json``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        for ending, text in {
            "txt": "\n".join(self._lines),
            "json": json.dumps(self._record, indent=1),
        }.items():
            with replacing(path.with_name(f"{path.name}.{ending}")) as file:
                file.write(f"{text}\n")

    def _print(self, *lines):
        for line in lines:
            print(line, flush=True)
        self._lines += lines


class Table:
    """A table that is printed row by row.

    Parameters
    ----------
    out : callable
        Takes each line.
    title : str
    columns : dict of {str: str}
    """

    def __init__(self, out, title, columns):
        self._out = out
        self._formats = [_Format(how) for how in columns.values()]
        self.record = {"title": title, "columns": list(columns), "rows": []}
        if title:
            out(title)
        out(self._line(form.padded(name) for name, form in zip(columns, self._formats)))

    def row(self, *values):
        """Print one value for each column; None, NaN and what is left out are a dash."""
        values = [*values, *[None] * (len(self._formats) - len(values))]
        self.record["rows"].append([_plain(value) for value in values])
        self._out(self._line(f.text(value) for value, f in zip(values, self._formats)))

    @staticmethod
    def _line(cells):
        return "".join(cells).rstrip()


class _Format:
    """Alignment, width and format of a column."""

    def __init__(self, how):
        self._place, self._how = re.fullmatch(r"([<>]\d+)(.*)", how).groups()

    def padded(self, text):
        """A text as wide as the column."""
        return f"{text:{self._place}}"

    def text(self, value):
        """A value as it stands in the column."""
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return self.padded("-")
        return self.padded(format(value, "" if isinstance(value, str) else self._how))


def _plain(value):
    """A value as JSON has it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, int | float | str | None) else str(value)


# --- the header


def circumstances(name):
    """When, from which source and on which machine a benchmark runs."""
    found = provenance.collect()
    command = shlex.join(["python", "-m", f"benchmarks.{name}", *arguments()])
    return {"command": command, **found}


def header(circumstances):
    """Lines of text that say what `circumstances` found."""
    found = {**circumstances, "seeds": [], "data": {}}  # these are printed as they come
    return (f"{found['date']}  {found['command']}", *provenance.lines(found))


def arguments():
    """What the command line says, but for where the output goes."""
    given = iter(sys.argv[1:])
    for argument in given:
        if argument == "--output":
            next(given, None)
        elif not argument.startswith("--output="):
            yield argument
