"""Files and networks that do not fit: errors that say why, and nothing is changed."""

import re
import warnings

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.learned.addresses import addresses
from nengo_ngc.storage import model_files
from nengo_ngc.storage.model_files import Array, Reader

from ..conftest import needs_dl
from .networks import channel


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A file of a channel that has learned."""
    path = tmp_path_factory.mktemp("saved") / "learned"
    net = channel()
    with nengo.Simulator(net, progress_bar=False) as sim:
        sim.run_steps(10)
        ngc.save(path, net, sim)
    return path


def content(net):
    """All parameters of all objects of a network, by identity or value."""
    return {
        (address, name): getattr(obj, name)
        for address, obj in addresses(net).items()
        for name in ("label", *obj.params)
    }


def refused(path, net, message):
    """Loading raises an error and changes nothing."""
    before = content(net)
    with pytest.raises(ValueError, match=message):
        ngc.load(path, net)
    after = content(net)
    assert before.keys() == after.keys()
    assert all(after[key] is value or after[key] == value for key, value in before.items())


# --- networks of which the file knows something else


def test_another_shape(saved):
    shape = r"encoders of ensembles\['pre'\] must have shape \(30, 2\), got \(40, 2\)"
    refused(saved, channel(n_neurons=30), f"learned does not fit .*: {shape}")


def test_a_missing_object(saved):
    net = channel()
    net.ensembles.remove(net.ensembles[1])
    refused(saved, net, r"it holds ensembles\['post'\], which the network does not have")


def test_a_changed_label(saved):
    net = channel()
    net.ensembles[0].label = "Pre"
    refused(saved, net, r"it holds ensembles\['pre'\].* similar ones are ensembles\['Pre'\]")


def test_a_label_that_two_objects_have(saved):
    net = channel()
    net.ensembles[0].label = "post"
    refused(saved, net, r"it holds ensembles\['pre'\].* ensembles\[#1 of 2\]")


def test_an_additional_object_without_a_label(saved):
    net = channel()
    with net:
        nengo.Connection(net.nodes[0], nengo.Node(size_in=2))
    refused(saved, net, r"it holds connections\[#2 of 5\].* connections\[#2 of 6\]")


def test_an_additional_object_with_a_label_stays_as_it_is(saved):
    net = channel()
    with net:
        other = nengo.Ensemble(10, 1, label="other")
        nengo.Connection(net.ensembles[0][0], other, label="onward")
    ngc.load(saved, net)
    assert other.gain is None
    assert net.ensembles[0].gain is not None


def test_an_object_of_another_kind(saved):
    net = channel()
    net.connections[1].solver = nengo.solvers.LstsqL2(weights=True)
    refused(saved, net, r"connections\[#2 of 5\] must have weights, got decoders")
    net = channel()
    net.connections[1].learning_rule_type = None
    net.ensembles[0].neuron_type = nengo.Direct()
    refused(saved, net, r"ensembles\['pre'\] must have no arrays, got encoders, gain, bias")


def test_an_interruption(tmp_path):
    """Here of Nengo, in the middle of the changes."""

    def model():
        with nengo.Network() as net:
            a, b = nengo.Ensemble(10, 1), nengo.Node(size_in=1)
            with warnings.catch_warnings(action="ignore"):
                solver = nengo.solvers.LstsqL2(weights=True)  # which has no effect here
                nengo.Connection(a, b, solver=solver)
        return net

    net = model()
    with nengo.Simulator(net, progress_bar=False) as sim:
        ngc.save(tmp_path / "learned", net, sim)
    net = model()
    before = content(net)
    with (
        warnings.catch_warnings(action="error"),
        pytest.raises(UserWarning, match="no effect"),
    ):
        ngc.load(tmp_path / "learned", net)
    assert content(net) == before
    with pytest.warns(UserWarning, match="no effect"):
        ngc.load(tmp_path / "learned", net)
    assert net.ensembles[0].gain is not None


# --- files


@pytest.mark.parametrize("size", [0, 100, 3000, -1])
def test_a_file_that_was_cut_off(saved, tmp_path, size):
    path = tmp_path / "short"
    path.write_bytes(saved.read_bytes()[:size])
    refused(path, channel(), "is damaged or not a model file")


def test_a_changed_byte(saved, tmp_path):
    path, data = tmp_path / "changed", bytearray(saved.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    refused(path, channel(), "is damaged or not a model file")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model file"):
        ngc.load(tmp_path / "nothing", channel())


def test_a_file_of_another_kind(tmp_path):
    path = tmp_path / "other"
    model_files.save(path, {"kind": "NGCModel"}, {})
    refused(path, channel(), "holds a NGCModel .*expected a Network")
    path.write_text("text")
    refused(path, channel(), "is damaged or not a model file")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda objects, arrays: arrays.update({"0/gain": np.ones((40, 1))}), "shape"),
        (lambda objects, arrays: arrays.pop("0/bias"), "must have encoders, gain, bias, got"),
        (lambda objects, arrays: arrays.update({"0/x": np.ones(2)}), "must have encoders, ga"),
        (lambda objects, arrays: arrays.update({"9/bias": np.ones(2)}), "arrays of no object"),
        (lambda objects, arrays: arrays.update({"0/bias": np.array(["a"] * 40)}), "type"),
        (lambda objects, arrays: objects.update({"x": {"seed": 1}}), "holds x, which"),
        (
            lambda objects, arrays: objects.update({"x": {"seed": -1}}),
            "x.seed must be a whole",
        ),
        (lambda objects, arrays: objects.update({"x": {}}), "x.seed is missing"),
    ],
)
def test_a_file_with_other_content(saved, tmp_path, change, message):
    fields = {"objects": ngc.learned.files._FIELDS["objects"]}
    with Reader(saved, "Network", fields) as file:
        objects = file.header["objects"]
        arrays = file.read({name: Array(shape) for name, shape in file.shapes.items()})
    change(objects, arrays)
    model_files.save(tmp_path / "other", {"kind": "Network", "objects": objects}, arrays)
    refused(tmp_path / "other", channel(), message)


# --- saving


@pytest.fixture
def sim():
    net = channel()
    with nengo.Simulator(net, progress_bar=False) as sim:
        yield sim


def test_numbers_that_are_not_finite(sim, saved, tmp_path):
    net, path = sim.model.toplevel, tmp_path / "learned"
    path.write_bytes(saved.read_bytes())
    (signal,) = net.learned(sim.model)
    sim.signals[signal][0, 0] = np.nan
    message = r"connections\[#2 of 5\] cannot be saved: decoders must be finite, got NaN"
    with pytest.raises(ValidationError, match=message):
        ngc.save(path, net, sim)
    assert path.read_bytes() == saved.read_bytes()


def test_a_simulator_of_another_network(sim, tmp_path):
    with pytest.raises(
        ValidationError, match="sim: must be an open simulator of this network"
    ):
        ngc.save(tmp_path / "learned", channel(), sim)
    with pytest.raises(
        ValidationError, match="sim: must be an open simulator of this network"
    ):
        ngc.save(tmp_path / "learned", sim.model.toplevel, None)


def test_a_closed_simulator(sim, tmp_path):
    sim.close()
    with pytest.raises(ValidationError, match="sim: must be .* got one that is closed"):
        ngc.save(tmp_path / "learned", sim.model.toplevel, sim)


@pytest.mark.parametrize("path", ["", None, 3])
def test_no_path(sim, path):
    with pytest.raises(ValidationError, match="path: must be a path"):
        ngc.save(path, sim.model.toplevel, sim)
    with pytest.raises(ValidationError, match="path: must be a path"):
        ngc.load(path, sim.model.toplevel)


def test_no_network(sim, saved):
    with pytest.raises(ValidationError, match="network: must be a Network"):
        ngc.save("learned", sim, sim)
    with pytest.raises(ValidationError, match="network: must be a Network"):
        ngc.load(saved, sim)


@pytest.mark.filterwarnings("ignore")  # of Nengo, about the gain
def test_encoders_that_were_learned_without_gain(tmp_path):
    with nengo.Network() as net:
        ensemble = nengo.Ensemble(3, 1, gain=[1, 0, 2], bias=[1, 1, 1], label="ensemble")
    with nengo.Simulator(net, optimize=False, progress_bar=False) as sim:
        ngc.save(tmp_path / "learned", net, sim)
        encoders = sim.signals[sim.model.sig[ensemble]["encoders"]]
        encoders.setflags(write=True)
        encoders[1] = 1
        with pytest.raises(ValidationError, match=r"\['ensemble'\] .* gains must not be 0"):
            ngc.save(tmp_path / "learned", net, sim)


@needs_dl
def test_samples_that_have_learned_weights_of_their_own(tmp_path):
    net = channel()
    with ngc.dl.Simulator(net, minibatch_size=2, progress_bar=False) as sim:
        with pytest.raises(ValidationError, match="weights of their own for each of 2"):
            ngc.save(tmp_path / "learned", net, sim)


# --- addresses


def test_addresses():
    with nengo.Network() as net:
        a = nengo.Ensemble(1, 1, label="it's [x]")
        b, c = nengo.Ensemble(1, 1), nengo.Ensemble(1, 1, label="twice")
        d = nengo.Ensemble(1, 1, label="twice")
        with nengo.Network(label="inner"):
            e = nengo.Connection(a, b)
        with nengo.Network():
            f = nengo.Ensemble(1, 1, label="f")
    assert addresses(net) == {
        """ensembles["it's [x]"]""": a,
        "ensembles[#1 of 3]": b,
        "ensembles[#2 of 3]": c,
        "ensembles[#3 of 3]": d,
        "networks['inner'].connections[#1 of 1]": e,
        "networks[#1 of 1].ensembles['f']": f,
    }


def test_files_hold_no_object_that_could_be_executed(saved):
    assert not re.search(rb"cos\nsystem|c__builtin__|\x80\x04\x95", saved.read_bytes())
    with np.load(saved, allow_pickle=False) as file:
        assert {"0/encoders", "0/gain", "0/bias", "2/decoders"} <= set(file.files)
