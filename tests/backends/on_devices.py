"""Trains small models on one and on two devices of JAX, in a process of its own.

``python -m tests.backends.on_devices OUTPUT`` has two devices in one process, and with the
number of this process and a port besides there is one device in each of two processes. What
was learned is written to OUTPUT, with what the compiled programs are like.
"""

import json
import re
import sys

import jax
import nengo
import numpy as np
from nengo.exceptions import BuildError

import nengo_ngc as ngc
from nengo_ngc.networks import GNCN, PFF, FeedforwardClassifier

N_SAMPLES, N_UPDATES = 8, 4
SCHEDULE = ngc.Schedule(5, batch_size=N_SAMPLES)
ONLINE = ngc.Schedule(5, batch_size=N_SAMPLES, online=True)

MODELS = {
    "gncn": (
        lambda: GNCN((30, 12, 12, 12), n_group=3, n_top_group=3, schedule=SCHEDULE, seed=0),
        {"input": 30},
        "z1",
    ),
    "pff": (
        lambda: PFF((30, 20, 20), 4, 5, schedule=ONLINE, seed=0),
        {"input": 30, "target": 4, "kind": 1},
        "goodness",
    ),
    "backprop": (
        lambda: FeedforwardClassifier((30, 12, 4), schedule=ngc.Schedule(1), seed=0),
        {"input": 30, "target": 4},
        "output",
    ),
}


def train(name, devices):
    """The arrays after some updates, and the simulator."""
    build, inputs, probed = MODELS[name]
    with nengo.Network(seed=0) as model:
        net = build()
        nodes = {key: nengo.Node(np.zeros(size)) for key, size in inputs.items()}
        for key, node in nodes.items():
            nengo.Connection(node, getattr(net, key), synapse=None)
        probe = net.probe(probed)
    sim = ngc.jax.Simulator(
        model, minibatch_size=N_SAMPLES, devices=devices, progress_bar=False
    )
    rng = np.random.RandomState(0)
    for _ in range(N_UPDATES):
        data = {node: rng.rand(N_SAMPLES, 1, node.size_out) for node in nodes.values()}
        sim.run_steps(net.schedule.steps, data=data)
    arrays = {**net.parameters(sim), "probed": sim.data[probe]}
    return {f"{name}/{key}": array for key, array in arrays.items()}, sim


def described(sim):
    """What there is to see of the compiled program, and where its results are."""
    (program,) = sim._loop.run.programs.values()
    text = program.as_text()
    own = sim.program.per_sample
    return {
        "flops": program.cost_analysis()["flops"],
        "all_reduces": len(re.findall(r"= \S.* all-reduce(?:-start)?\(", text)),
        "others": re.findall(r"all-gather|all-to-all|collective-permute", text),
        "shares": {
            k: [p.data.shape[0] for p in x.addressable_shards]
            for k, x in sim._state.items()
            if k in own
        },
        "aliased": program.memory_analysis().alias_size_in_bytes,
        "learned": sum(sim._shared[name].nbytes for name in sim.program.learned),
        "copies": {k: x.is_fully_replicated for k, x in sim._shared.items()},
    }


def refused():
    """What is said of a model that calls Python in each timestep."""

    def double(t, x):
        return 2 * x

    with nengo.Network() as model:
        node = nengo.Node(double, size_in=1, label="doubles")
        nengo.Connection(nengo.Node(1), node)
    try:
        ngc.jax.Simulator(model, minibatch_size=2, devices=2, progress_bar=False)
    except BuildError as error:
        return str(error)


def main(output, process=None, port=None):
    """Write all arrays, with what the programs are like as text."""
    if process is None:
        jax.config.update("jax_num_cpu_devices", 2)
    else:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(f"localhost:{port}", 2, int(process))
    arrays, found = {}, {}
    for name in MODELS if process is None else ["gncn"]:
        if process is None:
            alone, sim = train(name, None)
            arrays.update({f"one/{key}": array for key, array in alone.items()})
            found[f"one/{name}"] = described(sim)
        together, sim = train(name, 2)
        arrays.update({f"two/{key}": array for key, array in together.items()})
        found[f"two/{name}"] = described(sim)
    if process is None:
        found["refused"] = refused()
        # what the first simulators have compiled is on disk now
        for where, devices in (("one", None), ("two", 2), ("second", ["cpu:1"])):
            again, _ = train("backprop", devices)
            arrays.update({f"{where} again/{key}": array for key, array in again.items()})
    np.savez(output, found=json.dumps(found), **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
