"""Several devices and several processes of JAX."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_ngc as ngc
from nengo_ngc.backends import open_session

from ..conftest import needs_jax

pytestmark = needs_jax
ROOT = Path(__file__).parents[2]
MODELS = ["gncn", "pff", "backprop"]


def start(*arguments):
    command = [sys.executable, "-m", "tests.backends.on_devices", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def finished(process, output):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    with np.load(output) as file:
        arrays = dict(file)
    return json.loads(str(arrays.pop("found"))), arrays


@pytest.fixture(scope="module")
def two_devices(tmp_path_factory):
    output = tmp_path_factory.mktemp("devices") / "arrays.npz"
    return finished(start(output), output)


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
    assert two["shares"] and {tuple(n) for n in two["shares"].values()} == {(4, 4)}
    assert two["copies"] and all(two["copies"].values())


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
    processes = [start(output, k, port) for k, output in enumerate(outputs)]
    _, expected = two_devices
    for process, output in zip(processes, outputs):
        found, arrays = finished(process, output)
        assert {tuple(n) for n in found["two/gncn"]["shares"].values()} == {(4,)}
        assert len(arrays) == len(expected) / 2
        for key, array in arrays.items():
            alone = expected[key.replace("two/", "one/")]
            np.testing.assert_allclose(array, alone, rtol=0, atol=1e-6, err_msg=key)
