"""The sign of an error, which rules do not agree on, said in the same words everywhere."""

import inspect
from typing import TypeVar

DESIRED_MINUS_ACTUAL = "desired - actual"
ACTUAL_MINUS_DESIRED = "actual - desired"

SIGNS = """
Notes
-----
Rules differ in the sign of the error that ``connection.learning_rule`` takes:

===========================  ================  =============================
rule                         error             with ``transform=-1``
===========================  ================  =============================
``ErrorDriven``              desired - actual  an error for ``BackProp`` fits
``Delta``                    desired           (it computes the error itself)
``BackProp``                 actual - desired  an error for ``ErrorDriven`` fits
``FeedbackAlignment``        actual - desired  an error for ``ErrorDriven`` fits
``DirectFeedbackAlignment``  actual - desired  an error for ``ErrorDriven`` fits
``nengo.PES``                actual - desired  an error for ``ErrorDriven`` fits
===========================  ================  =============================

With the wrong sign a rule moves away from what is desired, and the error grows. A rule has the
sign that it takes as its attribute ``error_sign``. Building a model warns where one signal is
the error of two rules that take opposite signs.
"""

Rule = TypeVar("Rule", bound=type)


def states_signs(rule: Rule) -> Rule:
    """Add the table of signs to the docstring of a rule; a decorator of classes."""
    text, references, end = inspect.cleandoc(rule.__doc__ or "").partition("\nReferences\n")
    rule.__doc__ = text + SIGNS + references + end
    return rule
