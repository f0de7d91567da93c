"""Rules that go wrong are found when a model is built, whatever is to simulate it."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError
from nengo.params import NumberParam

import nengo_ngc as ngc
from nengo_ngc.namespace import FUNCTIONS, NUMPY
from nengo_ngc.neurons import Identity, Pointwise, register_derivative
from nengo_ngc.objects import PureNode
from nengo_ngc.program.strict_arrays import STRICT, StrictArray, StrictError
from nengo_ngc.rules import Optimizer

from ..conftest import needs_jax, simulator


def rule(update, **attributes):
    """A rule of a user's own with this function as its ``update``."""
    size_in = attributes.pop("size_in", 0)
    return type("Mine", (ngc.LocalRule,), {"update": update, **attributes})(size_in=size_in)


def model_of(learning_rule_type, error=None, neuron_type=None):
    with nengo.Network() as model:
        pre, post = (
            nengo.Ensemble(n, 1, neuron_type=neuron_type or Identity()).neurons for n in (6, 4)
        )
        connection = nengo.Connection(
            pre,
            post,
            transform=np.ones((4, 6)),
            learning_rule_type=learning_rule_type,
            label="W",
        )
        if error is not None:
            nengo.Connection(nengo.Node(np.ones(error)), connection.learning_rule)
    return model


def growth(xp, pre, post):
    return xp.einsum("bi,bj->ij", post, pre)


def not_summed(self, xp, pre, post, error, weights):
    return xp.einsum("bi,bj->bij", post, pre)


def transposed(self, xp, pre, post, error, weights):
    return xp.einsum("bi,bj->ji", post, pre)


def nothing(self, xp, pre, post, error, weights):
    growth(xp, pre, post)


def a_number(self, xp, pre, post, error, weights):
    return 0.0


def of_no_error(self, xp, pre, post, error, weights):
    return growth(xp, pre, error - post)


def numpy_of_each_entry(self, xp, pre, post, error, weights):
    return growth(xp, pre, np.tanh(post))


def numpy_of_arrays(self, xp, pre, post, error, weights):
    return np.einsum("bi,bj->ij", post, pre)


def numpy_by_a_list(self, xp, pre, post, error, weights):
    return growth(xp, pre, np.array(post))


def of_an_argument(self, xp, pre, post, error, weights):
    post -= 0.5
    return growth(xp, pre, post)


def of_a_part(self, xp, pre, post, error, weights):
    weights[0] = 0.0
    return weights


def of_a_view(self, xp, pre, post, error, weights):
    row = weights[0]
    row *= 2.0
    return growth(xp, pre, post)


def by_a_method(self, xp, pre, post, error, weights):
    return growth(xp, pre, post) - post.sum(axis=0)[:, None] * weights


def in_an_if(self, xp, pre, post, error, weights):
    return growth(xp, pre, post) if xp.max(post) > 0 else weights


def misspelt(self, xp, pre, post, error, weights):
    return xp.eigensum("bi,bj->ij", post, pre)


def that_do_not_fit(self, xp, pre, post, error, weights):
    return xp.einsum("bi,bj->ij", post, pre) - pre


MISTAKES = [
    (not_summed, r"must return an array of shape \(4, 6\), .*sum.*got .*\(2, 4, 6\)"),
    (transposed, r"of shape \(4, 6\), \(n_post, n_pre\).* got one of shape \(6, 4\)"),
    (nothing, "got NoneType"),
    (a_number, "got float"),
    (of_no_error, "error is None, since the rule has size_in=0"),
    (numpy_of_each_entry, r"in `return growth.*np.tanh\(post\)\)` .*call the function of xp"),
    (numpy_of_arrays, "call the function of xp"),
    (numpy_by_a_list, "call the function of xp"),
    (of_an_argument, r"in `post -= 0.5` \(test_mistakes.py, line \d+\): .*changed in place"),
    (of_a_part, "changed in place"),
    (of_a_view, "changed in place"),
    (by_a_method, r"arrays have no \.sum"),
    (in_an_if, "use xp.where"),
    (misspelt, "did you mean 'einsum'"),
    (that_do_not_fit, r"ValueError: .*shapes are pre \(2, 6\), post \(2, 4\)"),
]


