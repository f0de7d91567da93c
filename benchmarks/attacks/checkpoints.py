"""Damaged checkpoints of all models: three in five, and two in five with one bit flipped.

Some of the damage is forged, with hashes that fit what was written.
"""

import copy
import functools
import io
import json
import struct
import subprocess
import sys
import zipfile
from hashlib import sha256

import numpy as np

from nengo_ngc import datasets
from nengo_ngc import models as estimators
from nengo_ngc.models import HebbianEncoder, NGCModel, PFFClassifier, RuleClassifier

from . import damage

N, SECONDS, ON_FILES = 5000, 1800, True

COMMON = {"batch_size": 20, "random_state": 0}
CLASSES = ("NGCModel", "PFFClassifier", "HebbianEncoder", "RuleClassifier", "SDREncoder")

# this one needs TensorFlow, and its memory is not to be counted
TRAIN_SDR = """
from nengo_ngc import datasets
from nengo_ngc.models import SDREncoder
data = datasets.load("digits")
model = SDREncoder((6,), n_units=20, scaling=0.1, max_epochs=2, batch_size=20, random_state=0)
model.fit(data.X_train[:40], data.y_train[:40]).save("sdr.npz")
"""


def files(folder):
    """One checkpoint of each model, and of kinds of models that keep something else."""
    data = datasets.load("digits")
    X, y = data.X_train[:40], data.y_train[:40]
    ngc = {"n_hidden": (6, 4), "steps": 3, "n_group": 2, "n_top_group": 2, "max_epochs": 2}
    on = {**COMMON, "backend": "nengo"}
    NGCModel(**ngc, **on, n_mixture=2).fit(X).save(folder / "ngc.npz")
    started = NGCModel(**ngc, **on, initial="previous", variant="t1")
    next(started.epochs(X))
    started.save(folder / "ngc_started.npz")
    pff = PFFClassifier((6,), g_units=3, steps=2, n_group=2, max_epochs=1, n_mixture=1, **on)
    pff.fit(X, y).save(folder / "pff.npz")
    hebbian = HebbianEncoder((4,), n_units=20, patch=4, grid=2, max_epochs=3, **on)
    hebbian.fit(X, y).save(folder / "hebbian.npz")
    rule = RuleClassifier((6,), rule="feedback-alignment", max_epochs=1, **on)
    rule.fit(X, y).save(folder / "rule.npz")
    subprocess.run([sys.executable, "-c", TRAIN_SDR], cwd=folder, check=True)
    return sorted(folder.glob("*.npz"))


def load(path):
    """The model in a file, by what its name says."""
    kinds = dict(zip(("ngc", "pff", "hebbian", "rule", "sdr"), CLASSES))
    kind = next(kind for name, kind in kinds.items() if path.name.startswith(name))
    return getattr(estimators, kind).load(path)


def contents(model):
    """All that a model file holds, in a form that can be compared."""
    arrays = model._arrays()
    arrays = {k: (v.dtype.str, v.shape, v.tobytes()) for k, v in arrays.items()}
    settings = {k: repr(v) for k, v in model.get_params().items()}
    return arrays, settings, model.history_, model._seed, model.n_features_in_, model.about_


def attack(folder, n, rng):
    """Load damaged files; see the package."""
    whole = {path: (path.read_bytes(), contents(load(path))) for path in files(folder)}
    paths = list(whole)
    for attempt in range(n):
        path = paths[rng.randint(len(paths))]
        content, expected = whole[path]
        target = folder / f"{path.stem}_damaged.npz"
        if attempt % 5 < 2:
            what, new = "flip", damage.flipped(content, rng)
        elif attempt % 2:
            what, new = damage.damaged(content, rng)
        else:
            forge = FORGERIES[rng.randint(len(FORGERIES))]
            what, new = forge.__name__, forge(content, rng)
        target.write_bytes(new)
        yield f"{path.name} {what}", outcome(target, expected)


def outcome(path, expected):
    """What comes of loading a damaged file."""
    try:
        found = load(path)
    except ValueError as error:
        named = str(path) in str(error) and ";" in str(error)
        return "refused" if named else "traceback"
    except Exception:  # this is what is looked for
        return "traceback"
    return "same" if contents(found) == expected else "silent"


# --- forgeries: members are changed, and hashes fit


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sealed(found, header=None, compression=zipfile.ZIP_STORED):
    """An archive whose hashes fit what is in it."""
    if header is None:
        header = json.loads(found["header.json"])
    described = header.get("arrays") if isinstance(header, dict) else None
    for name, entry in (described if isinstance(described, dict) else {}).items():
        if isinstance(entry, dict) and f"{name}.npy" in found:
            entry["sha256"] = sha256(found[f"{name}.npy"]).hexdigest()
    text = json.dumps(header).encode()
    return archived(with_header(found, text), compression)


