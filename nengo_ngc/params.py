"""Kinds of parameters that Nengo does not have."""

import numpy as np
from nengo.exceptions import ValidationError
from nengo.params import NumberParam, Parameter


class FiniteParam(NumberParam):
    """A number that is neither infinite nor NaN."""

    def coerce(self, instance, value):
        if isinstance(value, (float, np.floating)) and not np.isfinite(value):
            raise ValidationError(
                f"must be a finite number, got {value}", attr=self.name, obj=instance
            )
        return super().coerce(instance, value)


class InstanceParam(Parameter):
    """A parameter that holds an instance of one class, or None if optional."""

    def __init__(self, name, kind, optional=False):
        super().__init__(name, optional=optional, readonly=True)
        self.kind = kind

    def coerce(self, instance, value):
        if value is not None and not isinstance(value, self.kind):
            raise ValidationError(
                f"must be of class {self.kind.__name__}, got {value!r}",
                attr=self.name,
                obj=instance,
            )
        return super().coerce(instance, value)


class SwitchParam(Parameter):
    """A Nengo object with one output, or None."""

    def coerce(self, instance, value):
        if value is not None and getattr(value, "size_out", None) != 1:
            raise ValidationError(
                f"must be a Node with one output, or None, got {value!r}",
                attr=self.name,
                obj=instance,
            )
        return super().coerce(instance, value)
