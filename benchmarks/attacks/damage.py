"""Ways to damage bytes and JSON."""

import copy

# what stands for nothing sensible wherever another type is expected
STRANGE = (
    None,
    True,
    "text",
    "",
    [],
    [[]],
    {},
    {"a": 1},
    -1,
    0.5,
    1e308,
    10**30,
    "2020-01-01",
    float("nan"),
    float("inf"),
)


def flipped(content, rng):
    """One bit is another."""
    i = rng.randint(len(content))
    changed = content[i] ^ (1 << rng.randint(8))
    return content[:i] + bytes([changed]) + content[i + 1 :]


def _place(content, rng):
    start = rng.randint(len(content))
    return start, min(len(content), start + 1 + rng.randint(200))


def _cut(content, rng):
    return content[: rng.randint(len(content))]


def _without_start(content, rng):
    return content[rng.randint(1, len(content)) :]


def _removed(content, rng):
    start, end = _place(content, rng)
    return content[:start] + content[end:]


def _inserted(content, rng):
    start, end = _place(content, rng)
    return content[:start] + rng.bytes(end - start) + content[start:]


def _overwritten(content, rng):
    start, end = _place(content, rng)
    return content[:start] + rng.bytes(end - start) + content[end:]


def _zeroed(content, rng):
    start, end = _place(content, rng)
    return content[:start] + bytes(end - start) + content[end:]


def _repeated(content, rng):
    start, end = _place(content, rng)
    return content[:end] + content[start:end] + content[end:]


def _many_flips(content, rng):
    for _ in range(rng.randint(2, 30)):
        content = flipped(content, rng)
    return content


def _appended(content, rng):
    return content + rng.bytes(rng.randint(1, 1000))


def _random(content, rng):
    return rng.bytes(rng.randint(2000))


_BYTES = (
    _cut,
    _without_start,
    _removed,
    _inserted,
    _overwritten,
    _zeroed,
    _repeated,
    _many_flips,
    _appended,
    _random,
)


def damaged(content, rng):
    """Bytes of a file, damaged in one of many ways; says which."""
    how = _BYTES[rng.randint(len(_BYTES))]
    return how.__name__.strip("_"), how(content, rng)


def places(value, path=()):
    """Paths to all values inside a value of JSON, itself included."""
    yield path
    items = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from places(item, (*path, key))


def at(value, path):
    """The value at a path."""
    for key in path:
        value = value[key]
    return value


def changed(value, path, new):
    """A copy of a value with another one at a path."""
    if not path:
        return new
    value = copy.deepcopy(value)
    at(value, path[:-1])[path[-1]] = new
    return value


def removed(value, path):
    """A copy of a value without what is at a path."""
    value = copy.deepcopy(value)
    del at(value, path[:-1])[path[-1]]
    return value


def of_another_type(value, rng):
    """Something strange that is of another type than a value."""
    while True:
        new = STRANGE[rng.randint(len(STRANGE))]
        if type(new) is not type(value) and not _both_numbers(new, value):
            return copy.deepcopy(new)


def _both_numbers(a, b):
    return all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (a, b))
