"""Model files: whole or not at all, nothing that could run, nothing that is too large."""

import json
import os
import struct
import zipfile
from hashlib import sha256

import numpy as np
import pytest

from nengo_ngc.storage import model_files
from nengo_ngc.storage.model_files import WHOLES, Array, Reader
from nengo_ngc.storage.schema import List, Whole

HEADER = {"kind": "Model", "sizes": [4, 3]}
FIELDS = {"sizes": List(Whole())}
EXPECTED = {
    "state/W1": Array((4, 3)),
    "state/n": Array((), WHOLES),
    "mixture/m": Array((None,)),
}


def arrays():
    rng = np.random.RandomState(0)
    W, m = rng.randn(4, 3), rng.randn(2)
    return {"state/W1": W, "state/n": np.int64(7), "mixture/m": m}


def load(path, kind="Model", expected=EXPECTED):
    with Reader(path, kind, FIELDS) as file:
        return file.header, file.read(expected)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.npz"
    model_files.save(path, HEADER, arrays())
    return path


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == np.asarray(value).dtype


def test_what_is_saved_is_loaded(path):
    header, found = load(path)
    assert {k: header[k] for k in HEADER} == HEADER
    assert_same(found, arrays())
    expected = {"W1": arrays()["state/W1"], "n": np.int64(7)}
    assert_same(model_files.within("state", found), expected)


def test_numpy_reads_it(path):
    with np.load(path) as file:
        np.testing.assert_array_equal(file["state/W1"], arrays()["state/W1"])


def test_same_content_same_bytes(path, tmp_path):
    model_files.save(tmp_path / "again.npz", HEADER, arrays())
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_within_takes_whole_names():
    assert model_files.within("a", {"a/b": 1, "ab/c": 2, "a": 3}) == {"b": 1}


@pytest.mark.parametrize("flip", [0xFF, 0x01, 0x20])
def test_no_flipped_byte_goes_unnoticed(path, flip):
    content, noticed = path.read_bytes(), 0
    for i in range(len(content)):
        path.write_bytes(content[:i] + bytes([content[i] ^ flip]) + content[i + 1 :])
        try:
            header, found = load(path)
        except ValueError as error:
            assert str(path) in str(error)
            noticed += 1
        else:  # a time stamp or the like
            assert_same(found, arrays())
            assert {k: header[k] for k in HEADER} == HEADER
    assert noticed > len(content) / 2


def test_truncated(path):
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"model\.npz is damaged"):
            load(path)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, changes, compression=zipfile.ZIP_STORED):
    """Write members anew, with hashes that fit."""
    found = {**members(path), **changes}
    found = {name: content for name, content in found.items() if content is not None}
    if "header.json" in found:
        header = json.loads(found["header.json"])
        for name, described in header.get("arrays", {}).items():
            if f"{name}.npy" in found:
                described["sha256"] = sha256(found[f"{name}.npy"]).hexdigest()
        found["header.json"] = json.dumps(header).encode()
        found["sha256"] = sha256(found["header.json"]).hexdigest().encode()
    archive_of(path, found, compression)


def archive_of(path, found, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in found.items():
            archive.writestr(name, content)


def with_header(path, header, size=128 - 10):
    """An array whose header is what somebody wrote, as long as it was."""
    content = members(path)["state/W1.npy"]
    text = header.encode().ljust(size - 1)[: size - 1] + b"\n"
    return content[:8] + struct.pack("<H", size) + text + content[128:]


def test_rewriting_is_no_damage(path):
    rewrite(path, {})
    assert_same(load(path)[1], arrays())


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3",  # tokenize.TokenError
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 3), }",
        "{'descr': '<f8', 'fortran_order': True, 'shape': (4, 3), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (4, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (8, 3), }",
        "(" * 100,  # MemoryError or RecursionError
        "\0",
    ],
)
def test_headers_of_arrays_are_not_believed(path, header):
    rewrite(path, {"state/W1.npy": with_header(path, header)})
    with pytest.raises(ValueError, match=r"model\.npz is damaged or not a model file"):
        load(path)


def test_compressed_files_are_not_unpacked(path):
    zeros = bytes(10**7)
    rewrite(path, {"state/W1.npy": zeros}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**5
    with pytest.raises(ValueError, match="is compressed or encrypted"):
        load(path)


def test_parts_that_overlap_are_not_read(path):
    """A table of contents may name the same bytes again and again."""
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        start = archive.start_dir
        n = len(archive.infolist())
    table, end = content[start:-22], bytearray(content[-22:])
    copies = b"".join(table.replace(b"state/W1", b"state/W%d" % k) for k in range(2, 9))
    struct.pack_into("<HHII", end, 8, 8 * n, 8 * n, len(table + copies), start)
    path.write_bytes(content[:start] + table + copies + end)
    with pytest.raises(ValueError, match="occurs twice|larger than the file"):
        load(path)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"header.json": None}, "'header.json'"),
        ({"sha256": None, "header.json": None}, "'header.json'"),
        ({"state/W1.npy": None}, "arrays are missing, or there are additional ones"),
        ({"state/W2.npy": b"123"}, "arrays are missing, or there are additional ones"),
        ({"state/W1.npy": b"123"}, "state/W1 is not as large as its shape says"),
        ({"state/W1.npy": bytes(10_000)}, "state/W1 is not as large as its shape says"),
    ],
)
def test_other_members(path, changes, message):
    rewrite(path, changes)
    with pytest.raises(ValueError, match=rf"model\.npz is damaged .*{message}.*a copy"):
        load(path)


