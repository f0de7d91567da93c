"""Layers and encoders that learn by competition."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from sklearn.exceptions import NotFittedError

import nengo_ngc as ngc
from nengo_ngc import HebbianEncoder, datasets
from nengo_ngc.networks import CompetitiveLayer, PatchEncoder
from nengo_ngc.neurons import k_winners

DIGITS = datasets.load("digits", binarize=False)
X, Y = DIGITS.X_train[:400], DIGITS.y_train[:400]
RNG = np.random.RandomState(0)


def show(model, net, x):
    with model:
        stimulus = nengo.Node(nengo.processes.PresentInput(x, 0.001))
        nengo.Connection(stimulus, net.input, synapse=None)
    return net.probe("output")


def test_layer_learns_as_by_hand(simulate):
    x, W = RNG.rand(12, 6), RNG.rand(5, 6)
    with nengo.Network() as model:
        net = CompetitiveLayer(
            (6, 5),
            ngc.KWinnersTakeAll(0.4),
            ngc.SGD(0.3),
            ngc.SGD(0.7),
            parameters={"W": W},
        )
    probe = show(model, net, x)
    sim = simulate(model, 1, len(x))
    b, seen = -0.5 * np.sum(W**2, axis=1), []
    for row in x:
        y = k_winners(np, (W @ row + b)[None], 2)[0]
        seen.append(y)
        W = W + 0.3 * y[:, None] * (row - W)
        b = b + 0.7 * (0.4 - y)
    np.testing.assert_array_equal(np.reshape(sim.data[probe], (12, 5)), seen)
    learned = net.parameters(sim)
    np.testing.assert_allclose(learned["W"], W, rtol=1e-5)
    np.testing.assert_allclose(learned["b"], b[:, None], rtol=1e-5)


def test_batches_are_averaged(simulate):
    x, W = RNG.rand(6, 4), RNG.rand(3, 4)
    with nengo.Network() as model:
        net = CompetitiveLayer(
            (4, 3),
            ngc.KWinnersTakeAll(0.3),
            ngc.SGD(1.0),
            schedule=ngc.Schedule(1, batch_size=6),
            parameters={"W": W, "b": np.zeros((3, 1))},
        )
    show(model, net, x)
    sim = simulate(model, 1, 6)
    y = k_winners(np, x @ W.T, 1)
    change = sum(a[:, None] * (row - W) for a, row in zip(y, x)) / 6
    learned = net.parameters(sim)
    np.testing.assert_allclose(learned["W"], W + change, rtol=1e-5)
    np.testing.assert_array_equal(learned["b"], 0)


def test_units_of_each_group_win_equally_often():
    rng = np.random.RandomState(0)
    with nengo.Network() as model:
        net = CompetitiveLayer(
            (6, 20),
            ngc.KWinnersTakeAll(0.05, group_size=5, positive=True),
            homeostasis=ngc.SGD(0.05),
            seed=0,
        )
    probe = show(model, net, rng.rand(500, 6))
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(2000)
    # one unit of five wins, which is more than a twentieth of all units
    won = sim.data[probe][-500:].mean(axis=0)
    np.testing.assert_allclose(won, 1 / 5, atol=0.05)


def cells_by_hand(image, filters, thresholds, grid, p=3):
    """What each cell of the grid has seen: (grid, grid, m)."""
    height, width = image.shape[:2]
    rows, columns = height - p + 1, width - p + 1
    cells = np.zeros((grid, grid, len(filters)))
    for i in range(rows):
        for j in range(columns):
            u = filters @ image[i : i + p, j : j + p].ravel() + thresholds
            if u.max() > 0:
                cells[i * grid // rows, j * grid // columns, u.argmax()] = 1
    return cells


@pytest.mark.parametrize("colours", [(), (3,)])
def test_patch_encoder_as_by_hand(simulate, colours):
    images = RNG.rand(4, 7, 9, *colours) * (RNG.rand(4, 7, 9, *colours) < 0.5)
    filters = RNG.rand(5, 9 * sum(colours or (1,)))
    thresholds = -0.5 * np.sum(filters**2, axis=1)
    W = RNG.rand(20, 3 * 3 * 5)
    with nengo.Network() as model:
        net = PatchEncoder(
            (7, 9, *colours),
            filters,
            thresholds[:, None],
            3,
            20,
            winners=ngc.KWinnersTakeAll(0.2),
            parameters={"W": W},
        )
        probes = net.probe("cells"), show(model, net, images.reshape(4, -1))
    sim = simulate(model, 1, 4)
    cells = [cells_by_hand(image, filters, thresholds, 3).ravel() for image in images]
    assert 0 < np.mean(cells) < 0.9
    np.testing.assert_array_equal(np.reshape(sim.data[probes[0]], (4, 45)), cells)
    currents = np.array(cells) @ W.T - 0.5 * np.sum(W**2, axis=1)
    codes = np.reshape(sim.data[probes[1]], (4, 20))
    np.testing.assert_array_equal(codes, k_winners(np, currents, 4))


@pytest.mark.parametrize(
    "grid, message",
    [
        (0, "grid: must be a whole number of at least 1 or a sequence of 2 whole .*, got 0"),
        (6, r"between 1 and the places.*\(5, 6\).*grid=6"),
    ],
)
def test_cells_that_do_not_fit(grid, message):
    with pytest.raises(ValidationError, match=message):
        PatchEncoder((7, 8), np.ones((2, 9)), np.zeros((2, 1)), grid, 10)


@pytest.mark.parametrize(
    "filters, message",
    [
        (np.ones((2, 8)), r"filters: must have shape \(m, p \* p\), got \(2, 8\)"),
        (np.ones(9), r"filters: must be a 2-dimensional array.*got one of shape \(9,\)"),
    ],
)
def test_filters_that_are_not_square(filters, message):
    with pytest.raises(ValidationError, match=message):
        PatchEncoder((7, 8), filters, np.zeros((2, 1)), 2, 10)


@pytest.mark.parametrize("n", [1, 3])
def test_as_many_thresholds_as_filters(n):
    with pytest.raises(ValidationError, match="thresholds: must be one for each of 2 filters"):
        PatchEncoder((7, 8), np.ones((2, 9)), np.zeros((n, 1)), 2, 10)


@pytest.mark.parametrize("contained", [True, False])
def test_patch_encoder_in_a_container_if_so_asked(contained):
    with nengo.Network() as model:
        net = PatchEncoder(
            (7, 8), np.ones((2, 9)), np.zeros((2, 1)), 2, 10, add_to_container=contained
        )
    assert (net in model.networks) == contained
    with nengo.Simulator(net, progress_bar=False) as sim:
        sim.run_steps(1)


def test_random_weights_follow_the_seed_around_the_layer():
    def drawn():
        with nengo.Network(seed=3) as model:
            with nengo.Network():
                layers = [CompetitiveLayer((4, 3)) for _ in range(2)]
        with nengo.Simulator(model, progress_bar=False) as sim:
            return [layer.parameters(sim)["W"] for layer in layers]

    first, again = drawn(), drawn()
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).max() > 0.01


def test_layer_with_what_is_no_optimizer():
    with pytest.raises(ValidationError, match="homeostasis: must be an Optimizer"):
        CompetitiveLayer((4, 3), homeostasis=0.1)


def test_layer_of_other_winners():
    with pytest.raises(ValidationError, match="winners.*must be a KWinnersTakeAll"):
        CompetitiveLayer((4, 3), nengo.LIF())


# --- the model


def encoder(**kwargs):
    settings = {
        "n_hidden": (16,),
        "n_units": 100,
        "patch": 4,
        "batch_size": 20,
        "max_epochs": 4,
        "random_state": 0,
        "backend": "nengo",
    }
    return HebbianEncoder(**{**settings, **kwargs})


@pytest.fixture(scope="module")
def learned():
    return encoder().fit(X, Y, DIGITS.X_test, DIGITS.y_test)


def test_codes_keep_the_class(learned):
    score = learned.score(DIGITS.X_test, DIGITS.y_test)
    phases = [record["phase"] for record in learned.history_]
    assert phases == ["filters", "units", "units", "thresholds"]
    assert learned.history_[-1]["val_error"] == pytest.approx(100 * (1 - score))
    codes = learned.transform(X)
    assert set(np.unique(codes)) == {0, 1}
    np.testing.assert_array_equal(codes.sum(axis=1), 5)
    assert learned.history_[-1]["silent_units"] == 0
    # beside winners of random weights on pixels
    fixed = [k_winners(np, x @ RNG.randn(64, 100), 5) for x in (X, DIGITS.X_test)]
    random = ngc.analysis.nearest_centroid(fixed[1], *ngc.analysis.centroids(fixed[0], Y, 5))
    assert score > max(0.75, 0.1 + np.mean(random == DIGITS.y_test))


def test_graded_codes_show_more_of_what_was_learned_alike(learned, tmp_path):
    model = encoder(graded=True, readout="linear").fit(X, Y, DIGITS.X_test, DIGITS.y_test)
    for name, array in learned.parameters_.items():
        np.testing.assert_array_equal(model.parameters_[name], array)
    codes, binary = model.transform(DIGITS.X_test), learned.transform(DIGITS.X_test)
    assert not np.any((codes > 0) & (binary == 0))
    np.testing.assert_allclose((codes > 0).sum(axis=1), 5, atol=1)  # equal inputs are 0
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), np.sqrt(5))
    W, b = model.parameters_["W2"], model.parameters_["b2"].ravel()
    drive = model._task._present("cells", DIGITS.X_test) @ W.T + b
    above = np.maximum(drive - np.sort(drive, axis=1)[:, [-6]], 0)
    wanted = np.sqrt(5) * above / np.linalg.norm(above, axis=1, keepdims=True)
    np.testing.assert_allclose(codes, wanted, atol=1e-5)
    mean = model.transform(X[Y == 3]).mean(axis=0)
    np.testing.assert_allclose(model.mean_codes_[3], mean, rtol=1e-5)
    assert set(np.unique(model.centroids_)) == {0, 1}
    assert model.history_[-1]["silent_units"] == 0
    assert model.history_[-1]["entropy"] > 0.9 * learned.history_[-1]["entropy"]
    score = model.score(DIGITS.X_test, DIGITS.y_test)
    of_binary = encoder(readout="linear").fit(X, Y).score(DIGITS.X_test, DIGITS.y_test)
    assert score > of_binary
    model.save(tmp_path / "model.npz")
    loaded = HebbianEncoder.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.transform(DIGITS.X_test), codes)
    np.testing.assert_array_equal(
        loaded.set_params(graded=False).transform(DIGITS.X_test), binary
    )


def test_units_are_equally_busy(learned):
    spread = {}
    for name, model in (("kept", learned), ("free", encoder(homeostasis=0.0).fit(X, Y))):
        activity = model.transform(X).mean(axis=0)
        spread[name] = activity.std() / activity.mean()
    assert spread["kept"] < 0.5 * spread["free"]


def test_one_unit_learns_from_an_image_and_k_make_its_code():
    model, active = encoder(), []
    for record in model.epochs(X, Y):
        if record["phase"] != "filters":
            seen = model._task.training.present(X[:20])["output"]
            active.append(seen.sum(axis=1).max())
    assert active == [1, 1, 5]


def test_filters_start_from_patches_that_are_not_empty():
    mostly_empty = X * (np.arange(400) % 10 == 0)[:, None]
    model = encoder()
    next(model.epochs(mostly_empty, Y))
    assert model.parameters_["W1"].mean(axis=1).min() > 0.02


def test_labels_make_centroids_only(learned):
    other = encoder().fit(X, RNG.permutation(Y))
    for name, array in learned.parameters_.items():
        np.testing.assert_array_equal(other.parameters_[name], array)


def test_learns_as_on_nengo(at_once, learned):
    other = encoder(backend=at_once).fit(X, Y)
    for name, array in learned.parameters_.items():
        np.testing.assert_allclose(other.parameters_[name], array, atol=1e-3)
    same = np.mean(other.transform(X) == learned.transform(X))
    assert same > 0.999  # what is nearly a tie may be rounded to either side


@pytest.mark.parametrize("n_done", [1, 2, 3])
def test_saved_and_resumed_as_if_not_interrupted(learned, n_done, tmp_path):
    part = encoder()
    epochs = part.epochs(X, Y)
    for _ in range(n_done):
        next(epochs)
    part.save(tmp_path / "model.npz")
    resumed = HebbianEncoder.load(tmp_path / "model.npz")
    list(resumed.epochs(X, Y, resume=True))
    for name, array in learned.parameters_.items():
        np.testing.assert_array_equal(resumed.parameters_[name], array)
    resumed.fit_centroids(X, Y)
    np.testing.assert_array_equal(resumed.centroids_, learned.centroids_)


def test_no_codes_before_units_learn():
    model = encoder()
    next(model.epochs(X, Y))
    assert set(model.parameters_) == {"W1", "b1"}
    with pytest.raises(NotFittedError, match="have not begun to learn"):
        model.transform(X)


def test_names_of_units(learned):
    with pytest.raises(NotFittedError):
        encoder().get_feature_names_out()
    names = learned.get_feature_names_out()
    assert (len(names), names[0]) == (100, "hebbianencoder0")


def test_images_that_are_not_square(tmp_path):
    wide = np.hstack([X, np.zeros((400, 16))])  # 10 rows of 8 pixels
    model = encoder(image_shape=(10, 8), max_epochs=3).fit(wide, Y)
    assert model.score(wide, Y) > 0.75
    model.save(tmp_path / "model.npz")
    loaded = HebbianEncoder.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.transform(wide), model.transform(wide))


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"max_epochs": 2}, "max_epochs: must be a whole number of at least 3, got 2"),
        ({"n_hidden": (8, 8)}, "n_hidden: must be a sequence of 1 whole number"),
        ({"sparsity": 0}, "sparsity"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"homeostasis": np.nan}, "homeostasis: must be a finite number of at least 0"),
        ({"image_shape": 8}, "image_shape: must be a sequence of 2 or 3 whole numbers"),
        ({"image_shape": (64,)}, "image_shape: must be a sequence of 2 or 3 whole numbers"),
        ({"image_shape": (6.4, 10)}, "image_shape: must be a sequence of 2 or 3 whole"),
        ({"image_shape": (7, 9)}, r"image_shape must have 64 pixels, got \(7, 9\)"),
        ({"image_shape": (8, 8, 3)}, r"image_shape must have 64 pixels, got \(8, 8, 3\)"),
    ],
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        encoder(**kwargs).fit(X, Y)


@pytest.mark.parametrize(
    "kwargs, message, shapes",
    [
        (
            {"patch": 9},
            "patch=9 and grid=3 do not fit on images of 8 x 8 pixels: filters have 6 x 6",
            {"W1": (8, 36), "W2": (100, 9 * 8)},
        ),
        (
            {"n_units": 110, "batch_size": 50},
            "n_units=110 is larger than the data: there are 100 units",
            {"W1": (8, 16), "W2": (100, 9 * 8)},
        ),
        (
            {"learning_rate": 0.2, "batch_size": 50},
            "learning_rate=0.2 is too large for batches of 50: each of 8 units wins 6.25 ",
            {"W1": (8, 16)},
        ),
        (
            {"image_shape": (1, 64)},
            "patch=4 and grid=3 do not fit on images of 1 x 64 pixels: filters have 1 x 4",
            {"W1": (8, 4), "W2": (100, 3 * 8)},
        ),
    ],
)
def test_settings_that_are_too_large_for_the_data(kwargs, message, shapes, tmp_path):
    with pytest.warns(UserWarning, match=message):
        model = encoder(max_epochs=3, n_hidden=(8,), **kwargs).fit(X[:120], Y[:120])
    assert {name: model.parameters_[name].shape for name in shapes} == shapes
    model.save(tmp_path / "model.npz")
    loaded = HebbianEncoder.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


# --- other data


def bars(n, seed):
    """Noisy images with one of three bars, and which of them."""
    rng, y = np.random.RandomState(seed), np.arange(n) % 3
    images = 0.2 * rng.randn(n, 12, 12)
    for row, bar in enumerate(y):
        images[row, 1 + 4 * bar : 3 + 4 * bar, 2:10] += 1
    return images.clip(0, 1).reshape(n, 144), y


def test_classes_whose_codes_are_spread_over_many_units():
    """A third of 100 units is active in a class, but its centroid has 5 of them."""
    model = encoder(n_hidden=(64,), patch=7).fit(*bars(300, 0))
    images, y = bars(150, 1)
    codes = model.transform(images)
    alone = np.mean(~(codes @ model.centroids_.T).any(axis=1))
    assert alone > 0.1  # which the centroids say nothing of
    assert model.score(images, y) > 0.98


@pytest.mark.parametrize("scale", [1, 1000])
def test_real_features(scale):
    """Neither the sign nor the size of features is that of pixels."""
    rng = np.random.RandomState(0)
    y = np.arange(200) % 4
    features = scale * (3 * rng.randn(4, 6)[y] + rng.randn(200, 6))
    with pytest.warns(UserWarning, match="images of 1 x 6 pixels"):
        model = encoder(n_units=60, patch=7).fit(features[:120], y[:120])
    assert model.score(features[120:], y[120:]) > 0.9


def test_colours():
    """Images in which the colour of a bar is all that tells the classes apart."""
    rng, y = np.random.RandomState(0), np.arange(240) % 3
    images = 0.1 * rng.rand(240, 6, 5, 3)
    for row, colour in enumerate(y):
        top = rng.randint(5)
        images[row, top : top + 2, :, colour] += 0.8
    images = images.reshape(240, 90).astype(np.float32)
    model = encoder(image_shape=(6, 5, 3), n_units=60, patch=3, max_epochs=3)
    model.fit(images[:160], y[:160])
    assert model.filter_shape_ == (3, 3, 3)
    assert model.parameters_["W1"].shape == (16, 27)
    assert model.score(images[160:], y[160:]) > 0.95


def test_a_history_without_phases_is_refused(tmp_path):
    model = encoder(max_epochs=3).fit(X, Y)
    del model.history_[1]["phase"]
    model.save(tmp_path / "model.npz")
    with pytest.raises(ValueError, match="its history must have phase of each epoch; replace"):
        HebbianEncoder.load(tmp_path / "model.npz")
