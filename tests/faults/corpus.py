"""Bad inputs: those that somebody thought of, and valid files damaged at random.

Pictures come from tests/images/odd_files.py, where the tests of reading have theirs.
"""

from __future__ import annotations

import functools
import os
import random
import struct
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile
from PIL import Image as PIL
from PIL.PngImagePlugin import PngInfo
from tests.faults import mutants
from tests.images import odd_files

NOISE = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)


class Bad(NamedTuple):
    """Something that a command is given in place of a file.

    Attributes:
        name: What it is, for people.
        suffix: Ending of the file's name.
        make: Makes it at a path.
    """

    name: str
    suffix: str
    make: Callable[[Path], object]


def _bytes(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _saved(suffix: str, image: PIL.Image, **options: object) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a{suffix}")
        image.save(path, **options)
        return path.read_bytes()


def _tiff(array: np.ndarray, **options: object) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.tif")
        tifffile.imwrite(path, array, **options)
        return path.read_bytes()


def anything() -> list[Bad]:
    """List what can be in the place of any file."""
    return [
        Bad("an empty file", ".png", _bytes(b"")),
        Bad("one zero byte", ".jpg", _bytes(b"\0")),
        Bad("a letter named .jpg", ".jpg", _bytes(b"Dear diary, this is no picture.\n")),
        Bad("a megabyte of noise", ".png", _bytes(random.Random(1).randbytes(1 << 20))),
        Bad("a megabyte of brackets", ".json", _bytes(b"[" * (1 << 20))),
        Bad("a folder named .png", ".png", lambda path: path.mkdir()),
        Bad("a folder with a picture", "", lambda path: (path.mkdir(), _put_noise(path / "a.png"))),
        Bad("a link to nothing", ".png", lambda path: path.symlink_to("nothing.png")),
        Bad("a link to itself", ".png", lambda path: path.symlink_to(path.name)),
        Bad("a pipe", ".png", os.mkfifo),
        Bad("a device without end", ".png", lambda path: path.symlink_to("/dev/zero")),
        Bad("a file without read permission", ".png", _unreadable),
        Bad("nothing at all", ".png", lambda path: None),
        Bad("a zip file", ".bin", _bytes(b"PK\x05\x06" + bytes(18))),
        Bad("a pickle that would run code", ".bin", _bytes(b"cos\nsystem\n(S'false'\ntR.")),
        Bad(
            "an HDF5 file of its first bytes alone", ".h5", _bytes(b"\x89HDF\r\n\x1a\n" + bytes(40))
        ),
        Bad(
            "safetensors with a header of 2^60 bytes",
            ".impasto",
            _bytes(struct.pack("<Q", 1 << 60)),
        ),
        Bad(
            "safetensors with a header of a dict", ".impasto", _bytes(struct.pack("<Q", 2) + b"{}")
        ),
    ]


def _put_noise(path: Path) -> None:
    PIL.fromarray(NOISE).save(path)


def _unreadable(path: Path) -> None:
    _put_noise(path)
    path.chmod(0)


@functools.cache
def pictures() -> tuple[Bad, ...]:
    """List pictures that are odd, broken, or dangerous."""
    noise = PIL.fromarray(NOISE)
    return (*anything(), *_odd_shapes(), *_odd_kinds(noise), *_dangers(noise), *_cut_off(noise))


def _odd_shapes() -> list[Bad]:
    sizes = [(1, 1), (1, 5000), (5000, 1), (15, 16), (2, 3)]
    return [
        Bad(f"a picture of {w}x{h}", ".png", _bytes(_saved(".png", PIL.new("RGB", (w, h), "red"))))
        for w, h in sizes
    ]


def _odd_kinds(noise: PIL.Image) -> list[Bad]:
    red = noise.getchannel(0)
    frames = {"save_all": True, "append_images": [noise.rotate(90)] * 3}
    deep = NOISE.astype(np.uint16) * 257
    clear = noise.convert("RGBA")
    clear.putalpha(0)
    made = {
        "16 bits": (".png", _saved(".png", PIL.fromarray(deep[..., 0]))),
        "inks": (".jpg", _saved(".jpg", noise.convert("CMYK"))),
        "a palette with a transparent colour": (
            ".png",
            _saved(".png", noise.convert("P"), transparency=0),
        ),
        "all transparent": (".png", _saved(".png", clear)),
        "one bit": (".png", _saved(".png", noise.convert("1"))),
        "a moving GIF": (".gif", _saved(".gif", noise, **frames)),
        "a moving WebP": (".webp", _saved(".webp", noise, **frames)),
        "a PNG named .jpg": (".jpg", _saved(".png", noise)),
        "one colour": (".png", _saved(".png", PIL.new("RGB", (40, 40)))),
        "TIFF of floats beyond 1": (".tif", _tiff(NOISE.astype(np.float32), photometric="rgb")),
        "TIFF of NaN": (".tif", _tiff(np.full((20, 20, 3), np.nan, np.float32), photometric="rgb")),
        "TIFF of infinity": (
            ".tif",
            _tiff(np.full((20, 20, 3), np.inf, np.float32), photometric="rgb"),
        ),
        "TIFF of complex numbers": (".tif", _tiff(NOISE[..., 0].astype(np.complex64))),
        "TIFF of 64-bit integers": (".tif", _tiff(NOISE.astype(np.uint64), photometric="rgb")),
        "TIFF of signed bytes": (".tif", _tiff(NOISE.astype(np.int8), photometric="rgb")),
        "TIFF of halves": (".tif", _tiff((NOISE / 255).astype(np.float16), photometric="rgb")),
        "TIFF of doubles": (".tif", _tiff(NOISE / 255.0, photometric="rgb")),
        "TIFF of seven channels": (".tif", _tiff(np.zeros((20, 20, 7), np.uint16))),
        "TIFF of many pages": (".tif", _tiff(np.zeros((500, 16, 16), np.uint8))),
        "floats of grey": (
            ".tif",
            _saved(".tif", PIL.fromarray(red).convert("F"))
            if isinstance(red, np.ndarray)
            else _saved(".tif", red.convert("F")),
        ),
        "a rare kind of picture": (".ppm", _saved(".ppm", noise)),
        "an AVIF": (".avif", _saved(".avif", noise)),
        "an AVIF named .jpg": (".jpg", _saved(".avif", noise)),
        "a page in place of a picture": (".jpg", b"<!DOCTYPE html><html><body>404</body></html>"),
        "a Git LFS pointer": (".png", b"version https://git-lfs.github.com/spec/v1\noid 0\n"),
        "a PDF": (".jpg", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(500)),
        "a RAW file": (".cr3", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(500)),
        "a film": (".jpg", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(500)),
        "a placeholder of zeros": (".heic", bytes(5000)),
        "a HEIC of brands alone": (".heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        "a JPEG XL cut off": (".jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20)),
        "white is zero": (".tif", _tiff(deep[..., 0], photometric="miniswhite")),
        "a preview alone": (".tif", _tiff(NOISE, photometric="rgb", subfiletype=1)),
    }
    return [Bad(name, suffix, _bytes(data)) for name, (suffix, data) in made.items()]


