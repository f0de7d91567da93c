"""Benchmarks: one way to start them, one header, and two files with the same tables."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import throughput
from benchmarks.__main__ import benchmarks, summary
from benchmarks._report import Report, header
from nengo_ngc import datasets

from .conftest import needs_dl, needs_jax

ROOT = Path(__file__).parent.parent
NOTHING_RANDOM = {"arguments", "file_sizes", "suites"}


def run(*command):
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_they_are_listed():
    listed = run("benchmarks")
    for name, path in benchmarks().items():
        assert f"{name:18s}{summary(path)}\n" in listed
    assert {"rules", "throughput", "attacks"} <= set(benchmarks())


@pytest.mark.parametrize("name", benchmarks())
def test_all_of_them_are_started_and_printed_in_one_way(name):
    tree = ast.parse(benchmarks()[name].read_text("utf-8"))
    (main,) = (node for node in tree.body if getattr(node, "name", None) == "main")
    assert ast.unparse(main.decorator_list[0]) == "benchmark"
    assert main.args.args[0].arg == "report"
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert "print" not in called
    # tables say from which data and seeds they are
    assert not {"datasets.load", "ngc.datasets.load"} & called
    assert "report.seeds" in called or name in NOTHING_RANDOM
    assert f"python -m benchmarks.{name}" in ast.get_docstring(tree)


def test_what_is_printed_is_written_as_text_and_as_json(tmp_path):
    said = run("benchmarks.file_sizes", "--output", str(tmp_path / "new" / "sizes"))
    assert (tmp_path / "new" / "sizes.txt").read_text() == said
    record = json.loads((tmp_path / "new" / "sizes.json").read_text())
    lines = said.splitlines()
    assert tuple(lines[:3]) == header(record)
    assert lines[0] == f"{record['date']}  {record['command']}"
    assert record["command"] == "python -m benchmarks.file_sizes"  # no paths of one's own
    assert {"commit", "processor", "cores", "python", "versions"} <= set(record)
    sizes, long = record["parts"]
    assert sizes["columns"] == ["package", "modules", "median", "over 400"]
    ours = next(row for row in sizes["rows"] if row[0].startswith("nengo_ngc"))
    modules = [*(ROOT / "nengo_ngc").rglob("*.py")]
    assert ours[1] == len(modules) and ours[3] == len(long["rows"])


@needs_dl
def test_the_loop_of_throughput_learns_what_the_network_learns(monkeypatch):
    monkeypatch.setattr(throughput, "SHAPE", (20, 12, 12, 12))
    x = throughput.images(4)
    for backend in throughput.BACKENDS.values():
        present, parameters = throughput.ours(x, backend)
        train, learned = throughput.loop(x, before := parameters())
        for run in (present, train) * 2:
            run()
        for name, value in parameters().items():
            if name in learned:
                found = learned[name].numpy()
                found = found if name.startswith("Sigma") else found.T
                np.testing.assert_allclose(found, value, atol=1e-5, err_msg=name)
                assert np.abs(value - before[name]).max() > 1e-4


def test_help_teaches():
    said = run("benchmarks.file_sizes", "--help")
    assert "Counts all lines of all modules" in said and "--output PATH" in said


def test_tables(capsys):
    report = Report("name", {"rounds": 3})
    report.seeds(0, 1)
    data = report.load("digits")
    table = report.table("title", {"rule": "<6", "rate": ">8.1f", "of it": ">6.0%"})
    table.row("pes", np.float32(1.25), 0.5)
    table.row("none", np.nan)
    report.say("{n} rules", n=np.int64(2))
    sha256 = datasets.SOURCES["digits"].sha256()
    assert data.X_train.shape == (1498, 64) and report._record["data"] == {"digits": sha256}
    assert capsys.readouterr().out.splitlines()[3:] == [
        "",
        "seeds: 0, 1",
        f"data: digits, SHA-256 {sha256[:16]}",
        "",
        "title",
        "rule      rate of it",
        "pes        1.2   50%",
        "none         -     -",
        "2 rules",
    ]
    assert report._record["options"] == {"rounds": 3}
    assert report._record["parts"] == [
        {
            "title": "title",
            "columns": ["rule", "rate", "of it"],
            "rows": [["pes", 1.25, 0.5], ["none", None, None]],
        },
        {"text": "2 rules", "numbers": {"n": 2}},
    ]


@needs_dl
@needs_jax
def test_the_graph_of_nengo_dl_runs_on_jax(tmp_path):
    import jax

    from benchmarks import _stablehlo
    from benchmarks.gpu import pdh

    x = (np.random.RandomState(0).rand(4, 30) < 0.3).astype("f4")
    _stablehlo.export(tmp_path / "graph.npz", lambda: pdh(small=True), x)
    n_samples, run, difference = _stablehlo.load(tmp_path / "graph.npz", jax.devices("cpu")[0])
    assert n_samples == 4
    before = difference()
    for _ in range(_stablehlo.N_UPDATES):
        run()
    assert difference() < 1e-6 < 1e-3 < before
