"""Examples that wire latents onward compute what their texts say."""

import nengo
import numpy as np
import pytest

from nengo_ngc import datasets

from .test_examples import run

digits = datasets.load("digits", binarize=False)


def test_an_ensemble_learns_to_name_digits():
    names = run("latents_pes")
    with names["model"]:
        guess, digit = (nengo.Probe(names[k], sample_every=0.1) for k in ("guess", "digit"))
    with nengo.Simulator(names["model"], progress_bar=False) as sim:
        sim.run(8.0)
    right = sim.data[guess].argmax(axis=1) == sim.data[digit].argmax(axis=1)
    assert digits.y_train[:80].tolist() == sim.data[digit].argmax(axis=1).tolist()
    assert right[-40:].mean() > 0.6


def test_pointers_are_those_of_new_digits():
    names = run("latents_pointers")
    latents = run("make_weights")["settled"](digits.X_test[:40])
    to_pointer, vectors = names["to_pointer"], names["vectors"]
    pointers = latents @ to_pointer[:, :-1].T + to_pointer[:, -1]
    assert np.mean((pointers @ vectors.T).argmax(axis=1) == digits.y_test[:40]) > 0.9
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert names["vocabulary"]["THREE"].v.tolist() == vectors[3].tolist()


def test_only_the_chosen_way_learns():
    names = run("latents_agent")
    surprise, before, decided = names["surprise"], 0.01, 0.15
    worth, chosen, right = [0.2, 0.4, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
    x = np.array([*worth, *chosen, *right, 1.0])
    np.testing.assert_allclose(surprise(decided, x), [0, 0.4, 0])
    assert not np.any(surprise(before, x))
    x[-1] = 0.0  # the switch is off
    assert not np.any(surprise(decided, x))


@pytest.mark.parametrize("name", ["latents_pes", "latents_agent"])
def test_the_slider_shows_new_images(name):
    names = run(name)
    shown = next(names[k] for k in ("image_and_digit", "image_and_way") if k in names)
    np.testing.assert_array_equal(shown(0.001, 0.0)[:64], digits.X_train[0])
    np.testing.assert_array_equal(shown(0.001, 1.0)[:64], digits.X_test[0])
