"""Agreement with numbers recorded from the original programs."""

import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc.backends import open_session
from nengo_ngc.networks import GNCN
from nengo_ngc.rules import ErrorDriven

from ..conftest import REFERENCE

N_SAMPLES = 4


def runner(backend, variant, parameters, steps, rule=None, names=()):
    # batches of four: one minibatch on NengoDL, four presentations on Nengo
    return open_session(
        backend,
        lambda: GNCN(
            variant=variant,
            parameters=parameters,
            schedule=ngc.Schedule(steps, batch_size=N_SAMPLES),
            learning_rule_type=rule,
            **REFERENCE,
        ),
        N_SAMPLES,
        names,
    )


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 50])
def test_states(backend, recorded, parameters, steps):
    variant, arrays = recorded
    if backend == "jax" and steps not in (2, 50):
        pytest.skip("each is compiled; what goes wrong is seen in these")
    prefix = f"K{steps}/"
    expected = {
        key[len(prefix) :]: value
        for key, value in arrays.items()
        if key.startswith(prefix) and "loss" not in key
    }
    settled = runner(backend, variant, parameters, steps, names=expected).present(
        arrays["x"][0]
    )
    for name, value in expected.items():
        np.testing.assert_allclose(settled[name], value, rtol=0, atol=1e-5, err_msg=name)


def test_gradients(backend, recorded, parameters):
    variant, arrays = recorded
    # a step of size 1 down the gradient shows the gradient
    run = runner(backend, variant, parameters, 50, ErrorDriven(ngc.SGD(1.0)))
    run.present(arrays["x"][0], learn=True)
    changed = run.net.parameters(run.sim)
    names = [k[9:] for k in arrays if k.startswith("gradient/")]
    for name in [n for n in names if not n.startswith("Sigma")]:
        np.testing.assert_allclose(
            parameters[name] - changed[name],
            arrays[f"gradient/{name}"],
            rtol=0,
            atol=1e-5,
            err_msg=name,
        )


def test_gradient_of_sigma(recorded, parameters):
    variant, arrays = recorded
    if variant == "t1":
        pytest.skip("t1 has no precision")
    rule = ngc.Precision()
    for level in (1, 2):
        e, Prec = arrays[f"K50/e{level}"], parameters[f"Prec{level}"]
        update = rule.update(np, None, None, e, Prec) + rule.prior(np, Prec)
        np.testing.assert_allclose(
            -update / len(e), arrays[f"gradient/Sigma{level}"], rtol=0, atol=1e-6
        )


def test_parameters_after_three_updates(backend, recorded, parameters):
    variant, arrays = recorded
    rule = ErrorDriven(ngc.Adam(1e-3), norm_bound=1.0)
    run = runner(backend, variant, parameters, 50, rule)
    for number, x in enumerate(arrays["x"], start=1):
        run.present(x, learn=True)
        learned = run.net.parameters(run.sim)
        assert set(learned) == set(parameters)
        for name, value in learned.items():
            np.testing.assert_allclose(
                value,
                arrays[f"after_update{number}/{name}"],
                rtol=0,
                atol=1e-5,
                err_msg=f"{name} after update {number}",
            )
