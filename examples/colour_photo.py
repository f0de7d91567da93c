"""A generative coding network learns a photograph in colour, tile by tile.

The photograph is cut into tiles of 8 x 8 pixels, each with a red, a
green and a blue value. The network starts with random weights and sees
one tile after another, for 20 timesteps each, which is about one second
for all of them. "prediction" puts together what it predicted last of
each tile.

Press play, and watch the flower appear. squared_error falls from 9 to
0.4 in half a minute; it is the error at the end of each tile, smoothed
by a lowpass filter of 0.3 s, which begins at 0. "receptive fields" are
the weights W1 in colour: which tile each unit of the first hidden layer
predicts if it is active. Grey is a weight of 0.

Try the sliders:

- learn: 0 stops learning.
- hide: 1 hides green and blue, so that the network sees a tile in red
  only. Wait until the flower is there before you move the slider, and
  set learn to 0: the prediction fills in the other colours.

The photograph is a sample of scikit-learn, by vultilion on Flickr,
under the licence CC BY 2.0.
"""

import nengo
import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

import nengo_ngc as ngc
from nengo_ngc.gui import ImageDisplay, WeightDisplay

STEPS = 20  # timesteps in each presentation, of one tile
ROWS, COLUMNS, SIDE = 6, 9, 8
HEIGHT, WIDTH = ROWS * SIDE, COLUMNS * SIDE

photo = Image.fromarray(load_sample_image("flower.jpg")).resize((WIDTH, HEIGHT))
photo = np.asarray(photo) / 255
tiles = photo.reshape(ROWS, SIDE, COLUMNS, SIDE, 3).swapaxes(1, 2)
tiles = tiles.reshape(ROWS * COLUMNS, SIDE * SIDE * 3)
green_and_blue = np.tile([0, 1, 1], SIDE * SIDE)


class Mosaic:
    """Puts together what it received last of each tile."""

    def __init__(self):
        self.tiles = np.zeros((ROWS, COLUMNS, SIDE, SIDE, 3))
        self.picture = np.zeros(HEIGHT * WIDTH * 3)

    def __call__(self, t, tile):
        step = round(t / 0.001)
        if step % STEPS == 0:
            place = (step // STEPS - 1) % len(tiles)
            self.tiles[divmod(place, COLUMNS)] = tile.reshape(SIDE, SIDE, 3)
            self.picture = self.tiles.swapaxes(1, 2).ravel()
        return self.picture


with nengo.Network(label="photograph", seed=0) as model:
    shown = nengo.processes.PresentInput(tiles, presentation_time=STEPS * 0.001)
    tile = nengo.Node(shown, label="tile")
    hide = nengo.Node([0.0], label="hide")
    net = ngc.networks.GNCN(
        (tiles.shape[1], 48, 48),
        schedule=ngc.Schedule(STEPS),
        momentum=0.5,
        self_excitation=0.0,  # units that do not compete learn faster
        cross_inhibition=0.0,
        learning_rule_type=ngc.ErrorDriven(ngc.Adam(2e-3), norm_bound=1.0),
        label="GNCN",
    )
    nengo.Connection(tile, net.input, synapse=None)
    nengo.Connection(hide, net.mask, transform=green_and_blue[:, None], synapse=None)

    mosaic = nengo.Node(Mosaic(), size_in=tiles.shape[1], label="mosaic")
    nengo.Connection(net.output, mosaic, synapse=None)
    show = ImageDisplay(
        (HEIGHT, WIDTH, 3), grid=(1, 2), titles=("photograph", "prediction"), every=STEPS
    )
    pictures = nengo.Node(show, size_in=show.size_in, label="pictures")
    whole = nengo.Node(photo.ravel(), label="photograph")
    nengo.Connection(whole, pictures[: photo.size], synapse=None)
    nengo.Connection(mosaic, pictures[photo.size :], synapse=None)

    squared_error = nengo.Node(size_in=1, label="squared_error")
    nengo.Connection(net.settled("e0"), squared_error, function=lambda e: e @ e, synapse=0.3)
    probe = nengo.Probe(squared_error, sample_every=STEPS * 0.001)

    show_fields = WeightDisplay(
        lambda sim: net.parameters(sim)["W1"].T,
        (SIDE, SIDE, 3),
        grid=(4, 12),
        every=10 * STEPS,
    )
    fields = nengo.Node(show_fields, label="receptive fields")

on_step = show_fields.on_step  # Nengo GUI calls it after each timestep
