"""Random Nengo networks for hypothesis, each as the text of a script that builds it."""

from collections import namedtuple
from functools import cache
from itertools import product

import nengo
import numpy as np
from hypothesis import strategies as st

Thing = namedtuple("Thing", "name size kind")

# smooth ones, with which rounding stays rounding: spikes and LIF's rate at its threshold jump
NEURONS = ["nengo.RectifiedLinear()", "nengo.Sigmoid()", "nengo.Tanh()", "nengo.Direct()"]
SYNAPSES = [
    "None",
    "0",
    "0.01",
    "nengo.Alpha(0.01)",
    "nengo.LinearFilter([1], [0.02, 1])",
    "nengo.LinearFilter([0.01, 1], [0.02, 1])",
    "nengo.synapses.Triangle(0.004)",
]
FUNCTIONS = {"lambda x: x[0] * x[-1]": 1, "lambda x: [x[-1], 0.5, -x[0]]": 3}  # to what size

KINDS = ("source", "passthrough", "node", "ensemble", "direct", "neurons")
RULES = {  # learning rate, kinds of thing before and behind
    None: (None, KINDS, KINDS[1:]),
    "PES": (1e-3, ("ensemble", "neurons"), KINDS[1:-1]),
    "Voja": (1e-2, KINDS[:-1], ("ensemble",)),
    "Oja": (1e-6, ("neurons",), ("neurons",)),
    "BCM": (1e-9, ("neurons",), ("neurons",)),
}


def build(script):
    """Run a script; return the network that it builds."""
    names = {"nengo": nengo, "np": np}
    exec(script, names)
    return names["model"]


@st.composite
def scripts(draw):
    """Scripts that build a network of nodes, ensembles, connections, rules and probes."""
    lines, things, probed = [], [], []
    for i in range(draw(st.integers(1, 2))):
        things += _source(draw, lines, f"input{i}")
    for i in range(draw(st.integers(1, 3))):
        things += draw(st.sampled_from([_ensemble, _ensemble, _node]))(draw, lines, f"x{i}")
    for i in range(draw(st.integers(1, 4))):
        probed += _connection(draw, lines, f"c{i}", things)
    for i in range(draw(st.integers(1, 3))):
        _probe(draw, lines, f"p{i}", things, probed)
    head = ["rng = np.random.RandomState(0)", "with nengo.Network(seed=0) as model:"]
    return "\n".join(head + [f"    {line}" for line in lines])


def _source(draw, lines, name):
    size = draw(st.integers(1, 4))
    outputs = [
        f"np.linspace(-0.9, 0.5, {size})",
        f"lambda t: np.sin(50 * t + np.arange({size}))",
        f"nengo.processes.WhiteSignal(0.1, high=100, rms=0.5, seed=1), size_out={size}",
        f"nengo.processes.PresentInput(rng.uniform(-1, 1, (3, {size})), 0.004)",
    ]
    lines.append(f"{name} = nengo.Node({draw(st.sampled_from(outputs))})")
    return [Thing(name, size, "source")]


def _node(draw, lines, name):
    size = draw(st.integers(1, 4))
    output = draw(st.sampled_from(["", "lambda t, x: x**2 - t, "]))
    lines.append(f"{name} = nengo.Node({output}size_in={size})")
    return [Thing(name, size, "node" if output else "passthrough")]


def _ensemble(draw, lines, name):
    n_neurons, size = draw(st.integers(8, 12)), draw(st.integers(1, 4))
    neurons = draw(st.sampled_from(NEURONS))
    lines.append(f"{name} = nengo.Ensemble({n_neurons}, {size}, neuron_type={neurons})")
    if "Direct" in neurons:
        return [Thing(name, size, "direct")]
    return [Thing(name, size, "ensemble"), Thing(f"{name}.neurons", n_neurons, "neurons")]


