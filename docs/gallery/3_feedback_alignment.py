"""
Feedback alignment
==================

Backprop sends errors back through the transpose of the weights that lead forward, which
synapses cannot do. Feedback alignment (Lillicrap et al. 2016) sends them back through random
weights that never change. This notebook shows that a hidden layer learns all the same, and why:
the updates of the two rules begin to point in similar directions.
"""

import nengo_ngc as ngc
from nengo_ngc import datasets, plots

digits = datasets.load("digits", binarize=False)

# %%
# Three rules, one network
# ------------------------
# `RuleClassifier` is a classifier that learns by a rule of your choice. With ``"pes"`` only the
# output learns and the hidden layer stays random, which shows what a hidden layer that learns is
# worth. After each epoch, ``alignment`` computes the angles between the updates of the rule and
# those of backprop, with the weights as they are now.

RULES = {
    "backprop": "backprop",
    "feedback-alignment": "feedback alignment",
    "pes": "random hidden layer",
}
errors, angles = {}, {}
for rule in RULES:
    model = ngc.RuleClassifier((64,), rule=rule, batch_size=32, max_epochs=15, random_state=0)
    learning = model.epochs(digits.X_train, digits.y_train, digits.X_test, digits.y_test)
    errors[rule], angles[rule] = [], []
    for record in learning:
        errors[rule].append(record["val_error"])
        if rule == "feedback-alignment":
            angle = model.alignment(digits.X_train[:320], digits.y_train[:320])
            angles[rule].append(angle["W1"])
    print(f"{RULES[rule]}: {errors[rule][-1]:.1f} % of test images are wrong")

# %%
# Errors, and the angle to backprop
# ---------------------------------
# An angle of 90 degrees would mean that an update has nothing to do with that of backprop. The
# forward weights learn in such a way that the angle becomes smaller: they align with the random
# weights, which gave the rule its name.

epochs = range(1, 16)
fig, ((left, right),) = plots.figure(1, 2, figsize=(9.0, 3.6))
for number, rule in enumerate(RULES):
    left.plot(epochs, errors[rule], label=RULES[rule], **plots.style(number))
left.set(xlabel="epoch", ylabel="test error (%)", yscale="log")
plots.log_percent(left.yaxis)
left.legend(frameon=False)
right.plot(epochs, angles["feedback-alignment"], **plots.style(1))
right.axhline(90, ls=":", color="grey")
right.text(15, 91, "unrelated to backprop", ha="right", color="grey")
right.set(xlabel="epoch", ylabel="angle to backprop, hidden layer (degrees)", ylim=(0, 99))
fig.tight_layout()
fig

# %%
# The same rules teach the encoders of any Nengo ensemble: :doc:`/encoder_rules` shows how.
