"""Studies that are run by hand: speed, accuracy, robustness, and what the theory says.

``python -m benchmarks`` lists them, ``python -m benchmarks.NAME --help`` describes one.
"""

import os

# before anything imports TensorFlow, whose notices do not belong into a table
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
