"""Files that are whole but say something odd: one value in them replaced by an extreme one."""

from __future__ import annotations

import io
import json
import random
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from PIL import Image as PIL
from PIL.PngImagePlugin import PngInfo

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 10**9, 10**30, -(10**30), 0.5, 1e308, float("nan"), float("inf"), "", "x",
    "\n\x1b[31m", "/dev/zero", "../../../etc/passwd", "x" * 10_000, "\ud800", [], {}, [[]], [None],
    [10**9] * 4, {"": {}}, {"x": float("nan")}, "nothing.png", "9" * 5000,
)  # fmt: skip


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        suffix: Ending of its name.
        change: Changes the JSON and the arrays that it holds.
    """

    suffix: str
    change: Callable[[bytes, random.Random], bytes]


def values(kind: str, data: bytes, rng: random.Random) -> bytes:
    """Return a valid file of a kind with something in it replaced."""
    return KINDS[kind].change(data, rng)


def change_json(value: Any, rng: random.Random) -> Any:
    """Return a JSON value with a part of it replaced, removed or doubled, anywhere in it."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(sorted(value))
        rest = {key: value[key] for key in value if key != name}
        act = rng.random()
        if act < 0.12:
            return rest
        if act < 0.2:
            return {**rest, f"{name}2": value[name]}
        return {**value, name: change_json(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        if rng.random() < 0.2:
            return value[:at] + value[at + 1 :] if rng.random() < 0.5 else value + value[at:]
        return [*value[:at], change_json(value[at], rng), *value[at + 1 :]]
    return rng.choice(ODD)


def _json(data: bytes, rng: random.Random) -> bytes:
    return json.dumps(change_json(json.loads(data), rng)).encode()


def _text(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    odd = str(rng.choice(ODD)).encode(
        "utf-8", "surrogateescape" if rng.random() < 0.5 else "ignore"
    )
    lines.insert(rng.randrange(len(lines) + 1), odd + rng.choice([b"\n", b"\r\n", b"", b"\0"]))
    return b"".join(lines) * rng.choice([1, 1, 2])


def _png(data: bytes, rng: random.Random) -> bytes:
    """Change the record in a PNG."""
    with PIL.open(io.BytesIO(data)) as image:
        record = json.loads(image.info["impasto"])
        text = PngInfo()
        text.add_itxt("impasto", json.dumps(change_json(record, rng)))
        out = io.BytesIO()
        image.save(out, "PNG", pnginfo=text)
    return out.getvalue()


def _safetensors(data: bytes, rng: random.Random) -> bytes:
    """Change the header of a safetensors file, the JSON inside its texts, or its numbers."""
    (length,) = struct.unpack_from("<Q", data)
    header, body = json.loads(data[8 : 8 + length]), bytearray(data[8 + length :])
    about = header.get("__metadata__", {})
    act = rng.random()
    if act < 0.5 and about:
        name = rng.choice(sorted(about))
        about[name] = _changed_text(about[name], rng)
    elif act < 0.75:
        header = change_json(header, rng)
    else:
        at = rng.randrange(0, max(1, len(body) - 2), 2)
        body[at : at + 2] = rng.choice([b"\0\x7e", b"\0\x7c", b"\xff\x7b"])  # NaN, infinity, 65504
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _changed_text(text: str, rng: random.Random) -> str:
    """Change a text that is JSON, or is not."""
    try:
        return json.dumps(change_json(json.loads(text), rng))
    except ValueError:
        return str(rng.choice(ODD))


def _npz(data: bytes, rng: random.Random) -> bytes:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = dict(file)
    name = rng.choice(sorted(arrays))
    array = arrays[name]
    act = rng.randrange(6)
    if act == 0:
        del arrays[name]
    elif act == 1:
        arrays[name] = array.reshape(-1)[:1]
    elif act == 2:
        arrays[name] = np.full((3, 1), np.nan)
    elif act == 3:
        arrays[f"{name}2"] = array
    elif act == 4:
        arrays["step"] = np.array(rng.choice([-1, 0, 10**18, np.nan, "x"]))
    else:
        arrays["about"] = np.array(json.dumps(change_json(json.loads(str(arrays["about"])), rng)))
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def _same(data: bytes, rng: random.Random) -> bytes:
    return data


KINDS = {
    "model": Kind(".impasto", _safetensors),
    "hdf5": Kind(".h5", _same),
    "torch": Kind(".bin", _same),
    "state": Kind(".npz", _npz),
    "manifest": Kind(".json", _json),
    "list": Kind(".txt", _text),
    "result": Kind(".png", _png),
    "run": Kind(".json", _json),
    "checkpoint": Kind(".safetensors", _safetensors),
}
