"""What the NengoDL backend promises besides the right numbers."""

import contextlib
import os
import subprocess
import sys
import textwrap

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_ngc as ngc
from nengo_ngc.objects import PureNode
from nengo_ngc.version import how_to_install

from ..conftest import needs_dl

pytestmark = pytest.mark.slow


def python(code):
    """Run code in a process of its own; returns what it printed."""
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_importing_the_package_imports_neither_tensorflow_nor_nengo_dl():
    loaded = python(
        """
        import sys, nengo_ngc
        print([m for m in ("tensorflow", "nengo_dl", "keras", "sklearn") if m in sys.modules])
        """
    )
    assert loaded.strip() == "[]"


@pytest.mark.parametrize("missing", ["tensorflow", "tf_keras", "nengo_dl"])
def test_a_missing_package_is_named_with_its_remedy(missing):
    if missing != "tensorflow":
        pytest.importorskip("tensorflow")
    message = python(
        f"""
        import sys
        sys.modules[{missing!r}] = None
        class Missing:
            def find_spec(self, name, path=None, target=None):
                if name == {missing!r}:
                    raise ModuleNotFoundError(name, name=name)
        del sys.modules[{missing!r}]
        sys.meta_path.insert(0, Missing())
        try:
            import nengo_ngc.dl
        except ImportError as error:
            print(error)
        """
    )
    assert how_to_install("dl") in message


@needs_dl
def test_dl_and_the_model_are_there_without_an_import_of_their_own():
    names = python(
        """
        import nengo_ngc as ngc
        print(ngc.dl.Simulator.__name__, ngc.NGCModel.__name__, ngc.datasets.load.__name__)
        """
    )
    assert names.split() == ["Simulator", "NGCModel", "load"]


@needs_dl
def test_importing_it_is_quiet_and_starts_no_other_python():
    said = python(
        """
        import os, subprocess, sys
        os.environ.pop("TF_CPP_MIN_LOG_LEVEL", None)
        started = []
        sys.addaudithook(
            lambda name, args: name == "subprocess.Popen" and started.append(args[0])
        )
        call = subprocess.call
        read, write = os.pipe()
        os.dup2(write, 2)
        import nengo_ngc.dl, nengo_dl
        os.write(2, b"end")
        print(os.read(read, 10000), sys.executable in started)
        print(subprocess.call is call, nengo_dl.utils.tf_gpu_installed)
        """
    )
    from nengo_ngc.backends.nengo_dl.compat import gpus

    found = bool(gpus())
    assert said.split() == ["b'end'", "False", "True", str(found)]


@needs_dl
@pytest.mark.parametrize("level", [None, "0"])
@pytest.mark.parametrize("fails", [False, True])
def test_notices_are_shown_if_wanted_or_if_something_is_wrong(
    monkeypatch, capfd, level, fails
):
    from nengo_ngc.backends.nengo_dl import compat

    notice = b"I0000 00:00:1795468508.138872    1974 port.cc:153] oneDNN is on.\n"
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    if level is not None:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    with contextlib.suppress(ImportError), compat._without_notices():
        os.write(2, notice + b"what else is said\n")
        if fails:
            raise ImportError("broken")
    said = capfd.readouterr().err
    assert said.endswith("what else is said\n")
    assert ("oneDNN" in said) == (fails or level == "0")


@needs_dl
def test_keras_3_is_left_to_others():
    pytest.importorskip("keras")
    versions = python(
        """
        import nengo_ngc.dl
        import keras, tf_keras
        print(keras.__version__[0], tf_keras.__version__[0])
        print(hasattr(tf_keras.layers, "BatchNormalizationV1"))
        """
    )
    assert versions.split() == ["3", "2", "False"]


@needs_dl
def test_too_late_for_the_old_keras():
    message = python(
        """
        import os
        os.environ.pop("TF_USE_LEGACY_KERAS", None)
        import tensorflow as tf
        tf.keras.layers
        try:
            import nengo_ngc.dl
        except ImportError as error:
            print(error)
        """
    )
    assert "import nengo_ngc.dl before TensorFlow" in message


def circuit(**kwargs):
    with nengo.Network(seed=3) as model:
        model.net = ngc.networks.GNCN((6, 4), n_top_group=2, **kwargs)
        model.stimulus = nengo.Node(np.eye(6)[2])
        nengo.Connection(model.stimulus, model.net.input, synapse=None)
    return model


@needs_dl
def test_weights_have_no_batch_axis():

    model = circuit()
    with ngc.dl.Simulator(model, minibatch_size=7, progress_bar=False) as sim:
        variables = {**sim.tensor_graph.saved_state, **sim.tensor_graph.base_params}
        with_batch = [v.shape for v in variables.values() if v.shape[0] == 7]
        assert {len(shape) for shape in with_batch} == {2}
        assert (6, 4) in [tuple(v.shape) for v in variables.values()]


