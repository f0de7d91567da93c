"""Networks, a loop in NumPy that simulates graphs, and comparisons of graphs."""

import nengo
import nir
import numpy as np

ZERO = {"voltage": nengo.dists.Choice([0])}


def lif(**kwargs):
    """LIF neurons of Nengo that NIR can express."""
    return nengo.LIF(tau_ref=0, min_voltage=-np.inf, initial_state=ZERO, **kwargs)


def simulated_in_nengo(network, n_steps=200, simulator=nengo.Simulator):
    """The simulator of a network after some timesteps."""
    sim = simulator(network, progress_bar=False)
    sim.run_steps(n_steps)
    return sim


def probed(network, sources, n_steps=200, simulator=nengo.Simulator):
    """The outputs of a network of which all inputs are given, and its simulator.

    Inputs and outputs are dicts by name; the inputs are functions of time.
    """
    with nengo.Network(seed=0) as outer:
        outer.add(network)
        for name, function in sources.items():
            stimulus = nengo.Node(function, size_in=0)
            nengo.Connection(stimulus, network.inputs[name], synapse=None)
        with network:
            probes = {name: nengo.Probe(node) for name, node in network.outputs.items()}
    sim = simulated_in_nengo(outer, n_steps, simulator)
    return {name: np.array(sim.data[probe]) for name, probe in probes.items()}, sim


def assert_same(graph, other, rtol=0.0):
    """Assert that two graphs have the same nodes, edges, and numbers."""
    assert graph.nodes.keys() == other.nodes.keys()
    assert set(graph.edges) == set(other.edges)
    for name, node in graph.nodes.items():
        mine, theirs = node.to_dict(), other.nodes[name].to_dict()
        assert mine.keys() == theirs.keys()
        for key, value in mine.items():
            if isinstance(value, np.ndarray):
                assert np.shape(value) == np.shape(theirs[key]), (name, key)
                assert np.allclose(value, theirs[key], rtol=rtol, atol=0), (name, key)
            else:
                assert str(value) == str(theirs[key]), (name, key)


def simulated(graph, sources, dt=0.001, n_steps=200):
    """Outputs of a graph, simulated by Euler's method in a loop over nodes and timesteps.

    Nodes are updated in the order in which the graph has them, so that edges to earlier nodes
    bring what was there in the timestep before.
    """
    values = {name: np.zeros(_shape(node)) for name, node in graph.nodes.items()}
    states = {name: {} for name in graph.nodes}
    outputs = {name: [] for name in graph.outputs}
    for step in range(1, n_steps + 1):
        for name, node in graph.nodes.items():
            x = sum((values[a] for a, b in graph.edges if b == name), 0.0)
            if isinstance(node, nir.Input):
                x = np.reshape(sources[name](step * dt), values[name].shape)
            values[name] = _step(node, x, states[name], dt)
        for name, recorded in outputs.items():
            recorded.append(values[name].ravel())
    return {name: np.array(recorded) for name, recorded in outputs.items()}


def _shape(node):
    (shape,) = node.output_type.values()
    return tuple(shape)


def _step(node, x, state, dt):
    kind = type(node).__name__
    if kind in ("Affine", "Linear"):
        return node.weight @ x + getattr(node, "bias", 0.0)
    if kind == "Scale":
        return node.scale * x
    if kind == "Flatten":
        return x.ravel()
    if kind == "Delay":
        waiting = state.setdefault("waiting", [0 * x] * round(node.delay.flat[0] / dt))
        waiting.append(x)
        return waiting.pop(0)
    if kind in ("Conv2d", "AvgPool2d", "SumPool2d"):
        return _convolved(node, x)
    if kind in ("I", "IF", "LI", "LIF", "CubaLI", "CubaLIF"):
        return _integrated(node, x, state, dt)
    return x


def _integrated(node, x, state, dt):
    if hasattr(node, "tau_syn"):
        i = state.get("i", 0.0)
        x = state["i"] = i + dt / node.tau_syn * (node.w_in * x - i)
    v = state.get("v", np.zeros(np.shape(x)))
    if hasattr(node, "v_leak"):
        tau = node.tau_mem if hasattr(node, "tau_mem") else node.tau
        v = v + dt / tau * (node.v_leak - v + node.r * x)
    else:
        v = v + dt * node.r * x
    if not hasattr(node, "v_threshold"):
        state["v"] = v
        return v
    spikes = v > node.v_threshold
    state["v"] = np.where(spikes, node.v_reset, v)
    return spikes.astype(float)


def _convolved(node, x):
    """A convolution or pooling, as a loop over positions."""
    if isinstance(node, nir.Conv2d):
        kernel, bias, groups = node.weight, node.bias, node.groups
    else:
        size = tuple(np.broadcast_to(node.kernel_size, 2))
        mean = isinstance(node, nir.AvgPool2d)
        kernel = np.full((len(x), 1, *size), 1 / np.prod(size) if mean else 1.0)
        bias, groups = np.zeros(len(x)), len(x)
    stride, pads = np.broadcast_to(node.stride, 2), np.broadcast_to(node.padding, 2)
    rows, columns = np.broadcast_to(getattr(node, "dilation", 1), 2)
    x = np.pad(x, [(0, 0), (pads[0],) * 2, (pads[1],) * 2])
    out = np.zeros(_shape(node))
    n_out, n_in = len(kernel) // groups, kernel.shape[1]
    for f, i, j in np.ndindex(out.shape):
        channels = f // n_out * n_in
        top, left = i * stride[0], j * stride[1]
        patch = x[channels : channels + n_in, top::rows, left::columns]
        patch = patch[:, : kernel.shape[2], : kernel.shape[3]]
        out[f, i, j] = np.sum(kernel[f] * patch) + bias[f]
    return out
