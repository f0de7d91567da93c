"""How much Willshaw's associative memory holds, against what theory says.

Stores random pairs of patterns with k active units of n, more and more of them, through
`AssociativeMemory` on NengoDL. At each number of pairs M it recalls from whole cues, which
never misses a unit, and counts the units that are active by mistake, f of them:

- p1: the part of synapses that is on, measured and in theory,
- missed: units of the targets that are not recalled,
- false: mean of f, and in the theory that takes synapses as independent,
- by unit: the same where output units differ in how many targets they were in,
- right: pairs recalled without a mistake,
- bits: information in each synapse, M (log2 C(n, k) - log2 C(k + f, k)) / n^2, measured
  as its mean over recalled pairs, and with the theory's mean of f. Where the right k
  units are among k + f, the second term is what is still not known.

At the end: the most bits of all rows, and bits where f is 1 on average, interpolated by
log f between rows. The theory is that in the documentation of `AssociativeMemory`.

    python -m benchmarks.willshaw --output benchmarks/willshaw
"""

import time
from pathlib import Path

import click
import numpy as np
from scipy.special import gammaln
from scipy.stats import binom

from nengo_ngc import plots
from nengo_ngc.backends import open_session
from nengo_ngc.networks import AssociativeMemory

from ._report import benchmark

ACTIVE = (5, 10, 20, 40)
# of the number of pairs that would switch on half of the synapses
LOADS = (0.125, 0.25, 0.5, 0.75, 1, 1.5, 2, 3)
BATCH, N_RECALLED = 32, 1024


def patterns(n_patterns, n, k, rng):
    """Rows with k units of n active."""
    order = rng.rand(n_patterns, n).argpartition(k, axis=1)
    X = np.zeros((n_patterns, n), np.uint8)
    np.put_along_axis(X, order[:, :k], 1, axis=1)
    return X


def log2_choose(n, k):
    """Binary logarithm of the number of ways to choose k of n, n any real number."""
    return (gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)) / np.log(2)


def bits(n_pairs, n, k, false):
    """Information in a synapse; the mean over pairs where ``false`` has their number."""
    known = log2_choose(n, k) - np.mean(log2_choose(k + false, k))
    return n_pairs * known / n**2


def theory(n_pairs, n, k):
    """Part of synapses that is on, mean number of false units, and bits."""
    p1 = 1 - (1 - k**2 / n**2) ** n_pairs
    false = (n - k) * p1**k
    return p1, false, bits(n_pairs, n, k, false)


def false_by_unit(n_pairs, n, k):
    """Mean number of false units, where units differ in how many targets they were in.

    The synapses of a unit that was in r targets are on with probability
    1 - (1 - k / n)^r, and r is binomial. What is still neglected is that all cues have k
    active units. See Knoblauch 2008, "Neural associative memory and the Willshaw-Palm
    probability distribution", SIAM Journal on Applied Mathematics 69(1), 169-196.
    """
    r = np.arange(n_pairs + 1)
    on = (1 - (1 - k / n) ** r) ** k
    # a false unit is in none of the targets of the cue that is shown
    return (n - k) * np.sum(binom.pmf(r, n_pairs - 1, k / n) * on)


def measure(n, k, loads, rng):
    """A row for each number of pairs, and pairs stored in a second."""
    half = np.log(2) * n**2 / k**2
    numbers = sorted({int(np.ceil(load * half / BATCH)) * BATCH for load in loads})
    X, Y = (patterns(numbers[-1], n, k, rng) for _ in range(2))
    session = open_session(
        "nengo-dl",
        lambda: AssociativeMemory(n, n),
        BATCH,
        ["output"],
        inputs=("input", "target"),
    )
    rows, spent, done = [], 0, 0
    for n_pairs in numbers:
        start = time.perf_counter()
        session.present(X[done:n_pairs], target=Y[done:n_pairs], learn=True)
        spent, done = spent + time.perf_counter() - start, n_pairs
        some = rng.permutation(n_pairs)[:N_RECALLED]
        found = session.present(X[some], target=Y[some])["output"]
        false = np.sum(found * (1 - Y[some]), axis=1)
        rows.append(
            {
                "pairs": n_pairs,
                "p1": session.net.parameters(session.sim)["W"].mean(),
                "missed": int(np.sum((1 - found) * Y[some])),
                "false": false.mean(),
                "right": np.mean(false == 0),
                "bits": bits(n_pairs, n, k, false),
            }
        )
    session.close()
    return rows, done / spent


