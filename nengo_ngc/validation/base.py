"""What all kinds of parameters have in common, and the error of an argument."""

import numpy as np
from nengo.exceptions import ValidationError
from nengo.params import Parameter, Unconfigurable
from nengo.utils.numpy import array_hash

from .messages import shown


def unfit(name, expected, value, obj=None):
    """The error of an argument that is not what was expected."""
    return ValidationError(f"must be {expected}, got {shown(value)}", attr=name, obj=obj)


class CheckedParam(Parameter):
    """Base class of the kinds.

    Subclasses say what they expect and write ``convert``.

    Parameters
    ----------
    name : str
    default : object, optional
        What an attribute is before it is set, which makes it configurable in Nengo.
    optional : bool, optional
        Whether None will do.
    readonly : bool, optional
        Whether it can be set only once; by default if there is no ``default``.
    """

    expected = "something else"

    def __init__(self, name, default=Unconfigurable, optional=False, readonly=None):
        super().__init__(name, default, optional, readonly)

    def convert(self, value):
        """The value as it is kept; raises TypeError or ValueError if it is unfit.

        The error's text, if it has one, says more than that it is not what was expected.
        """
        return value

    def coerce(self, instance, value):
        if value is not None:
            value = self._fit(instance, value)
        elif not self.optional:
            raise unfit(self.name, self.expected, None, instance)
        return super().coerce(instance, value)

    def hashvalue(self, instance):
        value = super().hashvalue(instance)
        return array_hash(value) if isinstance(value, np.ndarray) else value

    def _fit(self, instance, value):
        try:
            return self.convert(value)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, Unfit) and str(error):
                raise ValidationError(str(error), attr=self.name, obj=instance) from None
            expected = self.expected + (" or None" if self.optional else "")
            raise unfit(self.name, expected, value, instance) from None


class Unfit(ValueError):
    """Why a value will not do, if there is more to say than what was expected."""