@pytest.mark.parametrize("update, message", MISTAKES, ids=lambda x: getattr(x, "__name__", ""))
def test_update(update, message):
    expected = f"^Mine, the rule of <Connection W>: update .*{message}"
    with pytest.raises(BuildError, match=expected) as raised:
        nengo.Simulator(model_of(rule(update)), progress_bar=False)
    assert "\n" not in str(raised.value)


class Powers(ngc.LocalRule):
    """A rule that goes wrong with some settings: a parameter, an attribute, a list."""

    exponent = NumberParam("exponent", readonly=True)

    def __init__(self, exponent=-2, gain=1.0, signs=(1.0,)):
        super().__init__()
        self.exponent, self.gain, self.signs = exponent, gain, signs

    def update(self, xp, pre, post, error, weights):
        if self.exponent == -1 or self.gain is None or len(self.signs) > 1:
            return post
        return growth(xp, pre, post)


@pytest.mark.parametrize(
    "wrong", [{"exponent": -1}, {"gain": None}, {"signs": [1.0, -1.0]}], ids=str
)
def test_each_setting_of_a_rule_is_tried(wrong):
    for right in (Powers(), Powers(signs=[1.0])):
        nengo.Simulator(model_of(right), progress_bar=False).close()
    with pytest.raises(BuildError, match=r"update must return an array of shape \(4, 6\)"):
        nengo.Simulator(model_of(Powers(**wrong)), progress_bar=False)


def test_the_same_settings_are_tried_once():
    asked = []

    class Counting(Powers):
        def update(self, *args):
            asked.append(self)
            return super().update(*args)

    for _ in range(2):
        nengo.Simulator(model_of(Counting()), progress_bar=False).close()
    assert len(asked) == 1


@needs_jax
def test_the_same_is_said_on_another_simulator():
    said = []
    for backend in ("nengo", "jax"):
        with pytest.raises(BuildError) as raised:
            simulator(backend, model_of(rule(numpy_of_each_entry)))
        said.append(str(raised.value))
    assert said[0] == said[1]


def test_biases():
    def update(self, xp, pre, post, error, weights):
        return weights[:, 0] if weights.shape[1] == 1 else growth(xp, pre, post)

    mine = type("Mine", (ngc.LocalRule,), {"update": update})(biases=True)
    with pytest.raises(BuildError, match="Mine, the rule of <Connection W>: update fails"):
        nengo.Simulator(model_of(mine), progress_bar=False)


def test_all_that_is_promised_is_allowed():
    def update(self, xp, pre, post, error, weights):
        n, dtype = pre.shape[0], weights.dtype
        total = xp.zeros_like(weights)
        total += np.float64(0.5) * growth(xp, pre, post)  # an array of its own
        mask = np.ones((4, 6))
        total = total * mask + mask * total - (1 - mask) @ xp.transpose(total) @ weights
        total = xp.where((post[0, :, None] > 0) & ~(weights < 0), total, -total)
        rows = xp.concatenate([total[:2], xp.stack([total[2], total[3, ::1]])], axis=0)
        rows = rows + xp.asarray(mask, dtype=dtype) ** 2 / n
        return xp.where(xp.training, xp.zeros_like(rows), abs(rows))

    with nengo.Simulator(model_of(rule(update)), progress_bar=False) as sim:
        sim.run_steps(1)


# --- other functions


def remembering(remember):
    memory = {"x": ngc.Memory(6), "theta": ngc.Memory(4, shared=True)}
    return rule(
        lambda self, xp, pre, post, error, weights, memory: growth(xp, memory.x, post),
        memory=lambda self, n_pre, n_post: memory,
        remember=remember,
    )


