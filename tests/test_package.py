"""What the package offers, and what it imports for that."""

import subprocess
import sys

CODE = """
import sys
import nengo_ngc as ngc

names = dir(ngc)
assert {"NGCModel", "SGD", "analysis", "models", "metrics", "__version__"} <= set(names)
assert not {"sklearn", "tensorflow", "nengo_dl"} & set(sys.modules)
for name in names:
    getattr(ngc, name)
assert "sklearn" in sys.modules
assert not {"tensorflow", "nengo_dl"} & set(sys.modules)
assert ngc.metrics.angle and ngc.analysis.overlap and ngc.models.NGCModel
assert not hasattr(ngc, "metric")
"""


def test_what_takes_long_is_imported_once_it_is_asked_for():
    subprocess.run([sys.executable, "-c", CODE], check=True)
