"""
Samples of predictive forward-forward
=====================================

Predictive forward-forward (Ororbia & Mali 2023) trains two circuits at once. The representation
circuit learns to tell images with the right label from images with a wrong one, layer by layer,
without errors that are passed back. The generative circuit learns to predict each layer of the
representation circuit from the layer above it. So the model both recognises digits and draws
them. This notebook does both.
"""

from nengo_ngc import PFFClassifier, datasets, plots

digits = datasets.load("digits", binarize=False)

# %%
# Training
# --------
# ``predict`` tries each label with the image, and chooses the one with the best goodness.

model = PFFClassifier(
    (100, 100), batch_size=50, max_epochs=12, learning_rate=2e-3, random_state=0
)
model.fit(digits.X_train, digits.y_train)
print(f"{100 * model.score(digits.X_test, digits.y_test):.1f} % of test images are right")

# %%
# Samples
# -------
# The latent states of the generative circuit have a prior, a mixture of Gaussians, for each
# class. ``sample`` draws from it and predicts down to the image; here it draws the same number
# of images of each class.

samples = model.sample(120).reshape(-1, 8, 8)
