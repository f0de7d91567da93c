"""A spiking classifier of MNIST in Norse and snnTorch, and networks of snnTorch in Nengo.

A network of 784-256-10 units with LIF neurons that NIR can express learns in spikes, on JAX.
It is exported, and nirtorch makes a network of Norse's or snnTorch's neurons of the graph.
Each of them sees the same test images for 50 timesteps. A second network has Nengo's default
LIF neurons, whose refractory period and lowest voltage are left out of the graph. Prints

- which part of the predictions are those of Nengo, their error, and the largest difference of
  outputs, for each simulator, way of integration, and precision,
- the same after the network was a file and was loaded into Nengo again,
- how far the outputs of a convolutional network of Nengo differ in Norse,
- the spikes of a recurrent and of a convolutional network of snnTorch, there and in Nengo.

PyTorch and its packages are in none of this package's extras. It needs ``pip install torch
nirtorch norse snntorch ".[jax,nir]"``.

    NENGO_NGC_DATA=... python -m benchmarks.nir --output benchmarks/nir
"""

import tempfile
from importlib import metadata
from pathlib import Path

import click
import nengo
import nir
import nirtorch
import numpy as np
import snntorch as snn
import torch
from norse.torch.module.leaky_integrator_box import LIBoxCell, LIBoxParameters
from norse.torch.module.lif_box import LIFBoxCell, LIFBoxParameters
from snntorch.export_nir import export_to_nir
from snntorch.utils import reset

import nengo_ngc as ngc
from nengo_ngc.backends import open_session
from nengo_ngc.networks.classifiers import NEURONS

from ._report import benchmark

HIDDEN, STEPS, BATCH, DT = (256,), 50, 100, 0.001
MAX_RATE, SYNAPSE = 200.0, 0.01
HOW = "exponential", "euler"
SNNTORCH_DT = 1e-4  # of every graph that snnTorch exports
AS_IN_NIR = {"reset_mechanism": "zero", "reset_delay": False, "init_hidden": True}
N_OUT = 10

NEURONS["nir-lif"] = lambda height: nengo.LIF(
    tau_ref=0,
    min_voltage=-np.inf,
    amplitude=height,
    initial_state={"voltage": nengo.dists.Choice([0])},
)


def trained(data, neuron_type, epochs):
    """A classifier that has learned in spikes."""
    model = ngc.RuleClassifier(
        HIDDEN,
        rule="backprop",
        neuron_type=neuron_type,
        steps=STEPS,
        batch_size=BATCH,
        max_epochs=epochs,
        max_rate=MAX_RATE,
        synapse=SYNAPSE,
        backend="jax",
        random_state=0,
    )
    return model.fit(data.X_train, data.y_train)


def classifier(model):
    """The network of a classifier, without what it has learned by."""
    return ngc.networks.FeedforwardClassifier(
        (model.n_features_in_, *HIDDEN, len(model.classes_)),
        rule=None,
        neuron_type=model.neuron_type,
        schedule=ngc.Schedule(STEPS),
        parameters=model.parameters_,
        max_rate=MAX_RATE,
        synapse=SYNAPSE,
        seed=0,
    )


def outputs_of_nengo(model, X, backend):
    """The outputs at the end of each presentation."""
    session = open_session(backend, lambda: classifier(model), len(X), ["output"])
    return session.present(X)["output"]


def exported(model, **kwargs):
    """The classifier as a graph."""
    with classifier(model) as net:
        nengo.Probe(net.output, label="output")
    with nengo.Simulator(net, progress_bar=False) as sim:
        return ngc.nir.export(net, sim, **kwargs)


def outputs_of_loaded(graph, X):
    """The outputs of a graph that was a file, at the end of each presentation in Nengo."""
    with tempfile.TemporaryDirectory() as folder:
        nir.write(Path(folder, "classifier.nir"), graph)
        net = ngc.nir.load(Path(folder, "classifier.nir"))
    image = np.zeros(X.shape[1])
    with net:
        nengo.Connection(nengo.Node(lambda t: image), net.input, synapse=None)
        probe = nengo.Probe(net.output)
    outputs = []
    with nengo.Simulator(net, progress_bar=False) as sim:
        for image[:] in X:
            sim.reset()
            sim.run_steps(STEPS, progress_bar=False)
            outputs.append(sim.data[probe][-1])
    return np.array(outputs)


# --- PyTorch


def outputs_of_torch(graph, X, neurons, dtype):
    """The outputs one timestep before the end, since Nengo's filter is one timestep late."""
    affine = {nir.Affine: _affine, nir.Linear: _affine}
    torch.set_default_dtype(dtype)
    net = nirtorch.nir_to_torch(graph, {**affine, **neurons}, dtype=dtype)
    x, state = torch.tensor(X, dtype=dtype), None
    with torch.no_grad():
        for _ in range(STEPS - 1):
            output, state = net(x, state)
    torch.set_default_dtype(torch.float32)
    return output.numpy()


