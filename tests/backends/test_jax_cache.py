"""Compiled programs on disk."""

import os
import subprocess
import sys
from pathlib import Path

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc

from ..conftest import needs_jax

pytestmark = needs_jax
ROOT = Path(__file__).parents[2]


def build():
    """Rules that learn, and enough small ensembles that some are merged."""
    with nengo.Network(seed=0) as model:
        net = ngc.networks.FeedforwardClassifier((3, 4, 2), seed=0)
        nengo.Connection(nengo.Node([1, 0, 1]), net.input, synapse=None)
        small = nengo.networks.EnsembleArray(4, 12, neuron_type=nengo.RectifiedLinear())
        nengo.Connection(nengo.Node(np.linspace(-1, 1, 12)), small.input)
        probes = net.probe("output"), nengo.Probe(small.output)
    return model, probes


def run(model, probes):
    """What is probed in three timesteps."""
    with ngc.jax.Simulator(model, seed=0, progress_bar=False) as sim:
        sim.run_steps(3)
        return [sim.data[probe] for probe in probes]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NENGO_NGC_CACHE", str(tmp_path / "programs"))
    return tmp_path / "programs"


@pytest.fixture
def compiled(monkeypatch):
    """How often XLA compiles something that may be kept."""
    from jax.stages import Lowered

    calls, compile = [], Lowered.compile

    def counted(self, *args, **kwargs):
        calls.append(self)
        return compile(self, *args, **kwargs)

    monkeypatch.setattr(Lowered, "compile", counted)
    return calls


def test_another_process_has_compiled(folder, compiled):
    code = "from tests.backends.test_jax_cache import build, run; run(*build())"
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    assert len([*folder.iterdir()]) == 1
    found = run(*build())
    assert not compiled
    for mine, fresh in zip(found, run_without_disk()):
        np.testing.assert_array_equal(mine, fresh)


def run_without_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NENGO_NGC_CACHE", "")
        return run(*build())


def small():
    with nengo.Network(seed=0) as model:
        probe = nengo.Probe(nengo.Node(lambda t: t))
    return model, [probe]


@pytest.mark.parametrize("content", [b"", b"x" * 100, None])
def test_a_damaged_file_is_made_again(folder, compiled, content):
    expected = run(*small())
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] if content is None else content)
    np.testing.assert_array_equal(run(*small()), expected)
    assert len(compiled) == 2
    run(*small())
    assert len(compiled) == 2


def test_what_was_not_used_for_longest_is_removed(folder, monkeypatch):
    from nengo_ngc.backends.jax import cache

    folder.mkdir()
    others = [folder / "images.npz", folder / f"{'a' * 64}.txt"]  # of the user
    for age, old in enumerate([folder / ("1" * 64), folder / ("2" * 64), *others], start=1):
        old.write_bytes(b"x" * 10**6)
        os.utime(old, (1000 - age, 1000 - age))
    (folder / ("b" * 64)).mkdir()
    monkeypatch.setattr(cache, "MAX_BYTES", 10**6 + 10**5)  # a small program and one of them
    run(*small())
    found = {path.name for path in folder.iterdir()}
    assert len(found) == 5 and "1" * 64 in found and "2" * 64 not in found
    assert all(path.exists() for path in others)


def test_programs_that_use_other_arguments_are_not_taken_for_each_other(folder):
    def value(second):
        with nengo.Network(seed=0) as net:
            a, b, x = nengo.Node([0.0]), nengo.Node([0.0]), nengo.Node(size_in=1)
            nengo.Connection(b if second else a, x, synapse=None)
            p = nengo.Probe(x)
        with ngc.jax.Simulator(net, progress_bar=False) as sim:
            sim.run_steps(3, data={a: np.full((1, 1), 1.0), b: np.full((1, 1), 2.0)})
            return sim.data[p].ravel()[-1]

    assert (value(False), value(True)) == (1, 2)


def test_programs_that_call_python_are_not_kept(folder):
    with nengo.Network() as model:
        node = nengo.Node(lambda t, x: x, size_in=1)
        nengo.Connection(nengo.Node(1), node)
    run(model, [])
    assert not folder.exists()


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NENGO_NGC_CACHE", str(tmp_path / "file"))
    assert np.shape(run(*small())) == (1, 3, 1)


def test_a_cache_of_jax_takes_its_place(folder):
    import jax

    from nengo_ngc.backends.jax.cache import folder as where

    assert where() == folder
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", "anywhere")
    try:
        assert where() is None
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
