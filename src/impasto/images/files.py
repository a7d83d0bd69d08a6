"""File to `Picture` and image to file: the only place where pictures cross the disk."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as PIL
from PIL import PngImagePlugin, UnidentifiedImageError

from ..errors import PictureError
from ..types import Image, Mask, Picture
from . import decode, metadata
from .scales import resize

OUTPUT_FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"
}  # fmt: skip
_FULL_COLOR_QUALITY = 90  # from here on JPEG keeps the colours at full resolution
_FALLBACK_LIMIT = 89_478_485  # Pillow's default, for programs that switched its guard off
_TIFF_TEXTS = {271: "Make", 272: "Model", 305: "Software", 306: "DateTime", 315: "Artist",
               33432: "Copyright"}  # fmt: skip
READABLE = "expected a JPEG, PNG, WebP, TIFF, BMP or GIF picture"


def read_picture(
    source: str | Path | NDArray[Any] | PIL.Image, *, max_pixels: int | None = None
) -> Picture:
    """Read a picture: upright, in sRGB, alpha and EXIF kept aside.

    Colours under transparent pixels are laid over the mean visible colour. Of an animation the
    first frame is taken. Greyscale, palette, CMYK and 16-bit pictures are converted.

    Args:
        source: A path, a Pillow image, or an array (H, W), (H, W, 3) or (H, W, 4) of uint8,
            uint16, or floats in 0..1.
        max_pixels: Largest number of pixels; Pillow's `MAX_IMAGE_PIXELS` if None.

    Returns:
        The picture, 0..1.

    Raises:
        PictureError: It is missing, damaged, too large, or something else.

    Example:
        >>> read_picture(np.zeros((4, 6), np.uint8)).image.shape
        (4, 6, 3)
    """
    if isinstance(source, np.ndarray):
        return decode.decode_array(source)
    if isinstance(source, PIL.Image):
        return _guard("the image", lambda: decode.decode_pil(source))
    if not isinstance(source, str | os.PathLike):
        raise PictureError(
            f"expected a path, a NumPy array or a Pillow image, got {type(source).__name__}"
        )
    path = Path(source).expanduser()
    limit = max_pixels or PIL.MAX_IMAGE_PIXELS or _FALLBACK_LIMIT
    start = _first_bytes(path)
    return _guard(str(path), lambda: _decode_file(path, start, limit))


def read_image(
    source: str | Path | NDArray[Any] | PIL.Image, *, max_pixels: int | None = None
) -> Image:
    """Read the colours of a picture; see `read_picture`.

    Example:
        >>> read_image(np.zeros((4, 6), np.uint8)).dtype
        dtype('float32')
    """
    return read_picture(source, max_pixels=max_pixels).image


def _first_bytes(path: Path) -> bytes:
    """Return how a file begins, or say why it cannot be read."""
    try:
        if path.is_dir():
            raise PictureError(f"{path} is a folder; {READABLE}")
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError:
        raise PictureError(f"there is no file {path}; check the name and the folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"cannot read {path}: {reason}") from error
    if not start:
        raise PictureError(f"{path} is empty; {READABLE}")
    return start


def _guard(name: str, read: Callable[[], Picture]) -> Picture:
    try:
        return read()
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise PictureError(f"{name} is no picture that can be read; {READABLE}") from error
    except Exception as error:  # decoders raise anything when a file is damaged
        raise PictureError(f"{name} is damaged or cut off: {error}; {READABLE}") from error


def _decode_file(path: Path, start: bytes, limit: int) -> Picture:
    if start in decode.TIFF_STARTS:
        deep = decode.decode_deep_tiff(path, limit)
        if deep is not None:
            return deep
    with decode.open_guarded(path, limit) as image:
        image.load()
        return decode.decode_pil(image, path.name)


def write_image(
    path: str | Path,
    image: Image,
    *,
    alpha: Mask | None = None,
    exif: bytes | None = None,
    record: Mapping[str, Any] | None = None,
    quality: int = 92,
    bits: int = 8,
) -> Path:
    """Write an image whole or not at all, with an sRGB profile.

    Args:
        path: Ends in .png, .jpg, .jpeg, .webp, .tif or .tiff; a file that exists is replaced.
        image: (H, W, 3); values outside 0..1 are clipped.
        alpha: Opacity, (h, w), 0..1, of any size; JPEG cannot hold it and gets white behind.
        exif: An EXIF block, as in `Picture.exif`. A 16-bit TIFF keeps its texts only.
        record: What made the picture, JSON values; see `read_record`.
        quality: Of JPEG and WebP, 1..100.
        bits: 8, or 16 for TIFF.

    Returns:
        The path.

    Raises:
        PictureError: The format is unknown, or the file cannot be written; one that exists is
            left as it was.

    Example:
        >>> write_image("black.png", np.zeros((4, 6, 3), np.float32))  # doctest: +SKIP
    """
    path = Path(path).expanduser()
    kind = _output_format(path)
    if bits not in (8, 16) or (bits == 16 and kind != "TIFF"):
        raise PictureError(f"{path} cannot have {bits} bits per channel; 16 bits need a .tif file")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise PictureError(f"the image has the shape {image.shape}, expected (H, W, 3)")
    values = _with_alpha(np.nan_to_num(image), alpha, kind)
    with _whole_or_not_at_all(path) as file:
        if bits == 16:
            _write_deep_tiff(file, values, exif, record)
        else:
            _write_pil(file, values, kind, exif, record, quality)
    return path


def _output_format(path: Path) -> str:
    kind = OUTPUT_FORMATS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(OUTPUT_FORMATS)
        raise PictureError(f"{path} ends in {path.suffix or 'nothing'!r}, expected one of {known}")
    return kind


def _with_alpha(image: Image, alpha: Mask | None, kind: str) -> NDArray[np.float32]:
    """Return (H, W, 3) or (H, W, 4), clipped to 0..1."""
    image = np.clip(image, 0, 1).astype(np.float32)
    if alpha is None:
        return image
    mask = np.clip(resize(alpha.astype(np.float32), image.shape[:2]), 0, 1)[..., None]
    if kind == "JPEG":
        return image * mask + (1 - mask)
    return np.concatenate([image, mask], axis=-1)


def _write_pil(
    file: BinaryIO,
    values: NDArray[np.float32],
    kind: str,
    exif: bytes | None,
    record: Mapping[str, Any] | None,
    quality: int,
) -> None:
    options: dict[str, Any] = {"icc_profile": metadata.srgb_profile()}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        if record is not None:
            text.add_itxt(metadata.RECORD_KEY, json.dumps(dict(record)))
        options["pnginfo"] = text
    else:
        exif = metadata.add_record(exif, record)
    if exif:
        options["exif"] = exif
    if kind in ("JPEG", "WEBP"):
        options["quality"] = quality
    if kind == "JPEG":
        options["subsampling"] = 0 if quality >= _FULL_COLOR_QUALITY else 2
    PIL.fromarray(np.round(values * 255).astype(np.uint8)).save(file, kind, **options)


def _write_deep_tiff(
    file: BinaryIO,
    values: NDArray[np.float32],
    exif: bytes | None,
    record: Mapping[str, Any] | None,
) -> None:
    block = PIL.Exif()
    if exif:
        block.load(exif)
    texts = [
        (tag, "s", 0, str(block[tag]).encode("ascii", "replace").decode(), True)
        for tag in _TIFF_TEXTS
        if tag in block
    ]
    tifffile.imwrite(
        file,
        np.round(values * 65535).astype(np.uint16),
        photometric="rgb",
        extrasamples=["unassalpha"] if values.shape[2] == 4 else None,
        compression="zlib",
        iccprofile=metadata.srgb_profile(),
        description=json.dumps(dict(record)) if record is not None else None,
        extratags=texts,
        software=False,
        metadata=None,
    )


@contextlib.contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[BinaryIO]:
    """Give a new file beside `path` that takes its name when it is complete and on the disk."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(
            f"cannot write {path}: {reason}; free some space, or choose another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def read_record(path: str | Path) -> dict[str, Any] | None:
    """Read what `write_image` was given as `record`.

    Args:
        path: A picture.

    Returns:
        The record, or None if the picture has none.

    Raises:
        PictureError: The file cannot be read.
    """
    path = Path(path).expanduser()
    _first_bytes(path)
    try:
        with PIL.open(path) as image:
            return metadata.find_record(image)
    except Exception as error:  # decoders raise anything when a file is damaged
        raise PictureError(f"{path} cannot be read: {error}; {READABLE}") from error


def check_output(path: Path) -> None:
    """Check, before any work, that a picture can be written there.

    Raises:
        PictureError: The format is unknown, or the folder is missing or not writable.
    """
    _output_format(path)
    folder = path.parent
    if path.is_dir():
        raise PictureError(f"{path} is a folder; give the name of a file")
    if not folder.is_dir():
        raise PictureError(f"there is no folder {folder}; make it first, or choose another")
    if not os.access(folder, os.W_OK):
        raise PictureError(f"the folder {folder} cannot be written; choose another with -o")


def free_path(path: Path) -> Path:
    """Return the path, or the first of `name-2`, `name-3`, ... that does not exist.

    Example:
        >>> free_path(Path("no-such-file.png")).name
        'no-such-file.png'
    """
    if not path.exists():
        return path
    numbered = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in itertools.count(2))
    return next(candidate for candidate in numbered if not candidate.exists())
