"""Networks bring their layout along to Nengo GUI."""

import subprocess
import sys

import nengo
import pytest

from nengo_ngc.gui.layout import positions
from nengo_ngc.networks import GNCN

VARIANTS = [
    {"variant": "t1"},
    {"variant": "pdh"},
    {"initial": "previous", "tolerance": 0.1},
    {"activation": nengo.SpikingRectifiedLinear()},
]


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_layers_are_rows_and_kinds_are_columns(settings):
    net = GNCN((4, 3, 3, 3), n_group=1, n_top_group=1, **settings)
    places = positions(net, net.gui_columns)
    assert set(places) == {*net.nodes, *net.ensembles}
    of = {obj.label: place for obj, place in places.items()}
    across, up = {k: p["y"] for k, p in of.items()}, {k: 1 - p["x"] for k, p in of.items()}
    assert up["z1"] < up["z2"] < up["z3"] and up["mu0"] < up["mu1"] < up["mu2"]
    assert across["z1"] == across["z2"] == across["z3"]
    for level in (1, 2):
        assert up[f"z{level}"] == up[f"mu{level}"] == up[f"e{level}"]
    assert across["input"] < across["z1"] < across["mu1"] < across["e1"]
    assert up["input"] == up["mu0"]
    boxes = list(places.values())
    for number, one in enumerate(boxes):
        assert one["w"] / 2 < one["x"] < 1 - one["w"] / 2
        assert one["h"] / 2 < one["y"] < 1 - one["h"] / 2
        for other in boxes[:number]:  # they do not overlap
            apart = abs(one["x"] - other["x"]), abs(one["y"] - other["y"])
            assert apart[0] > one["w"] or apart[1] > one["h"]


def test_objects_of_other_kinds_have_columns_of_their_own():
    with nengo.Network() as net:
        nodes = [nengo.Node(label=label) for label in ("a1", "b", "c1", "c1")]
        unnamed = nengo.Network()
    places = positions(net, ["b", "a"])
    order = sorted(places, key=lambda obj: places[obj]["y"])
    assert order == [nodes[1], nodes[0], nodes[2], nodes[3], unnamed]


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
