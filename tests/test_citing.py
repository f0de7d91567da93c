"""What users are asked to cite: the file for reference managers, and the page."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import nengo_ngc as ngc
from nengo_ngc.version import PUBLISHED

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "citing.md").read_text("utf-8")


def test_citation_file_is_one_of_its_format():
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    # what the Citation File Format 1.2.0 requires, and what it allows of the rest
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert all(isinstance(citation[key], str) for key in ("message", "title", "abstract"))
    assert [set(author) for author in citation["authors"]] == [{"name"}]
    assert str(citation["version"]) == ngc.__version__ and citation["license"] == "MIT"
    known = {"cff-version", "message", "type", "title", "abstract", "authors", "version"}
    assert set(citation) == {*known, "license", "keywords"}


def test_bibtex_is_of_this_version():
    (entry,) = re.findall(r"```bibtex\n(.*?)```", PAGE, re.DOTALL)
    assert entry.count("{") == entry.count("}")
    assert f"version = {{{ngc.__version__}}}" in entry


def references():
    """The last author and the year of each reference in a docstring, and its class."""
    for module in pkgutil.walk_packages(ngc.__path__, "nengo_ngc."):
        if re.search(r"nengo_dl|jax|\.dl$|__main__", module.name):
            continue
        for name, obj in vars(importlib.import_module(module.name)).items():
            if inspect.isclass(obj) and obj.__module__ == module.name and obj.__doc__:
                _, _, text = inspect.cleandoc(obj.__doc__).partition("\nReferences\n")
                for cited in re.findall(r"[A-Z]\w+ (?:19|20)\d\d\b", " ".join(text.split())):
                    yield name, cited


def test_sources_of_docstrings_are_on_the_page():
    found = list(references())
    assert len(found) > 20
    assert [(name, cited) for name, cited in found if cited not in PAGE] == []


def test_pages_install_the_package_by_its_name_once_it_is_published():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "CHANGES.rst"]
    for page in pages if not PUBLISHED else ():
        assert not re.search(r'pip install "?nengo-ngc', page.read_text("utf-8")), page
