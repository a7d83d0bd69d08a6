"""Convert pictures whose colours are coded by numbers instead of a profile: wide gamut and HDR.

HEIC, AVIF and PNG name primaries and transfer function by code points (ITU-T H.273). Sources of the
formulas: ITU-R BT.2100-2 (PQ and HLG), BT.2408 (reference white of 203 cd/m2), IEC 61966-2-1
(sRGB).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..types import Image

Array = NDArray[np.floating]

SEARCHED = 1 << 18  # bytes at the start of a file; boxes with properties precede the pixels
_SRGB, _BT2020, _P3 = 1, 9, 12  # primaries
_LINEAR, _GAMMA_22, _GAMMA_28, _PQ, _HLG = 8, 4, 5, 16, 18  # transfer functions; others are sRGB
_WHITE = 0.3127, 0.3290  # D65
_CHROMATICITIES = {
    _SRGB: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    _BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    _P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_REFERENCE_WHITE = 203.0  # cd/m2, which becomes the white of a print
_PEAK_PQ, _PEAK_HLG = 10_000.0, 1000.0  # cd/m2
_HLG_GAMMA = 1.2
_BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593])
_KNEE = 0.8  # of white, from where highlights are compressed
_ROWS_AT_ONCE = 256


class CodedColors(NamedTuple):
    """Code points of ITU-T H.273.

    Attributes:
        primaries: 1 for sRGB, 9 for BT.2020, 12 for Display P3.
        transfer: 13 for sRGB, 16 for PQ, 18 for HLG, 8 for linear.
    """

    primaries: int
    transfer: int

    @property
    def are_srgb(self) -> bool:
        """Whether nothing needs to be converted; unknown code points count as sRGB."""
        special = (_LINEAR, _GAMMA_22, _GAMMA_28, _PQ, _HLG)
        return self.primaries not in (_BT2020, _P3) and self.transfer not in special


def find_coded_colors(data: bytes) -> CodedColors | None:
    """Find the code points in a `colr` box of HEIC and AVIF or a `cICP` chunk of PNG.

    Args:
        data: The first `SEARCHED` bytes of the file.
    """
    at = data.find(b"colrnclx")
    if at >= 0 and len(data) >= at + 12:
        return CodedColors(*struct.unpack_from(">HH", data, at + 8))
    at = data.find(b"\0\0\0\x04cICP")
    if data.startswith(b"\x89PNG") and 0 <= at <= len(data) - 10:
        return CodedColors(data[at + 8], data[at + 9])
    return None


def coded_to_srgb(image: Image, colors: CodedColors) -> Image:
    """Convert coded colours to sRGB.

    Colours outside of sRGB are clipped. Of HDR pictures 203 cd/m2 become white; from 80 % of it on,
    highlights are compressed, with the ratio of the channels kept.

    Args:
        image: (H, W, 3), 0..1.
        colors: What the file says of them.

    Returns:
        (H, W, 3), 0..1.
    """
    if colors.are_srgb:
        return image
    matrix = _to_linear_srgb(colors.primaries)
    converted = np.empty_like(image)
    for top in range(0, len(image), _ROWS_AT_ONCE):
        light = _to_light(image[top : top + _ROWS_AT_ONCE].astype(np.float64), colors.transfer)
        linear = np.maximum(light @ matrix.T, 0)
        if colors.transfer in (_PQ, _HLG):
            linear = _compress_highlights(linear)
        converted[top : top + _ROWS_AT_ONCE] = _encode_srgb(np.minimum(linear, 1))
    return converted


def _to_light(values: Array, transfer: int) -> Array:
    """Return linear light; 1 is white."""
    if transfer == _PQ:
        return _pq(values) * (_PEAK_PQ / _REFERENCE_WHITE)
    if transfer == _HLG:
        scene = _hlg(values)
        luminance = (scene @ _BT2020_LUMA)[..., None]
        scene *= luminance ** (_HLG_GAMMA - 1) * (_PEAK_HLG / _REFERENCE_WHITE)
        return scene
    powers = {_LINEAR: 1.0, _GAMMA_22: 2.2, _GAMMA_28: 2.8}
    if transfer in powers:
        return values ** powers[transfer]
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _pq(values: Array) -> Array:
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    power = values ** (1 / m2)
    return np.asarray((np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1))


def _hlg(values: Array) -> Array:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)


def _compress_highlights(linear: Array) -> Array:
    brightest = linear.max(axis=-1, keepdims=True)
    room = 1 - _KNEE
    compressed = _KNEE + room * (1 - np.exp(-(brightest - _KNEE) / room))
    scale = np.where(brightest > _KNEE, compressed / np.maximum(brightest, _KNEE), 1)
    return linear * scale


def _encode_srgb(linear: Array) -> Array:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _to_linear_srgb(primaries: int) -> Array:
    """Return the matrix from linear RGB of these primaries to linear sRGB."""
    if primaries not in _CHROMATICITIES:
        return np.eye(3)
    return np.asarray(np.linalg.solve(_to_xyz(_SRGB), _to_xyz(primaries)))


def _to_xyz(primaries: int) -> Array:
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in _CHROMATICITIES[primaries]]).T
    x, y = _WHITE
    return np.asarray(columns * np.linalg.solve(columns, [x / y, 1, (1 - x - y) / y]))
