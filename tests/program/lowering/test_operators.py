"""Operators with parts of signals, and those that users bring along."""

import nengo
import numpy as np
import pytest
from nengo.builder import Model, Operator, Signal
from nengo.builder.operator import Copy, DotInc, ElementwiseInc
from nengo.exceptions import BuildError

from nengo_ngc.program.lowering import lowers, steps
from nengo_ngc.program.lowering.neurons import STEPS
from nengo_ngc.program.lowering.registry import LOWERINGS


def _random(*shape):
    return np.random.RandomState(len(shape)).uniform(-1, 1, shape)


def _run(make, compiled):
    """Sums of signals over three timesteps on both simulators, by the signals' names."""
    results = []
    for simulator in (nengo.Simulator, compiled):
        model, signals = Model(dt=0.001), []
        for signal in make(model):
            signals.append(Signal(np.zeros(signal.shape), name=signal.name))
            model.add_op(Copy(signal, signals[-1], inc=True))
        sim = simulator(None, model=model, progress_bar=False, optimize=False)
        sim.run_steps(3)
        results.append({signal.name: np.array(sim.signals[signal]) for signal in signals})
        sim.close()
    return results


def _check(make, compiled):
    expected, actual = _run(make, compiled)
    assert expected
    for name, values in expected.items():
        assert np.any(values != 0)
        np.testing.assert_allclose(actual[name], values, atol=1e-12, err_msg=name)


COPIES = [  # source and destination, of 6 and 7 elements
    (None, slice(1, 7), False),
    (slice(0, 6, 2), slice(6, 0, -2), False),
    ([5, 0, 0, -1], [1, 2, 5, 6], False),
    ([5, 0, 0, -1], [1, 1, -6, 6], True),
    (np.array([True, False] * 3), [0, 0, 0], True),
    (slice(5, None, -1), slice(None, 6), True),
    ([2], slice(None), True),
]


def test_copies(compiled):
    def make(model):
        source = Signal(_random(6), name="source")
        for k, (src, dst, inc) in enumerate(COPIES):
            target = Signal(_random(7), name=f"copy {k}")
            model.add_op(Copy(source, target, src_slice=src, dst_slice=dst, inc=inc))
            yield target

    _check(make, compiled)


def test_repeated_places_need_an_increment(compiled):
    model = Model()
    source, target = Signal(_random(2), name="source"), Signal(_random(2), name="target")
    model.add_op(Copy(source, target, dst_slice=[1, 1]))
    with pytest.raises(BuildError, match="target"):
        compiled(None, model=model).run_steps(1)


def test_views(compiled):
    """Parts of signals are read and written where they lie in their bases."""

    def make(model):
        source, line = Signal(_random(4, 6)), Signal(_random(10))
        grid, flat = Signal(_random(6, 8), name="grid"), Signal(_random(10), name="flat")
        scalar = Signal(2.0)
        model.add_op(Copy(source[:2, 1:5], grid[::3, 2:6], inc=True))
        model.add_op(ElementwiseInc(source[1:3, ::2], Signal(_random(2, 1)), grid[1:3, 5:8]))
        model.add_op(Copy(Signal(_random(2)), flat[8:]))
        model.add_op(ElementwiseInc(scalar, line[:3], flat[2:8:2]))
        model.add_op(DotInc(source[:, :3], line[7:4:-1], flat[1:8:2]))
        model.add_op(DotInc(source[1, 2:5], line[:3], flat[9:]))
        model.add_op(DotInc(scalar, line[3:5], flat[5:7]))
        return [grid, flat]

    _check(make, compiled)


def test_broadcasting(compiled):
    shapes = [
        ((), (3,), (3,)),
        ((3, 1), (4,), (3, 4)),
        ((1, 4), (3, 1), (3, 4)),
        ((1,), (4,), (4,)),
    ]

    def make(model):
        for k, (a, x, y) in enumerate(shapes):
            A, X, Y = (Signal(_random(*shape), name=f"{k}") for shape in (a, x, y))
            model.add_op(ElementwiseInc(A, X, Y))
            yield Y

    _check(make, compiled)


class Cube(Operator):
    """``y = x ** 3``, an operator of one's own."""

    def __init__(self, x, y):
        super().__init__()
        self.reads, self.sets, self.incs, self.updates = [x], [y], [], []

    def make_step(self, signals, dt, rng):
        def step():
            signals[self.sets[0]][...] = signals[self.reads[0]] ** 3

        return step


def _cubes(model):
    x, y = Signal(_random(3), name="x"), Signal(np.zeros(3), name="y")
    model.add_op(Cube(x, y))
    return [y]


def test_operator_of_ones_own(compiled, monkeypatch):
    with pytest.raises(BuildError, match="Cube.*lowers"):
        _run(_cubes, compiled)
    monkeypatch.setitem(LOWERINGS, Cube, None)  # taken away again after the test

    @lowers(Cube)
    def lower_cube(op, values):
        values.set(op.sets[0], values[op.reads[0]] ** 3)

    _check(_cubes, compiled)


def test_neuron_type_of_ones_own(same, monkeypatch):
    class Squares(nengo.neurons.NeuronType):
        def gain_bias(self, max_rates, intercepts):
            return np.ones(len(max_rates)), np.zeros(len(max_rates))

        def step(self, dt, J, output):
            output[...] = J**2

    monkeypatch.setitem(STEPS, Squares, None)

    @steps(Squares)
    def squares(neurons, values, J):
        return values.xp.square(J), {}

    with nengo.Network(seed=0) as net:
        ensemble = nengo.Ensemble(5, 1, neuron_type=Squares())
        nengo.Connection(nengo.Node(np.sin), ensemble, synapse=None)
        nengo.Probe(ensemble.neurons, label="squares")
    sim = same(net, 5)
    assert not sim.program.host.is_called
