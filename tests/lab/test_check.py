"""Versions and the self-test, with backends and without them."""

import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import nengo
import numpy as np
import pytest
from click.testing import CliRunner

from nengo_ngc import __version__, backends
from nengo_ngc.backends.nengo import NengoSession
from nengo_ngc.lab import check
from nengo_ngc.lab.cli import main
from nengo_ngc.version import how_to_install

from ..conftest import HAS_DL, HAS_JAX, needs_dl, needs_jax


@pytest.fixture
def quick(monkeypatch):
    """Let the simulators be as they should, without running them."""
    monkeypatch.setattr(check, "_gpus", lambda backend: "none")
    return lambda **found: monkeypatch.setattr(
        check,
        "_errors_on",
        lambda backend: found.get(backend.title, lambda: check._EXPECTED)(),
    )


def report():
    lines = []
    works = check.check(lines.append)
    return works, {line[:14].split("  ")[0].strip(): line for line in lines}


def without(*modules):
    """What the module says where other modules are missing, and its exit code."""
    code = f"""
        import runpy, sys

        class Missing:
            def find_spec(self, name, path=None, target=None):
                if name in {modules!r}:
                    raise ModuleNotFoundError(name, name=name)

        sys.meta_path.insert(0, Missing())
        runpy.run_module("nengo_ngc.lab.check", run_name="__main__")
        """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result.returncode, result.stdout


def test_simulators_work_and_agree_with_the_numbers():
    works, lines = report()
    assert works
    assert " OK: error per image 3.9957 -> 2.5901, " in lines["Nengo"]
    for name, is_there in {"NengoDL": HAS_DL, "JAX": HAS_JAX}.items():
        assert (" OK: " if is_there else " skipped: ") in lines[name]
    assert lines["GPU, JAX"] and lines["GPU, NengoDL"]
    for name, version in {
        "nengo-ngc": __version__,
        "nengo": nengo.__version__,
        "numpy": np.__version__,
        "Python": ".".join(map(str, sys.version_info[:3])),
    }.items():
        assert lines[name].split() == [name, version]
    assert all(lines[name] for name in ("TensorFlow", "tf-keras", "jax", "scikit-learn"))


def test_without_other_backends():
    code, said = without("tensorflow", "tf_keras", "nengo_dl", "jax")
    assert code == 0
    for name in ("nengo-dl", "TensorFlow", "tf-keras", "jax"):
        assert f"{name:14s}not installed\n" in said
    assert "Nengo         OK: " in said
    for name, extra in {"NengoDL": "dl", "JAX": "jax"}.items():
        assert f"{name:14s}skipped: " in said
        assert how_to_install(extra) in said
        assert f"GPU, {name:9s}not looked for without {name}\n" in said


@needs_dl
def test_nengo_dl_without_tensorflow_is_broken():
    code, said = without("tensorflow")
    assert code == 1
    assert "NengoDL       failed: ImportError: nengo_ngc.dl needs TensorFlow" in said
    assert "GPU, NengoDL  not looked for" in said


@pytest.mark.parametrize("factor", [0.99, 1.01, np.nan])
def test_other_numbers_are_a_failure(quick, factor):
    quick(NengoDL=lambda: check._EXPECTED * [1, 1, factor, 1, 1])
    works, lines = report()
    assert not works
    assert " OK: " in lines["Nengo"] and " failed: " in lines["NengoDL"]
    assert ("nan" if np.isnan(factor) else "1.0e-02") in lines["NengoDL"]


def test_rounding_is_none(quick):
    quick(Nengo=lambda: check._EXPECTED * (1 - 1e-3))
    works, lines = report()
    assert works and " 1.0e-03 from " in lines["Nengo"]


def test_an_error_is_one_line_without_paths(quick):
    def fail():
        raise RuntimeError(f"no {sys.prefix}/lib\nin {Path.home()}")

    quick(Nengo=fail)
    works, lines = report()
    assert not works
    assert lines["Nengo"] == "Nengo         failed: RuntimeError: no .../lib in ~"


def test_command(quick):
    quick()
    said = CliRunner().invoke(main, ["check"])
    assert said.exit_code == 0 and f"nengo-ngc     {__version__}\n" in said.output
    quick(Nengo=lambda: -check._EXPECTED)
    assert CliRunner().invoke(main, ["check"]).exit_code == 1


@needs_dl
def test_gpus_by_name(monkeypatch):
    from tensorflow import config

    from nengo_ngc.backends.nengo_dl.compat import gpus

    devices = [SimpleNamespace(name="/gpu:0"), SimpleNamespace(name="/gpu:1")]
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: devices)
    details = {"/gpu:0": {"device_name": "Some GPU"}, "/gpu:1": {}}
    monkeypatch.setattr(
        config.experimental, "get_device_details", lambda device: details[device.name]
    )
    assert gpus() == ["Some GPU", "/gpu:1"]
    assert check._gpus(backends.get("nengo-dl")) == "Some GPU, /gpu:1"


@needs_jax
def test_accelerators_of_jax(monkeypatch):
    import jax

    seen = [
        SimpleNamespace(platform=platform, device_kind=kind)
        for platform, kind in (("gpu", "Some GPU"), ("cpu", "a processor"))
    ]
    monkeypatch.setattr(jax, "devices", lambda: seen)
    assert check._gpus(backends.get("jax")) == "Some GPU"
    monkeypatch.setattr(jax, "devices", lambda: seen[1:])
    assert check._gpus(backends.get("jax")) == "none found"


def test_a_backend_from_outside_is_tested(quick):
    quick()
    backends.register(backends.Backend("another", NengoSession))
    try:
        works, lines = report()
    finally:
        backends.unregister("another")
    assert works and " OK: " in lines["another"]
