"""Pictures are written, with what they should show."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from nengo_ngc import plots


@pytest.fixture
def figures(monkeypatch):
    """The figures that were saved."""
    saved, savefig = [], Figure.savefig

    def remember(figure, *args, **kwargs):
        saved.append(figure)
        savefig(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", remember)
    return saved


PANELS = (
    ("cross-entropy", {"bce": "training", "val_bce": "validation"}),
    ("total discrepancy", {"discrepancy": "training"}),
    ("not measured", {"error": "validation"}),
)


def history(*keys):
    return [{"epoch": n, **{key: 10.0 / n for key in keys}} for n in (1, 2, 3)]


def test_image_grid_grows_with_its_images(tmp_path):
    image = np.linspace(0, 1, 6)
    shapes = []
    for n_rows, n_columns in ((1, 3), (2, 3), (2, 6)):
        path = tmp_path / "grid.png"
        plots.image_grid([[image] * n_columns] * n_rows, (2, 3), path)
        shapes.append(imread(path).shape)
    (height, width, _), (height_2, _, _), (_, width_2, _) = shapes
    assert 20 < height < 200 and 100 < width < 600
    assert height_2 > 1.5 * height and width_2 > 1.5 * width


def test_image_grid_shows_images_upright(tmp_path, figures):
    image = np.array([0, 0.2, 0.4, 0.6, 0.8, 1])
    plots.image_grid([[image]], (2, 3), tmp_path / "grid.png", titles=["image"])
    ax = figures[0].axes[0]
    np.testing.assert_array_equal(ax.images[0].get_array(), image.reshape(2, 3))
    assert ax.images[0].get_clim() == (0, 1)
    assert [text.get_text() for text in ax.texts] == ["image"]


def test_image_grid_in_colour(tmp_path, figures):
    image = np.linspace(-0.1, 1.1, 18)
    plots.image_grid([[image]], (2, 3, 3), tmp_path / "grid.png")
    shown = figures[0].axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, np.clip(image, 0, 1).reshape(2, 3, 3))
    assert np.ptp(imread(tmp_path / "grid.png")[..., :3], axis=2).max() > 0.05
    with pytest.raises(
        ValueError, match="image_shape: must be of height, width and perhaps 3"
    ):
        plots.image_grid([[np.ones(8)]], (2, 2, 2), tmp_path / "grid.png")


def test_image_grid_of_unequal_rows(tmp_path, figures):
    image = np.ones(4)
    plots.image_grid([[image] * 3, [image]], (2, 2), tmp_path / "grid.png")
    assert [len(ax.images) for ax in figures[0].axes] == [1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    "keys, n_lines",
    [(("bce", "discrepancy"), 1), (("bce", "val_bce", "discrepancy"), 2)],
)
def test_learning_curves(tmp_path, figures, keys, n_lines):
    path = tmp_path / "curves"  # PNG whatever the name
    plots.learning_curves(history(*keys), PANELS, path)
    height, width, _ = imread(path, format="png").shape
    assert 300 < height < width < 2000
    left, right = figures[0].axes
    assert len(left.lines) == n_lines and len(right.lines) == 1
    for line in left.lines:
        np.testing.assert_allclose(line.get_xydata(), [(1, 10), (2, 5), (3, 10 / 3)])


def test_learning_curves_with_validation_from_the_middle_on(tmp_path, figures):
    records = history("bce", "discrepancy")
    records[2]["val_bce"] = 4.0
    plots.learning_curves(records, PANELS, tmp_path / "curves.png")
    validation = figures[0].axes[0].lines[1]
    np.testing.assert_array_equal(validation.get_ydata(), [np.nan, np.nan, 4])


def test_learning_curves_of_one_epoch(tmp_path):
    path = tmp_path / "curves.png"
    plots.learning_curves(history("bce", "discrepancy")[:1], PANELS, path)
    assert imread(path).shape[2] == 4


def test_latent_map_keeps_classes_apart(tmp_path, figures):
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1, 12], 20)
    Z = 20.0 * np.eye(3)[np.repeat([0, 1, 2], 20)] + rng.randn(60, 3)
    plots.latent_map(Z, y, tmp_path / "latents.png")
    (ax,) = figures[0].axes
    points = [np.asarray(group.get_offsets()) for group in ax.collections]
    assert [len(group) for group in points] == [20, 20, 20]
    centres = np.array([group.mean(axis=0) for group in points])
    spread = max(group.std() for group in points - centres[:, None])
    assert np.linalg.norm(centres[0] - centres[1]) > 4 * spread
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["0", "1", "12"]


def test_curves_of_nothing(tmp_path):
    plots.learning_curves([{"epoch": 1, "phase": "filters"}], PANELS, tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()


def test_class_codes_are_sorted_by_class(tmp_path, figures):
    means = np.array([[0.1, 0, 0.9, 0, 0.7], [0.8, 0, 0.2, 0.5, 0.0]])
    plots.class_codes(["a", "b"], means, tmp_path / "codes.png")
    shown = figures[0].axes[0].images[0].get_array()
    np.testing.assert_array_equal(shown, means[:, [2, 4, 0, 3]])  # the second never is
    assert [t.get_text() for t in figures[0].axes[0].get_yticklabels()] == ["a", "b"]
