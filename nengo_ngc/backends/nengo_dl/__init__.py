"""NengoDL: fast simulation of minibatches that share one set of weights.

Everything that imports TensorFlow or nengo-dl is in this package.
"""

from .compat import import_nengo_dl

import_nengo_dl()

from . import builder  # noqa: E402
from .simulator import Simulator  # noqa: E402

__all__ = ["Simulator"]
