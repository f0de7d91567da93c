"""The inputs of compiled timesteps: outputs of nodes, and values of functions of time."""

from collections.abc import Mapping
from typing import Any

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import ArrayLike, NDArray

from ...program.lowering import Program
from ...validation import shown

Arrays = dict[str, NDArray]


class Inputs:
    """The inputs of a program, whose first axes are those of timesteps and of samples.

    Parameters
    ----------
    program : Program
    n_samples : int
    dtype : numpy.dtype
    """

    def __init__(self, program: Program, n_samples: int, dtype: Any) -> None:
        self._program, self._n, self._dtype = program, n_samples, dtype

    def of(self, data: Mapping[nengo.Node, ArrayLike], n_steps: int) -> Arrays:
        """Return the values that users give for nodes, by the nodes' names in the program.

        Raises
        ------
        nengo.exceptions.ValidationError
            If values are given for anything but a node without an input, or if an array does
            not have the right shape or is not one of numbers.
        """
        if not isinstance(data, Mapping):
            raise ValidationError(
                f"must be a mapping of nodes to arrays, got {shown(data)}", attr="data"
            )
        return {self.name(node): self._fed(node, x, n_steps) for node, x in data.items()}

    def name(self, node: nengo.Node) -> str:
        """Return the name of a node in the program."""
        name = self._program.nodes.get(node)
        if name is None:
            raise ValidationError(
                f"must have nodes of this network without an input as keys, got {node}",
                attr="data",
            )
        return name

    def _fed(self, node, x, n_steps):
        try:
            x = np.asarray(x, self._dtype)
        except (TypeError, ValueError):
            raise ValidationError(
                f"must hold an array of numbers for {node}, got {shown(x)}", attr="data"
            ) from None
        given = x.shape
        x = x[None] if x.ndim == 2 else x
        fits = x.ndim == 3 and x.shape[0] in (1, self._n) and x.shape[1] in (1, n_steps)
        if not fits or x.shape[2] != node.size_out:
            raise ValidationError(
                f"must hold an array of shape ({self._n}, {n_steps}, {node.size_out}) for "
                f"{node}, got one of shape {given}",
                attr="data",
            )
        return np.moveaxis(x, 0, 1)

    def ahead(self, fed: Arrays, first: int, n_steps: int) -> Arrays:
        """Return the values of the program's sources, except nodes whose values are given.

        Parameters
        ----------
        fed : dict of {str: array}
            The values that users give, by name.
        first : int
            Number of the first timestep, counted from 1.
        n_steps : int
        """
        program = self._program
        signals = [
            program.model.sig[node]["out"]
            for node, name in program.nodes.items()
            if name in fed
        ]
        needed = [
            name
            for name, op in program.sources.items()
            if not any(signal in signals for signal in op.sets)
        ]
        return program.host.ahead(needed, first, n_steps)

    def bytes_of_a_step(self, fed: Arrays) -> float:
        """Return the size of the inputs of one timestep."""
        given = sum(x.nbytes / len(x) for x in fed.values() if len(x) > 1)
        host = self._program.host
        ahead = sum(op.output.size * host.rows(op) for op in host.sources.values())
        return given + ahead * self._dtype.itemsize


def padded(x: NDArray, length: int) -> NDArray:
    """Return an array with zeros added at its end."""
    missing = length - len(x)
    return np.concatenate([x, np.zeros((missing, *x.shape[1:]), x.dtype)]) if missing else x
