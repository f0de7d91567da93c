"""Several devices and several processes of JAX."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc

from ..conftest import needs_jax

pytestmark = [needs_jax, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
MODELS = ["gncn", "pff", "backprop"]


def start(folder, *arguments):
    command = [sys.executable, "-m", "tests.backends.on_devices", *map(str, arguments)]
    environment = {**os.environ, "NENGO_NGC_CACHE": str(folder / "programs")}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )


def finished(process, output):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    with np.load(output) as file:
        arrays = dict(file)
    return json.loads(str(arrays.pop("found"))), arrays


@pytest.fixture(scope="module")
def two_devices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("devices")
    output = folder / "arrays.npz"
    return finished(start(folder, output), output)


@pytest.mark.parametrize("model", MODELS)
def test_two_devices_learn_what_one_does(two_devices, model):
    _, arrays = two_devices
    learned = [key for key in arrays if key.startswith(f"one/{model}/")]
    assert len(learned) > 3
    for key in learned:
        other = arrays[key.replace("one/", "two/")]
        np.testing.assert_allclose(other, arrays[key], rtol=0, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("model", MODELS)
def test_each_device_computes_its_share(two_devices, model):
    found, _ = two_devices
    one, two = found[f"one/{model}"], found[f"two/{model}"]
    assert two["flops"] < 0.75 * one["flops"]  # the rest is for weights, which both have
    assert {tuple(n) for n in two["shares"].values()} <= {(4, 4)}
    assert two["shares"] or model == "backprop"  # which keeps nothing of its only timestep
    assert two["copies"] and all(two["copies"].values())
    assert two["aliased"] >= two["learned"] > 0


@pytest.mark.parametrize("model", MODELS)
def test_devices_talk_once_in_an_update(two_devices, model):
    found, _ = two_devices
    assert found[f"one/{model}"]["all_reduces"] == 0
    assert found[f"two/{model}"]["all_reduces"] == 1
    assert found[f"two/{model}"]["others"] == []


def test_two_processes_learn_what_one_device_does(two_devices, tmp_path):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    outputs = [tmp_path / f"{k}.npz" for k in range(2)]
    processes = [start(tmp_path, output, k, port) for k, output in enumerate(outputs)]
    expected = two_devices[1]
    for process, output in zip(processes, outputs):
        found, arrays = finished(process, output)
        assert {tuple(n) for n in found["two/gncn"]["shares"].values()} == {(4,)}
        assert len(arrays) > 3
        for key, array in arrays.items():
            alone = expected[key.replace("two/", "one/")]
            np.testing.assert_allclose(array, alone, rtol=0, atol=1e-6, err_msg=key)


def test_programs_on_disk_are_for_their_devices(two_devices):
    _, arrays = two_devices
    for where, first in (("one", "one"), ("two", "two"), ("second", "one")):
        again = [key for key in arrays if key.startswith(f"{where} again/")]
        assert len(again) > 3
        for key in again:
            expected = arrays[key.replace(f"{where} again/", f"{first}/")]
            np.testing.assert_array_equal(arrays[key], expected, err_msg=key)


def test_functions_within_timesteps_are_named(two_devices):
    found, _ = two_devices
    assert found["refused"] == (
        "<Node 'doubles'> needs the Python function double within each timestep, which only "
        "one device can call; give no devices, or put it into a network of its own"
    )


@pytest.mark.parametrize(
    "argument, value, expected",
    [
        ("device", "abacus", "must be a device that JAX sees .*cpu:0.*, got 'abacus'"),
        ("device", "cpu:99", "must be a device that JAX sees .*, got 'cpu:99'"),
        ("device", 0, "must be a device that JAX sees .*, got 0"),
        ("devices", 99, "must be at most the number of devices that JAX sees .*got 99"),
        ("devices", 0, ".*at least 1, got 0"),
        ("devices", "cpu", "must be a number of devices, or a sequence.*got 'cpu'"),
        ("devices", ["cpu:0", "abacus"], "must be a device that JAX sees.*got 'abacus'"),
        ("devices", ["cpu:0", "cpu:0"], "must be devices that differ"),
        ("devices", [], "must be devices that differ"),
    ],
)
def test_unknown_devices(argument, value, expected):
    with nengo.Network() as model:
        nengo.Node(1)
    with pytest.raises(ValidationError, match=f"^{argument}: {expected}"):
        ngc.jax.Simulator(model, minibatch_size=4, progress_bar=False, **{argument: value})


def test_a_device_and_devices():
    with pytest.raises(ValidationError, match="device: must be None if devices are given"):
        ngc.jax.Simulator(nengo.Network(), device="cpu", devices=["cpu"])


def test_a_device_by_name_or_as_jax_has_it():
    import jax

    for device in ("cpu", "cpu:0", jax.devices("cpu")[0]):
        with nengo.Network() as model:
            probe = nengo.Probe(nengo.Node(1))
        with ngc.jax.Simulator(model, device=device, progress_bar=False) as sim:
            sim.run_steps(2)
            assert sim.data[probe].tolist() == [[1], [1]]