def with_header(found, text):
    """Members with another text as their header, and its hash."""
    return {**found, "header.json": text, "sha256": sha256(text).hexdigest().encode()}


def archived(found, compression=zipfile.ZIP_STORED):
    """An archive of some members, as they are."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return stream.getvalue()


def npy(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=(1, 0), allow_pickle=True)
    return stream.getvalue()


def with_array(content, name, array):
    """A file in which one array is another, described as it is."""
    found = members(content)
    header = json.loads(found["header.json"])
    header["arrays"][name] = {"type": array.dtype.str, "shape": [*array.shape], "sha256": ""}
    found[f"{name}.npy"] = npy(array)
    return sealed(found, header)


def one_of(values, rng):
    values = list(values)
    return values[rng.randint(len(values))]


def an_array(content, rng):
    found = members(content)
    name = one_of((n for n in found if n.endswith(".npy")), rng)
    return found, name, np.load(io.BytesIO(found[name]))


def missing_array(content, rng):
    found, name, _ = an_array(content, rng)
    header = json.loads(found["header.json"])
    del found[name], header["arrays"][name.removesuffix(".npy")]
    return sealed(found, header)


def missing_member(content, rng):
    found = members(content)
    del found[one_of(found, rng)]
    return archived(found)


def unknown_array(content, rng):
    name = one_of(["state/W9", "extra", "state/W1/optimizer_z", "mixture9/means_"], rng)
    return with_array(content, name, np.zeros(3))


def other_type(content, rng):
    _, name, array = an_array(content, rng)
    types = [np.float16, np.uint64, np.uint8, complex, bool, ">f8", "S4"]
    if name != "classes.npy":
        types += [np.int16, "U4"]
    else:
        types = [complex, ">f8", "S4", "O"]
    array = np.abs(array) if array.dtype.kind in "iuf" else array
    return with_array(content, name.removesuffix(".npy"), array.astype(one_of(types, rng)))


def other_shape(content, rng):
    _, name, array = an_array(content, rng)
    new = one_of([array[None], np.zeros((*array.shape, 2)), np.zeros((7, 11, 13))], rng)
    return with_array(content, name.removesuffix(".npy"), new.astype(array.dtype))


def not_finite(content, rng):
    while True:
        _, name, array = an_array(content, rng)
        if array.dtype.kind == "f" and array.size:
            break
    array = np.array(array)
    array.flat[rng.randint(array.size)] = one_of([np.nan, np.inf, -np.inf], rng)
    return with_array(content, name.removesuffix(".npy"), array)


LIES = (
    "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000, 1000), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (4, 3), }",
    "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }",
    "{'descr': [('a', '<f8'), ('b', '<f8')], 'fortran_order': False, 'shape': (4,), }",
    "(" * 110,
    "[" * 55 + "]" * 55,
    "'''",
    "{'descr': \\",
    "\0\0\0",
    "",
)


def lying_header(content, rng):
    """What NumPy's header says is not so."""
    found, name, _ = an_array(content, rng)
    size = struct.unpack("<H", found[name][8:10])[0]
    text = one_of(LIES, rng).encode()[: size - 1].ljust(size - 1) + b"\n"
    found[name] = found[name][:10] + text + found[name][10 + size :]
    return sealed(found)


def lying_description(content, rng):
    """What our header says of an array is not so, or makes no sense."""
    found = members(content)
    header = json.loads(found["header.json"])
    paths = [p for p in damage.places(header) if p and p[0] == "arrays"]
    path = paths[rng.randint(len(paths))]
    if path[-1] == "sha256":
        path = path[:-1]
    value = damage.at(header, path)
    new = 2**40 if isinstance(value, int) else damage.of_another_type(value, rng)
    return sealed(found, damage.changed(header, path, new))


BOMB = {}


@functools.cache
def bomb_of(content):
    """A file of 3 MB whose largest array unpacks to 3 GB."""
    found, stream = members(content), io.BytesIO()
    name = max(found, key=lambda name: len(found[name]))
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for other in found.keys() - {name}:
            archive.writestr(other, found[other])
        with archive.open(name, "w", force_zip64=True) as file:
            file.write(found[name][:128])
            for _ in range(3000):
                file.write(bytes(2**20))
    return stream.getvalue()


