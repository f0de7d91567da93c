"""What is concluded from the seeds of a comparison: intervals, tests, and what reports say."""

import json

import numpy as np
import pytest
from scipy import stats

from nengo_ngc.lab import compare as comparison
from nengo_ngc.lab import provenance
from nengo_ngc.lab.compare import ranking, report, statistics

from .test_compare import figures  # noqa: F401

# errors of each rule by seed; seeds have a share in common, which pairs take away
ERRORS = {
    "backprop": (3.0, 5.1, 4.2, 6.0, 2.1, 3.9),
    "pes": (9.0, 12.2, 10.1, 11.8, 8.3, 9.7),
    "feedback-alignment": (3.3, 5.4, 4.4, 6.2, 2.5, 4.3),
    "direct-feedback-alignment": (4.1, 4.4, 4.9, 5.6, 2.3, 4.4),
}


def results_of(errors, tasks=("accuracy",)):
    """Results of cells with these errors, in all tasks, and the configuration."""
    config = {"rules": [*errors], "seeds": [*range(max(map(len, errors.values())))]}
    config |= {"hidden": [[8]], "backends": ["nengo"], "tasks": [*tasks]}
    config = comparison.check_config(config)
    made = {
        "history": [{"epoch": 1, "val_error": 1.0}],
        "angles": [{}],
        "pictures": {},
    }
    made.update(status="done", samples_per_second=1.0, peak_memory_mb=1, seconds=1.0, code={})
    made["provenance"] = provenance.collect([0], {"digits": "ab" * 32})
    found = []
    for cell in comparison.cells_of(config).values():
        if cell["seed"] < len(errors[cell["rule"]]):
            error = errors[cell["rule"]][cell["seed"]]
            test = {"last": {"error": 50.0}, "best": {"epoch": 1, "error": error}}
            curves = {"noise": [[0.0, error]]} if "noise" in tasks else {}
            found.append({"cell": cell, "test": test, "val": {}, "curves": curves, **made})
    return found, config


def group_of(errors):
    runs = {}
    for result in results_of(errors)[0]:
        runs.setdefault(result["cell"]["rule"], []).append(result)
    return statistics.of_group(runs)


def by_seed(n=6):
    return {rule: dict(enumerate(values[:n])) for rule, values in ERRORS.items()}


def test_interval():
    low, high = statistics.interval([1.0, 2.0, 3.0])
    # t of 0.975 with 2 degrees of freedom is 4.303
    assert (low, high) == pytest.approx((2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5), abs=1e-3)
    assert statistics.interval([1.0]) is None


