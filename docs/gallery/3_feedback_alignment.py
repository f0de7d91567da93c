"""
Feedback alignment
==================

Backpropagation sends errors back through the transpose of the forward weights, which real
synapses cannot do. Feedback alignment (Lillicrap et al. 2016) sends them back through random
weights that never change. This notebook shows that a hidden layer learns nevertheless, and
why: the updates of both rules begin to point in similar directions.
"""

import matplotlib.pyplot as plt

import nengo_ngc as ngc
from nengo_ngc import datasets, plots

plt.style.use(plots.STYLE)

# %%
# Three rules, one network
# ------------------------
# `RuleClassifier` is a classifier that learns by a rule of your choice. With ``"pes"`` the
# hidden layer remains random, and only the output learns. This shows what learning in the
# hidden layer is worth. After each epoch, ``alignment`` computes the angle between the update
# of the rule and the update of backpropagation, both for the present weights.

RULES = {
    "backprop": "backpropagation",
    "feedback-alignment": "feedback alignment",
    "pes": "random hidden layer",
}
N_EPOCHS = 10
digits = datasets.load("digits", binarize=False)
errors, angles = {rule: [] for rule in RULES}, []
for rule in RULES:
    model = ngc.RuleClassifier(
        (32,),
        rule=rule,
        learning_rate=None if rule == "pes" else 0.01,
        batch_size=32,
        max_epochs=N_EPOCHS,
        random_state=0,
    )
    for record in model.epochs(digits.X_train, digits.y_train, digits.X_test, digits.y_test):
        errors[rule].append(record["val_error"])
        if rule == "feedback-alignment":
            angles.append(model.alignment(digits.X_train[:320], digits.y_train[:320])["W1"])
    print(f"{RULES[rule]}: {errors[rule][-1]:.1f} % of the test images are labelled wrongly")

# %%
# Errors and angles
# -----------------
# At an angle of 90 degrees, an update would have nothing in common with that of
# backpropagation. Below 90 degrees, it makes the same error smaller. The angle decreases
# because the forward weights align with the random feedback weights, which gave the rule its
# name.

epochs = range(1, N_EPOCHS + 1)
fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.6), layout="constrained")
for (rule, name), colour in zip(RULES.items(), plots.COLOURS):
    left.plot(epochs, errors[rule], "o-", color=colour, label=name)
left.set(xlabel="epoch", ylabel="test error (%)", ylim=(0, None))
left.legend()
right.plot(epochs, angles, "o-", color=plots.COLOURS[1])
right.axhline(90, ls=":", color="grey")
right.text(N_EPOCHS, 88, "nothing in common", ha="right", va="top", color="grey")
right.set(xlabel="epoch", ylabel="angle to backpropagation (degrees)", ylim=(0, 95))
plt.show()

# %%
# The same rules can teach the encoders of any Nengo ensemble; the page "Learning the hidden
# layer" shows how.
