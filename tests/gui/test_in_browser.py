"""The examples in Nengo GUI, driven in a browser."""

import re
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from nengo_ngc import datasets, gui

from . import browser

needs_browser = pytest.mark.skipif(
    bool(browser.missing()), reason=f"not installed: {browser.missing()}"
)
pytestmark = pytest.mark.slow


digits = datasets.load("digits", binarize=False)


def in_grey(images):
    return np.clip(255 * images + 0.5, 0, 255).astype(int)


@pytest.fixture(scope="module")
def simulator():
    """The module of the simulator that Nengo GUI uses."""
    return "nengo"


@pytest.fixture(scope="module")
def opened(tmp_path_factory, simulator):
    """Opens an example in Nengo GUI, with changes to its script, and presses play."""
    root = tmp_path_factory.mktemp("examples")
    gui.copy_examples(root)

    @contextmanager
    def open_example(name, changes=(), appended="", plots=""):
        # Nengo GUI would notice changes of a file that is open
        folder = Path(tempfile.mkdtemp(dir=root))
        gui.copy_examples(folder)
        path = folder / f"{name}.py"
        script = path.read_text()
        for old, new in changes:
            assert old in script
            script = script.replace(old, new)
        path.write_text(script + appended)
        with path.with_suffix(".py.cfg").open("a") as layout:
            layout.write(plots)
        page = browser.Page(chromium, server, path.relative_to(root))
        assert not page.complaints()
        wanted = re.findall(r"(_viz_\d+) = ", path.with_suffix(".py.cfg").read_text())
        assert len(page.labels) == len(wanted)
        page.press()
        page.run_until(0.01)
        yield page, folder
        assert not page.complaints()
        page.leave()

    with (
        closing(browser.Server(root, "ngc_digits.py", simulator)) as server,
        closing(browser.Browser()) as chromium,
    ):
        yield open_example


def columns(page, label, width, wait=0.0):
    """The images that a display shows in one row, after so many seconds."""
    picture = page.picture(label, wait)
    n = (picture.shape[1] + 1) // (width + 1)
    return [picture[:, k * (width + 1) :][:, :width] for k in range(n)]


W1 = "net.parameters(sim)['W1']"


def written(weights):
    """What makes an example write a sum of its weights into a file, line by line."""
    return f"""

before = globals().get("on_step", lambda sim: None)


def on_step(sim):  # Nengo GUI calls it
    before(sim)
    if sim is not None and sim.n_steps % 20 == 0:  # None once it was reset
        with open(__file__ + ".weights", "a") as file:
            file.write(f"{{np.sum({weights})!r}}\\n")
"""


def check_learning(page, folder):
    """Weights change with the slider at 1, and stay as they are with the slider at 0."""
    (path,) = folder.glob("*.weights")

    def last(n):
        return path.read_text().split("\n")[:-1][-n:]

    def frozen():
        return len(last(10)) == 10 and len(set(last(10))) == 1

    page.slide("learn", 0)
    page.wait_for(frozen, "weights are frozen")
    before = last(1)
    page.run_for(0.3)
    assert last(1) == before
    page.slide("learn", 1)
    page.wait_for(lambda: last(1) != before, "weights change")
    page.slide("learn", 0)
    page.wait_for(frozen, "weights are frozen again")
    assert last(1) != before


ONE_IMAGE = [("digits.X_test,", "digits.X_test[:1],")]


