"""The documentation: its code runs, what it refers to exists, and Sphinx builds it."""

import importlib
import importlib.util
import operator
import os
import pkgutil
import re
import subprocess
import sys
import zlib
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
from PIL import Image

import nengo_ngc as ngc
from nengo_ngc.lab.compare.tasks import TASKS
from nengo_ngc.lab.datasets import SOURCES
from nengo_ngc.lab.specs import MODELS
from nengo_ngc.models import RULES
from nengo_ngc.networks.classifiers import NEURONS

from .conftest import HAS_DL, HAS_JAX

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("api/*.md"))]
NOTEBOOKS = sorted(DOCS.glob("gallery/*.py"))

_NEEDED = ("sphinx", "myst_parser", "numpydoc", "pydata_sphinx_theme", "sphinx_gallery")
needs_sphinx = pytest.mark.skipif(
    not all(importlib.util.find_spec(module) for module in _NEEDED),
    reason="the extra docs is not installed",
)


def blocks(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda p: p.name)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    code = "".join(blocks(page))
    if re.search(r"ngc\.dl\b", code) and not HAS_DL:
        pytest.skip("nengo-dl is not installed")
    if re.search(r"ngc\.jax\b", code) and not HAS_JAX:
        pytest.skip("JAX is not installed")
    if "import nir\n" in code:
        pytest.importorskip("nir")
    if "nengo_spa" in code:
        pytest.importorskip("nengo_spa")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page.stem}
    registries = RULES, MODELS, SOURCES, NEURONS, TASKS
    with ExitStack() as stack:
        for registry in registries:  # pages register theirs
            stack.enter_context(patch.dict(registry))
        for block in blocks(page):
            exec(compile(block, str(page), "exec"), names)  # one page, one session


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_to_files_resolve(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_of_the_repository_that_are_named_exist(page):
    folders = r"(?:tests|benchmarks|examples|nengo_ngc|docs)"
    for name in re.findall(rf"[`(]({folders}/[\w/.]+\.\w+)", page.read_text("utf-8")):
        assert (ROOT / name).exists(), name


def test_messages_under_troubleshooting_are_those_of_the_code():
    """All headings that quote a message of this package; "..." stands for anything."""
    not_ours = ("pkgutil", "keras.engine")
    quoted = re.findall(r"^### (`.+)$", (DOCS / "troubleshooting.md").read_text("utf-8"), re.M)
    messages = [m for line in quoted for m in re.findall(r"`([^`]* [^`]*)`", line)]
    code = "".join(path.read_text("utf-8") for path in Path(ngc.__file__).parent.rglob("*.py"))
    code = re.sub(r'"\s*\n\s*f?"', "", code)  # texts that go on in the next line
    code = re.sub(r"\{[^{}]*\}", "...", code)
    for message in messages:
        parts = re.split(r"\.\.\.|runs/digits|tf-keras", message)
        if not any(name in message for name in not_ours):
            assert all(part.strip() in code for part in parts), message
    assert len(messages) > len(not_ours)


# --- what Sphinx makes of it


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the pages, built with warnings as errors; this runs the notebooks."""
    output = tmp_path_factory.mktemp("docs")
    result = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", str(DOCS), str(output)],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert result.returncode == 0, result.stderr
    return output


@needs_sphinx
@pytest.mark.slow
def test_pages_are_built_without_a_warning(built):
    for page in PAGES[1:]:
        assert (built / page.relative_to(DOCS)).with_suffix(".html").exists()


@needs_sphinx
@pytest.mark.slow
def test_pages_need_no_network(built):
    loads = r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"(?:https?:)?//[^>]*>"
    pages = list(built.rglob("*.html"))
    assert len(pages) > 100
    for page in pages:
        assert re.findall(loads, page.read_text("utf-8")) == [], page


@needs_sphinx
@pytest.mark.slow
def test_figures_are_shown_on_dark_pages(built):
    page = (built / "ngc.html").read_text("utf-8")
    for name in ("circuit", "settling"):
        for file, kind in ((name, "light"), (f"{name}_dark", "dark")):
            assert re.search(rf'class="only-{kind}" src="_images/{file}.png"', page)
    assert "only-dark" not in (built / "hebbian_codes.html").read_text("utf-8")


@needs_sphinx
@pytest.mark.slow
def test_equations_are_typeset(built):
    for page in PAGES[1:]:
        html = (built / page.relative_to(DOCS)).with_suffix(".html").read_text("utf-8")
        text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
        assert "$" not in text or "<math" in html, page
        assert not re.search("[←⊙½Σσφμθρβδᵀₗ]", text), f"{page}: write it in TeX"
    described = built / "api" / "generated" / "nengo_ngc.networks.GNCN.html"
    assert "<math" in described.read_text("utf-8")


@needs_sphinx
@pytest.mark.slow
def test_each_class_and_function_has_a_page(built):
    for name in ("nengo_ngc.NGCModel", "nengo_ngc.datasets.load", "nengo_ngc.jax.Simulator"):
        page = (built / "api" / "generated" / f"{name}.html").read_text("utf-8")
        assert f'id="{name}"' in page
    table = (built / "api" / "models.html").read_text("utf-8")
    assert "generated/nengo_ngc.NGCModel.html" in table
    assert "<dt class" not in table  # descriptions are on pages of their own


@needs_sphinx
@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_shown_with_figures(notebook, built):
    page = (built / "notebooks" / notebook.name).with_suffix(".html").read_text("utf-8")
    figures = re.findall(r"_images/(sphx_glr_[\w.]+_\d+\.png)", page)
    assert figures
    for name in figures:
        darkest, brightest = Image.open(built / "_images" / name).convert("L").getextrema()
        assert darkest < brightest
    gallery = (built / "notebooks" / "index.html").read_text("utf-8")
    assert f"{notebook.stem}.html" in gallery and f"{notebook.stem}_thumb" in gallery
    assert list((built / "_downloads").rglob(f"{notebook.stem}.ipynb"))


@needs_sphinx
@pytest.mark.slow
def test_every_public_name_is_described(built):
    _, _, listed = (built / "objects.inv").read_bytes().partition(b"zlib.\n")
    lines = zlib.decompress(listed).decode().splitlines()
    described = {line.split(" ")[0] for line in lines}
    public = {f"nengo_ngc.{name}" for name in ngc.__all__}
    public |= {f"nengo_ngc.networks.{name}" for name in ngc.networks.__all__}
    # modules that users know by shorter names than those of their subpackages
    of_modules = (
        "analysis.overlap datasets.load dl.Simulator dl.losses.TripletLoss jax.Simulator "
        "metrics.angle"
    )
    public |= {f"nengo_ngc.{name}" for name in (*of_modules.split(), "plots.image_grid")}
    assert public - described == set(), "describe it in docs/api"


def test_every_rule_is_in_the_table_of_rules():
    for module in pkgutil.walk_packages(ngc.__path__, "nengo_ngc."):
        # no rule is defined where TensorFlow or JAX is imported
        if not re.search(r"nengo_dl|jax|\.dl$|__main__", module.name):
            importlib.import_module(module.name)
    rules, found = [ngc.LocalRule], set()
    while rules:
        rule = rules.pop()
        derived = rule.__subclasses__()
        rules += derived
        is_base = derived and rule.__name__ not in ngc.rules.__all__
        if rule.__module__.startswith("nengo_ngc.") and not is_base:
            found.add(rule)
    table = (DOCS / "learning_rules.md").read_text("utf-8")
    named = re.findall(r"^\| `([\w.]+)`", table, re.M)
    assert {operator.attrgetter(name)(ngc) for name in named} == found - {ngc.LocalRule}