@pytest.mark.parametrize(
    "returned, message",
    [
        (
            lambda xp, pre, memory: {"x": pre},
            r"must return a mapping of \['x', 'theta'\], got \['x'\]",
        ),
        (
            lambda xp, pre, memory: {"x": pre, "theta": pre},
            r"of shape \(4,\), as 'theta', got one of",
        ),
        (lambda xp, pre, memory: pre, "must return a mapping .* got StrictArray"),
        (lambda xp, pre, memory: {"x": np.exp(pre), "theta": memory.theta}, "of xp instead"),
    ],
)
def test_remember(returned, message):
    def remember(self, xp, pre, post, error, weights, memory, dt):
        return returned(xp, pre, memory)

    with pytest.raises(BuildError, match=f"Mine, the rule of <Connection W>: rem.*{message}"):
        nengo.Simulator(model_of(remembering(remember)), progress_bar=False)


@pytest.mark.parametrize(
    "name, function, message",
    [
        ("prior", lambda self, xp, weights: weights[0], r"prior must .*got one of shape \(6,"),
        (
            "constrain",
            lambda self, xp, parameter: parameter,
            "constrain must .*a tuple of two",
        ),
        (
            "constrain",
            lambda self, xp, parameter: (parameter, xp.transpose(parameter)),
            r"constrain must .*as weights, got one of shape \(6, 4\)",
        ),
    ],
)
def test_what_belongs_to_a_rule(name, function, message):
    def update(self, xp, pre, post, error, weights):
        return growth(xp, pre, post)

    with pytest.raises(BuildError, match=message):
        nengo.Simulator(model_of(rule(update, **{name: function})), progress_bar=False)


@pytest.mark.parametrize(
    "changed, message",
    [
        (lambda g, s: -g, "must return a tuple of two, got StrictArray"),
        (lambda g, s: (-g, {}), r"mapping of \['last'\], got \[\]"),
        (lambda g, s: (np.sign(g), s), "call the function of xp instead"),
    ],
)
def test_optimizer(changed, message):
    class Sign(Optimizer):
        def init(self, parameter):
            return {"last": np.zeros_like(parameter)}

        def update(self, xp, gradient, state, parameter):
            return changed(gradient, state)

    said = f"Sign, the optimizer of ErrorDriven, the rule of <Connection W>: update.*{message}"
    for optimizer in (Sign(0.1), ngc.Clipped(ngc.Annealed(Sign(0.1), 10))):
        model = model_of(ngc.ErrorDriven(optimizer), error=4)
        with pytest.raises(BuildError, match=said):
            nengo.Simulator(model, progress_bar=False)


def test_feedback():
    class Mine(ngc.FeedbackAlignment):
        def carry_back(self, xp, error, feedback):
            return np.sign(error)

    with nengo.Network():
        output = nengo.Node(size_in=2)
    with pytest.raises(BuildError, match="Mine, .*: carry_back fails in .*of xp instead"):
        nengo.Simulator(model_of(Mine(output), error=2), progress_bar=False)


def test_neuron_type():
    class Squares(Pointwise):
        def activity(self, xp, J):
            return np.square(J)

    model = model_of(None, neuron_type=Squares())
    with pytest.raises(BuildError, match="Squares, the type of <Neurons .*: activity fails"):
        nengo.Simulator(model, progress_bar=False)


@pytest.mark.parametrize(
    "slope, message",
    [
        (lambda xp, J, neurons: np.sign(J), "derivative fails in .*of xp instead"),
        (lambda xp, J, neurons: xp.sum(J, axis=1), r"derivative must .* one of shape \(2,\)"),
    ],
)
def test_derivative(slope, message):
    class Cubes(Pointwise):
        def activity(self, xp, J):
            return J**3

    register_derivative(Cubes, slope)
    with nengo.Network():
        output = nengo.Node(size_in=2)
    model = model_of(ngc.FeedbackAlignment(output), error=2, neuron_type=Cubes())
    with pytest.raises(BuildError, match=f"Cubes, the type of <Neurons .*: {message}"):
        nengo.Simulator(model, progress_bar=False)


