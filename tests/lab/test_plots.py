"""Pictures are written, with what they should show."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from nengo_ngc import plots
from nengo_ngc.lab.specs.base import draw_filters


@pytest.fixture
def figures(monkeypatch):
    """The figures that were saved, of which nothing may be cut off or covered."""
    saved, savefig = [], Figure.savefig

    def remember(figure, *args, **kwargs):
        saved.append(figure)
        savefig(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", remember)
    yield saved
    for figure in saved:
        check_layout(figure)


def check_layout(figure):
    """All text is inside the figure, and no legend lies on a curve."""
    drawn = figure.get_tightbbox()  # inches, as the next line has them
    assert figure.bbox_inches.padded(0.01).contains(*drawn.min)
    assert figure.bbox_inches.padded(0.01).contains(*drawn.max)
    legends = figure.legends + [ax.get_legend() for ax in figure.axes]
    for legend in filter(None, legends):
        box = legend.get_window_extent()
        for line in (line for ax in figure.axes for line in ax.lines):
            points = line.get_transform().transform(line.get_xydata())
            assert not any(box.contains(x, y) for x, y in points), legend


PANELS = (
    ("cross-entropy", {"bce": "training", "val_bce": "validation"}),
    ("total discrepancy (squared error per image)", {"discrepancy": "training"}),
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
    path = tmp_path / "grid.png"
    plots.image_grid([[image, image[::-1]]], (2, 3), path, titles=["image"], note="upright")
    ax = figures[0].axes[0]
    picture = np.asarray(ax.images[0].get_array())
    first, second = picture[:, :84], picture[:, 92:]
    np.testing.assert_array_equal(first[14::28, 14::28, 0], image.reshape(2, 3))
    np.testing.assert_array_equal(second[14::28, 14::28, 1], image[::-1].reshape(2, 3))
    assert np.all(picture[:, 84:92, 3] == 0)  # the background is seen between the images
    assert [label.get_text() for label in ax.get_yticklabels()] == ["image"]
    assert ax.get_xlabel() == "upright"
    # each element of the picture is one dot of the file
    drawn = imread(path)
    assert np.all(drawn[..., 3] == 1)
    left, right = (int(round(x)) for x in ax.get_window_extent().intervalx)
    assert right - left == picture.shape[1]
    opaque = picture[..., 3] == 1
    inside = drawn[9:65, left:right, :3]
    np.testing.assert_allclose(inside[opaque], picture[opaque, :3], atol=1 / 255)
    assert np.all(inside[~opaque] == 1)


def test_image_grid_in_colour(tmp_path, figures):
    image = np.linspace(-0.1, 1.1, 18)
    plots.image_grid([[image]], (2, 3, 3), tmp_path / "grid.png")
    picture = figures[0].axes[0].images[0].get_array()
    pixels = picture[14::28, 14::28, :3]
    np.testing.assert_allclose(pixels, np.clip(image, 0, 1).reshape(2, 3, 3))
    with pytest.raises(
        ValueError, match="image_shape: must be of height, width and perhaps 3"
    ):
        plots.image_grid([[np.ones(8)]], (2, 2, 2), tmp_path / "grid.png")


def test_image_grid_of_unequal_rows(tmp_path, figures):
    image = np.zeros(4)
    plots.image_grid([[image] * 3, [image]], (2, 2), tmp_path / "grid.png")
    picture = figures[0].axes[0].images[0].get_array()
    black = (picture == [0, 0, 0, 1]).all(axis=2)
    assert black[0].sum() == 3 * 84 and black[-1].sum() == 84


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
    for text, centre in zip(ax.texts, centres):  # names stand in their classes
        assert np.linalg.norm(np.array(text.get_position()) - centre) < 2 * spread


@pytest.mark.parametrize("Z", [np.ones((12, 3)), np.arange(12.0)[:, None]])
def test_latents_of_which_there_are_no_principal_components(Z, tmp_path, figures):
    plots.latent_map(Z, np.arange(12) % 2, tmp_path / "latents.png")
    (ax,) = figures[0].axes
    assert all(np.isfinite(group.get_offsets()).all() for group in ax.collections)
    with pytest.raises(ValueError, match="Z: must be of two rows or more"):
        plots.latent_map(Z[:1], np.arange(1), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


@pytest.mark.parametrize("n, n_names", [(30, 30), (45, 0)])
def test_legend_of_many_classes(n, n_names, tmp_path, figures):
    y = np.repeat(np.arange(n), 2)
    plots.latent_map(np.random.RandomState(0).rand(2 * n, 3), y, tmp_path / "latents.png")
    legend = figures[0].axes[0].get_legend()
    assert len(legend.get_texts() if legend else []) == n_names


def test_names_of_classes_are_no_formulas(tmp_path, figures):
    names = np.array(["$1_$", "_b"])
    plots.latent_map(
        np.random.RandomState(0).rand(6, 3), names[[0, 1] * 3], tmp_path / "a.png"
    )
    plots.class_codes(names, np.eye(2), tmp_path / "b.png")
    plots.image_grid([np.zeros((2, 4))] * 2, (2, 2), tmp_path / "c.png", titles=[*names])
    legend = figures[0].axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [r"\$1_\$", "_b"]


def test_ten_classes_have_ten_colours(tmp_path, figures):
    y = np.repeat(range(10), 3)
    plots.latent_map(np.eye(10)[y], y, tmp_path / "latents.png")
    (ax,) = figures[0].axes
    assert len({tuple(group.get_facecolor()[0]) for group in ax.collections}) == 10


# how colours look without one of three receptors (Machado, Oliveira & Fernandes 2009), for
# linear values of red, green and blue
BLINDNESS = {
    "none": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def perceived(linear):
    """Lightness and hue (CIE L*a*b*) of a linear colour, in which distances are just."""
    xyz = np.dot([[0.434, 0.376, 0.190], [0.213, 0.715, 0.072], [0.018, 0.109, 0.873]], linear)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def linear(colour):
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """The ratio of luminances, as in WCAG."""
    low, high = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] + 0.05 for c in (one, other))
    return high / low


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize(
    "colours, style, at_least",
    [(plots.COLOURS, plots.STYLE, 2), (plots.DARK_COLOURS, plots.DARK_STYLE, 4.5)],
    ids=["light", "dark"],
)
def test_colours_are_told_apart_by_everybody(colours, style, at_least, blindness):
    assert len(colours) == 10
    seen = []
    for colour in colours:
        assert contrast(colour, style["figure.facecolor"]) > at_least
        seen.append(perceived(np.clip(BLINDNESS[blindness] @ linear(colour), 0, 1)))
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(one - other) > 14


def test_figures_do_not_depend_on_settings_and_leave_them_alone(tmp_path):
    drawn = []
    for size in (10, 30):
        with matplotlib.rc_context({"font.size": size, "figure.facecolor": "black"}):
            plots.learning_curves(history("bce"), PANELS, tmp_path / "curves.png")
            assert matplotlib.rcParams["font.size"] == size
        drawn.append(imread(tmp_path / "curves.png"))
    np.testing.assert_array_equal(*drawn)
    # opaque and white, so that text can be read on dark pages as well
    assert np.all(drawn[0][..., 3] == 1) and np.all(drawn[0][0, 0] == 1)


def grid(path):
    plots.image_grid([[np.zeros(4)] * 2], (2, 2), path, titles=["image"])


def panels(path):
    plots.learning_curves(history("bce", "val_bce"), PANELS, path)


def latents(path):
    y = np.repeat(range(10), 3)
    plots.latent_map(np.eye(10)[y], y, path)


def codes(path):
    plots.class_codes(["a", "b"], np.eye(2), path)


@pytest.mark.parametrize("draw", [grid, panels, latents, codes], ids=lambda f: f.__name__)
def test_dark_figures_are_dark_and_otherwise_the_same(draw, tmp_path, figures):
    plots.light_and_dark(draw, tmp_path / "figure.png")
    light, dark = (imread(tmp_path / f"{name}.png") for name in ("figure", "figure_dark"))
    assert light.shape == dark.shape and np.all(dark[..., 3] == 1)
    background = matplotlib.colors.to_rgb(plots.DARK_STYLE["figure.facecolor"])
    np.testing.assert_allclose(dark[0, 0, :3], background, atol=1 / 255)
    there = np.any(light != light[0, 0], axis=2)  # whatever stands out on light pages
    here = np.any(dark != dark[0, 0], axis=2)
    assert np.mean(there != here) < 0.01
    # nothing is left of the other background, and text has the colour of text
    assert not np.any(np.all(dark == 1, axis=2))
    for text in (t for ax in figures[1].axes for t in ax.get_xticklabels()):
        assert contrast(text.get_color(), background) > 4.5
    draw(tmp_path / "again.png")  # the dark style is left behind
    np.testing.assert_array_equal(imread(tmp_path / "again.png"), light)


def test_a_legend_is_not_wider_than_its_figure(tmp_path, figures):
    with plots.figure(tmp_path / "legend.png") as (fig, ((ax,),)):
        for number in range(4):
            ax.plot([0, 1], [number, 1], label=f"{number}: {30 * 'n'}", **plots.look(number))
        plots.legend(fig)
    (legend,) = fig.legends
    assert len(legend.get_texts()) == 4
    left, *_, right = (text.get_window_extent() for text in legend.get_texts())
    assert right.y0 < left.y0 and right.x0 > left.x1  # in two columns


def test_an_axis_says_that_it_is_logarithmic(tmp_path, figures):
    with plots.figure(tmp_path / "log.png") as (fig, ((ax,),)):
        plots.band(ax, [1, 2, 3], np.array([[1.0, 10, 100], [2, 20, 200]]), label="two runs")
        ax.set_ylabel("error (%)")
        plots.log_axis(ax, "y")
        plots.legend(fig, "right")
    assert ax.get_ylabel() == "error (%), log scale" and ax.get_yscale() == "log"
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1.5, 15, 150])


def test_curves_of_nothing(tmp_path):
    plots.learning_curves([{"epoch": 1, "phase": "filters"}], PANELS, tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()


def test_class_codes_are_sorted_by_class(tmp_path, figures):
    means = np.array([[0.1, 0, 0.9, 0, 0.7], [0.8, 0, 0.2, 0.5, 0.0]])
    plots.class_codes(["a", "b"], means, tmp_path / "codes.png")
    (image,) = figures[0].axes[0].images
    np.testing.assert_array_equal(image.get_array(), means[:, [2, 4, 0, 3]])
    assert image.get_interpolation() == "none"  # which would smear units over others
    assert "4 units" in figures[0].axes[0].get_xlabel()  # the second never is active
    assert [t.get_text() for t in figures[0].axes[0].get_yticklabels()] == ["a", "b"]


@pytest.mark.filterwarnings("error")
def test_filters_of_weights_that_are_all_0(tmp_path):
    draw_filters(np.zeros((3, 4)), (2, 2), tmp_path)
    grey = imread(tmp_path / "filters.png")[..., :3]
    assert np.unique(np.round(grey[grey < 1], 2)).size == 1  # on a white ground
