"""NengoDL: fast simulation of minibatches that share one set of weights.

Everything that imports TensorFlow or nengo-dl is in this package.
"""

from .compat import import_nengo_dl

import_nengo_dl()

from . import builder
from .simulator import Simulator

__all__ = ["Simulator"]