@needs_browser
def test_hidden_half_is_filled_in(opened):
    with opened("ngc_digits", ONE_IMAGE) as (page, _):
        shown = in_grey(digits.X_test[0]).reshape(8, 8)
        image, visible, prediction, error = columns(page, "pictures", 8, wait=0.1)
        np.testing.assert_array_equal(image, shown)
        np.testing.assert_array_equal(visible, shown)
        # errors from -1 to 1 are drawn from black to white
        np.testing.assert_allclose(2 * (error - 127.5), shown - prediction, atol=3)
        assert np.abs(prediction - shown).mean() < 0.5 * np.abs(shown.mean() - shown).mean()
        # one value for each presentation
        assert len(set(page.plotted("squared_error")[0][-100:])) <= 3

        page.slide("hide", 1)
        hidden = shown * (np.arange(8) < 4)
        page.wait_for(
            lambda: np.array_equal(columns(page, "pictures", 8)[1], hidden),
            "half of the image is hidden",
        )
        image, _, filled_in, error = columns(page, "pictures", 8, wait=0.1)
        np.testing.assert_array_equal(image, shown)
        assert np.all(error[:, 4:] == 128)
        assert np.abs(filled_in - prediction)[:, 4:].max() > 20
        assert filled_in[:, 4:].max() > 100


@needs_browser
def test_images_change_and_learning_is_switched(opened):
    with opened("ngc_digits", appended=written(W1)) as (page, folder):
        before = columns(page, "pictures", 8)

        def changed():
            now = columns(page, "pictures", 8)
            return not any(np.array_equal(*pair) for pair in zip(before, now))

        page.wait_for(changed, "all images change")
        check_learning(page, folder)


@needs_browser
def test_feedback_alignment(opened):
    encoders = "sim.signals[sim.model.sig[model.ensembles[0]]['encoders']]"
    with opened("encoder_learning", appended=written(encoders)) as (page, folder):
        assert page.labels == ["stimulus", "error", "product", "output", "learn"]
        check_learning(page, folder)


@needs_browser
def test_label_is_shifted(opened):
    one_label = [("[digits.y_test]", "[digits.y_test[:1]]")]
    right = digits.y_test[0]
    with opened("pff_digits", ONE_IMAGE + one_label, written(W1)) as (page, folder):
        predictions = []
        for shift in (0, 3):
            page.slide("shift", shift)
            of_class = digits.X_train[digits.y_train == (right + shift) % 10]
            wanted = in_grey(of_class.mean(axis=0)).reshape(8, 8)
            page.wait_for(
                lambda wanted=wanted: (
                    np.abs(columns(page, "pictures", 8)[1] - wanted).max() <= 1
                ),
                "the label is shown",
            )
            image, _, prediction = columns(page, "pictures", 8, wait=0.1)
            np.testing.assert_array_equal(image, in_grey(digits.X_test[0]).reshape(8, 8))
            predictions.append(prediction)
        assert np.abs(predictions[1] - predictions[0]).max() > 30
        check_learning(page, folder)


@needs_browser
def test_code_has_seven_units(opened):
    clean = in_grey(digits.X_test).reshape(-1, 8, 8)

    def is_clean():
        image, _ = columns(page, "pictures", 8)
        return np.any(np.all(image == clean, axis=(1, 2)))

    with opened("k_winners") as (page, _):
        assert is_clean()
        assert np.sum(page.picture("units") == 255) == 7
        page.slide("noise", 0.5)
        page.wait_for(lambda: not is_clean(), "the image is noisy")
        assert np.sum(page.picture("units") == 255) == 7


@needs_browser
def test_two_starts_relax_side_by_side(opened):
    with opened("relaxation") as (page, _):
        page.set_speed(0.1)

        def ratio():
            _, from_pass, from_zero = columns(page, "pictures", 8)
            return from_zero.sum() / from_pass.sum()

        page.wait_for(lambda: ratio() < 0.6, "from zero the picture has to grow")
        page.wait_for(lambda: 0.97 < ratio() < 1.03, "both come to the same")


@needs_browser
def test_spikes_predict_what_rates_predict(opened):
    with opened("spiking_pdh", ONE_IMAGE) as (page, _):
        image, _, rates, spikes = columns(page, "predictions", 8, wait=0.2)
        assert not np.array_equal(rates, spikes)
        assert np.corrcoef(rates.ravel(), spikes.ravel())[0, 1] > 0.9
        page.slide("hide", 1)
        hidden = image * (np.arange(8) < 4)
        page.wait_for(
            lambda: np.array_equal(columns(page, "predictions", 8)[1], hidden),
            "half of the image is hidden",
        )
        _, _, *filled_in = columns(page, "predictions", 8, wait=0.25)
        for before, after in zip((rates, spikes), filled_in):
            assert np.abs(after - before)[:, 4:].max() > 20