@needs_dl
def test_other_networks_run_as_on_nengo_dl():
    import nengo_dl

    with nengo.Network(seed=0) as model:
        a, b = nengo.Ensemble(20, 2), nengo.Ensemble(20, 2)
        nengo.Connection(nengo.Node(lambda t: [np.sin(9 * t), np.cos(9 * t)]), a)
        connection = nengo.Connection(a, b, learning_rule_type=nengo.PES(1e-3))
        nengo.Connection(b, connection.learning_rule)
        probe = nengo.Probe(b, synapse=0.01)
    results = []
    for simulator in (nengo_dl.Simulator, ngc.dl.Simulator, nengo_dl.Simulator):
        with simulator(model, minibatch_size=2, seed=3, progress_bar=False) as sim:
            sim.run_steps(30)
            results.append(sim.data[probe])
    np.testing.assert_allclose(results[1], results[0], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(results[2], results[0])


@needs_dl
@pytest.mark.parametrize("unroll", [1, 5])
def test_probes_see_every_timestep(unroll):

    model = circuit(schedule=ngc.Schedule(10))
    probes = [model.net.probe(name) for name in ("z1", "mu0")]
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(20)
        expected = [sim.data[p] for p in probes]
    with ngc.dl.Simulator(
        model, minibatch_size=1, progress_bar=False, unroll_simulation=unroll
    ) as sim:
        sim.run_steps(20)
        for probe, value in zip(probes, expected):
            np.testing.assert_allclose(sim.data[probe][0], value, rtol=0, atol=1e-5)


def multiplied_by_groups(sim):
    """The matrices that the plan of a simulator multiplies by group by group."""
    operators = [op for ops in sim.tensor_graph.plan for op in ops]
    return {op.A for op in operators if getattr(op, "cheap", None) is not None}


@needs_dl
def test_lateral_inhibition_is_multiplied_by_groups_as_long_as_it_consists_of_them():
    with nengo.Network() as model:
        net = ngc.networks.GNCN(
            (6, 70, 72), n_group=8, n_top_group=9, schedule=ngc.Schedule(10), seed=1
        )
        nengo.Connection(nengo.Node(np.linspace(0, 1, 6)), net.input, synapse=None)

    changed = {"V1": 0.1 * np.random.RandomState(0).rand(70, 70)}

    def learned(sim):
        given = net.parameters(sim)
        for parameters in ({}, changed, given):
            net.set_parameters(sim, parameters)
            sim.run_steps(20)
            yield net.parameters(sim)

    with nengo.Simulator(model, progress_bar=False) as sim:
        expected = list(learned(sim))
    with ngc.dl.Simulator(model, progress_bar=False) as sim:
        inhibition = {sim.model.sig[net.connections[V]]["weights"] for V in ("V1", "V2")}
        assert multiplied_by_groups(sim) == inhibition
        for parameters, found in zip(expected, learned(sim), strict=True):
            for name, value in parameters.items():
                np.testing.assert_allclose(found[name], value, atol=1e-4, err_msg=name)
    assert np.abs(expected[0]["W2"] - expected[1]["W2"]).max() > 1e-3


@needs_dl
@pytest.mark.parametrize("trained", [True, False])
def test_matrices_that_nengo_dl_trains_need_not_stay_made_of_groups(trained):
    import nengo_dl

    with nengo.Network() as model:
        nengo_dl.configure_settings(trainable=None)
        a, b = nengo.Node(size_in=80), nengo.Node(size_in=80)
        transform = np.kron(np.eye(8), np.ones((10, 10)))
        connection = nengo.Connection(a, b, transform=transform, synapse=None)
        model.config[connection].trainable = trained
    with ngc.dl.Simulator(model, minibatch_size=500, progress_bar=False) as sim:
        assert len(multiplied_by_groups(sim)) == (not trained)


@needs_dl
def test_device_is_passed_on():

    with ngc.dl.Simulator(circuit(), device="/cpu:0", progress_bar=False) as sim:
        assert sim.tensor_graph.device == "/cpu:0"
        sim.run_steps(3)


@needs_dl
def test_a_build_that_fails_leaves_nengos_precision_alone():
    with nengo.Network() as model:
        with nengo.Network():
            later = nengo.Ensemble(3, 1).neurons
        PureNode(lambda xp, x, other: x, 3, others=[later])
    before = nengo.rc.get("precision", "bits")
    with pytest.raises(BuildError):
        ngc.dl.Simulator(model, progress_bar=False)
    assert nengo.rc.get("precision", "bits") == before == "64"


@needs_dl
@pytest.mark.parametrize("device", ["/gpu:97", "gpu", "gpx", 0])
def test_a_device_that_is_not_there(device):
    from nengo_ngc.backends.nengo_dl.compat import gpus

    if device == "gpu" and gpus():
        pytest.skip("it is there")
    with pytest.raises(
        ValidationError, match=r"TensorFlow sees \(/cpu:0.*got .*" + str(device)
    ):
        ngc.dl.Simulator(circuit(), device=device)
    ngc.dl.Simulator(circuit(), device="/cpu:0", progress_bar=False).close()


def test_networks_know_nothing_of_nengo_dls_marks():
    said = python(
        """
        from nengo_ngc.program import SharedSignal
        print([hasattr(SharedSignal, mark) for mark in ("trainable", "minibatched")])
        """
    )
    assert said.strip() == "[False, False]"


@needs_dl
def test_weights_are_shared_on_nengo_dls_own_simulator_as_well():
    stock = ngc.dl.Simulator.__bases__[0]
    found = []
    for simulator in (stock, ngc.dl.Simulator):
        with nengo.Network(seed=0) as model:
            net = ngc.networks.GNCN((5, 4, 3), schedule=ngc.Schedule(4), seed=1)
            nengo.Connection(nengo.Node(np.linspace(0, 1, 5)), net.input, synapse=None)
        with simulator(model, minibatch_size=3, progress_bar=False) as sim:
            sim.run_steps(8)
            weights = sim.model.sig[net.connections["W1"]]["weights"]
            place = sim.tensor_graph.signals[weights]
            (rows,) = place.slices
            found.append(sim.tensor_graph.saved_state[place.key].numpy()[slice(*rows)])
    assert found[0].shape == (5, 4)
    np.testing.assert_allclose(*found, rtol=1e-5)