def test_holm():
    # by hand: 3 × .01, 2 × .02, and the last is as large as the one before
    assert statistics.holm([0.02, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert statistics.holm([0.6, 0.5]) == [1.0, 1.0]
    assert statistics.holm([]) == []


def test_pairs_are_tested_on_the_seeds_that_both_have():
    rules = {**by_seed(), "backprop": {6: 100.0, **by_seed()["backprop"]}}
    found = statistics.pairs(rules)
    assert [pair["n"] for pair in found] == [6] * 6
    names = [pair["rules"] for pair in found]
    for key, test in (("p_t", stats.ttest_rel), ("p_wilcoxon", stats.wilcoxon)):
        alone = [test(ERRORS[a], ERRORS[b]).pvalue for a, b in names]
        assert [pair[key] for pair in found] == pytest.approx(statistics.holm(alone))
    assert found[1]["difference"] == pytest.approx(
        np.mean(ERRORS["backprop"]) - np.mean(ERRORS["feedback-alignment"])
    )


@pytest.mark.parametrize("n, t, wilcoxon", [(2, False, False), (3, True, False)])
def test_few_seeds_are_not_tested(n, t, wilcoxon):
    for pair in statistics.pairs(by_seed(n)):
        assert (pair["p_t"] is not None, pair["p_wilcoxon"] is not None) == (t, wilcoxon)


def test_equal_differences_say_nothing_about_their_variation():
    (pair,) = statistics.pairs({"a": dict(enumerate("")), "b": {0: 1.0}})
    assert pair["n"] == 0 and pair["difference"] is None
    (pair,) = statistics.pairs({"a": {0: 1.1, 1: 2.3, 2: 3.7}, "b": {0: 2.1, 1: 3.3, 2: 4.7}})
    assert pair["difference"] == pytest.approx(-1.0) and pair["p_t"] is None


def test_the_best_rule_and_those_that_it_does_not_beat():
    group = group_of(ERRORS)
    assert list(group["rules"]) == [
        "backprop",
        "direct-feedback-alignment",
        "feedback-alignment",
        "pes",
    ]
    assert group["epoch"] == "best" and group["equal"] == ["direct-feedback-alignment"]
    assert ranking.verdict(group) == (
        "Best: backprop, 4.05 (95 % interval 2.58 to 5.52). Significantly worse: "
        "feedback-alignment, pes. Not significantly worse: direct-feedback-alignment."
    )
    first, *_, last = ranking.matrix(group)
    assert [kind for _, kind in first] == ["", "", "better", "better"]
    assert [kind for _, kind in last] == ["worse"] * 3 + [""]
    assert first[3][0] == "-6.13 (p < .001)" and last[0][0] == "+6.13 (p < .001)"


def test_two_seeds_allow_no_conclusion():
    group = group_of({rule: errors[:2] for rule, errors in ERRORS.items()})
    assert ranking.verdict(group) == ranking.NOTHING
    assert group["equal"] is None and ranking.matrix(group) == []


def test_a_larger_measure_may_be_better(monkeypatch):
    from nengo_ngc.lab.specs import MODELS

    monkeypatch.setattr(type(MODELS["rules"]), "smaller_is_better", False)
    group = group_of(ERRORS)
    assert list(group["rules"])[0] == "pes" and group["equal"] == []
    assert ranking.matrix(group)[0][1][1] == "better"


def test_a_rule_that_is_worse_on_shared_seeds_is_not_called_the_best():
    """The other one has failed on two difficult seeds, which its mean lacks."""
    few = (2.0, 2.1, 2.2)
    group = group_of({"backprop": few, "pes": (1.5, 1.61, 1.7, 5.0, 5.1)})
    assert list(group["rules"]) == ["backprop", "pes"]
    assert group["equal"] is None and ranking.verdict(group) == ranking.OTHER_SEEDS
    (_, (text, kind)), ((other, other_kind), _) = ranking.matrix(group)
    assert text.startswith("+0.50 (p") and kind == "worse"
    assert other.startswith("-0.50") and other_kind == "better"
    shown = ranking.winners({"errors": group})
    assert shown["best"] == ["backprop?"]
    assert shown["not significantly worse"] == ["other seeds"]


def test_one_rule_has_no_others_to_be_compared_with():
    group = group_of({"pes": ERRORS["pes"]})
    assert ranking.verdict(group) == "" and ranking.matrix(group) == []
    shown = ranking.winners({"errors": group})
    assert shown["best"] == ["pes"] and shown["not significantly worse"] == [""]


def test_reports_say_what_can_be_concluded(tmp_path):
    results, config = results_of({**ERRORS, "pes": ERRORS["pes"][:3]})
    report.write(results, config, tmp_path)
    page, table = ((tmp_path / name).read_text() for name in ("report.html", "table.txt"))
    assert "Best: backprop, 4.05" in page and "Best: backprop, 4.05" in table
    assert '<td class="worse">+' in page and '<td class="better">-' in page
    assert "2.58 to 5.52" in table and "*" in table
    (known,) = json.loads((tmp_path / "compare.json").read_text())["statistics"].values()
    assert known["rules"]["pes"]["n"] == 3 and known["pairs"][0]["p_t"] < 1
    report.write([r for r in results if r["cell"]["seed"] < 2], config, tmp_path)
    page, table = ((tmp_path / name).read_text() for name in ("report.html", "table.txt"))
    assert ranking.NOTHING in page and ranking.NOTHING in table
    assert 'class="better">-' not in page


def test_a_rule_that_fails_with_some_seeds_is_not_called_the_best(tmp_path):
    """The seeds with which it has not failed may be the easy ones."""
    results, config = results_of({"backprop": ERRORS["backprop"], "pes": (1.0, 1.1, 1.2)})
    failed = {"status": "failed", "message": "diverged", "lasting": True, "code": {}}
    cells = comparison.cells_of(config).values()
    lost = [
        {"cell": c, **failed} for c in cells if c["rule"] == "pes" and c["seed"] in (3, 4, 5)
    ]
    others = [{"cell": c, **failed} for c in cells if c["rule"] == "feedback-alignment"]
    report.write([*results, *lost, *others], config, tmp_path)
    said = (
        f"{ranking.FAILED_SEEDS} pes has failed with 3 of 6 seeds, and its numbers are those "
        "of the others."
    )
    for name in ("report.html", "table.txt"):
        assert said in (tmp_path / name).read_text()
    (known,) = json.loads((tmp_path / "compare.json").read_text())["statistics"].values()
    assert known["failed"] == {"pes": 3} and known["equal"] is None
    others = results_of({**ERRORS, "pes": ERRORS["pes"][:3]})[0]
    report.write([*others, *lost], config, tmp_path)
    text = (tmp_path / "table.txt").read_text()
    assert "Best: backprop, 4.05" in text and "pes has failed with 3 of 6 seeds" in text


def test_a_rule_that_fails_with_some_seeds_does_not_win_a_task(tmp_path):
    errors = {"backprop": ERRORS["backprop"], "pes": (1.0, 1.1, 1.2)}
    results, config = results_of(errors, ["accuracy", "noise"])
    failed = {"status": "failed", "message": "diverged", "lasting": True, "code": {}}
    lost = [
        {"cell": cell, **failed}
        for cell in comparison.cells_of(config).values()
        if cell["rule"] == "pes" and cell["seed"] > 2
    ]
    assert len(lost) == 3
    for failures, unclear in (([], None), (lost, "failed seeds")):
        report.write([*results, *failures], config, tmp_path)
        (of_tasks,) = json.loads((tmp_path / "compare.json").read_text())[
            "task_statistics"
        ].values()
        assert of_tasks["noise"]["noise"]["unclear"] == unclear
        assert ("pes?" in (tmp_path / "table.txt").read_text()) == (unclear is not None)


def test_no_seed_is_lost_on_a_logarithmic_axis(tmp_path, figures):
    results, config = results_of({"backprop": (0.0, 0.2, 0.1), "pes": (9.0, 9.1, 9.2)})
    report.write(results, config, tmp_path)
    assert figures["errors-1.png"].axes[0].get_xscale() == "linear"