def _dangers(noise: PIL.Image) -> list[Bad]:
    text = PngInfo()
    text.add_text("impasto", "x" * 5_000_000, zip=True)
    nested = PngInfo()
    nested.add_itxt("impasto", "[" * 100_000)
    huge = PIL.fromarray(np.zeros((4, 4, 3), np.uint8))
    return [
        Bad("a PNG that claims 100000x100000", ".png", _claims_much),
        Bad(
            "a PNG that unpacks to 900 million pixels",
            ".png",
            lambda path: odd_files.bomb(path, 30_000, 30_000),
        ),
        Bad("a BMP that claims a billion rows", ".bmp", _patched(".bmp", noise, 22, "<i", 10**9)),
        Bad("a GIF that claims 65535x65535", ".gif", _patched(".gif", noise, 6, "<I", 2**32 - 1)),
        Bad("a GIF of 3000 frames", ".gif", _many_frames),
        Bad("a text of 5 MB in a PNG", ".png", _bytes(_saved(".png", noise, pnginfo=text))),
        Bad("a record of brackets", ".png", _bytes(_saved(".png", noise, pnginfo=nested))),
        Bad(
            "bad EXIF", ".jpg", _bytes(_saved(".jpg", noise, exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))
        ),
        Bad("EXIF that points to itself", ".jpg", _bytes(_saved(".jpg", noise, exif=_circular()))),
        Bad("EXIF of 5000 entries", ".jpg", _bytes(_saved(".jpg", noise, exif=_long_exif()))),
        Bad(
            "a colour profile of garbage",
            ".png",
            _bytes(_saved(".png", noise, icc_profile=random.Random(2).randbytes(3000))),
        ),
        Bad(
            "a colour profile cut off",
            ".jpg",
            _bytes(_saved(".jpg", noise, icc_profile=odd_files.gamma_profile(1.0)[:200])),
        ),
        Bad("a JPEG of 3000 scans", ".jpg", lambda path: odd_files.many_scans(path, 3000)),
        Bad("100000 empty chunks in a PNG", ".png", _many_chunks),
        Bad("a TIFF whose directories go in circles", ".tif", _circling_tiff),
        Bad("black", ".png", _bytes(_saved(".png", huge.resize((64, 64))))),
    ]


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def _claims_much(path: Path) -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    parts = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(bytes(10))), _chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def _many_chunks(path: Path) -> None:
    data = _saved(".png", PIL.fromarray(NOISE))
    path.write_bytes(data[:33] + _chunk(b"tEXt", b"a\0b") * 100_000 + data[33:])


