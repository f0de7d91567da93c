"""What can go wrong while a model learns."""

from nengo.exceptions import SimulationError


class DivergenceError(SimulationError):
    """A state or parameter stopped being a finite number of a sensible size.

    Attributes
    ----------
    where : str
        The state or parameter in which it was seen first, e.g. ``"Sigma1"``.
    step : int or None
        The timestep of the simulation at which it was seen.
    reason : str
        What was seen.
    remedy : str
        What to do about it.
    """

    def __init__(
        self,
        where,
        step=None,
        reason="is not finite",
        remedy="try a smaller learning rate or a smaller beta",
    ):
        self.where, self.step, self.reason, self.remedy = where, step, reason, remedy
        super().__init__(where, step, reason, remedy)

    def __str__(self):
        at = "" if self.step is None else f" at timestep {self.step}"
        return f"learning diverged{at}: {self.where} {self.reason}; {self.remedy}"


class FolderHeldError(OSError):
    """Another process works in a folder.

    Attributes
    ----------
    folder : path
    holder : str
        The process, its machine, and since when it has held the folder.
    """

    def __init__(self, folder, holder):
        self.folder, self.holder = folder, holder
        super().__init__(folder, holder)

    def __str__(self):
        return (
            f"{self.folder} is held by {self.holder}: wait until it has ended, or choose "
            "another folder"
        )
