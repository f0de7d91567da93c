"""
Comparing learning rules
========================

``nengo-ngc compare`` trains the same network by several learning rules, with several seeds,
and writes a report. This notebook makes such a comparison from Python, and draws its results.
Each training is a process of its own, so that a comparison can use all cores of a machine, or
many machines.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from nengo_ngc import plots
from nengo_ngc.lab.compare import compare

plt.style.use(plots.STYLE)

# %%
# The comparison
# --------------
# A configuration describes what to compare. Each combination of rules, seeds, data sets,
# sizes, neuron types and simulators is trained once. Every key has a default, and
# ``"settings"`` changes parameters of single rules. With the same seed, all rules start from
# the same weights and see the same images in the same order. On the command line, the
# configuration is a file in TOML.

RULES = {"backprop": "backpropagation", "feedback-alignment": "feedback alignment"}
config = {
    "rules": list(RULES),
    "hidden": [[32]],
    "seeds": [0, 1],
    "epochs": 6,
    "backends": ["nengo"],
    "settings": {rule: {"learning_rate": 0.01} for rule in RULES},
}
folder = Path(tempfile.mkdtemp())
results = compare(config, folder, n_jobs=2)

# %%
# The report
# ----------
# The folder now holds ``report.html``, with tables and figures, and the same numbers as text:

print(sorted(path.name for path in folder.iterdir() if path.suffix))
print((folder / "table.txt").read_text())

# %%
# The results are also returned, one record for each training, to draw figures of your own.

fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
for (rule, name), colour in zip(RULES.items(), plots.COLOURS):
    of_rule = [result for result in results if result["cell"]["rule"] == rule]
    errors = np.array([[r["val_error"] for r in one["history"]] for one in of_rule])
    epochs = np.arange(1, errors.shape[1] + 1)
    ax.fill_between(epochs, errors.min(axis=0), errors.max(axis=0), color=colour, alpha=0.2)
    ax.plot(epochs, errors.mean(axis=0), "o-", color=colour, label=name)
ax.set(xlabel="epoch", ylabel="validation error (%), mean and range", ylim=(0, None))
ax.legend()
plt.show()

# %%
# A rule of your own takes part if it is registered in a module that the configuration names;
# the page "Comparing learning rules" shows how.
