"""Read the frames of a clip: a video file or a folder of pictures."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError
from ..images.files import read_image
from ..images.listing import SUFFIXES
from ..images.opening import first_bytes, locate, reason
from ..types import Image, Size
from .extras import convert_colors, load_av

FrameImage: TypeAlias = NDArray[np.uint8]  # (H, W, 3), sRGB

FOLDER_RATE = Fraction(25)  # frames per second of a folder of pictures
_HD_HEIGHT = 720  # video without a declared colour space is BT.709 from this height on, else BT.601
_BT709, _BT601, _UNSPECIFIED = 1, 5, 2  # matrix coefficients of ITU-T H.273
_HDR_CURVES = {16: "PQ", 18: "HLG"}  # transfer characteristics of ITU-T H.273
_STILLS = ("image2", "_pipe")  # parts of the names of FFmpeg's formats for still pictures


class Frame(NamedTuple):
    """A frame and its time.

    Attributes:
        image: (H, W, 3), uint8, sRGB, upright.
        seconds: Time since the first frame of the clip.
    """

    image: FrameImage
    seconds: Fraction


@dataclass(frozen=True)
class Clip:
    """Facts about a clip, known before its frames are read.

    Attributes:
        path: The file or folder.
        size: Height and width of the upright frames.
        rate: Frames per second, on average.
        count: Number of frames; an estimate for files that do not store it, None if unknown.
        has_sound: Whether there is an audio track.
    """

    path: Path
    size: Size
    rate: Fraction
    count: int | None
    has_sound: bool


def to_bytes(image: Image) -> FrameImage:
    """Convert an image to bytes; values outside 0..1 are clipped."""
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)


def to_floats(image: FrameImage) -> Image:
    """Convert a frame to an image, 0..1."""
    return image.astype(np.float32) / np.float32(255)


def open_clip(path: str | Path) -> Clip:
    """Find out what a clip is.

    Args:
        path: A video file, or a folder of pictures, ordered by the numbers in their names.

    Raises:
        PictureError: The clip is missing, damaged, HDR, a still picture or only sound.
        BackendError: PyAV is not installed.

    Example:
        >>> open_clip("holiday.mp4").size  # doctest: +SKIP
        (1080, 1920)
    """
    path = locate(path)
    if path.is_dir():
        files = _pictures(path)
        height, width = read_image(files[0]).shape[:2]
        return Clip(path, (height, width), FOLDER_RATE, len(files), False)
    with open_container(path) as container:
        stream = _video_stream(container, path)
        first = next(_decoded(container, stream, path), None)
        if first is None:
            raise PictureError(f"{path} has no frame that can be decoded; it may be cut off")
        size = first.height, first.width
        if first.rotation % 180:
            size = size[::-1]
        rate = Fraction(stream.average_rate or stream.guessed_rate or FOLDER_RATE)
        return Clip(path, size, rate, _count(stream, rate), bool(container.streams.audio))


def read_frames(clip: Clip) -> Iterator[Frame]:
    """Yield the frames of a clip, upright and in sRGB.

    Args:
        clip: From `open_clip`.

    Raises:
        PictureError: A frame has another size than the first, or a picture cannot be read.
    """
    if clip.path.is_dir():
        for number, file in enumerate(_pictures(clip.path)):
            image = _checked(to_bytes(read_image(file)), clip, file.name)
            yield Frame(image, number / FOLDER_RATE)
        return
    with open_container(clip.path) as container:
        stream = _video_stream(container, clip.path)
        first: Fraction | None = None
        for number, frame in enumerate(_decoded(container, stream, clip.path)):
            time = number / clip.rate if frame.pts is None else frame.pts * frame.time_base
            first = time if first is None else first
            image = _checked(_to_srgb(frame), clip, f"frame {number + 1}")
            yield Frame(image, Fraction(time - first))


def _count(stream: Any, rate: Fraction) -> int | None:
    if stream.frames:
        return int(stream.frames)
    seconds = stream.duration and stream.duration * stream.time_base
    if not seconds and stream.container.duration:
        seconds = Fraction(stream.container.duration, 1_000_000)  # microseconds
    return round(seconds * rate) if seconds else None


def _checked(image: FrameImage, clip: Clip, name: str) -> FrameImage:
    if image.shape[:2] != clip.size:
        height, width = image.shape[:2]
        raise PictureError(
            f"{name} of {clip.path} has {width}x{height} pixels, but the first frame has "
            f"{clip.size[1]}x{clip.size[0]}; all frames need the same size"
        )
    return image


def _pictures(folder: Path) -> list[Path]:
    """List the pictures of a folder, ordered by the numbers in their names."""

    def key(file: Path) -> list[tuple[int, str]]:
        parts = re.split(r"(\d+)", file.name)
        return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]

    files = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    ]
    if not files:
        raise PictureError(f"{folder} has no pictures; give a folder of frames or a video file")
    return sorted(files, key=key)


@contextlib.contextmanager
def open_container(path: Path) -> Iterator[Any]:
    """Open a video file with PyAV.

    Raises:
        PictureError: It is missing, empty or not a video.
        BackendError: PyAV is not installed.
    """
    if path.is_file() and not path.stat().st_size:
        raise PictureError(f"{path} is empty; give a video file or a folder of frames")
    first_bytes(path)  # raises if it is missing or not a file
    av = load_av()
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise PictureError(
            f"{path} is not a video that can be read ({reason(error).lower()}); "
            "give a video file or a folder of frames"
        ) from error
    with container:
        yield container


def _video_stream(container: Any, path: Path) -> Any:
    if any(still in container.format.name for still in _STILLS):
        raise PictureError(f"{path} is a still picture; use impasto paint")
    cover = load_av().stream.Disposition.attached_pic  # of an audio file
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        raise PictureError(f"{path} has no pictures, only sound; give a video file")
    stream = streams[0]
    stream.thread_type = "AUTO"
    return stream


def _decoded(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    """Yield decoded frames; those that cannot be decoded are left out, with a warning."""
    count, failures = 0, []
    for found in _frames_and_failures(container, stream):
        if isinstance(found, Exception):
            failures.append(found)
            continue
        curve = int(found.color_trc)
        if curve in _HDR_CURVES:
            raise PictureError(
                f"{path} is HDR video ({_HDR_CURVES[curve]}); convert it to SDR first"
            )
        count += 1
        yield found
    if failures and not count:
        raise PictureError(f"{path} cannot be decoded ({reason(failures[0])})") from failures[0]
    left_out = max(len(failures), stream.frames - count)
    if left_out > 0:
        warnings.warn(f"{path} is damaged; {left_out} frames are left out", stacklevel=2)


def _frames_and_failures(container: Any, stream: Any) -> Iterator[Any]:
    """Yield decoded frames, and the exceptions of packets that cannot be decoded."""
    av = load_av()
    packets = iter(container.demux(stream))
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except (StopIteration, av.EOFError):
            return
        except av.FFmpegError as error:
            yield error
            continue
        yield from frames


def _to_srgb(frame: Any) -> FrameImage:
    """Convert a decoded frame to (H, W, 3), uint8, and turn it upright."""
    space = int(frame.colorspace)
    if space == _UNSPECIFIED:
        space = _BT709 if frame.height >= _HD_HEIGHT else _BT601
    image = convert_colors(frame, "rgb24", src_colorspace=space).to_ndarray()
    turned: FrameImage = np.ascontiguousarray(np.rot90(image, frame.rotation // 90))
    return turned