def bomb(content, rng):
    """A small file that unpacks to a large one, which is made once."""
    return bomb_of(BOMB.setdefault("of", content))


def compressed(content, rng):
    return sealed(members(content), compression=zipfile.ZIP_DEFLATED)


def encrypted(content, rng):
    """Flags of members say that they are encrypted."""
    return content.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )


def overlapping(content, rng):
    """The table of contents names the same bytes again and again, for another size each."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start, n = archive.start_dir, len(archive.infolist())
    table, end = content[start:-22], bytearray(content[-22:])
    times = rng.randint(2, 60)
    tables = b"".join(table.replace(b".npy", b".np%d" % (k % 10)) for k in range(times))
    struct.pack_into("<HHII", end, 8, n * times, n * times, len(tables), start)
    return content[:start] + tables + end


def strange_setting(content, rng):
    """A value of the header is of another type."""
    found = members(content)
    header = json.loads(found["header.json"])
    paths = [
        path
        for path in damage.places(header)
        if path[:1] not in (("arrays",), ("about",))
        and damage.at(header, path) not in (None, "")
    ]
    path = paths[rng.randint(len(paths))]
    value = damage.at(header, path)
    new = damage.of_another_type(value, rng)
    if path and path[0] == "history" and len(path) == 3 and path[-1] != "epoch":
        new = one_of([None, [], {}, True], rng)  # numbers and texts may be measured
    return sealed(found, damage.changed(header, path, _fits_nowhere(path, new)))


def _fits_nowhere(path, new):
    """No seed means any seed, and that is no damage."""
    return [] if path == ("parameters", "random_state") and new is None else new


def missing_key(content, rng):
    found = members(content)
    header = json.loads(found["header.json"])
    paths = [
        path
        for path in damage.places(header)
        if path
        and path[0] != "arrays"
        and isinstance(path[-1], str)
        # of what was measured, any may be missing, but for what says where learning is
        and (path[0] != "history" or path[-1] in ("epoch", "phase"))
    ]
    return sealed(found, damage.removed(header, paths[rng.randint(len(paths))]))


def unknown_key(content, rng):
    found = members(content)
    header = json.loads(found["header.json"])
    place = one_of([(), ("parameters",)], rng)
    return sealed(found, damage.changed(header, (*place, "what is this"), 3))


def other_history(content, rng):
    found = members(content)
    header = json.loads(found["header.json"])
    header["history"] = one_of(
        [
            [{**header["history"][0], "epoch": 2}],
            header["history"] * 2,
            [{"epoch": 0}],
            [{"epoch": 1, "bce": [1]}],
            [{"epoch": 1.0}],
            [{}],
            [None],
            "1",
        ],
        rng,
    )
    return sealed(found, header)


def large_sizes(content, rng):
    found = members(content)
    header = json.loads(found["header.json"])
    sizes = one_of([[10**9], [6, 10**9], [10**18, 4], [10**4] * 6], rng)
    path, new = one_of([(("parameters", "n_hidden"), sizes), (("n_features_in",), 10**9)], rng)
    return sealed(found, damage.changed(header, path, new))


def text_of_header(content, rng):
    """The header is no JSON, or JSON that breaks parsers."""
    text = one_of(
        [
            b"",
            b"{",
            b"[" * 100_000,
            b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
            b"1" * 10_000,
            b'{"kind": "NGCModel", "kind": "NGCModel"}',
            b"NaN",
            b"\xff\xfe",
            b"null",
            b'{"kind": {}, "format": []}',
        ],
        rng,
    )
    return archived(with_header(members(content), text))


def other_kind(content, rng):
    found = members(content)
    header = json.loads(found["header.json"])
    others = [kind for kind in CLASSES if kind != header["kind"]]
    key, value = one_of([("kind", one_of(others, rng)), ("format", 1), ("format", 3)], rng)
    return sealed(found, {**copy.deepcopy(header), key: value})


def plain_arrays(content, rng):
    """What NumPy writes, without a header."""
    stream = io.BytesIO()
    np.savez(stream, W1=np.zeros((3, 2)))
    return stream.getvalue()


FORGERIES = (
    missing_array,
    missing_array,
    missing_member,
    unknown_array,
    other_type,
    other_type,
    other_shape,
    other_shape,
    not_finite,
    lying_header,
    lying_header,
    lying_description,
    bomb,
    compressed,
    encrypted,
    overlapping,
    strange_setting,
    strange_setting,
    missing_key,
    unknown_key,
    other_history,
    large_sizes,
    text_of_header,
    other_kind,
    plain_arrays,
)
