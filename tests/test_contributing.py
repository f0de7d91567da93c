"""CONTRIBUTING.md: its links lead to files, and these hold what it says that they hold."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

NAMED = {
    "rules/error_driven.py": ["class ErrorDriven", "def update"],
    "networks/gncn.py": ["def _connect_feedback", 'f"E{level}"', "below", "phi"],
    "lab/run_folders/run.py": ["class Run", "def train"],
    "models/ngc.py": ["def epochs"],
    "training/trainer.py": ["class Trainer", ".learn("],
    "models/tasks/ngc.py": ["def learn", ".present("],
    "backends/session.py": ["class Session", "def present"],
    "backends/nengo.py": ["def _present"],
    "backends/nengo_dl/session.py": ["def _present"],
    "rules/optimizers.py": ["class Adam", "def init", "def update"],
    "program/learning.py": ["optimizer"],
    "lab/compare/__init__.py": ["def compare"],
    "lab/compare/statistics.py": ["def of_group"],
    "lab/compare/report.py": ["def write"],
    "models/tasks/rules.py": ["RULES = {"],
    "lab/specs/__init__.py": ['MODELS["ngc"] = '],
    "lab/datasets/__init__.py": ['SOURCES["digits"] = '],
    "backends/__init__.py": ["register(", "Backend("],
}


def test_links_lead_to_files():
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE)
    assert len(links) > 20
    for target in links:
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("path", NAMED)
def test_files_hold_what_is_said_of_them(path):
    assert f"(nengo_ngc/{path})" in PAGE
    text = (ROOT / "nengo_ngc" / path).read_text("utf-8")
    for name in NAMED[path]:
        assert name in text


def test_the_readme_leads_there():
    assert "(CONTRIBUTING.md)" in (ROOT / "README.md").read_text("utf-8")
