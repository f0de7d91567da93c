"""NengoDL: fast simulation of minibatches that share one set of weights.

Importing it imports TensorFlow and makes nengo-dl run with today's versions of it.
"""

from .backends.nengo_dl import Simulator, losses

__all__ = ["Simulator", "losses"]
