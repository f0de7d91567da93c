"""Errors of this package that Nengo and Python have no class for."""

import os

from nengo.exceptions import SimulationError


class DivergenceError(SimulationError):
    """Learning has diverged: a state or parameter is not finite, or far too large.

    Attributes
    ----------
    where : str
        Name of the state or parameter in which this was noticed first, such as
        ``"Sigma1"``.
    step : int or None
        Timestep of the simulation at which it was noticed, if that is known.
    reason : str
        What is wrong with it. It continues the name, as in "is not finite".
    remedy : str
        What the user can do about it.
    """

    def __init__(
        self,
        where: str,
        step: int | None = None,
        reason: str = "is not finite",
        remedy: str = "try a smaller learning rate or a smaller beta",
    ) -> None:
        self.where, self.step, self.reason, self.remedy = where, step, reason, remedy
        super().__init__(where, step, reason, remedy)

    def __str__(self) -> str:
        at = "" if self.step is None else f" at timestep {self.step}"
        return f"learning diverged{at}: {self.where} {self.reason}; {self.remedy}"


class FolderHeldError(OSError):
    """Another process is using a folder.

    Attributes
    ----------
    folder : str or path
        The folder.
    holder : str
        The process that uses it, its machine, and since when it has used the folder.
    """

    def __init__(self, folder: str | os.PathLike, holder: str) -> None:
        self.folder, self.holder = folder, holder
        super().__init__(folder, holder)

    def __str__(self) -> str:
        return (
            f"{self.folder} is held by {self.holder}: wait until it has ended, or choose "
            "another folder"
        )
