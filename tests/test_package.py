"""What the package offers, and what it imports for that."""

import subprocess
import sys
from pathlib import Path

import pytest

from nengo_ngc import version

ROOT = Path(__file__).parent.parent

CODE = """
import sys
import nengo_ngc as ngc

names = dir(ngc)
assert {"NGCModel", "SGD", "analysis", "models", "metrics", "__version__"} <= set(names)
assert not {"sklearn", "tensorflow", "nengo_dl", "jax"} & set(sys.modules)
for name in names:
    getattr(ngc, name)
assert "sklearn" in sys.modules
assert not {"tensorflow", "nengo_dl", "jax"} & set(sys.modules)
assert ngc.metrics.angle and ngc.analysis.overlap and ngc.models.NGCModel
assert not hasattr(ngc, "metric")
"""


def test_what_takes_long_is_imported_once_it_is_asked_for():
    subprocess.run([sys.executable, "-c", CODE], check=True)


IMPORTED = """
import sys
import nengo
before = set(sys.modules)
import nengo_ngc
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new - set(sys.stdlib_module_names)))
"""


def test_importing_the_package_imports_no_package_that_nengo_does_not():
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["nengo_ngc"]


def test_an_installed_package_knows_the_commit_that_it_was_built_from(tmp_path, monkeypatch):
    pytest.importorskip("setuptools")
    if version.commit() is None:
        pytest.skip("these tests do not run in a copy of the repository")
    build = [sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", str(tmp_path)]
    subprocess.run(build, check=True, cwd=ROOT)
    here = version.commit()
    monkeypatch.setattr(version, "_HERE", tmp_path / "nengo_ngc")
    assert version.commit() == here
    (tmp_path / "nengo_ngc" / version.COMMIT_FILE).unlink()
    assert version.commit() is None  # such as in a source distribution
