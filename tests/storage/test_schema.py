"""Settings in files: what fits passes, everything else is named."""

import datetime
import json
import math

import pytest

from nengo_ngc.storage import parsing, schema
from nengo_ngc.storage.schema import Either, Flag, List, Number, Table, Text, Whole

SCHEMA = Table(
    {
        "name": Text(["one", "two"]),
        "count": Whole(1),
        "seed": Whole(0, 2**32 - 1, optional=True),
        "rate": Number(0, above=True),
        "on": Flag(),
        "sizes": List(Whole(1), 1),
        "inner": Table(others=Either((Whole(), Text()))),
    },
    absent=("inner",),
)
FIT = {"name": "one", "count": 3, "seed": None, "rate": 0.5, "on": True, "sizes": [4, 2]}


def deep(depth=100_000):
    return "[" * depth + "]" * depth


def test_what_fits_is_returned():
    value = {**FIT, "rate": 1, "inner": {"a": 1, "b": "text"}}
    assert schema.check("file", value, SCHEMA) is value


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"name": "on"}, r"name: unknown name 'on' \(did you mean 'one'\?\)"),
        ({"name": None}, "name must be a text, got None"),
        ({"name": ["one"]}, "name must be a text, got"),
        ({"count": 0}, "count must be a whole number of at least 1, got 0"),
        ({"count": True}, "count must be a whole number of at least 1, got True"),
        ({"count": 1.0}, "count must be a whole number of at least 1, got 1.0"),
        ({"count": 2**64}, "count must be a whole number .* got 18446744073709551616"),
        ({"count": 10**5000}, "count must be .* thousands of digits"),
        ({"count": datetime.date(2020, 1, 1)}, "count must be .* datetime.date"),
        ({"seed": -1}, "seed must be a whole number of at least 0 and at most .* or null"),
        ({"rate": 0}, "rate must be a finite number above 0, got 0"),
        ({"rate": math.nan}, "rate must be a finite number above 0, got nan"),
        ({"rate": math.inf}, "rate must be a finite number above 0, got inf"),
        ({"rate": 10**400}, "rate must be a finite number above 0, got 1000"),
        ({"rate": "0.5"}, "rate must be a finite number above 0, got '0.5'"),
        ({"rate": False}, "rate must be a finite number above 0, got False"),
        ({"on": 1}, "on must be true or false, got 1"),
        ({"sizes": []}, r"sizes must be a list of at least 1, got \[\]"),
        ({"sizes": [4, "2"]}, r"sizes\[1\] must be a whole number of at least 1, got '2'"),
        ({"inner": {"a": 1.5}}, "inner.a must be a whole number or a text, got 1.5"),
        ({"inner": 3}, "inner must be a table, got 3"),
        ({"cuont": 3}, r"unknown key 'cuont' \(did you mean 'count'\?\)"),
    ],
)
def test_what_does_not_fit_is_named(changes, message):
    with pytest.raises(ValueError, match=f"^the file: {message}"):
        schema.check("the file", {**FIT, **changes}, SCHEMA)


def test_missing_key():
    value = {key: item for key, item in FIT.items() if key != "count"}
    with pytest.raises(ValueError, match="^the file: count is missing"):
        schema.check("the file", value, SCHEMA)


@pytest.mark.parametrize("value", [None, [], 3, "text", {}])
def test_something_else(value):
    with pytest.raises(ValueError, match="the file: (the content must be a|name is miss)"):
        schema.check("the file", value, SCHEMA)


def test_files_are_read(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(FIT))
    assert schema.read(path, SCHEMA) == FIT
    path.write_text("count = 3")
    assert schema.read(path, Table({"count": Whole()}), parsing.TOML) == {"count": 3}


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ('{"a": 1,\n"b" 2}', "line 2 column 5"),
        ("{\n\n\udcff}", "line 3 is not text"),
        ('{"rate": NaN}', "NaN is not a number"),
        ('{"rate": -Infinity}', "-Infinity is not a number"),
        ('{"a": 1, "a": 2}', "the key 'a' occurs twice"),
        (deep(), "it is nested too deeply"),
        ('{"count": 1' + 5000 * "0" + "}", "Exceeds the limit"),
        (2**25 * " ", "it is larger than 16777216 bytes"),
        ("\udcff", "line 1 is not text in UTF-8"),
    ],
    ids=lambda text: repr(text[:30]),  # names of tests of 32 MB slow down all reports
)
def test_damaged_files(tmp_path, text, message):
    path = tmp_path / "config.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=f"config.json is not valid JSON: .*{message}"):
        schema.read(path, SCHEMA)


def test_toml_that_is_nested_too_deeply(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("count = " + deep())
    with pytest.raises(ValueError, match="config.toml is not valid TOML: it is nested"):
        schema.read(path, SCHEMA, parsing.TOML)