def _many_frames(path: Path) -> None:
    frames = [PIL.new("P", (16, 16), i % 256) for i in range(3000)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def _patched(suffix: str, image: PIL.Image, at: int, form: str, value: int) -> Callable:
    raw = bytearray(_saved(suffix, image))
    struct.pack_into(form, raw, at, value)
    return _bytes(bytes(raw))


def _circular() -> bytes:
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)  # the EXIF directory is the main one
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + struct.pack("<I", 8)


def _long_exif() -> bytes:
    entries = b"".join(struct.pack("<HHII", 0x9000 + i, 4, 1, i) for i in range(5000))
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 5000) + entries + bytes(4)


def _circling_tiff(path: Path) -> None:
    raw = bytearray(_saved(".tif", PIL.fromarray(NOISE)))
    (at,) = struct.unpack_from("<I", raw, 4)
    (count,) = struct.unpack_from("<H", raw, at)
    struct.pack_into("<I", raw, at + 2 + 12 * count, at)
    path.write_bytes(raw)


def _cut_off(noise: PIL.Image) -> list[Bad]:
    found = []
    for suffix in (".png", ".jpg", ".webp", ".tif", ".gif", ".bmp"):
        data = _saved(suffix, noise)
        for part in (0.02, 0.3, 0.6, 0.9, 0.99):
            cut = data[: int(part * len(data))]
            found.append(Bad(f"{part:.0%} of a {suffix[1:]} file", suffix, _bytes(cut)))
    return found


# Names that a file may have, or that somebody may type.
NAMES = (
    "", ".", "..", "/", "no/such/folder/a.png", "photo.png/a.png", "a" * 251 + ".png",
    "a" * 300 + ".png", "-dash.png", "--dash.png", "a.gif", "a", ".png", "a.PNG", "a.png/",
    "~no-one/a.png", "a\nb.png", "a\tb.png", "a\x1b[31mb.png", "a\u202eb.png",
    "\U0001f3a8 emoji.png", "\udcff\udcfe.png", "/dev/null", "/dev/full", "/proc/a.png",
    "/dev/null/a.png", "%s%n.png", "a:0.5.png", "a:b", "'; echo a.png", "[bold]a[/bold].png",
    "[/]a.png", "folder.png", "link.png", "loop.png", "pipe.png", "x" * 5000, "a.png ", " a.png",
    "*.png", "http://a.b/c.png", "#red", "photo.png#red", "a#b#c.png",
)  # fmt: skip
# Values that nobody means.
VALUES = (
    "nan", "inf", "-inf", "-1", "0", "-0.0", "1e308", "1e-320", "-1e308", "99999999999999999999",
    "1.5", "", " ", "abc", "None", "\u0663", "0x10", "1,2", "1_000", "true", "9" * 5000, "[1]",
    "\udcff", "a\nb", "\x1b[2J", "-", "--", "=", "photo.png", "nothing.png", "2 m", "1e400s",
)  # fmt: skip


def put_odd_places(folder: Path) -> None:
    """Make what `NAMES` calls a folder, a link, a loop and a pipe."""
    (folder / "folder.png").mkdir()
    (folder / "link.png").symlink_to("nothing.png")
    (folder / "loop.png").symlink_to("loop.png")
    os.mkfifo(folder / "pipe.png")


@functools.cache
def _seeds() -> tuple[tuple[str, bytes], ...]:
    with tempfile.TemporaryDirectory() as folder:
        odd_files.seeds(Path(folder))
        return tuple((path.suffix, path.read_bytes()) for path in sorted(Path(folder).iterdir()))


def mutant(kind: str, good: Mapping[str, bytes], rng: random.Random) -> Bad:
    """Damage a valid file at random.

    Args:
        kind: Of the file: `picture`, or one of `mutants.KINDS`.
        good: The bytes of a valid file of each kind but pictures.
        rng: Decides.
    """
    if kind == "picture":
        suffix, data = rng.choice(_seeds())
    else:
        suffix, data = mutants.KINDS[kind].suffix, good[kind]
        if rng.random() < 0.6:
            return Bad(f"a {kind} with odd values", suffix, _bytes(mutants.values(kind, data, rng)))
    return Bad(f"a damaged {kind}", suffix, _bytes(odd_files.mutate(data, rng)))
