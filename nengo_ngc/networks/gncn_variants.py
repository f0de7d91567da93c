"""The variants of the GNCN: what distinguishes the circuits of Ororbia & Kifer (2022)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One circuit.

    Parameters
    ----------
    phi : str
        Activation of the states.
    g : str
        Activation of the predictions of hidden layers.
    target : str
        What is predicted of a layer: its states, ``"z"``, or its activities, ``"phi_z"``.
    prior : float
        Strength of the Laplace prior on the states.
    precision : bool
        Whether errors are weighted by a learned precision.
    tied : bool
        Whether errors return through the transpose of W, gated by the derivative of phi,
        rather than through weights E of their own.
    lateral : bool
        Whether units compete in groups, by V.
    skip : bool
        Whether M predicts across a layer.
    """

    phi: str
    g: str
    target: str
    prior: float
    precision: bool
    tied: bool
    lateral: bool
    skip: bool


VARIANTS = {
    "t1": Variant("tanh", "identity", "z", 0.01, False, True, False, False),
    "t1-sigma": Variant("relu", "identity", "z", 0.01, True, True, False, False),
    "t2-sigma": Variant("relu", "relu", "phi_z", 0.0, True, False, True, False),
    "pdh": Variant("relu", "relu", "phi_z", 0.0, True, False, True, True),
}
