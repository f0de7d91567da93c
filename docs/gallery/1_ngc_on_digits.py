"""
Neural generative coding on digits
==================================

A network of neural generative coding learns to predict its input. It needs no labels and no
backpropagation: each layer predicts the layer below it, and the errors of these predictions
first move the states of the network and then change its weights.

This notebook trains such a network on images of handwritten digits. Then it uses the network
to reconstruct images, to fill in the hidden half of an image, and to draw new ones.
"""

import matplotlib.pyplot as plt
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets, plots

plt.style.use(plots.STYLE)

# %%
# The data
# --------
# The digits come with the package. Each image has 8 by 8 pixels from 0 (black) to 1 (white).

digits = datasets.load("digits", binarize=False)
print(digits.X_train.shape, digits.X_test.shape)

# %%
# Training
# --------
# `NGCModel` has the interface of scikit-learn. This model has two layers of 72 latent states
# above the 64 pixels. During training, each image is held for 50 timesteps, in which the
# states settle, and the weights change after each batch of 50 images.

model = ngc.NGCModel((72, 72), batch_size=50, max_epochs=8, n_mixture=50, random_state=0)
model.fit(digits.X_train, X_val=digits.X_test)
for record in model.history_:
    print(f"epoch {record['epoch']}: {record['val_bce']:.1f} nats on held-out images")

# %%
# What the model can do
# ---------------------
# ``reconstruct`` lets the states settle on images that the model has never seen, and returns
# its prediction of them. Hidden pixels make no error. Therefore they do not influence the
# states, and the prediction fills them in. ``sample`` draws states of the top layer from a
# mixture of Gaussians, and predicts from layer to layer down to the image.

seen = digits.X_test[:10]
right_half = np.tile(np.arange(8) >= 4, 8)
rows = {
    "image": seen,
    "reconstruction": model.reconstruct(seen),
    "half hidden": np.where(right_half, 0.5, seen),
    "filled in": model.reconstruct(seen, mask=right_half),
    "new samples": model.sample(10),
}

fig, axes = plt.subplots(len(rows), 10, figsize=(8.5, 4.2), layout="constrained")
for (name, images), row in zip(rows.items(), axes):
    row[0].text(-1.5, 3.5, name, ha="right", va="center")
    for image, ax in zip(images, row):
        ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0, vmax=1)
        ax.axis("off")
plt.show()

# %%
# What the model has learned
# --------------------------
# Each unit of the first layer predicts an image, which is a column of the weights W1. Together
# these columns are the strokes of which the model composes digits. Blue pixels become brighter
# where the unit is active, and red pixels become darker.

strokes = model.parameters_["W1"].T[:40]
fig, axes = plt.subplots(4, 10, figsize=(8.5, 3.5), layout="constrained")
for stroke, ax in zip(strokes, axes.flat):
    largest = abs(stroke).max()
    ax.imshow(stroke.reshape(8, 8), cmap="RdBu", vmin=-largest, vmax=largest)
    ax.axis("off")
plt.show()

# %%
# From here
# ---------
# ``nengo-ngc train`` does the same from the command line, and ``nengo-ngc train mnist`` with
# larger images. The next notebook connects the latent states of such a network to other parts
# of a model.
