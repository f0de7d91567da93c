"""What the package offers, and what it imports for that."""

import subprocess
import sys

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
