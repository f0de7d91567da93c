"""What can be concluded from the seeds of a comparison: intervals, and tests between rules."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ..specs import compared
from .results import criterion, label

LEVEL = 0.95  # of intervals; differences are significant if p is below 1 - LEVEL
FEWEST = 3  # seeds that two rules must share, so that anything can be concluded
_FEWEST_RANKS = 6  # with fewer, Wilcoxon's test finds no p below 0.05

Seeds = Mapping[int, float]  # a measure of a rule, by seed


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The confidence interval of a mean at ``LEVEL`` by Student's t, or None of one value.

    mean ± t s / √n, where s is the standard deviation of n values, and t is the quantile of
    Student's distribution with n - 1 degrees of freedom.
    """
    from scipy.stats import t

    if len(values) < 2:
        return None
    mean, deviation = np.mean(values), np.std(values, ddof=1)
    half = t.ppf((1 + LEVEL) / 2, len(values) - 1) * deviation / len(values) ** 0.5
    return float(mean - half), float(mean + half)


def pairs(rules: Mapping[str, Seeds]) -> list[dict[str, Any]]:
    """Compare each two rules on the seeds that both have.

    Parameters
    ----------
    rules : mapping of str to mapping of int to float
        A measure of each rule, by seed.

    Returns
    -------
    list of dict
        ``rules`` (two names), ``difference`` (the mean of the first minus that of the second,
        or None without a common seed), ``n`` (seeds of both), and ``p_t`` and ``p_wilcoxon``,
        the p values of the paired t test and of Wilcoxon's signed-rank test after Holm's
        correction over all pairs. They are None if there are too few seeds, or if the
        difference is the same for all seeds, so that nothing is known about its variation.
    """
    found = [_pair(names, rules) for names in itertools.combinations(rules, 2)]
    for test in ("p_t", "p_wilcoxon"):
        tested = [pair for pair in found if pair[test] is not None]
        for pair, p in zip(tested, holm([pair[test] for pair in tested])):
            pair[test] = p
    return found


def _pair(names: tuple[str, str], rules: Mapping[str, Seeds]) -> dict[str, Any]:
    from scipy import stats

    first, second = (rules[name] for name in names)
    differences = np.array([first[seed] - second[seed] for seed in first if seed in second])
    n = len(differences)
    varies = n >= FEWEST and bool(np.std(differences) > 1e-9 * np.abs(differences).max())
    ranked = varies and n >= _FEWEST_RANKS
    return {
        "rules": list(names),
        "difference": float(np.mean(differences)) if n else None,
        "n": n,
        "p_t": float(stats.ttest_1samp(differences, 0).pvalue) if varies else None,
        "p_wilcoxon": float(stats.wilcoxon(differences).pvalue) if ranked else None,
    }


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for the number of tests.

    The k-th smallest of m values is multiplied by m - k + 1, is at least as large as the
    smaller ones are then, and at most 1 (Holm, 1979).
    """
    m, largest = len(p_values), 0.0
    corrected = [1.0] * m
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        largest = min(1.0, max(largest, (m - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def of_group(
    runs: Mapping[str, list[dict[str, Any]]], failed: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """What the results of a group say, by rule.

    Parameters
    ----------
    runs : mapping of str to list of dict
        Results of the cells of each rule.
    failed : mapping of str to int, optional
        How many cells of a rule have failed, of which nothing is known.

    Returns
    -------
    dict
        ``measure`` and its ``label``; ``epoch``, at which it was taken: ``"best"`` on
        validation images, or ``"last"`` if there were none; ``rules``, the better ones
        first, each with ``mean``, ``interval`` (or None) and ``n``; ``pairs``, as `pairs`
        returns them; ``smaller_is_better``; ``equal``, the rules from which the first one
        does not differ significantly, or None if it cannot be said which rule is the best;
        ``unclear``, why it cannot be said, or None; and ``failed``, for those of the rules
        that have failed with some seeds.
    """
    cells = [cell for each in runs.values() for cell in each]
    name = criterion(cells[0])
    epoch = "best" if all("best" in cell["test"] for cell in cells) else "last"
    values = {
        rule: {cell["cell"]["seed"]: cell["test"][epoch][name] for cell in each}
        for rule, each in runs.items()
    }
    smaller = compared()[cells[0]["cell"]["rule"]][0].smaller_is_better
    return {
        "measure": name,
        "label": label(cells[0]),
        "epoch": epoch,
        **ranked(values, smaller, failed),
    }


def ranked(
    values: Mapping[str, Seeds],
    smaller_is_better: bool,
    failed: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Rank rules by the mean of a measure over seeds.

    Parameters
    ----------
    values : mapping of str to mapping of int to float
        The measure of each rule, by seed.
    smaller_is_better : bool
    failed : mapping of str to int, optional
        How many cells of a rule have failed, of which nothing is known.

    Returns
    -------
    dict
        ``rules``, ``pairs``, ``smaller_is_better``, ``equal``, ``unclear`` and ``failed`` of
        `of_group`.
    """
    failed = {rule: n for rule, n in (failed or {}).items() if rule in values}
    sign = 1 if smaller_is_better else -1
    order = sorted(values, key=lambda rule: sign * np.mean([*values[rule].values()]))
    tested = pairs({rule: values[rule] for rule in order})
    return {
        "rules": {
            rule: {
                "mean": float(np.mean([*values[rule].values()])),
                "interval": interval([*values[rule].values()]),
                "n": len(values[rule]),
            }
            for rule in order
        },
        "pairs": tested,
        "smaller_is_better": smaller_is_better,
        "failed": failed,
        **_about_first(order, tested, sign, failed),
    }


def _about_first(
    order: Sequence[str], tested: Sequence[Mapping], sign: int, failed: Collection[str]
) -> dict[str, list[str] | str | None]:
    """``equal`` and ``unclear`` of the rule that has the best mean."""
    if order[0] in failed and order[1:]:
        # the seeds with which it has not failed may be those that are easy
        return {"equal": None, "unclear": "failed seeds"}
    of_first = [pair for pair in tested if pair["rules"][0] == order[0]]
    if any(pair["n"] < FEWEST for pair in of_first):
        return {"equal": None, "unclear": "too few seeds"}
    # means are over all seeds of a rule, and tests are on the seeds that two rules share
    if any(is_significant(pair) and sign * pair["difference"] > 0 for pair in of_first):
        return {"equal": None, "unclear": "other seeds"}
    equal = [pair["rules"][1] for pair in of_first if not is_significant(pair)]
    return {"equal": equal, "unclear": None}


def is_significant(pair: Mapping[str, Any]) -> bool:
    """Whether two rules differ, by the paired t test."""
    return pair["p_t"] is not None and pair["p_t"] < 1 - LEVEL
