"""Parameters: what an argument may be is declared once and checked everywhere.

Rules, neuron types and other frozen objects of Nengo have parameters as attributes of their
class. Functions, methods and constructors of networks declare them with `.checked`, and models
list them in ``arguments``. Every error names the argument, says what came, and says what was
expected.
"""

from .arguments import check_alike, check_as_many, checked, declared, expecting
from .arrays import ArrayParam, ArraysParam, FrozenArrayParam, LabelsParam, MaskParam
from .base import CheckedParam, UnfitValue, unfit
from .composite import (
    EitherParam,
    IterableParam,
    RandomStateParam,
    SequenceParam,
    SizesParam,
    SynapseParam,
)
from .instances import CallableParam, InstanceParam, SubclassParam, SwitchParam
from .messages import shown, unknown
from .numbers import (
    LARGEST_NUMBER,
    LARGEST_SEED,
    LARGEST_WHOLE,
    FiniteParam,
    FlagParam,
    PositiveParam,
    SeedParam,
    WholeParam,
)
from .text import ChoiceParam, PathParam, TextParam

__all__ = [
    "ArrayParam",
    "ArraysParam",
    "CallableParam",
    "CheckedParam",
    "ChoiceParam",
    "EitherParam",
    "FiniteParam",
    "FlagParam",
    "FrozenArrayParam",
    "InstanceParam",
    "IterableParam",
    "LARGEST_NUMBER",
    "LARGEST_SEED",
    "LARGEST_WHOLE",
    "LabelsParam",
    "MaskParam",
    "PathParam",
    "PositiveParam",
    "RandomStateParam",
    "SeedParam",
    "SequenceParam",
    "SizesParam",
    "SubclassParam",
    "SwitchParam",
    "SynapseParam",
    "TextParam",
    "UnfitValue",
    "WholeParam",
    "check_alike",
    "check_as_many",
    "checked",
    "declared",
    "expecting",
    "shown",
    "unfit",
    "unknown",
]
