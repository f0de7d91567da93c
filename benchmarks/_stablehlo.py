"""NengoDL's compiled graph as a file of StableHLO, which JAX runs without TensorFlow."""

import dataclasses
import re

import numpy as np

N_UPDATES = 3


def export(path, build, x):
    """Write the graph of a network that learns from one batch, and what it learns.

    Parameters
    ----------
    path : str or path
    build : callable
        Returns a network with an input alone.
    x : (b, n_pixels) array
        The batch, which is a part of the graph's state.
    """
    import tensorflow as tf

    from nengo_ngc.backends import open_session

    session = open_session("nengo-dl", build, len(x), ["mu0"])
    graph, steps = session.sim.tensor_graph, session.steps
    session.present(x, learn=False)  # the batch is held from now on
    session.sim.reset(include_trainable=False, include_probes=False)
    learn = [np.ones((len(x), steps, n.size_out), "f4") for n in graph.invariant_inputs]
    inputs = [*learn, np.full((len(x), 1), steps, "i4")]
    update = tf.function(lambda: session.sim.keras_model(inputs), jit_compile=True)
    text = update.experimental_get_compiler_ir()(stage="stablehlo")

    # the arguments of XLA's program are the variables of the graph, in its order, and those
    # that are assigned to are results after the graph's own
    traced = update.get_concrete_function()
    handles = {id(variable.handle): variable for variable in traced.variables}
    state = [handles[id(handle)] for handle in traced.captured_inputs]
    places = {id(tensor): place for place, tensor in enumerate(traced.inputs)}
    assigned = [op for op in traced.graph.get_operations() if op.type == "AssignVariableOp"]
    before = [variable.numpy() for variable in state]
    for _ in range(N_UPDATES):
        outputs = [output.numpy() for output in update()]
    weights = [place for place, array in enumerate(before) if array.ndim == 2 and array.any()]
    np.savez_compressed(
        path,
        program=np.frombuffer(_portable(text), np.uint8),
        written=sorted(places[id(op.inputs[0])] for op in assigned),
        compared=weights,
        **{f"before{place}": array for place, array in enumerate(before)},
        **{f"after{place}": state[place].numpy() for place in weights},
        **{f"output{k}": output for k, output in enumerate(outputs)},
    )
    session.close()


def _portable(text):
    """StableHLO of a version that later ones read, with products of full precision."""
    from jax.extend import mlir
    from jax.extend.mlir.dialects import stablehlo

    text = text.replace("precision = [DEFAULT, DEFAULT]", "precision = [HIGHEST, HIGHEST]")
    copy = r"= mhlo\.copy (%\w+) : (tensor<[^>]*>)"  # which StableHLO does not have
    text = re.sub(copy, r"= stablehlo.reshape \1 : (\2) -> \2", text)
    since = stablehlo.StablehloCompatibilityRequirement.WEEK_4
    version = stablehlo.get_version_from_compatibility_requirement(since)
    return mlir.serialize_portable_artifact(text, version)


def load(path, device):
    """Compile an exported graph.

    Parameters
    ----------
    path : str or path
    device : jax.Device

    Returns
    -------
    n_samples : int
    run : callable
        Learns from the batch once.
    difference : callable
        The largest difference from what TensorFlow has learned, after ``N_UPDATES`` calls.
    """
    import jax

    with np.load(path) as file:
        arrays = dict(file)
    before = [arrays[f"before{k}"] for k in range(sum(k[:6] == "before" for k in arrays))]
    outputs = [arrays[f"output{k}"] for k in range(sum(k[:6] == "output" for k in arrays))]
    written = arrays["written"]

    def alike(*state):
        """A program with the same arguments and results, whose place the graph takes."""
        return [*map(jax.numpy.asarray, outputs), *(state[place] for place in written)]

    with jax.default_device(device):
        exported = jax.export.export(jax.jit(alike))(*before)
        exported = dataclasses.replace(
            exported,
            mlir_module_serialized=arrays["program"].tobytes(),
            module_kept_var_idx=tuple(range(len(before))),
        )

    def update(state):
        _, *results = exported.call(*state)
        changed = dict(zip(written.tolist(), results[len(outputs) - 1 :]))
        return [changed.get(place, array) for place, array in enumerate(state)]

    update = jax.jit(update, donate_argnums=0)
    state = [jax.device_put(array.copy(), device) for array in before]

    def run():
        state[:] = update(state)
        jax.block_until_ready(state)

    def difference():
        return max(
            float(np.abs(np.asarray(state[place]) - arrays[f"after{place}"]).max())
            for place in arrays["compared"]
        )

    return len(outputs[0]), run, difference