@pytest.mark.parametrize(
    "function, message",
    [
        (lambda xp, x: xp.max(x), r"function must return an array of shape \(2, 3\)"),
        (
            lambda xp, x: x[:, :1],
            r"function must return an array of shape \(2, 3\), .* got one of shape",
        ),
        (lambda xp, x, y: x, "function fails"),
        (lambda xp, x: np.square(x), "function fails in .*function of xp"),
    ],
)
def test_node(function, message):
    with nengo.Network() as model:
        PureNode(function, 3, label="mine")
    with pytest.raises(BuildError, match=f"PureNode 'mine'>: {message}"):
        nengo.Simulator(model, progress_bar=False)


# --- errors that nothing is connected to


@pytest.mark.parametrize(
    "make",
    [
        lambda output: ngc.ErrorDriven(),
        lambda output: ngc.Delta(),
        lambda output: ngc.BackProp(),
        lambda output: ngc.FeedbackAlignment(output),
        lambda output: ngc.DirectFeedbackAlignment(output),
        lambda output: ngc.Precision(),
    ],
)
def test_no_error(make):
    with nengo.Network():
        mine = make(nengo.Node(size_in=2))
    name = type(mine).__name__
    said = f"{name}, the rule of <Connection W>: nothing is connected to its error; connect a"
    with pytest.raises(BuildError, match=said):
        nengo.Simulator(model_of(mine), progress_bar=False)


def test_one_of_several_errors():
    class Rewarded(ngc.LocalRule):
        errors = {"reward": 1, "expected": 1}

        def update(self, xp, pre, post, error, weights):
            return xp.einsum("bi,bj->ij", (error.reward - error.expected) * post, pre)

    mine = Rewarded()
    model = model_of(mine)
    (connection,) = model.connections
    with model:
        nengo.Connection(nengo.Node(1.0), mine.signal(connection, "reward"))
    said = "nothing is connected to its expected; .*rule.signal.connection, 'expected'"
    with pytest.raises(BuildError, match=said):
        nengo.Simulator(model, progress_bar=False)
    with model:
        nengo.Connection(nengo.Node(0.0), mine.signal(connection, "expected"))
    nengo.Simulator(model, progress_bar=False).close()


# --- strict arrays


def test_strict_arrays_compute_as_numpy():
    rng = np.random.RandomState(0)
    x, y = rng.rand(2, 3, 3)
    a, b = StrictArray(x), StrictArray(y)
    for found, expected in (
        (2 - a @ b / a**2, 2 - x @ y / x**2),
        (x @ b, x @ y),
        (-(np.float64(3) * a) + y, -(3 * x) + y),
        (a[1:, None, 0], x[1:, None, 0]),
        ((a > b) | (a == b), x >= y),
        (STRICT.linalg.inv(a), np.linalg.inv(x)),
        (STRICT.concatenate([a, b], axis=1), np.concatenate([x, y], axis=1)),
        (STRICT.sum(a), NUMPY.sum(x)),
    ):
        assert isinstance(found, StrictArray) and found.shape == np.shape(expected)
        np.testing.assert_array_equal(found._array, expected)
    assert {f.name for f in FUNCTIONS} >= {"sum", "einsum"}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x[x > 0],
        lambda x: x[[0, 1]],
        lambda x: list(x),
        lambda x: len(x),
        lambda x: float(x),
        lambda x: x.T,
        lambda x: np.where(x, 1, 2),
        lambda x: np.asarray(x),
        lambda x: np.add(x, 1),
    ],
)
def test_strict_arrays_refuse(wrong):
    with pytest.raises((StrictError, TypeError)):
        wrong(StrictArray(np.ones((2, 2))))
