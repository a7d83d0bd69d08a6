"""Read JPEG XL, if the package pillow-jxl-plugin is installed (extra `formats`)."""

from __future__ import annotations

import importlib.util

from PIL import Image as PIL

from ..errors import PictureError

_ORIENTATION = 0x0112
_CODESTREAM = b"\xff\x0a"
_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_HEADER = 16  # bytes that hold the size
STARTS = (_CONTAINER, _CODESTREAM)
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # width : height, from 1 on
_LENGTHS = (9, 13, 18, 30)  # bits of a side, by a selector of two bits


def open_image(path: str) -> PIL.Image:
    """Open and decode a file.

    Raises:
        PictureError: The package is not installed.
    """
    if not importlib.util.find_spec("pillow_jxl"):
        raise PictureError(
            f"{path} is a JPEG XL picture, which needs another package: "
            "pip install 'impasto[formats]', or save it as PNG or JPEG first"
        )
    from pillow_jxl.JpegXLImagePlugin import JXLImageFile

    image = JXLImageFile(path)
    exif = image.getexif()
    if not image.jpeg and _ORIENTATION in exif:  # the decoder has turned it by its own header
        exif[_ORIENTATION] = 1
    return image


def declared_size(data: bytes) -> tuple[int, int]:
    """Read the size from the header, since the decoder decodes a file when it is opened.

    Args:
        data: The file.

    Returns:
        Width and height.

    Raises:
        ValueError: The file is cut off.

    Source:
        ISO/IEC 18181-1, SizeHeader; 18181-2 for the container.
    """
    bits = _Bits(_codestream(data)[2:_HEADER])
    small = bits.read(1)
    height = _side(bits, small)
    ratio = bits.read(3)
    if ratio == 0:
        return _side(bits, small), height
    wide, high = _RATIOS[ratio - 1]
    return height * wide // high, height


def _side(bits: _Bits, small: int) -> int:
    if small:
        return 8 * (bits.read(5) + 1)
    return bits.read(_LENGTHS[bits.read(2)]) + 1


def _codestream(data: bytes) -> bytes:
    """Return the start of the codestream, out of the boxes of a container.

    Raises:
        ValueError: There is none.
    """
    if data.startswith(_CODESTREAM):
        return data
    found, at = b"", 0
    while at + 8 <= len(data) and len(found) < _HEADER:
        length, name, header = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if length == 1:
            length, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = len(data) if length == 0 else at + length
        if end < at + header:
            break
        if name == b"jxlp":
            header += 4  # the number of the part
        if name in (b"jxlc", b"jxlp"):
            found += data[at + header : end]
        at = end
    if not found.startswith(_CODESTREAM):
        raise ValueError("the JPEG XL file has no codestream")
    return found


class _Bits:
    """Bits of a byte string, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "little"), 8 * len(data)

    def read(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the JPEG XL file is cut off")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value
