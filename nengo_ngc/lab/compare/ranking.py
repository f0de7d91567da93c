"""Which rule is the best of a group: in a sentence, a table of all pairs, and a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import plots
from .results import as_text
from .statistics import FEWEST, LEVEL, is_significant

_PERCENT = round(100 * LEVEL)
_NOTHING = "Nothing can be concluded about which rule is better: "
NOTHING = f"{_NOTHING}that takes {FEWEST} seeds."
OTHER_SEEDS = (
    f"{_NOTHING}rules have different seeds, and on those that the first one shares with "
    "another rule, it is significantly worse."
)

FAILED_SEEDS = f"{_NOTHING}the rule with the best mean has failed with some seeds."
_UNCLEAR = {"other seeds": OTHER_SEEDS, "failed seeds": FAILED_SEEDS}

# of a rule, in the picture: its colour, and what the legend says
_LOOKS = {
    "best": ("C2", "the best one"),
    "equal": ("C0", "not significantly different from it"),
    "other": ("C1", "significantly different from it"),
    "unknown": ("C0", "mean"),
}


def interval_text(measure: str, about: Mapping[str, Any]) -> str:
    """The confidence interval of a rule, or nothing."""
    if about["interval"] is None:
        return ""
    return " to ".join(as_text(measure, bound) for bound in about["interval"])


def verdict(group: Mapping[str, Any]) -> str:
    """Which rule of a group is the best, and what that is worth.

    Parameters
    ----------
    group : mapping
        Of `.statistics.of_group`.
    """
    failed = " ".join(
        f"{rule} has failed with {n} of {n + group['rules'][rule]['n']} seeds, and its "
        "numbers are those of the others."
        for rule, n in group["failed"].items()
    )
    return " ".join(filter(None, [_best(group), failed]))


def _best(group):
    rules, measure = group["rules"], group["measure"]
    if len(rules) == 1:
        return ""
    best, *others = rules
    if group["equal"] is None:
        return _UNCLEAR.get(group["unclear"], NOTHING)
    said = f"Best: {best}, {as_text(measure, rules[best]['mean'])}"
    said += f" ({_PERCENT} % interval {interval_text(measure, rules[best])})."
    worse = [rule for rule in others if rule not in group["equal"]]
    if worse:
        said += f" Significantly worse: {', '.join(worse)}."
    if group["equal"]:
        said += f" Not significantly worse: {', '.join(group['equal'])}."
    return said


def winners(measured: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Which rule wins on what, as the columns of a table.

    Parameters
    ----------
    measured : mapping of str to mapping
        What `.statistics.ranked` returns, by what was measured.
    """
    names = ("measure", "best", "mean", f"{_PERCENT} % interval", "not significantly worse")
    columns: dict[str, list[str]] = {name: [] for name in (*names, "significantly worse")}
    for what, group in measured.items():
        rules, equal = group["rules"], group["equal"]
        best = list(rules)[0]
        about = rules[best]
        tied = [rule for rule in rules if rules[rule]["mean"] == about["mean"]]
        worse = [rule for rule in rules if rule not in (*tied, *(equal or ()))]
        others = [rule for rule in equal or () if rule not in tied]
        said = [
            what,
            _named(tied, rules) + ("?" if equal is None else ""),
            as_text(group.get("measure", ""), about["mean"]),
            interval_text(group.get("measure", ""), about),
            group["unclear"] if equal is None else ", ".join(others),
            "" if equal is None else ", ".join(worse),
        ]
        for column, text in zip(columns.values(), said):
            column.append(text)
    return columns


def _named(best: list[str], rules: Mapping[str, Any]) -> str:
    """Rules that share the best mean."""
    if best[1:] and len(best) == len(rules):
        return "none, all are equal"
    return " and ".join(best)


