"""Model files: whole or not at all, and nothing that could run."""

import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from nengo_ngc import files

HEADER = {"kind": "Model", "sizes": [4, 3]}


def arrays():
    rng = np.random.RandomState(0)
    W, m = rng.randn(4, 3), rng.randn(2)
    return {"state/W1": W, "state/n": np.int64(7), "mixture/m": m}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.npz"
    files.save(path, HEADER, arrays())
    return path


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == np.asarray(value).dtype


def test_what_is_saved_is_loaded(path):
    header, found = files.load(path, "Model")
    assert {k: header[k] for k in HEADER} == HEADER
    assert_same(found, arrays())
    expected = {"W1": arrays()["state/W1"], "n": np.int64(7)}
    assert_same(files.within("state", found), expected)


def test_within_takes_whole_names():
    assert files.within("a", {"a/b": 1, "ab/c": 2, "a": 3}) == {"b": 1}


def test_no_flipped_byte_goes_unnoticed(path):
    content, noticed = path.read_bytes(), 0
    for i in range(len(content)):
        path.write_bytes(content[:i] + bytes([content[i] ^ 0xFF]) + content[i + 1 :])
        try:
            _, found = files.load(path, "Model")
        except ValueError as error:
            assert str(path) in str(error)
            noticed += 1
        else:  # a time stamp or the like
            assert_same(found, arrays())
    assert noticed > len(content) / 2


def test_flipped_bytes_in_the_middle(path):
    content = bytearray(path.read_bytes())
    start = content.index(arrays()["state/W1"].tobytes())
    content[start : start + 8] = bytes(8)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.npz is damaged or not a model file"):
        files.load(path, "Model")


def test_truncated(path):
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"model\.npz is damaged"):
            files.load(path, "Model")


def numpy_array(path):
    with open(path, "wb") as file:
        np.save(file, np.arange(3))


def without_header(path):
    with open(path, "wb") as file:
        np.savez(file, a=np.arange(3))


def header_that_is_no_dict(path):
    with open(path, "wb") as file:
        np.savez(file, header=np.array("[1, 2]"))


def header_that_is_no_json(path):
    with open(path, "wb") as file:
        np.savez(file, header=np.array("{"))


def zip_of_text(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("header", "{}")


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_text("kind: Model"),
        numpy_array,
        without_header,
        header_that_is_no_dict,
        header_that_is_no_json,
        zip_of_text,
    ],
)
def test_not_a_model_file(path, write):
    write(path)
    with pytest.raises(ValueError, match=r"model\.npz is damaged or not a model file"):
        files.load(path, "Model")


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model file .*absent.npz"):
        files.load(tmp_path / "absent.npz", "Model")


def test_wrong_kind(path):
    with pytest.raises(ValueError, match=r"holds a Model .*expected a Other "):
        files.load(path, "Other")


def test_wrong_format(path, monkeypatch):
    monkeypatch.setattr(files, "_FORMAT", 2)
    message = r"\(format 1\), expected a Model \(format 2\)"
    with pytest.raises(ValueError, match=message):
        files.load(path, "Model")


def test_objects_are_not_saved(path):
    before = path.read_bytes()
    with pytest.raises(ValueError, match="state/x must be an array of numbers"):
        files.save(path, HEADER, {"state/x": np.array([print], dtype=object)})
    assert path.read_bytes() == before


def test_objects_are_not_loaded(path):
    # the header of an array of objects, written by hand
    with zipfile.ZipFile(path, "a") as archive, archive.open("x.npy", "w") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|O", "fortran_order": False, "shape": (1,)}
        )
        file.write(b"whatever would run")
    with pytest.raises(ValueError, match="allow_pickle=False"):
        files.load(path, "Model")


def test_interrupted_write_leaves_the_old_file(path):
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), files.replacing(path, "wb") as file:
        file.write(b"half of")
        file.flush()
        assert len(os.listdir(path.parent)) == 2  # it is not written in place
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_save_that_fails_leaves_the_old_file(path, monkeypatch):
    def full(file, **_):
        file.write(b"half of")
        raise OSError("no space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space left"):
        files.save(path, HEADER, arrays())
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_header_that_json_cannot_hold_leaves_the_old_file(path):
    before = path.read_bytes()
    with pytest.raises(TypeError):
        files.save(path, {"kind": "Model", "x": object()}, {})
    assert path.read_bytes() == before


def test_write_replaces(path):
    files.save(path, HEADER, {"b": np.arange(2)})
    assert_same(files.load(path, "Model")[1], {"b": np.arange(2)})
    assert os.listdir(path.parent) == [path.name]


def test_text_is_utf_8_whatever_the_locale(tmp_path):
    code = """
from nengo_ngc import files
with files.replacing("text") as file:
    file.write("5.0 %s 0.1" % chr(177))
"""
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    env = {**os.environ, **ascii_only}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True)
    assert (tmp_path / "text").read_bytes() == "5.0 ± 0.1".encode()


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.save(tmp_path / "absent" / "model.npz", HEADER, {})
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_are_those_of_other_files(path, tmp_path):
    other = tmp_path / "other"
    other.touch()
    assert path.stat().st_mode == other.stat().st_mode
