"""Damaged configurations of comparisons, modules with errors, and damaged files of cells.

No cell is trained: where one would run, an answer that makes sense is given at once.
"""

import base64
import copy
import json
import shutil
import sys
import tomllib
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

from nengo_ngc.lab import compare
from nengo_ngc.lab.compare import processes, report, results
from nengo_ngc.lab.compare.code_hashes import hashes
from nengo_ngc.lab.specs import compared

N, SECONDS, ON_FILES = 1500, 1200, True

_FIT = {
    **compare.DEFAULTS,
    "rules": ["backprop", "pff"],
    "hidden": [[8], [6, 5]],
    "backends": ["nengo"],
    "train_images": 40,
    "settings": {"backprop": {"learning_rate": 0.01}, "pff": {"steps": 3}},
}

_PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(50)).decode()


def attack(folder, n, rng):
    """Run comparisons with damaged files.

    Half of the attempts damage a configuration, the others a file of a cell that was
    finished before. See `.idx.attack`; an outcome may also be "lost".
    """
    folder = Path(folder) / "within" / "another"  # so that what is written outside is found
    folder.mkdir(parents=True)
    with _nothing_runs() as ran:
        for number in range(n):
            kind = _configuration if number % 2 else _cell
            yield kind(folder, rng, ran)


@contextmanager
def _nothing_runs():
    """Have cells answer at once, and draw nothing; the names of cells are collected."""
    ran, path = [], list(sys.path)
    before = processes.run_cell, report.write

    def run_cell(name, cell, code, *args, **kwargs):
        ran.append(name)
        return name, _result(cell, code)

    processes.run_cell, report.write = run_cell, lambda *args: None
    try:
        yield ran
    finally:
        processes.run_cell, report.write = before
        sys.path[:] = path


def _result(cell, code):
    return {
        "cell": cell,
        "code": code,
        "status": "done",
        "test": {"last": {"error": 12.5}, "best": {"epoch": 1, "error": 12.5}},
        "val": {"last": {"error": 12.5}, "best": {"epoch": 1, "error": 12.5}},
        "history": [
            {"epoch": 1, "val_error": 20.5, "loss": 1.5},
            {"epoch": 2, "val_error": 12.5},
        ],
        "angles": [{"W1": 90.0}, {"W1": 80.5}, {"W1": None}],
        "pictures": {"samples": _PNG} if cell["rule"] == "pff" else {},
        "samples_per_second": 100.0,
        "peak_memory_mb": 200,
        "seconds": 1.5,
    }


# --- configurations


def _configuration(folder, rng, ran):
    path, output = folder / "config.toml", folder / "new"
    what, content, message = _CONFIGURATIONS[rng.randint(len(_CONFIGURATIONS))](folder, rng)
    path.write_bytes(content)
    shutil.rmtree(output, ignore_errors=True)
    ran.clear()
    outcome = _outcome_of_configuration(path, output, message)
    return f"configuration, {what}", outcome


def _outcome_of_configuration(path, output, message):
    wanted = None
    with suppress(Exception):  # whatever nobody can read asks for nothing
        wanted = {**compare.DEFAULTS, **tomllib.loads(path.read_text(encoding="utf-8"))}
    try:
        found = compare.compare(path, output)
    except (OSError, ValueError) as error:
        left_alone = not output.exists()
        return "refused" if message in str(error) and left_alone else "traceback"
    except BaseException:
        return "traceback"
    return "same" if wanted is not None and _is_fit(wanted, found) else "silent"


def _is_fit(wanted, found):
    """Whether a configuration asks for what exists, and exactly that was run."""

    def whole(value, low=1):
        return type(value) is int and low <= value < 2**32

    counts = [wanted[key] for key in ("epochs", "batch_size", "angle_images")]
    counts += [size for sizes in wanted["hidden"] for size in sizes]
    numbers = [v for s in wanted["settings"].values() for v in s.values()]
    names = {json.dumps([r["cell"][key] for key in compare.AXES]) for r in found}
    n_cells = 1
    for key in compare.AXES.values():
        n_cells *= len({json.dumps(value) for value in wanted[key]})
    return (
        all(whole(count) for count in counts)
        and all(whole(seed, 0) for seed in wanted["seeds"])
        and set(wanted["rules"]) <= set(compared())
        and all(type(number) in (int, float) and 0 < number < 1e6 for number in numbers)
        and len(names) == len(found) == n_cells > 0
    )


