"""Compiled programs, which are stored on disk so that other processes can use them.

A program is identified by a hash of JAX's output before compilation and of everything else on
which the result of XLA depends: versions, devices, the processor and settings. Only the user
can write into the folder, because the programs in it are executed.
"""

import hashlib
import os
import platform
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jaxlib
from jax.experimental import serialize_executable
from jax.stages import Compiled, Lowered

from ...storage.atomic import remove_leftovers, replacing

VARIABLE = "NENGO_NGC_CACHE"
MAX_BYTES = 2**28  # of all files; what was not used for longest is removed

_NAME = re.compile("[0-9a-f]{64}")  # of a stored program


class Compiling:
    """A function that is compiled for each combination of shapes, or read from disk.

    Parameters
    ----------
    function : callable
    devices : sequence of jax.Device
        Devices on which it runs, if programs may be stored on disk. Programs that call Python
        functions must not be stored.
    **options
        Arguments of `jax.jit`.
    """

    def __init__(
        self, function: Callable, devices: Sequence[jax.Device], **options: Any
    ) -> None:
        # programs that differ only in the arguments that they need are not the same
        self._jit = jax.jit(function, keep_unused=True, **options)
        self._devices = devices
        self.programs: dict[Any, Compiled] = {}

    def __call__(self, *args: Any) -> Any:
        """Call the function with dictionaries of arrays, or arrays."""
        program = self.program(*args)
        return program(*args)

    def program(self, *args: Any) -> Compiled:
        """Return the compiled program for arguments like these."""
        leaves, tree = jax.tree.flatten(args)
        form = tree, *[leaf.shape for leaf in leaves]
        if form not in self.programs:
            self.programs[form] = self._compile(self._jit.lower(*args))
        return self.programs[form]

    def _compile(self, lowered):
        where = folder() if self._devices else None
        if where is None:
            return lowered.compile()
        path = where / _key(lowered, self._devices)
        with suppress(Exception):  # whatever is wrong with a file, it can be made again
            return _read(path, lowered, self._devices)
        compiled = lowered.compile()
        # no room, no permission, or XLA has no way to write it
        with suppress(OSError, ValueError, RuntimeError):
            _write(path, compiled)
        return compiled


def folder() -> Path | None:
    """The folder of stored programs; None if none are stored, or if JAX stores them itself."""
    settings = jax.config.values
    if settings["jax_compilation_cache_dir"] or not settings["jax_enable_compilation_cache"]:
        return None
    if jax.process_count() > 1:  # a program is in parts then
        return None
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    import pooch

    return Path(pooch.os_cache("nengo-ngc")) / "compiled"


def _read(path, lowered, devices):
    content = path.read_bytes()
    digest, packed = content[:32], content[32:]
    if hashlib.sha256(packed).digest() != digest:
        raise ValueError(f"{path} is damaged")
    os.utime(path)
    return serialize_executable.deserialize_and_load(
        packed,
        lowered.in_tree,
        lowered.out_tree,
        backend=devices[0].client,
        execution_devices=devices,
    )


def _write(path, compiled):
    packed, _, _ = serialize_executable.serialize(compiled)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing(path, "wb") as file:
        file.write(hashlib.sha256(packed).digest() + packed)
    _make_room(path.parent)


def _make_room(folder):
    """Remove the programs that were used least recently, and unfinished files."""
    remove_leftovers(folder)
    # whatever else lies in the folder is somebody's own
    programs = (p for p in folder.iterdir() if _NAME.fullmatch(p.name) and p.is_file())
    files = [(path, path.stat()) for path in programs]
    size = 0
    for path, found in sorted(files, key=lambda file: -file[1].st_mtime):
        size += found.st_size
        if size > MAX_BYTES:
            path.unlink(missing_ok=True)


def _key(lowered: Lowered, devices: Sequence[jax.Device]) -> str:
    """The name of a program: a hash of everything that XLA's result depends on."""
    depends = [
        lowered.as_text(),
        (jax.__version__, jaxlib.__version__, platform.python_version()),
        [(device.id, device.device_kind) for device in devices],
        devices[0].client.platform_version,
        _processor(),
        sorted(jax.config.values.items()),
        [os.environ.get(name) for name in ("XLA_FLAGS", "LIBTPU_INIT_ARGS")],
    ]
    return hashlib.sha256(repr(depends).encode()).hexdigest()


@cache
def _processor():
    """The features of the processor, for which XLA compiles its code."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    can = {line for line in lines if line.startswith(("model name", "flags", "Features"))}
    return platform.machine(), platform.processor(), sorted(can)