def now(page, label):
    """The last value of each line of a plot."""
    return np.array(page.plotted(label))[:, -1]


@needs_browser
def test_ensemble_learns_to_name_a_digit(opened):
    first = [("SHOWN % len(y)", "SHOWN % 1")]
    with opened("latents_pes", first) as (page, _):
        digit = digits.y_train[0]
        page.wait_for(lambda: now(page, "guess")[digit] > 0.7, "the guess is right")
        assert np.argmax(now(page, "guess")) == digit
        page.wait_for(lambda: now(page, "accuracy")[0] > 0, "a right guess counts")
        page.slide("new", 1)
        wanted = in_grey(digits.X_test[0]).reshape(8, 8)
        page.wait_for(
            lambda: np.array_equal(columns(page, "pictures", 8)[0], wanted),
            "a new image is shown",
        )


@needs_browser
def test_pointer_of_the_next_digit(opened):
    pytest.importorskip("nengo_spa")
    with opened("latents_pointers", [("X_test,", "X_test[1:2],")]) as (page, _):
        digit, following = digits.y_test[1], (digits.y_test[1] + 1) % 10
        page.wait_for(lambda: now(page, "guess")[digit] > 0.5, "the guess is right")
        page.wait_for(lambda: now(page, "next")[following] > 0.5, "the next digit is right")
        assert np.argmax(now(page, "guess")) == digit
        assert np.argmax(now(page, "next")) == following
        of_class = digits.X_train[digits.y_train == following]
        wanted = in_grey(of_class.mean(axis=0)).reshape(8, 8)
        page.wait_for(
            lambda: np.abs(columns(page, "pictures", 8)[3] - wanted).max() <= 1,
            "the next digit is drawn",
        )


@needs_browser
def test_agent_learns_which_way_to_turn(opened):
    first = [("crossing(t)[0] % len(y)", "0")]
    with opened("latents_agent", first) as (page, _):
        right = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2][digits.y_train[0]]
        page.slide("explore", 0)
        page.wait_for(lambda: now(page, "worth")[right] > 0.6, "the right way is worth most")
        page.wait_for(lambda: np.argmax(now(page, "turn")) == right, "the turn is right")
        page.wait_for(lambda: now(page, "success")[0] > 0, "a right turn counts")


# examples that learn from nothing: their images, and the correlation of the prediction with
# what it predicts that is reached within a few seconds
LEARNING = {"learning_digits": ((8, 8), 0.6), "colour_photo": ((48, 72, 3), 0.6)}


@needs_browser
@pytest.mark.parametrize("name", LEARNING)
def test_learns_from_nothing_before_ones_eyes(name, opened):
    (_, width, *_), wanted = LEARNING[name]
    with opened(name, appended=written(W1)) as (page, folder):

        def likeness():
            image, prediction = columns(page, "pictures", width)
            return np.corrcoef(image.ravel(), prediction.ravel())[0, 1]

        def error():
            return page.plotted("squared_error")[0][-1]

        page.set_speed(1)
        page.run_until(0.2)
        before, fields = error(), page.picture("receptive fields")
        page.wait_for(lambda: likeness() > wanted, "the prediction is like the image")
        page.wait_for(lambda: error() < 0.6 * before, "the error falls")
        assert not np.array_equal(page.picture("receptive fields"), fields)
        places = page.unfold("GNCN")
        assert places["input"][0] < places["z1"][0] < places["mu0"][0] < places["e0"][0]
        assert places["z2"][1] < places["z1"][1] == places["e1"][1] < places["e0"][1]
        check_learning(page, folder)