_VALUES = [
    "true",
    "false",
    "-1",
    "0",
    "1.5",
    "nan",
    "inf",
    "-inf",
    '""',
    '"text"',
    "[]",
    "[[]]",
    "[[[]]]",
    "{}",
    "{a = 1}",
    "2020-01-01",
    "10:00:00",
    "2020-01-01T10:00:00Z",
    "9" * 30,
    "9" * 5000,
    "1e400",
    '"' + "x" * 10_000 + '"',
    "[[1], [2, 'x']]",
    "['relu', 1]",
    "[nan]",
    "[true]",
    "[0]",
    "[-1]",
    "[[0]]",
    "[['1']]",
    "[[1.0]]",
    '"../../x"',
    '["../../x"]',
    '["\\u0000"]',
    "[{}]",
    "[2020-01-01]",
    "[" * 50 + "]" * 50,
    "[" * 5000 + "]" * 5000,
    "4294967296",
    "[4294967296]",
    "[[4294967296]]",
    '"nan"',
    '["backprop", "backprp"]',
]


def _toml(config):
    """A configuration as TOML, of values that are JSON too, and tables of settings."""
    lines = [f"{key} = {value}" for key, value in config.items() if key != "settings"]
    for rule, values in config.get("settings", {}).items():
        lines += [f"[settings.{rule}]", *(f"{key} = {value}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _fit_toml():
    plain = {key: json.dumps(value) for key, value in _FIT.items() if key != "settings"}
    return {**plain, "settings": copy.deepcopy(_FIT["settings"])}


def _another_value(folder, rng):
    config = _fit_toml()
    keys = [key for key in config if key != "settings"]
    key, value = keys[rng.randint(len(keys))], _VALUES[rng.randint(len(_VALUES))]
    config[key] = value
    return f"{key} = {value[:30]}", _toml(config).encode(), _named(key, value)


def _another_setting(folder, rng):
    config = _fit_toml()
    rule = ["backprop", "pff", "pes", "autodiff"][rng.randint(4)]
    name = ["learning_rate", "steps", "rate", "n_hidden", "random_state"][rng.randint(5)]
    value = _VALUES[rng.randint(len(_VALUES))]
    config["settings"].setdefault(rule, {})[name] = value
    what = f"settings.{rule}.{name} = {value[:30]}"
    return what, _toml(config).encode(), _named("settings", value)


def _other_settings(folder, rng):
    config, value = _fit_toml(), _VALUES[rng.randint(len(_VALUES))]
    config["settings"] = {}
    text = f"settings = {value}\n{_toml(config)}"
    return f"settings = {value[:30]}", text.encode(), _named("settings", value)


def _named(key, value):
    """What a message must name: the key, or the file if nobody can read the value."""
    return key if len(value) < 4000 or value[0] == '"' else "config.toml"


def _unknown_key(folder, rng):
    config = _fit_toml()
    key = ["epoch", "a.b", '""', '"\\u0000"', "seeds.x", "hidden"][rng.randint(6)]
    text = f"{key} = {_VALUES[rng.randint(len(_VALUES))]}\n" + _toml(config)
    return f"another key {key}", text.encode(), "config.toml"


def _no_toml(folder, rng):
    content = _toml(_fit_toml()).encode()
    at = int(rng.randint(len(content)))
    return [
        ("cut", content[:at], ""),
        ("a flipped bit", _flipped(content, rng), ""),
        ("noise", rng.bytes(500), "config.toml"),
        ("a part of it twice", content + content[at:], ""),
        ("another encoding", content.decode().encode("utf-16"), "config.toml"),
        ("deep", b"x." * 5000 + b"y = 1\n" + content, "config.toml"),
        ("deep tables", b"x = " + b"{y = " * 3000 + b"1" + b"}" * 3000, "config.toml"),
        ("large", b"#" * 2**25, "config.toml"),
    ][rng.randint(8)]


def _module(folder, rng):
    content, message = [
        ("x = (", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("raise SystemExit", "SystemExit"),
        ("exit()", "SystemExit"),
        ("import not_there_at_all", "not_there_at_all"),
        ("def f(): f()\nf()", "RecursionError"),
        ("raise MemoryError", "MemoryError"),
        ("x = '\0'", "unfit"),
        ("raise BaseExceptionGroup('a', [ValueError()])", "Group"),
        ("raise OSError('no such rule')", "no such rule"),
        ("from nengo_ngc import not_there", "ImportError"),
        ("import nengo_ngc.models as e; e.RULES['../x'] = e.RULES['pes']", "../x"),
    ][rng.randint(13)]
    name = f"unfit_{rng.randint(2**31)}"
    (folder / f"{name}.py").write_text(content)
    config = {**_fit_toml(), "modules": json.dumps([name])}
    if "../x" in content:
        config["rules"] = '["../x"]'
        config["settings"] = {}
    return f"module: {content[:30]!r}", _toml(config).encode(), message


def _module_name(folder, rng):
    names = [
        "",
        ".",
        "..",
        "a..b",
        "../x",
        "json",
        "1",
        "a b",
        "x\0y",
        "os.path",
        "y" * 5000,
        "nengo_ngc.not_there",
        "/etc/passwd",
        "config.toml",
        ".py",
        "sys",
        "antigravity_",
    ]
    name = names[rng.randint(len(names))]
    config = {**_fit_toml(), "modules": json.dumps([name])}
    return f"modules = [{name[:20]!r}]", _toml(config).encode(), "modules"


_CONFIGURATIONS = [
    _another_value,
    _another_value,
    _another_setting,
    _other_settings,
    _unknown_key,
    _no_toml,
    _module,
    _module_name,
]


# --- files of cells


def _cell(folder, rng, ran):
    config = {**_FIT, "hidden": [[8]], "seeds": [0]}
    output = folder / "finished"
    _finish(config, output)
    paths = sorted((output / "cells").glob("*.json"))
    path = paths[rng.randint(2)]
    whole = path.read_bytes()
    damage = _DAMAGES[rng.randint(len(_DAMAGES))]
    damaged = damage(whole, rng)
    path.write_bytes(damaged)
    before = _files_in(folder)
    ran.clear()
    return f"cell, {damage.__name__}", _outcome_of_cell(
        folder, config, output, path, whole, damaged, before, ran
    )


def _outcome_of_cell(folder, config, output, path, whole, damaged, before, ran):
    aside = path.with_name(f"{path.name}.damaged")
    aside.unlink(missing_ok=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            found = compare.compare(config, output)
        except BaseException:
            return "traceback"
    expected = [_result(cell, _CODE) for cell in compare.cells_of(config).values()]
    if found != expected:
        return "silent"
    if path.read_bytes() != whole and json.loads(path.read_bytes()) != json.loads(whole):
        return "lost"
    new = _files_in(folder) - before - {aside}
    if any(file.parent != output for file in new):
        return "silent"  # a file outside the comparison's folder
    if not ran:
        return "same"
    kept = aside.exists() and aside.read_bytes() == damaged
    return "refused" if kept == any(path.name in str(w.message) for w in said) else "lost"


_CODE = hashes([])


def _finish(config, output):
    (output / "cells").mkdir(parents=True, exist_ok=True)
    for name, cell in compare.cells_of(config).items():
        results.keep(output / "cells" / f"{name}.json", _result(cell, _CODE))


def _files_in(folder):
    """All files there, and in the two folders around it."""
    return {*folder.parents[1].rglob("*")}


def _flipped(content, rng):
    changed = bytearray(content)
    changed[rng.randint(len(content))] ^= 1 << int(rng.randint(8))
    return bytes(changed)


def _bit(content, rng):
    return _flipped(content, rng)


def _cut(content, rng):
    return content[: rng.randint(len(content))]


def _something_else(content, rng):
    return [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"3",
        b'"x"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b" " * 2**25,
        b"\xff\xfe",
        rng.bytes(500),
        b"NaN",
    ][rng.randint(12)]


def _key(content, rng):
    """A value that makes no sense, with a hash that is wrong or right."""
    result = json.loads(content)
    del result["sha256"]
    keys = [*result, "surplus"]
    places = [result] + [result[k] for k in ("cell", "code") if rng.randint(2)]
    place = places[rng.randint(len(places))]
    keys = keys if place is result else [*place]
    key = keys[rng.randint(len(keys))]
    if rng.randint(4):
        place[key] = _ODD[rng.randint(len(_ODD))]
    else:
        place.pop(key, None)
    # with the right hash nobody could tell these from what was measured
    makes_sense = result.get("peak_memory_mb", 0) is None or (
        key == "pictures" and result.get("pictures") == {}
    )
    summed = results._sum(result) if rng.randint(2) and not makes_sense else "0" * 64
    return json.dumps({**result, "sha256": summed}).encode()


def _picture(content, rng):
    result = json.loads(content)
    del result["sha256"]
    names = ["../../x", "../../../../x", "samples", "unknown", "", ".", "a\0b", "report"]
    name = names[rng.randint(8)]
    pictures = [
        base64.b64encode(b"GIF89a").decode(),
        "no base64",
        None,
        3,
        "",
        base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(2**23)).decode(),
    ]
    if name != "samples" or result["cell"]["rule"] != "pff":
        pictures.append(_PNG)
    result["pictures"] = {name: pictures[rng.randint(len(pictures))]}
    return json.dumps({**result, "sha256": results._sum(result)}).encode()


_ODD = [
    None,
    True,
    -1,
    1e12,
    10**30,
    float("nan"),
    float("inf"),
    "text",
    [],
    {},
    [None],
    [[]],
    {"a": {}},
    "../../x",
    [{"epoch": 0}],
    [{"epoch": 1, "val_error": "1"}],
    {"../../x": _PNG},
    "failed",
    [{"W1": "90"}],
    [{"W1": 1e9}],
]

_DAMAGES = [_bit, _cut, _something_else, _key, _key, _key, _picture]
