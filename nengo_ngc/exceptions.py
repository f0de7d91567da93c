"""What can go wrong while a model learns."""

from nengo.exceptions import SimulationError


class DivergenceError(SimulationError):
    """A state or parameter stopped being a finite number.

    Attributes
    ----------
    where : str
        The state or parameter in which it was seen first, e.g. ``"Sigma1"``.
    step : int or None
        The timestep of the simulation at which it was seen.
    """

    def __init__(self, where, step=None, reason="is not finite"):
        self.where, self.step, self.reason = where, step, reason
        super().__init__(where, step, reason)

    def __str__(self):
        at = "" if self.step is None else f" at timestep {self.step}"
        return (
            f"learning diverged{at}: {self.where} {self.reason}; "
            "try a smaller learning rate or a smaller beta"
        )