def test_names_that_are_there_twice(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Dupl"):
        archive.writestr("state/W1.npy", members(path)["state/W1.npy"])
    with pytest.raises(ValueError, match="a name occurs twice"):
        load(path)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"sizes": "4"}, "sizes must be a list, got '4'"),
        ({"arrays": None}, "arrays must be a table, got None"),
        ({"arrays": {"x": 3}}, "arrays.x must be a table, got 3"),
        ({"other": 3}, "unknown key 'other'"),
        ({"kind": 3}, r"holds a 3 \(format 2\), expected a Model"),
        ({"kind": [[]]}, r"expected a Model"),
    ],
)
def test_other_headers(path, changes, message):
    header = {**json.loads(members(path)["header.json"]), **changes}
    text = json.dumps(header).encode()
    found = {**members(path), "header.json": text}
    found["sha256"] = sha256(text).hexdigest().encode()
    archive_of(path, found)
    with pytest.raises(ValueError, match=rf"model\.npz.*{message}.*; replace it by a copy"):
        load(path)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"state/W1": Array((3, 4))}, r"state/W1 must have shape \(3, 4\), got \(4, 3\)"),
        ({"state/W1": Array((4, 3, 1))}, r"state/W1 must have shape \(4, 3, 1\)"),
        ({"state/W1": Array((4, 3), WHOLES)}, "state/W1 must be of a type like .* got <f8"),
        ({"state/W2": Array(())}, "it lacks state/W2"),
    ],
)
def test_what_is_not_expected_is_not_read(path, monkeypatch, changes, message):
    monkeypatch.setattr(Reader, "_array", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ValueError, match=message):
        load(path, expected={**EXPECTED, **changes})
    with pytest.raises(ValueError, match="it has unknown mixture/m"):
        load(path, expected={k: v for k, v in EXPECTED.items() if k != "mixture/m"})


def numpy_array(path):
    with open(path, "wb") as file:
        np.save(file, np.arange(3))


def without_header(path):
    with open(path, "wb") as file:
        np.savez(file, a=np.arange(3))


def zip_of_text(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("header", "{}")


@pytest.mark.parametrize(
    "write",
    [lambda path: path.write_text("kind: Model"), numpy_array, without_header, zip_of_text],
)
def test_not_a_model_file(path, write):
    write(path)
    with pytest.raises(ValueError, match=r"model\.npz is damaged or not a model file"):
        load(path)


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no model file .*absent.npz"):
        load(tmp_path / "absent.npz")


def test_wrong_kind(path):
    with pytest.raises(ValueError, match=r"holds a Model .*expected a Other "):
        load(path, "Other")


def test_wrong_format(path, monkeypatch):
    monkeypatch.setattr(model_files, "_FORMAT", 3)
    with pytest.raises(ValueError, match=r"\(format 2\), expected a Model \(format 3\)"):
        load(path)


@pytest.mark.parametrize(
    "array, message",
    [
        (np.array([print], dtype=object), "must be an array of numbers, got one of object"),
        (np.array([1j]), "must be an array of numbers, got one of complex128"),
        (np.array([np.nan]), "must be finite, got NaN or infinity"),
    ],
)
def test_what_is_not_saved(path, array, message):
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"state/x {message}"):
        model_files.save(path, HEADER, {"state/x": array})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_save_that_fails_leaves_the_old_file(path, monkeypatch):
    def full(archive, name, content):
        archive.fp.write(b"half of")
        raise OSError("no space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(model_files, "_write", full)
    with pytest.raises(OSError, match="no space left"):
        model_files.save(path, HEADER, arrays())
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_header_that_json_cannot_hold_leaves_the_old_file(path):
    before = path.read_bytes()
    with pytest.raises(TypeError):
        model_files.save(path, {"kind": "Model", "x": object()}, {})
    assert path.read_bytes() == before


def test_write_replaces(path):
    model_files.save(path, HEADER, {"b": np.arange(2.0)})
    assert_same(load(path, expected={"b": Array((2,))})[1], {"b": np.arange(2.0)})
    assert os.listdir(path.parent) == [path.name]


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        model_files.save(tmp_path / "absent" / "model.npz", HEADER, {})
    assert os.listdir(tmp_path) == []
