"""The devices that hold the arrays of a simulation: one, or several that share the samples.

Each of several devices has a part of the samples, and a copy of the arrays that all samples
share. XLA divides a program according to the devices of its arrays, and adds up what the
devices have learned.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ...program.lowering import Program
from ...validation import shown

Arrays = dict[str, Any]


class Devices:
    """The devices of one simulation.

    Parameters
    ----------
    n_samples : int
    device : str or jax.Device, optional
        The only device.
    devices : sequence of str or jax.Device, or int, optional
        Devices that share the samples, or their number, counted from the first of
        ``jax.devices()``.

    Attributes
    ----------
    all : list of jax.Device

    Raises
    ------
    nengo.exceptions.ValidationError
        If JAX does not see a device, or the samples cannot be divided evenly.
    """

    def __init__(self, n_samples: int, device: Any = None, devices: Any = None) -> None:
        if device is not None and devices is not None:
            raise ValidationError(
                f"must be None if devices are given, got {shown(device)}", attr="device"
            )
        chosen = _several(devices, n_samples) if devices is not None else []
        if device is not None:
            chosen = [_found(device, "device", jax.local_devices)]
        self._mesh = Mesh(np.array(chosen), ("samples",)) if len(chosen) > 1 else None
        self._only = SingleDeviceSharding(chosen[0]) if len(chosen) == 1 else None
        self.all = chosen or [*jax.device_put(0).devices()]

    def put(self, x: NDArray, axis: int | None = None) -> Any:
        """Return a JAX array with the values of an array, which must not change afterwards.

        Parameters
        ----------
        x : array
        axis : int, optional
            The axis of the samples. By default all of them share the array.
        """
        where = self._only if self._mesh is None else self._sharding(axis)
        if isinstance(where, NamedSharding):
            return jax.make_array_from_callback(x.shape, where, lambda part: x[part])
        return jax.device_put(x, where)

    def keep(self, arrays: Arrays, own: Iterable[str]) -> Arrays:
        """Fix the division of arrays between devices within a compiled program.

        Otherwise XLA might change it in a loop, so that each device computes everything.

        Parameters
        ----------
        arrays : dict of {str: array}
        own : iterable of str
            Names of the arrays whose first axis is that of the samples.
        """
        if self._mesh is None:
            return arrays
        where, own = self._sharding(0), set(own)
        return {  # in the order of the arrays, which is the same in every process
            name: jax.lax.with_sharding_constraint(x, where) if name in own else x
            for name, x in arrays.items()
        }

    def results(self, program: Program) -> Any:
        """Return the devices of the results of `.Loop`, which are those of its arguments."""
        if self._mesh is None:
            return None
        own, layout = program.per_sample, program.layout
        state = {name: self._sharding(0 if name in own else None) for name in program.state}
        probed = {
            name: self._sharding(1 if layout.is_own(program.model.sig[probe]["in"]) else None)
            for probe, name in program.probes.items()
        }
        shared = self._sharding(None)
        return shared, state, shared, probed

    @property
    def of_all(self) -> Any:
        """The devices of arrays that all samples share; None for JAX's default device."""
        return None if self._mesh is None else self._sharding(None)

    def read(self, x: Any) -> NDArray:
        """Return the values of an array, including those on devices of other processes."""
        if self._mesh is not None and not x.is_fully_addressable:
            x = jax.jit(lambda x: x, out_shardings=self._sharding(None))(x)
        return np.asarray(x)

    def check_alike(self, arrays: Mapping[str, NDArray]) -> None:
        """Raise an error unless all processes have built the same model.

        Parameters
        ----------
        arrays : dict of {str: array}
            The initial values.

        Raises
        ------
        nengo.exceptions.ValidationError
        """
        processes = {device.process_index for device in self.all}
        if len(processes) < 2:
            return
        found = hashlib.sha256(b"".join(x.tobytes() for x in arrays.values())).digest()
        try:
            multihost_utils.assert_equal(np.frombuffer(found, np.uint8))
        except AssertionError:
            raise ValidationError(
                "must be the same in all processes, but the initial values differ; give the "
                "network a seed, and run the same script in each process",
                attr="network",
            ) from None

    def _sharding(self, axis):
        parts = () if axis is None else (*[None] * axis, "samples")
        return NamedSharding(self._mesh, PartitionSpec(*parts))


def gpus() -> list[str]:
    """Return the names of the devices that JAX sees besides processors."""
    return [device.device_kind for device in jax.devices() if device.platform != "cpu"]


def _several(devices, n_samples):
    if isinstance(devices, int | np.integer) and not isinstance(devices, bool):
        seen = jax.devices()
        if not 1 <= devices <= len(seen):
            raise ValidationError(
                f"must be at most the number of devices that JAX sees ({len(seen)}: "
                f"{_names()}), and at least 1, got {devices}",
                attr="devices",
            )
        chosen = seen[:devices]
    elif isinstance(devices, str) or not isinstance(devices, Iterable):
        raise ValidationError(
            "must be a number of devices, or a sequence of JAX's devices or their names, got "
            f"{shown(devices)}",
            attr="devices",
        )
    else:
        chosen = [_found(device, "devices", jax.devices) for device in devices]
    if not chosen or len({*chosen}) < len(chosen):
        raise ValidationError(
            f"must be devices that differ from each other, got {shown(devices)}",
            attr="devices",
        )
    if n_samples % len(chosen):
        raise ValidationError(
            f"must be a multiple of the number of devices ({len(chosen)}), got {n_samples}",
            attr="minibatch_size",
        )
    if all(device.process_index != jax.process_index() for device in chosen):
        raise ValidationError(
            "must have at least one device of each process, got none of process "
            f"{jax.process_index()}",
            attr="devices",
        )
    return chosen


def _found(device, name, known):
    """The device of a name; ``known`` lists the devices of a platform."""
    if isinstance(device, jax.Device):
        return device
    # a slash belongs to TensorFlow's names, which are understood, too
    platform, _, number = str(device).removeprefix("/").partition(":")
    try:
        seen = known(backend=platform) if isinstance(device, str) and platform else []
    except RuntimeError:
        seen = []
    found = {str(k): each for k, each in enumerate(seen)}.get(number or "0")
    if found is None:
        raise ValidationError(
            f"must be a device that JAX sees ({_names()}), got {shown(device)}", attr=name
        )
    return found


def _names():
    names = []
    for platform in dict.fromkeys([jax.default_backend(), "cpu"]):
        try:
            seen = jax.devices(platform)
        except RuntimeError:  # JAX was told to leave the processor alone
            continue
        names += [f"{platform}:{number}" for number in range(len(seen))]
    return ", ".join(names)
