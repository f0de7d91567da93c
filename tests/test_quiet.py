"""What importing the package, building and running leave changed in the process.

The list of what may stay changed is in docs/nengo_dl.md; here it is held to that.
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from .conftest import BACKENDS, HAS_DL, HAS_JAX

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent

# what stays, and how docs/nengo_dl.md names it
STAYS = {
    r"nengo\.builder\.builder\.Builder\.builders\[<class 'nengo_ngc\..*'>\] is new": (
        "`nengo.builder.Builder`"
    ),
    r"nengo\.builder\.builder\.Builder\.builders"
    r"\[<class 'nengo\.connection\.Connection'>\] is another": "whose kernel learns",
    r"environment: TF_USE_LEGACY_KERAS is new": "`TF_USE_LEGACY_KERAS`",
    r"tensorflow: seed is another": "TensorFlow's global seed",
}

# what this package uses is imported before the first picture: how other packages change the
# process is their own affair
LIBRARIES = """
import importlib, os, pkgutil, warnings
import click, jinja2, joblib, matplotlib.pyplot, pooch, scipy.sparse, sklearn.cluster, tqdm
import nengo
from tests.process_state import changes, picture
for module in pkgutil.walk_packages(nengo.__path__, "nengo."):
    if not any(part in module.name for part in (".tests", "conftest", "rc_file")):
        importlib.import_module(module.name)
"""
TENSORFLOW = """
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tensorflow, tensorflow.experimental.numpy, tf_keras, keras
from tf_keras.src.layers.normalization import batch_normalization_v1
del os.environ["TF_USE_LEGACY_KERAS"]
"""
JAX = """
import jax.experimental
"""


def said_by(code):
    """Lines that code prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line]


def unexpected(lines):
    return [line for line in lines if not any(re.fullmatch(stays, line) for stays in STAYS)]


def test_importing():
    said = said_by(
        LIBRARIES
        + (TENSORFLOW if HAS_DL else "")
        + (JAX if HAS_JAX else "")
        + f"""
before = picture()
import nengo_ngc
missing = [name for name, there in {{"dl": {HAS_DL}, "jax": {HAS_JAX}}}.items() if not there]
for module in pkgutil.walk_packages(nengo_ngc.__path__, "nengo_ngc."):
    if not any(name in module.name for name in ["__main__", *missing]):
        importlib.import_module(module.name)
print(*changes(before, picture()), sep="\\n")
"""
    )
    assert not unexpected(said), "\n".join(unexpected(said))
    assert any("Builder.builders" in line for line in said)  # the pictures show something


USE = """
import numpy as np, nengo_ngc as ngc
with nengo.Network(seed=0) as model:
    net = ngc.networks.GNCN(
        (16, 8, 6), n_group=2, n_top_group=3, schedule=ngc.Schedule(5, batch_size=4)
    )
    stimulus = nengo.Node(np.zeros(16))
    nengo.Connection(stimulus, net.input, synapse=None)
    with nengo.Network(seed=1):
        pre, post = nengo.Ensemble(10, 1), nengo.Ensemble(10, 1)
        nengo.Connection(pre, post, learning_rule_type=nengo.PES())
    probes = net.probe("e0"), nengo.Probe(post)
X, y = np.random.RandomState(0).rand(8, 16), np.arange(8) % 2
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_building_and_running(backend):
    simulator = {
        "nengo": "nengo.Simulator(model, progress_bar=False)",
        "nengo-dl": "ngc.dl.Simulator(model, minibatch_size=4, progress_bar=False)",
        "jax": "ngc.jax.Simulator(model, minibatch_size=4, progress_bar=False)",
    }[backend]
    said = said_by(
        LIBRARIES
        + USE
        + f"""
if {backend!r} != "nengo":
    getattr(ngc, {backend!r}.removeprefix("nengo-"))
before = picture(model)
generator = np.random.get_state()
with {simulator} as sim:
    sim.run_steps(10)
    sim.reset()
    sim.run_steps(5)
    net.parameters(sim)
if {backend!r} == "nengo":
    np.random.set_state(generator)  # nengo.Simulator draws from it
rule = ngc.RuleClassifier(
    (4,), backend={backend!r}, batch_size=4, max_epochs=1, random_state=0
)
rule.fit(X, y).predict(X)
print(*changes(before, picture(model)), sep="\\n")
"""
    )
    assert not unexpected(said), "\n".join(unexpected(said))


def test_what_stays_is_in_the_docs():
    page = (ROOT / "docs" / "nengo_dl.md").read_text("utf-8")
    listed = page.split("\nThese changes remain:\n")[1].split("\n## ")[0]
    for name in STAYS.values():
        assert name in listed