def _connection(draw, lines, name, things):
    rule, rate, pre, post = _ends(draw, things)
    # Voja's rule and those of neurons take no part of what they connect
    whole = rule in ("Voja", "Oja", "BCM") or rule and pre.kind == "neurons"
    size_out = post.size if whole else draw(st.integers(1, post.size))
    transform = draw(st.sampled_from(_transforms(rule, pre)))
    once = transform == "dense"  # Nengo multiplies no matrices by repeated indices
    target = _view(draw, post, size_out, plain=once)
    function, size_in = None, size_out if transform in ("", "diagonal") else None
    if pre.kind not in ("passthrough", "neurons") and not rule:
        fit = [f for f, size in FUNCTIONS.items() if size_in in (None, size)]
        function = draw(st.sampled_from([None, "np.square", *fit]))
    if whole:
        length = pre.size
    elif size_in is None or function in FUNCTIONS:
        length = draw(st.integers(1, pre.size))
    else:
        length = size_in
    source = _view(draw, pre, length, repeat=not once, plain=once)
    options = f", function={function}" if function else ""
    options += _matrix(transform, size_out, FUNCTIONS.get(function, length), pre.kind)
    options += f", synapse={draw(st.sampled_from(_synapses(things, pre, post)))}"
    if rule:
        options += f", learning_rule_type=nengo.{rule}({rate})"
    lines.append(f"{name} = nengo.Connection({source}, {target}{options})")
    if rule == "PES":
        error = f"nengo.Node(np.linspace(-1, 1, {size_out}))"
        lines.append(f"nengo.Connection({error}, {name}.learning_rule)")
    return [name] if transform == "sparse" else [name, f"{name}, 'weights'"]


def _ends(draw, things):
    possible = []
    for rule, (rate, before, behind) in RULES.items():
        pres = [thing for thing in things if thing.kind in before]
        posts = [thing for thing in things if thing.kind in behind]
        if pres and posts:
            possible.append((rule, rate, pres, posts))
    rule, rate, pres, posts = draw(st.sampled_from(possible))
    return rule, rate, draw(st.sampled_from(pres)), draw(st.sampled_from(posts))


def _transforms(rule, pre):
    if rule:
        return ["dense"]
    kinds = ["", "diagonal", "dense"]
    return kinds if pre.kind == "ensemble" else [*kinds, "sparse"]


def _matrix(transform, size_out, size_in, kind):
    scale = 0.002 if kind == "neurons" else 1  # of the order of 1 / rates
    if transform == "":
        return f", transform={-0.5 * scale}"
    if transform == "sparse":
        entries = sorted({(0, 0), (size_out - 1, size_in - 1)})
        values = [0.7 * scale, -0.4 * scale][: len(entries)]
        return f", transform=nengo.Sparse({(size_out, size_in)}, {entries}, {values})"
    shape = (size_out, size_in) if transform == "dense" else size_out
    return f", transform=rng.uniform({-scale}, {scale}, {shape})"


def _synapses(things, pre, post):
    """Any for connections forward; those that break a loop for others."""
    owners = [thing.name.split(".")[0] for thing in things]
    ends = [owners.index(thing.name.split(".")[0]) for thing in (pre, post)]
    return SYNAPSES if ends[0] < ends[1] else ["0.01", "nengo.Alpha(0.01)"]


def _view(draw, thing, length, repeat=False, plain=False):
    """Some elements of a thing, selected in one of the ways that Nengo knows.

    Parameters
    ----------
    length : int
        How many; more than the thing has only with `repeat`.
    repeat : bool
        Whether an element may come twice.
    plain : bool
        Without masks, which Nengo takes for repeated indices where it forbids these.
    """
    n = thing.size
    kinds = ["list", "array"]
    if length <= n:
        kinds += ["slice"] + ["mask"] * (not plain) + ["int"] * (length == 1)
        kinds += ["all"] * (length == n)
    kind = draw(st.sampled_from(kinds))
    indices = st.integers(-n, n - 1)
    if kind == "all":
        return thing.name
    if kind == "int":
        return f"{thing.name}[{draw(indices)}]"
    if kind == "slice":
        return f"{thing.name}[{draw(st.sampled_from(_slices(n, length)))}]"
    if kind == "mask":
        chosen = draw(st.permutations([True] * length + [False] * (n - length)))
    elif repeat:
        chosen = draw(st.lists(indices, min_size=length, max_size=length))
    else:
        chosen = draw(st.permutations(range(n)))[:length]
    return f"{thing.name}[{chosen}]" if kind == "list" else f"{thing.name}[np.array({chosen})]"


@cache
def _slices(n, length):
    """Texts of slices that leave so many of n elements."""
    ends, steps = [None, *range(-n - 1, n + 1)], [None, 2, -1, -2]
    return [
        ":".join("" if part is None else str(part) for part in parts)
        for parts in product(ends, ends, steps)
        if len(range(n)[slice(*parts)]) == length
    ]


def _probe(draw, lines, name, things, probed):
    thing = draw(st.sampled_from([*things, *probed]))
    if thing in things:
        thing = _view(draw, thing, draw(st.integers(1, thing.size)), repeat=True)
    options = draw(st.sampled_from(["", ", synapse=0.01", ", synapse=nengo.Alpha(0.01)"]))
    options += draw(st.sampled_from(["", ", sample_every=0.002", ", sample_every=0.003"]))
    lines.append(f"{name} = nengo.Probe({thing}{options})")
