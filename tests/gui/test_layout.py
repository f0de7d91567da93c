"""Networks bring their layout along to Nengo GUI."""

import subprocess
import sys

import nengo
import pytest

from nengo_ngc.gui.layout import positions
from nengo_ngc.networks import (
    GNCN,
    PFF,
    FeedforwardClassifier,
    LayeredHopfield,
    PredictiveCodingClassifier,
)

VARIANTS = [
    {"variant": "t1"},
    {"variant": "pdh"},
    {"initial": "previous", "tolerance": 0.1},
    {"activation": nengo.SpikingRectifiedLinear()},
]


def placed(net):
    """How far right and how far up the objects of a network are, by label."""
    places = positions(net, net.gui_columns)
    assert set(places) == {*net.nodes, *net.ensembles}
    boxes = list(places.values())
    for number, one in enumerate(boxes):
        assert one["w"] / 2 < one["x"] < 1 - one["w"] / 2
        assert one["h"] / 2 < one["y"] < 1 - one["h"] / 2
        for other in boxes[:number]:  # they do not overlap
            apart = abs(one["x"] - other["x"]), abs(one["y"] - other["y"])
            assert apart[0] > one["w"] or apart[1] > one["h"]
    across = {obj.label: place["y"] for obj, place in places.items()}
    return across, {obj.label: 1 - place["x"] for obj, place in places.items()}


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_layers_are_rows_and_kinds_are_columns(settings):
    across, up = placed(GNCN((4, 3, 3, 3), n_group=1, n_top_group=1, **settings))
    assert up["z1"] < up["z2"] < up["z3"] and up["mu0"] < up["mu1"] < up["mu2"]
    assert across["z1"] == across["z2"] == across["z3"]
    for level in (1, 2):
        assert up[f"z{level}"] == up[f"mu{level}"] == up[f"e{level}"]
    assert across["input"] < across["z1"] < across["mu1"] < across["e1"]
    assert up["input"] == up["mu0"]


def test_both_circuits_of_pff():
    across, up = placed(PFF((4, 3, 3), positives_only=True, noise=0.1, g_noise=0.1))
    for level in (1, 2):
        row = {up[f"{kind}{level}"] for kind in ("a", "z", "n", "start", "e", "mu", "loss")}
        assert len(row) == 1
        assert up[f"n{level} relay"] > up[f"n{level}"] > up[f"n{level - 1} relay"]
    assert up["input"] == up["n0"] == up["mu0"] < up["mu1"] < up["mu2"] < up["z_g"]
    assert up["z_g"] == up["output"] == up["goodness"] < up["output_error"]
    assert across["input"] < across["z1"] < across["goodness1"] < across["mu0"]
    assert across["n0"] == across["n0 relay"] == across["n2"] == across["n_g relay"]


def test_branches_of_the_hopfield_network():
    across, up = placed(LayeredHopfield((4, 3, 3)))
    assert up["clamped0"] == up["s0"] < up["moving1"] == up["s1"] < up["s2"]
    assert across["clamped0"] == across["moving1"]
    assert across["bottom_up1"] < across["s1"] < across["top_down1"]


@pytest.mark.parametrize("rule", ["backprop", "direct-feedback-alignment", None])
def test_one_layer_above_the_other(rule):
    across, up = placed(FeedforwardClassifier((4, 3, 3, 2), rule=rule))
    order = ["x", "a1", "a2", "output", "error", "target"]
    assert sorted(order, key=up.get) == order and len({across[k] for k in order}) == 1
    assert up["input"] == up["x"]
    if rule == "backprop":
        assert up["e1"] == up["a1"] < up["e2"] == up["a2"] and across["a1"] < across["e1"]


def test_label_of_the_predictive_classifier_is_at_the_top():
    across, up = placed(PredictiveCodingClassifier((4, 3, 3, 2)))
    assert up["input"] == up["x"] < up["mu1"] == up["z1"] == up["e1"] < up["mu2"]
    assert up["mu2"] < up["mu3"] == up["error"] == up["target"]
    assert across["x"] == across["mu3"] < across["z1"] < across["e1"] == across["error"]


def test_what_belongs_to_an_object_stands_above_it():
    net = GNCN((4, 3))
    net.settled("mu0")
    across, up = placed(net)
    assert across["e0"] < across["settled_mu0"] == across["settled_mu0 before"]
    assert up["e0"] == up["settled_mu0"] < up["settled_mu0 before"] < up["z1"]


def test_columns_are_as_wide_as_their_labels():
    with nengo.Network() as net:
        nodes = [nengo.Node(label=label) for label in ("a", "a" * 19, "b" * 19, "c" * 9)]
    places = positions(net, ["a"])
    places = [places[node]["y"] for node in nodes]
    first, second, third = (after - before for before, after in zip(places, places[1:]))
    assert first == pytest.approx((7 + 20) / (20 + 20) * second)
    assert third == pytest.approx((10 + 20) / (20 + 20) * second)


def test_objects_of_other_kinds_have_columns_of_their_own():
    with nengo.Network() as net:
        nodes = [nengo.Node(label=label) for label in ("a1", "b", "c1", "c1")]
        unnamed = nengo.Network()
    places = positions(net, ["b", "a"])
    order = sorted(places, key=lambda obj: places[obj]["y"])
    assert order == [nodes[1], nodes[0], nodes[2], nodes[3], unnamed]
    assert places[nodes[3]]["x"] < places[nodes[2]]["x"]  # further up


IN_NENGO_GUI = """
import nengo_gui.layout
make_layout = nengo_gui.layout.Layout.make_layout
import nengo
from nengo_ngc.gui.layout import positions
from nengo_ngc.networks import GNCN

with nengo.Network() as model:
    net = GNCN((4, 3))
    other = nengo.Network()
    with other:
        nengo.Connection(nengo.Node(1), nengo.Node(size_in=1))
layout = nengo_gui.layout.Layout(model)
assert layout.make_layout(net) == positions(net, net.gui_columns)
assert layout.make_layout(other) == make_layout(layout, other)
"""


def test_nengo_gui_uses_it():
    pytest.importorskip("nengo_gui")
    subprocess.run([sys.executable, "-c", IN_NENGO_GUI], check=True)
