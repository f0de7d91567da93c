"""Kinds of parameters: what an argument may be, said once and checked everywhere.

Nengo's objects and rules have parameters as attributes of their class; constructors of
networks, methods and functions declare theirs with `.validation.arguments.checked`, models
with ``arguments``. An error names the argument, what came, and what was expected.
"""

from .arguments import checked, declared, expecting
from .arrays import (
    ArrayParam,
    ArraysParam,
    FrozenArrayParam,
    LabelsParam,
    MaskParam,
    check_alike,
    check_as_many,
)
from .base import CheckedParam, Unfit, unfit
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
from .objects import (
    CallableParam,
    ChoiceParam,
    InstanceParam,
    PathParam,
    SubclassParam,
    SwitchParam,
    TextParam,
)
from .several import (
    EitherParam,
    IterableParam,
    RandomStateParam,
    SequenceParam,
    SizesParam,
    SynapseParam,
)

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
    "Unfit",
    "WholeParam",
    "check_alike",
    "check_as_many",
    "checked",
    "declared",
    "expecting",
    "unfit",
]
