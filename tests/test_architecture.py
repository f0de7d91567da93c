"""The walk of calls that the documentation describes is the one that happens."""

import re
import traceback
from pathlib import Path

import pytest

from nengo_ngc.lab.cli import main
from nengo_ngc.program.strict_arrays import StrictArray
from nengo_ngc.rules import ErrorDriven

from .conftest import needs_jax

PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"


class Arrived(BaseException):
    """One image has come to its rule."""


def described(backend):
    walk = PAGE.read_text(encoding="utf-8").split(f"walk of calls on {backend} -->")[1]
    return re.findall(r"^(\S+\.py) +(\w+) ", walk, flags=re.M)


@pytest.mark.parametrize("backend", ["nengo", pytest.param("jax", marks=needs_jax)])
def test_one_image_travels_as_described(backend, monkeypatch, tmp_path):
    found = []
    equation = ErrorDriven.update

    def update(*args):
        if isinstance(args[2], StrictArray):  # it is tried while the network is built
            return equation(*args)
        for frame in traceback.extract_stack():
            path = frame.filename.replace("\\", "/")
            ours = re.search(r"/nengo_ngc/(.+)$|/(nengo/simulator\.py)$", path)
            if ours and frame.name.isidentifier():
                found.append((ours[1] or ours[2], frame.name))
        raise Arrived

    monkeypatch.setattr(ErrorDriven, "update", update)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Arrived):
        main(["train", "--backend", backend, "--epochs", "1"], standalone_mode=False)
    assert [*found, ("rules/error_driven.py", "update")] == described(backend)