def tell(report, n, k, rows, rate):
    """Print what was measured at one number of active units."""
    table = report.table(
        f"k = {k}, stored at {rate:.0f} pairs/s",
        {
            "pairs": ">7",
            "p1": ">8.4f",
            "in theory": ">11.4f",
            "missed": ">8",
            "false": ">9.3f",
            "false in theory": ">17.3f",
            "by unit": ">9.3f",
            "right": ">8.1%",
            "bits": ">8.4f",
            "bits in theory": ">16.4f",
        },
    )
    for r in rows:
        p1, false, information = theory(r["pairs"], n, k)
        table.row(
            r["pairs"],
            r["p1"],
            p1,
            r["missed"],
            r["false"],
            false,
            false_by_unit(r["pairs"], n, k),
            r["right"],
            r["bits"],
            information,
        )


def at_one_false(rows, key):
    """A measured value where one unit is false on average, interpolated."""
    known = [r for r in rows if r["false"] > 0]
    return np.interp(0, np.log([r["false"] for r in known]), [r[key] for r in known])


def summarise(report, results):
    """Print the most information, and that of a memory which makes few mistakes."""
    table = report.table(
        "",
        {
            "k": ">3",
            "most bits": ">12.3f",
            "pairs": ">8",
            "bits at 1 false": ">18.2f",
            "its pairs": ">11.0f",
        },
    )
    for k, rows in results.items():
        best = max(rows, key=lambda r: r["bits"])
        at_one = (at_one_false(rows, key) for key in ("bits", "pairs"))
        table.row(k, best["bits"], best["pairs"], *at_one)


def draw(n, results, path):
    """Information and false units against the number of pairs, and the theory's lines.

    Parameters
    ----------
    n : int
    results : dict of {int: sequence of dict}
        Rows with "pairs", "false" and "bits", by the number of active units.
    path : path
    """
    with plots.figure(path, 1, 2, (plots.WIDTH, 3.6)) as (fig, ((left, right),)):
        for number, (k, rows) in enumerate(results.items()):
            look, pairs = plots.look(number), np.array([r["pairs"] for r in rows])
            fine = np.geomspace(pairs[0] / 2, pairs[-1], 50)
            lines = np.array([theory(M, n, k)[1:] for M in fine]).T
            by_unit = [false_by_unit(int(M), n, k) for M in fine]
            right.plot(fine, by_unit, ":", lw=1, color=look["color"])
            for ax, line, key in zip((right, left), lines, ("false", "bits")):
                ax.plot(fine, line, "-", lw=1, color=look["color"])
                measured = [r[key] for r in rows]
                ax.plot(pairs, measured, **{**look, "ls": "", "ms": 5}, label=f"k = {k}")
        left.axhline(np.log(2), color=plots.INK, ls="--", lw=1)
        left.annotate(
            "ln 2",
            (1, np.log(2)),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 3),
            textcoords="offset points",
            ha="right",
        )
        left.set(ylabel="information (bits per synapse)", ylim=(0, 0.75), xscale="log")
        right.set(ylabel="false units in a recalled pattern", xscale="log", yscale="log")
        right.set(xlim=(300, None), ylim=(5e-4, 600))
        for ax in (left, right):
            ax.set_xlabel("stored pairs")
        right.plot([], [], "-", color=plots.INK, lw=1, label="theory, synapses independent")
        right.plot([], [], ":", color=plots.INK, lw=1, label="theory, unit by unit")
        plots.legend(fig, n_columns=3)


@benchmark
@click.option("--units", default=1024, help="Units at either end.")
@click.option(
    "--pictures", type=click.Path(path_type=Path), default="docs/images", help="Their folder."
)
def main(report, units, pictures):
    """Print the table, draw the picture."""
    report.seeds(*ACTIVE)
    report.say(
        f"{units} units at both ends, log2 {np.log2(units):.1f}; ln 2 = {np.log(2):.3f} bit"
    )
    report.say(f"minibatches of {BATCH}; up to {N_RECALLED} pairs recalled")
    results = {}
    for k in ACTIVE:
        rows, rate = measure(units, k, LOADS, np.random.RandomState(k))
        tell(report, units, k, rows, rate)
        results[k] = rows
    summarise(report, results)
    pictures.mkdir(parents=True, exist_ok=True)
    plots.light_and_dark(lambda path: draw(units, results, path), pictures / "willshaw.png")


if __name__ == "__main__":
    main()