def _tensor(array):
    return torch.as_tensor(array, dtype=torch.get_default_dtype())


def _affine(node):
    # nirtorch's own function leaves out the bias
    bias = getattr(node, "bias", None)
    module = torch.nn.Linear(*node.weight.shape[::-1], bias=bias is not None)
    module.weight.data = _tensor(node.weight)
    if bias is not None:
        module.bias.data = _tensor(bias)
    return module


def _norse_lif(node):
    parameters = LIFBoxParameters(
        tau_mem_inv=_tensor(1 / node.tau),
        v_leak=_tensor(node.v_leak),
        v_th=_tensor(node.v_threshold),
        v_reset=_tensor(node.v_reset),
    )
    return LIFBoxCell(parameters, dt=DT)


def _norse_li(node):
    parameters = LIBoxParameters(_tensor(1 / node.tau), _tensor(node.v_leak))
    return LIBoxCell(parameters, dt=DT)


def _snntorch_lif(node):
    return snn.Leaky(
        beta=_tensor(1 - DT / node.tau),
        threshold=_tensor(node.v_threshold * node.tau / DT),
        reset_mechanism="zero",
        reset_delay=False,
        init_hidden=True,
    )


class _SnnTorchLI(torch.nn.Module):
    """A leaky integrator of snnTorch, whose output is its voltage."""

    def __init__(self, node):
        super().__init__()
        self.scale = _tensor(DT / node.tau)
        beta = _tensor(1 - DT / node.tau)
        self.neurons = snn.Leaky(beta, reset_mechanism="none", init_hidden=True, output=True)

    def forward(self, x):
        return self.neurons(self.scale * x)[1]


NORSE = {nir.LIF: _norse_lif, nir.LI: _norse_li}
SNNTORCH = {nir.LIF: _snntorch_lif, nir.LI: _SnnTorchLI}


def convolutions_in_norse(n_steps=200):
    """Outputs of strided, padded convolutions with channels last, in Nengo and in Norse."""
    rng = np.random.RandomState(0)
    x = rng.rand(n_steps, 12, 12, 2)
    with nengo.Network(seed=0) as network:
        image = nengo.Node(lambda t: x[round(t / DT) - 1].ravel(), label="image")
        before, shape = image, (12, 12, 2)
        for n_filters in (4, 8):
            kernel = rng.randn(3, 3, shape[-1], n_filters)
            settings = {"strides": (2, 2), "padding": "same", "init": kernel}
            convolution = nengo.Convolution(n_filters, shape, (3, 3), **settings)
            size, amplitude = convolution.size_out, 0.02
            neuron_type = NEURONS["nir-lif"](amplitude)
            gain, bias = np.ones(size), np.full(size, 0.5)
            layer = nengo.Ensemble(size, 1, neuron_type=neuron_type, gain=gain, bias=bias)
            nengo.Connection(before, layer.neurons, transform=convolution, synapse=None)
            before, shape = layer.neurons, convolution.output_shape.shape
        out = nengo.Node(size_in=N_OUT, label="out")
        weights = rng.randn(N_OUT, before.size_out)
        nengo.Connection(before, out, transform=weights, synapse=None)
        probe = nengo.Probe(out)
    with nengo.Simulator(network, dt=DT, progress_bar=False) as sim:
        sim.run_steps(n_steps, progress_bar=False)
        graph = ngc.nir.export(network, sim, integration="euler")
    torch.set_default_dtype(torch.float64)
    flatten = {nir.Flatten: lambda node: torch.nn.Flatten(1)}  # behind the axis of samples
    dense = {nir.Affine: _affine, nir.Linear: _affine}
    net = nirtorch.nir_to_torch(graph, {**flatten, **dense, **NORSE}, dtype=torch.float64)
    outputs, state = [], None
    with torch.no_grad():
        for row in np.moveaxis(x, -1, 1):
            output, state = net(_tensor(row[None]), state)
            outputs.append(output[0].numpy())
    torch.set_default_dtype(torch.float32)
    return sim.data[probe], np.array(outputs)


# --- graphs that were made elsewhere


def leaky(*shape, beta=0.9):
    """Neurons of snnTorch that are set to 0 by a spike, at once, as in NIR."""
    kwargs = {"beta": torch.full(shape, beta), "threshold": torch.ones(shape)}
    return snn.Leaky(**kwargs, **AS_IN_NIR)


def recurrent(n=100):
    """A network of snnTorch with a recurrent layer, and the shape of its input."""
    layer = snn.RLeaky(
        beta=torch.full((n,), 0.95), threshold=torch.ones(n), linear_features=n, **AS_IN_NIR
    )
    return [torch.nn.Linear(20, n), layer, torch.nn.Linear(n, N_OUT), leaky(N_OUT)], (20,)


