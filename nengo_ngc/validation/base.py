"""The base class of all parameters, and the error for an argument that does not fit."""

from typing import TYPE_CHECKING, Any

import numpy as np
from nengo.exceptions import ValidationError
from nengo.params import Parameter, Unconfigurable
from nengo.utils.numpy import array_hash

from .messages import shown


def unfit(name: str, expected: str, value: object, obj: object = None) -> ValidationError:
    """Return the error for an argument that is not what was expected.

    Parameters
    ----------
    name : str
        The argument.
    expected : str
        What would have been accepted. It continues the words "must be".
    value : object
        What was given.
    obj : object, optional
        The object whose argument it is, which the message then names, too.

    Returns
    -------
    nengo.exceptions.ValidationError
    """
    return ValidationError(f"must be {expected}, got {shown(value)}", attr=name, obj=obj)


class UnfitValue(ValueError):
    """Raised by ``convert`` with a message that says more than what was expected."""


class CheckedParam(Parameter):
    """Base class of the parameters.

    A subclass overrides `expected` and `convert`.

    Parameters
    ----------
    name : str
        The argument or attribute.
    default : object, optional
        Value of an attribute before it is set. An attribute with a default can be
        configured with ``nengo.Config``.
    optional : bool, optional
        Whether None is accepted as well.
    readonly : bool, optional
        Whether the attribute can be set only once. By default this is so if there is no
        ``default``.
    """

    def __init__(
        self,
        name: str,
        default: object = Unconfigurable,
        optional: bool = False,
        readonly: bool | None = None,
    ) -> None:
        super().__init__(name, default, optional, readonly)

    @property
    def expected(self) -> str:
        """Return the accepted values in words that continue "must be"."""
        return "something else"

    def convert(self, value: Any) -> Any:
        """Return a value in the form in which it is kept.

        Raises
        ------
        TypeError, ValueError
            If the value does not fit. The caller turns this into an error that names the
            argument; the message of an `UnfitValue` becomes part of it.
        """
        return value

    def coerce(self, instance: object, value: Any) -> Any:
        if value is not None:
            value = self._fit(instance, value)
        elif not self.optional:
            raise unfit(self.name, self.expected, None, instance)
        return super().coerce(instance, value)

    def hashvalue(self, instance: object) -> Any:
        value = super().hashvalue(instance)
        return array_hash(value) if isinstance(value, np.ndarray) else value

    if TYPE_CHECKING:  # Nengo is not annotated, so type checkers do not see a descriptor

        def __get__(self, instance: object, type_: type | None = None) -> Any: ...

        def __set__(self, instance: object, value: Any) -> None: ...

    def _fit(self, instance, value):
        try:
            return self.convert(value)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, UnfitValue) and str(error):
                raise ValidationError(str(error), attr=self.name, obj=instance) from None
            expected = self.expected + (" or None" if self.optional else "")
            raise unfit(self.name, expected, value, instance) from None
