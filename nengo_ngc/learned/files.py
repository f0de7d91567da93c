"""Saving what a network has learned, and loading it into another copy of the network."""

import os
from typing import Any

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..networks.base import SimulatorParam
from ..rules.connections import rules_of
from ..storage import model_files
from ..storage.model_files import Array, Reader
from ..storage.schema import Table, Whole
from ..validation import InstanceParam, PathParam, checked
from .addresses import addresses, find
from .holders import Holder, draws_entries, holder

_KIND = "Network"
_FIELDS = {"objects": Table(others=Table({"seed": Whole(0, 2**32 - 1)}))}


@checked(PathParam("path"), InstanceParam("network", nengo.Network))
def save(path: str | os.PathLike, network: nengo.Network, sim: Any) -> None:
    """Write what a network has learned in a simulator to a file.

    Any rule may have learned it, on any connection: those of this package, PES, Voja, BCM,
    Oja, RLS, and gradients. Since it means little without the rest of the network, the file
    holds all that Nengo draws or solves as well:

    - encoders, gains and biases of all ensembles;
    - decoders, and weights that a solver has found;
    - weights of other connections, if a rule learns them, if they are drawn at random, or if
      they have changed since the network was built;
    - the seed of each ensemble, and of each connection whose weights are in the file, that
      has a rule, or whose sparse weights are drawn at random: from it follow the voltages at
      the start, random feedback and these weights.

    It does not hold what belongs to learning alone, such as states of optimisers and traces.

    Parameters
    ----------
    path : str or path
        A file that exists is replaced once the new one is complete.
    network : nengo.Network
        The network, or one of its subnetworks, of which the file then holds what is inside.
    sim : nengo.Simulator, nengo_ngc.jax.Simulator or nengo_ngc.dl.Simulator
        An open simulator of the network, or of one that contains it.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is of the wrong type, a number that was learned is not finite, each
        sample of a minibatch has learned weights of its own, or encoders have been learned
        where gains are 0.
    OSError
        If the file cannot be written. A file that was at ``path`` before is unchanged.
    """
    SimulatorParam("sim").coerce(network, sim)
    objects: dict[str, dict[str, int]] = {}
    arrays: dict[str, NDArray] = {}
    for address, obj in addresses(network).items():
        found = _arrays(address, obj, sim)
        needed = found or rules_of(obj) or draws_entries(obj)
        if isinstance(obj, nengo.Connection) and not needed:
            continue
        arrays.update({f"{len(objects)}/{name}": array for name, array in found.items()})
        objects[address] = {"seed": int(sim.model.seeds[obj])}
    model_files.save(path, {"kind": _KIND, "objects": objects}, arrays)


@checked(PathParam("path"), InstanceParam("network", nengo.Network))
def load(path: str | os.PathLike, network: nengo.Network) -> None:
    """Change a network so that simulators build it with what ``save`` has written.

    The network is usually made by the same code. Its objects are found by their labels, or by
    their positions among objects without a label of their own. Labelled objects that the file
    does not have are left as they are. Learning rules stay on their connections and go on
    with what was learned.

    All is checked before anything is changed. Simulators that exist already do not change.

    Parameters
    ----------
    path : str or path
        A file that ``save`` has written.
    network : nengo.Network
        A network like the one that was saved. These attributes of its objects change:
        ``encoders``, ``gain``, ``bias``, ``normalize_encoders``, ``max_rates`` and
        ``intercepts`` (which mean nothing beside gains and biases), ``solver``, ``transform``,
        ``seed``, and ``function`` if its size is not that of the decoded values times the
        transform.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or of another kind, or if it does not fit the network: an
        object is missing, holds other arrays, or has another shape.
    """
    with Reader(path, _KIND, _FIELDS) as file:
        try:
            holders = _found(file, network)
            arrays = file.read({name: Array(shape) for name, shape in file.shapes.items()})
        except model_files.DamagedError:
            raise
        except ValueError as error:
            raise ValueError(f"{path} does not fit {network}: {error}") from error
    changes = []
    for number, (held, seed) in enumerate(holders):
        own = {name: array.astype(float) for name, array in _within(number, arrays).items()}
        attributes = {**(held.changes(own) if own else {}), "seed": seed}
        changes += [(held.obj, name, value) for name, value in attributes.items()]
    _set_all(changes)


def _arrays(address, obj, sim):
    """The arrays of an object that a file has to hold; errors name the object."""
    try:
        arrays = holder(obj).arrays(sim)
        for name, array in arrays.items():
            if not np.all(np.isfinite(array)):
                raise ValueError(f"{name} must be finite, got NaN or infinity")
            # files have no smaller numbers, which Nengo can be set to compute with
            arrays[name] = np.asarray(array, dtype=np.result_type(array, np.float32))
    except ValueError as error:
        message = f"{address} cannot be saved: {error}"
        raise ValidationError(message, attr="sim") from error
    return arrays


def _found(file: Reader, network: nengo.Network) -> list[tuple[Holder, int]]:
    """What holds the arrays of each object in a file, with its seed, after all checks."""
    known, found, names = addresses(network), [], set()
    for number, (address, about) in enumerate(file.header["objects"].items()):
        held = holder(find(address, known))
        shapes = _within(number, file.shapes)
        _check(address, shapes, held)
        names |= {f"{number}/{name}" for name in shapes}
        found.append((held, about["seed"]))
    if file.shapes.keys() != names:
        raise ValueError("it holds arrays of no object")
    return found


def _check(address, shapes, held):
    """Raise ValueError unless arrays of a file are those that an object can take."""
    expected = held.shapes
    required = [name for name in expected if name != "parameter"]
    complete = set(required) <= shapes.keys() <= expected.keys()
    if not complete and (shapes or not held.is_given):
        raise ValueError(
            f"{address} must have {', '.join(required) or 'no arrays'}, got "
            f"{', '.join(shapes) or 'none'}"
        )
    for name, shape in shapes.items():
        if shape != expected[name]:
            raise ValueError(
                f"{name} of {address} must have shape {expected[name]}, got {shape}"
            )


def _set_all(changes):
    """Set attributes of objects, either all of them or none."""
    before = []
    try:
        for obj, name, value in changes:
            old = getattr(obj, name)
            setattr(obj, name, value)
            before.append((obj, name, old))
    except BaseException:
        for change in reversed(before):
            setattr(*change)
        raise


def _within(number, arrays):
    return model_files.within(str(number), arrays)
