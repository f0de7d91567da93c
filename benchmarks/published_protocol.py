"""Rows of published tables with all training images, and the best epoch on test images.

Many published tables were made like this: no images are held out, test images are looked at
after each epoch, and the smallest error is shown, sometimes of the best seeds only: `pc-mnist`
has the best five of seven. `nengo-ngc reproduce` holds images out and looks at test images
once. This measures how much of a difference to a published number is due to that alone. No
setting depends on what it prints.

    NENGO_NGC_DATA=... python -m benchmarks.published_protocol pc-mnist --row BP-SE \
        --seeds 7 --kept 5 --output benchmarks/reproduce/pc-mnist-protocol
"""

import click
import numpy as np

from nengo_ngc.lab.compare import data
from nengo_ngc.lab.compare.cells import model_of
from nengo_ngc.lab.reproduce import recipes

from ._report import benchmark

COLUMNS = {
    "published": ">10.2f",
    "last epoch": ">16",
    "best epoch on test images": ">28",
    "of the best seeds": ">20",
    "seeds": ">9",
}


@benchmark
@click.argument("table")
@click.option("--row", "rows", multiple=True, help="A row; may be given several times.")
@click.option("--seeds", default=3, help="Number of seeds.")
@click.option("--kept", type=int, help="The best seeds that count; by default all of them.")
def main(report, table, rows, seeds, kept):
    """Print the table."""
    found = recipes.read(table).rows(names=rows, seeds=range(seeds))
    report.seeds(*{cell["seed"]: None for row in found for cell in row.cells.values()})
    for name in dict.fromkeys(row.dataset for row in found):
        report.load(name)
    printed = report.table(
        "test error (%) with all training images",
        {"row": "<24", "data": "<15", **COLUMNS},
    )
    for row in found:
        curves = np.array([test_errors(cell) for cell in row.cells.values()])
        printed.row(row.name, row.dataset, row.published, *summary(curves, kept))


def test_errors(cell):
    """Errors on test images after each epoch."""
    images = data.of_cell(cell, None)
    model = model_of(cell, images.image_shape)
    model.fit(images.X_train, images.y_train, images.X_test, images.y_test)
    return [record["val_error"] for record in model.history_]


def summary(curves, kept):
    """What the columns after the published number show of the errors of seeds and epochs."""
    last, best = curves[:, -1], np.sort(curves.min(axis=1))
    return *map(said, (last, best, best[:kept])), f"{len(best[:kept])} of {len(best)}"


def said(errors):
    """Mean and standard deviation, if there are several."""
    spread = f" ± {np.std(errors, ddof=1):.2f}" if len(errors) > 1 else ""
    return f"{np.mean(errors):.2f}{spread}"


if __name__ == "__main__":
    main()
