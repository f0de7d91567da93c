"""Every argument of every public signature, with a few bad values each.

``python -m benchmarks.arguments`` tries many more values. An argument that fails here is not
declared: see the docstring of `nengo_ngc.validation`.
"""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc import validation as params
from nengo_ngc.validation import checked, declared, shown

from . import bad_arguments


@pytest.mark.parametrize("module", bad_arguments.MODULES)
def test_bad_arguments_are_named(module):
    unclear = []
    for target in bad_arguments.targets([module]):
        for name in target.signature:
            values = bad_arguments.values_for(target, name)
            for what in bad_arguments.QUICK & values.keys():
                kind, message = bad_arguments.outcome(target, name, values[what])
                if kind != "clear":
                    unclear.append(f"{target.name}({name}={what}) {kind} {message}")
    assert not unclear, "\n".join(unclear)


def test_an_argument_that_is_not_declared_is_found():
    def call(steps=1, added=0.5):
        ngc.Schedule(steps)

    target = bad_arguments.Target("call", call, {}, {"steps": 1, "added": 0.5})
    assert bad_arguments.outcome(target, "steps", True)[0] == "clear"
    assert bad_arguments.outcome(target, "added", True)[0] == "accepted"


# --- what the issue named


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: ngc.SGD(True),
            "SGD.learning_rate: must be a finite number above 0, got True",
        ),
        (lambda: ngc.SGD(1e300), r"learning_rate: .* got 1e\+300"),
        (lambda: ngc.Schedule(10**12), "Schedule.steps: .* at most 2147483647, got 10000000"),
        (lambda: ngc.ErrorDriven(optimizer=0), "optimizer: must be an Optimizer, got 0"),
        (lambda: ngc.networks.GNCN(synapse="x"), "GNCN.synapse: must be a Synapse or .*'x'"),
        (lambda: ngc.networks.GNCN(cross_inhibition=1j), r"cross_inhibition: .*got 1j"),
        (
            lambda: ngc.networks.GNCN(parameters=[]),
            r"parameters: must be a mapping .*got \[\]",
        ),
        (lambda: ngc.networks.GNCN(n_top_group=0), "GNCN.n_top_group: .* at least 1, got 0"),
        (
            lambda: ngc.networks.PredictiveCodingClassifier(learns="x"),
            "learns: must be True or False, got 'x'",
        ),
        (
            lambda: ngc.networks.SpikingWinners(20, inhibition="2"),
            "SpikingWinners.inhibition: must be a finite number above 0, got '2'",
        ),
    ],
)
def test_what_was_accepted_or_unclear(call, message):
    with pytest.raises(ValidationError, match=message):
        call()


def test_a_mask_of_nan_hides_nothing():
    with pytest.raises(ValueError, match="mask: must be an array of True and False"):
        ngc.NGCModel().reconstruct(np.zeros((2, 4)), mask=np.full(4, np.nan))


# --- the parameters and the decorator


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_are_kept_as_int(value):
    kept = params.WholeParam("n").coerce(None, value)
    assert (type(kept), kept) == (int, 3)


@pytest.mark.parametrize(
    "parameter, value, message",
    [
        (params.WholeParam("n"), 0, "n: must be a whole number of at least 1, got 0"),
        (
            params.WholeParam("n"),
            2**31,
            "n: must be a whole number of at least 1 and at most 2147483647, got 2147483648",
        ),
        (
            params.WholeParam("n", low=2, high=5, optional=True),
            6,
            "n: must be a whole number of at least 2 and at most 5, got 6",
        ),
        (
            params.FiniteParam("x", low=0, high=1, high_open=True, optional=True),
            1,
            "x: must be a finite number of at least 0 and below 1 or None, got 1",
        ),
        (
            params.ArrayParam("x", ndim=2),
            np.zeros(3),
            "x: must be a 2-dimensional array of finite numbers, got one of shape (3,)",
        ),
        (
            params.InstanceParam("x", nengo.Ensemble, nengo.Node),
            1,
            "x: must be an Ensemble or a Node, got 1",
        ),
        (
            params.SizesParam("shape", lengths=(2, 3)),
            (2,),
            "shape: must be a sequence of 2 or 3 whole numbers of at least 1, got (2,)",
        ),
    ],
)
def test_messages(parameter, value, message):
    with pytest.raises(ValidationError) as error:
        parameter.coerce(None, value)
    assert str(error.value) == message


def test_a_frozen_array_is_a_copy():
    given = np.eye(2)
    rule = ngc.Lateral(given, np.ones((2, 2)))
    given[:] = 7
    np.testing.assert_array_equal(rule.L, np.eye(2))
    assert not rule.L.flags.writeable
    assert rule.replace(size_in=2).L.tolist() == rule.L.tolist()


def test_numbers_are_kept_as_they_are():
    for value in (1, 0.5, np.float32(0.1)):
        assert params.FiniteParam("x").coerce(None, value) is value


def test_names_may_join_later():
    known = {"a": 1}
    parameter = params.ChoiceParam("rule", known)
    with pytest.raises(ValidationError, match=r"unknown rule 'bb'.*expected one of a$"):
        parameter.coerce(None, "bb")
    known["bb"] = 2
    assert parameter.coerce(None, "bb") == "bb"


def test_either_of_several_parameters():
    parameter = params.SynapseParam("synapse")
    assert parameter.coerce(None, 0.1) == nengo.Lowpass(0.1)
    assert parameter.coerce(None, nengo.Alpha(0.1)) == nengo.Alpha(0.1)
    assert parameter.coerce(None, None) is None
    with pytest.raises(ValidationError, match="Synapse or a finite number of at least 0"):
        parameter.coerce(None, -1)


@checked(params.WholeParam("n"), params.SizesParam("sizes", at_least=1))
def takes(n, sizes=None, **others):
    """What is taken."""
    return n, sizes, others


def test_a_function_gets_what_the_parameters_keep():
    assert takes(np.int64(2), sizes=[3, 4], other=5) == (2, (3, 4), {"other": 5})
    assert takes(2, None) == (2, None, {})  # its default
    assert takes.__doc__ == "What is taken."
    with pytest.raises(
        ValidationError, match="^sizes: must be a sequence of .* or None, got 3"
    ):
        takes(2, 3)
    with pytest.raises(TypeError, match=r"takes\(\) missing 1 required"):
        takes()
    assert [p.name for p in declared(takes)] == ["n", "sizes"]


def test_what_is_declared_has_to_be_an_argument():
    with pytest.raises(TypeError, match="no argument 'm'"):
        checked(params.WholeParam("m"))(lambda n: n)


def test_any_value_is_shown_on_one_short_line():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert shown(Broken()) == "an object of class Broken"
    assert shown(10**10_000) == "an object of class int"
    assert shown(np.zeros((5, 2))) == "an array of float64 of shape (5, 2)"
    assert len(shown("line\n" * 1000)) < 120 and "\n" not in shown(np.eye(2))