def matrix(group: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """Row minus column for each two rules, with p values, if enough seeds allow it.

    Returns
    -------
    list of list of (str, str)
        For each row its cells: the text, and "better" or "worse" if the rule of the row is
        significantly so. The rules are those of ``group["rules"]``, in this order.
    """
    rules = list(group["rules"])
    by_rules = {tuple(pair["rules"]): pair for pair in group["pairs"]}
    if not any(pair["n"] >= FEWEST for pair in group["pairs"]):
        return []
    return [[_entry(group, by_rules, row, column) for column in rules] for row in rules]


def _entry(
    group: Mapping[str, Any], by_rules: Mapping[tuple, Mapping], row: str, column: str
) -> tuple[str, str]:
    """The cell of two rules."""
    if row == column:
        return "", ""
    pair, measure = by_rules.get((row, column)), group["measure"]
    sign = 1 if pair else -1
    pair = pair or by_rules[column, row]
    if pair["difference"] is None:
        return "no common seed", ""
    difference = sign * pair["difference"]
    kind = "better" if (difference < 0) == group["smaller_is_better"] else "worse"
    text = f"{'+' if difference > 0 else ''}{as_text(measure, difference)}"
    p = "no test" if pair["p_t"] is None else _p_text(pair["p_t"])
    return f"{text} ({p})", kind if is_significant(pair) else ""


def _p_text(p: float) -> str:
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")


def matrix_columns(group: Mapping[str, Any]) -> dict[str, list[str]]:
    """`matrix` as the columns of a table of text, in which * marks what is significant."""
    rows = matrix(group)
    if not rows:
        return {}
    columns = {
        rule: [text + ("*" if kind else "") for text, kind in column]
        for rule, column in zip(group["rules"], zip(*rows))
    }
    return {"row minus column": list(group["rules"]), **columns}


def draw_errors(
    runs: Mapping[str, list[dict[str, Any]]], group: Mapping[str, Any], path: Path
) -> bool:
    """Draw each seed, the mean and its interval, the best rule at the top."""
    rules, measure = group["rules"], group["measure"]
    with plots.figure(path, size=(plots.WIDTH, 0.42 * len(rules) + 1.2)) as (fig, ((ax,),)):
        for row, (rule, about) in enumerate(rules.items()):
            kind = _kind(group, rule)
            colour, name = _LOOKS[kind]
            seeds = _tested(runs[rule], group["epoch"], measure)
            ax.plot(seeds, [row] * len(seeds), "o", color=colour, alpha=0.35, ms=5)
            last = _tested(runs[rule], "last", measure)
            if group["epoch"] == "best":
                look = {"marker": "|", "ls": "", "color": "0.5", "ms": 7, "mew": 1.2}
                shown = [row + 0.27] * len(last)
                ax.plot(last, shown, label="last epoch, each seed", **look)
            if about["interval"] and about["n"] >= FEWEST:
                ax.plot(about["interval"], [row, row], color=colour, lw=2.2)
            ax.plot(about["mean"], row, "D", color=colour, ms=7, label=name)
            right = max([*seeds, *((about["interval"] or ()) if about["n"] >= FEWEST else ())])
            ax.annotate(
                as_text(measure, about["mean"]),
                (right, row),
                xytext=(9, 0),
                textcoords="offset points",
                va="center",
                fontweight="bold" if kind == "best" else "normal",
            )
        most = max(about["n"] for about in rules.values())
        names = [
            rule if about["n"] == most else f"{rule} (seeds: {about['n']})"
            for rule, about in rules.items()
        ]
        ax.set_yticks(range(len(rules)), names)
        if _kind(group, next(iter(rules))) == "best":
            ax.get_yticklabels()[0].set_fontweight("bold")
        epoch = "best validation epoch" if group["epoch"] == "best" else "last epoch"
        ax.set(xlabel=f"test {group['label']}, {epoch}", ylim=(len(rules) - 0.4, -0.6))
        means = [about["mean"] for about in rules.values()]
        epochs = ("last", group["epoch"])
        every = [x for rule in rules for e in epochs for x in _tested(runs[rule], e, measure)]
        if min(every) > 0 and 5 * min(means) < max(means):
            plots.log_axis(ax, "x")
        ax.margins(x=0.12)
        plots.legend(fig, n_columns=2)
    return True


def _kind(group: Mapping[str, Any], rule: str) -> str:
    if group["equal"] is None or len(group["rules"]) == 1:
        return "unknown"
    if rule == next(iter(group["rules"])):
        return "best"
    return "equal" if rule in group["equal"] else "other"


def _tested(cells: list[dict], epoch: str, measure: str) -> list[float]:
    return [cell["test"][epoch][measure] for cell in cells if epoch in cell["test"]]
