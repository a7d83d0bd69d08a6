"""Make odd and damaged picture files, for the tests of reading and for tests/faults."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pillow_heif
import tifffile
from PIL import Image as PIL
from PIL import ImageCms

RAMP = np.linspace(0, 255, 12 * 10 * 3).round().astype(np.uint8).reshape(12, 10, 3)
READABLE = (".png", ".jpg", ".webp", ".tif", ".bmp", ".gif")


def save(path, array_or_image, **options):
    image = array_or_image
    if isinstance(image, np.ndarray):
        image = PIL.fromarray(image)
    image.save(path, **options)
    return path


def gamma_profile(gamma: float) -> bytes:
    """Return the sRGB profile with its curves replaced by a power law."""
    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    raw = raw.replace(b"s\0R\0G\0B", b"t\0e\0s\0t").replace(b"sRGB", b"test")
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    (count,) = struct.unpack_from(">I", raw, 128)
    offset = len(raw)
    raw += curve
    for index in range(count):
        at = 132 + 12 * index
        if raw[at : at + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            struct.pack_into(">II", raw, at + 4, offset, len(curve))
    struct.pack_into(">I", raw, 0, len(raw))
    return bytes(raw)


WHITE = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)  # D50


def grey_profile(gamma: float) -> bytes:
    """Return a small grey profile with a power law."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(79)
    return assemble([(b"desc", text), (b"wtpt", WHITE), (b"kTRC", curve)], b"mntrGRAYXYZ ")


def assemble(parts: list[tuple[bytes, bytes]], kind: bytes) -> bytes:
    """Assemble an ICC profile from its parts; `kind` is its class and colour spaces."""
    offset = 128 + 4 + 12 * len(parts)
    table, data = struct.pack(">I", len(parts)), b""
    for name, part in parts:
        table += name + struct.pack(">II", offset + len(data), len(part))
        data += part + bytes(-len(part) % 4)
    head = struct.pack(">I4sI12s", offset + len(data), b"lcms", 0x02400000, kind)
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + WHITE[8:] + bytes(48)
    return head + table + data


def swap_red_and_blue(profile: bytes) -> bytes:
    """Return a profile of colors whose first channel is blue and whose third is red."""
    return profile.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")


def ink_profile() -> bytes:
    """Return a small profile of CMYK whose lightness is the absence of black; the rest is grey."""
    corners = [(255 * (1 - (ink & 1)), 128, 128) for ink in range(16)]  # black changes fastest
    ramp = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    table += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table += ramp * 4 + b"".join(map(bytes, corners)) + ramp * 3
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"inks\0" + bytes(79)
    return assemble([(b"desc", text), (b"wtpt", WHITE), (b"A2B0", table)], b"prtrCMYKLab ")


def to_srgb(linear):
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def lzw_tiff(path, array):
    """Write 16-bit colors packed by LZW, with literal codes only."""
    data = array.astype("<u2").tobytes()
    codes = [code for at in range(0, len(data), 200) for code in (256, *data[at : at + 200])]
    bits = "".join(f"{code:09b}" for code in (*codes, 257))
    bits += "0" * (-len(bits) % 8)
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
    height, width, _ = array.shape
    sizes_at = 8 + 2 + 10 * 12 + 4
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, sizes_at), (259, 3, 1, 5)]
    tags += [(262, 3, 1, 2), (273, 4, 1, sizes_at + 6), (277, 3, 1, 3), (278, 3, 1, height)]
    tags += [(279, 4, 1, len(packed)), (284, 3, 1, 1)]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    path.write_bytes(
        b"II*\0\x08\0\0\0" + directory + bytes(4) + struct.pack("<3H", 16, 16, 16) + packed
    )
    return path


def bomb(path, width, height):
    """Write a small PNG of ones and zeros that declares a large size."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((1 + (width + 7) // 8) * height), 9)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    return path


def many_scans(path, scans):
    """Write a small progressive JPEG with many copies of its last scan."""
    save(path, PIL.new("L", (400, 400), 9), progressive=True)
    raw = path.read_bytes()
    last = raw[raw.rindex(b"\xff\xda") : -2]
    path.write_bytes(raw[:-2] + last * scans + raw[-2:])
    return path


def set_tag(path, tag, value):
    """Change a number in the directory of a little-endian TIFF."""
    raw = bytearray(path.read_bytes())
    (at,) = struct.unpack_from("<I", raw, 4)
    (count,) = struct.unpack_from("<H", raw, at)
    (entry,) = (e for e in range(at + 2, at + 2 + 12 * count, 12) if raw[e : e + 2] == tag)
    struct.pack_into("<HII", raw, entry + 2, 4, 1, value)
    path.write_bytes(raw)


WIDTH, LENGTH, OFFSET, BYTES, TILE_WIDTH, TILE_LENGTH = (
    struct.pack("<H", number) for number in (256, 257, 273, 279, 322, 323)
)


def seeds(folder):
    """Return the bytes of a small valid file of every kind."""
    exif = PIL.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0{}"
    extras = {"exif": exif, "icc_profile": gamma_profile(1.0)}
    picture = PIL.fromarray(RAMP)
    for suffix in READABLE:
        save(folder / f"plain{suffix}", picture)
    for suffix in (".png", ".jpg", ".webp", ".tif"):
        save(folder / f"extras{suffix}", picture, **extras)
    save(folder / "palette.png", picture.convert("P"), transparency=0)
    save(folder / "inks.jpg", picture.convert("CMYK"))
    save(folder / "deep.png", PIL.fromarray(RAMP[..., 0].astype(np.uint16)))
    save(folder / "packed.tif", picture, compression="tiff_lzw")
    deep = RAMP.astype(np.uint16)
    for name, compression in (("deep.tif", None), ("deep-packed.tif", "zlib")):
        tifffile.imwrite(folder / name, deep, photometric="rgb", compression=compression,
                         iccprofile=gamma_profile(1.0))  # fmt: skip
    picture.save(folder / "moving.gif", save_all=True, append_images=[picture.rotate(90)])
    large = picture.resize((96, 80))
    large.save(folder / "plain.avif")
    pillow_heif.from_pillow(large).save(folder / "plain.heic")
    large.save(folder / "film.jpg", comment=b"\xff\xda" * 20)
    with tifffile.TiffWriter(folder / "pages.tif") as writer:
        writer.write(RAMP, photometric="rgb", subfiletype=1, subifds=1)
        writer.write(np.asarray(large), photometric="rgb")
        writer.write(deep[..., 0], photometric="miniswhite")
    tifffile.imwrite(folder / "floats.tif", RAMP / np.float32(255), photometric="rgb",
                     extrasamples=[], compression="zlib", predictor=True)  # fmt: skip
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def mutate(data, rng):
    """Return the bytes with a few of them changed, cut, repeated, or set to extremes."""
    raw = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(raw)) if rng.random() < 0.5 else rng.randrange(min(len(raw), 256))
        kind = rng.randrange(5)
        if kind == 0:
            raw[at] = rng.randrange(256)
        elif kind == 1:
            raw[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            raw[at : at + 4] = rng.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"])
        elif kind == 3:
            raw[at:at] = raw[at : at + rng.randint(1, 16)]
        elif len(raw) > 16:
            del raw[at : at + rng.randint(1, 16)]
        if not raw:
            raw = bytearray(data)
    return bytes(raw)
