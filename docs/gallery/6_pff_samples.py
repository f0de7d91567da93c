"""
Samples of predictive forward-forward
=====================================

In predictive forward-forward (Ororbia & Mali 2023), two circuits learn together. The
representation circuit learns to tell images with the right label from images with a wrong
label, without errors that are sent back from layer to layer. The generative circuit learns to
predict each layer of the representation circuit from the layer above. Therefore one model can
both name digits and draw them.
"""

import matplotlib.pyplot as plt
import numpy as np

from nengo_ngc import PFFClassifier, datasets, plots

plt.style.use(plots.STYLE)

# %%
# Training
# --------
# Half of the samples of each batch are negative: images with a wrong label. Each layer learns
# to have a low goodness, which is the sum of its squared activities, for right labels, and a
# high one for wrong labels. ``predict`` tries all labels and chooses the one with the lowest
# goodness.

digits = datasets.load("digits", binarize=False)
model = PFFClassifier(
    (100, 100), batch_size=50, max_epochs=12, learning_rate=2e-3, random_state=0
)
model.fit(digits.X_train, digits.y_train)
print(
    f"{model.score(digits.X_test, digits.y_test):.1%} of the test images are named correctly"
)

# %%
# Samples
# -------
# The latent states of the generative circuit have a prior for each class, a mixture of
# Gaussians. ``sample`` draws states from it, and predicts from layer to layer down to the
# image. Each row shows twelve samples of one class.

labels = np.repeat(np.arange(10), 12)
samples = model.sample(120, label=labels)
fig, axes = plt.subplots(10, 12, figsize=(7.0, 5.9), layout="constrained")
for image, ax in zip(samples, axes.flat):
    ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0, vmax=1)
    ax.axis("off")
for digit, ax in enumerate(axes[:, 0]):
    ax.text(-2, 3.5, digit, ha="right", va="center")
plt.show()

# %%
# Goodness
# --------
# In the course of training, the goodness of right and wrong labels moves apart.

fig, ax = plt.subplots(figsize=(6.0, 3.4), layout="constrained")
epochs = [record["epoch"] for record in model.history_]
for key, name, colour in (
    ("negative_goodness", "wrong labels", plots.COLOURS[1]),
    ("positive_goodness", "right labels", plots.COLOURS[0]),
):
    ax.plot(epochs, [record[key] for record in model.history_], "o-", color=colour, label=name)
ax.set(xlabel="epoch", ylabel="goodness", ylim=(0, None))
ax.legend()
plt.show()