def convolutional():
    """A convolutional network of snnTorch, and the shape of its input."""
    layers = [
        torch.nn.Conv2d(2, 4, 3, stride=2, padding=1),
        leaky(4, 6, 6),
        torch.nn.AvgPool2d(2),
        torch.nn.Conv2d(4, 8, 2),
        leaky(8, 2, 2),
        torch.nn.Flatten(),
        torch.nn.Linear(32, N_OUT),
        leaky(N_OUT),
    ]
    return layers, (2, 12, 12)


def counts(build, n_steps=500):
    """Spikes of each output neuron of a network of snnTorch: there, and in Nengo."""
    torch.manual_seed(0)
    layers, shape = build()
    layers[-2].weight.data = 3 * torch.randn_like(layers[-2].weight)  # so that all may spike
    net = torch.nn.Sequential(*layers)
    graph = export_to_nir(net, torch.zeros(1, *shape), ignore_dims=[0])
    x = 3 * np.random.RandomState(0).rand(n_steps, *shape).astype(np.float32)
    reset(net)
    with torch.no_grad():
        spikes = [net(torch.tensor(row[None])).numpy()[0] for row in x]
    loaded = ngc.nir.load(graph, integration="euler", dt=SNNTORCH_DT)
    with loaded:
        stimulus = nengo.Node(lambda t: x[round(t / SNNTORCH_DT) - 1].ravel())
        nengo.Connection(stimulus, loaded.input, synapse=None)
        probe = nengo.Probe(loaded.output)
    with nengo.Simulator(loaded, dt=SNNTORCH_DT, progress_bar=False) as sim:
        sim.run_steps(n_steps, progress_bar=False)
    return np.sum(spikes, axis=0), sim.data[probe].sum(axis=0)


@benchmark
@click.option("--epochs", default=3, help="Training epochs.")
@click.option("--images", default=1000, help="Test images.")
def main(report, epochs, images):
    """Print the tables."""
    report.seeds(0)
    names = "torch", "nir", "nirtorch", "norse", "snntorch"
    report.say(", ".join(f"{name} {metadata.version(name)}" for name in names))
    data = report.load("mnist", binarize=False)
    X, y = np.asarray(data.X_test[:images]), np.asarray(data.y_test[:images])
    columns = {
        "simulator": "<14",
        "time constants": "<16",
        "precision": "<11",
        "as Nengo (%)": ">12.1f",
        "error (%)": ">11.1f",
        "difference": ">12.1e",
    }
    ignored = "initial_voltage", "min_voltage", "tau_ref"
    for neuron_type, ignore, title in (
        ("nir-lif", (), "LIF without a refractory period and a lowest voltage"),
        ("lif", ignored, "Nengo's default LIF, whose refractory period the graph leaves out"),
    ):
        model = trained(data, neuron_type, epochs)
        expected = outputs_of_nengo(model, X, "nengo")
        table = report.table(f"{title}: {images} test images", columns)

        def row(simulator, constants, precision, outputs, expected=expected, table=table):
            same = outputs.argmax(1) == expected.argmax(1)
            wrong = outputs.argmax(1) != y
            difference = np.abs(outputs - expected).max()
            means = 100 * same.mean(), 100 * wrong.mean()
            table.row(simulator, constants, precision, *means, difference)

        row("Nengo", None, "float64", expected)
        row("JAX", None, "float32", outputs_of_nengo(model, X, "jax"))
        graphs = {how: exported(model, integration=how, ignore=ignore) for how in HOW}
        for how, graph in graphs.items():
            row("Nengo, loaded", how, "float64", outputs_of_loaded(graph, X))
        for how, simulator, neurons, dtype in (
            ("euler", "Norse", NORSE, torch.float64),
            ("euler", "Norse", NORSE, torch.float32),
            ("euler", "snnTorch", SNNTORCH, torch.float32),
            ("exponential", "Norse", NORSE, torch.float32),
            ("exponential", "snnTorch", SNNTORCH, torch.float32),
        ):
            outputs = outputs_of_torch(graphs[how], X, neurons, dtype)
            row(simulator, how, str(dtype).removeprefix("torch."), outputs)
    expected, found = convolutions_in_norse()
    report.say()
    report.say(
        "convolutional network of Nengo in Norse, float64: outputs with a standard deviation "
        "of {std:.1f} differ by {difference:.1e} at most",
        std=np.std(expected),
        difference=np.abs(found - expected).max(),
    )
    for build in recurrent, convolutional:
        table = report.table(
            f"spikes in 500 timesteps, {build.__name__} network of snnTorch",
            {"neuron": "<8", "snnTorch": ">10.0f", "Nengo": ">8.0f"},
        )
        for number, found in enumerate(zip(*counts(build)), start=1):
            table.row(str(number), *found)


if __name__ == "__main__":
    main()
