"""Write a clip: a video file with the sound of another, or a folder of pictures."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from ..errors import SettingsError
from ..images.files import atomic_write, check_writable, make_folder, write_image
from ..images.opening import locate
from ..video_settings import Codec
from .animation import ANIMATION_SUFFIXES, write_animation
from .clip import Frame, FrameImage, open_container, to_floats
from .excerpt import Excerpt
from .extras import convert_colors, load_av

FRAME_NAME = "frame_{:06d}.png"  # of a folder of pictures, numbered from 1


class _Encoder(NamedTuple):
    """An encoder of FFmpeg.

    Attributes:
        name: Its name.
        pixel_format: Colour model, subsampling and bits.
        options: Its options.
        containers: File types that can hold its output.
    """

    name: str
    pixel_format: str
    options: dict[str, str]
    containers: tuple[str, ...]


VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv")
_X264 = {"crf": "17", "preset": "medium"}
# With B-frames x265 gives clips of one or two frames times that no container accepts.
_X265 = {"crf": "19", "preset": "medium", "x265-params": "log-level=none:bframes=0"}
_ENCODERS: dict[Codec, _Encoder] = {
    "h264": _Encoder("libx264", "yuv420p", _X264, VIDEO_SUFFIXES),
    "h265": _Encoder("libx265", "yuv420p", _X265, VIDEO_SUFFIXES),
    "prores": _Encoder("prores_ks", "yuv422p10le", {"profile": "3"}, (".mov", ".mkv")),
    "ffv1": _Encoder("ffv1", "bgr0", {"level": "3"}, (".mkv",)),
}
_FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
_BT709, _LIMITED = 1, 1  # colours of ITU-T H.273; the range 16..235
_TIME_BASE = Fraction(1, 90_000)  # seconds; frames of 24, 25, 30000/1001 and 60 a second fit


def check_video_output(path: Path, codec: Codec) -> None:
    """Check in advance that a clip can be written to a path.

    Args:
        path: A video file, an animation, or a folder (no suffix) for pictures.
        codec: How frames are compressed in a video file.

    Raises:
        SettingsError: The codec does not fit the type of file, or the type is unknown.
        PictureError: The folder is missing or not writable.
    """
    if path.is_dir():
        return
    check_writable(path)
    if not path.suffix:
        return
    suffix, known = path.suffix.lower(), ", ".join((*VIDEO_SUFFIXES, *ANIMATION_SUFFIXES))
    if suffix in ANIMATION_SUFFIXES and codec == "h264":
        return
    if suffix not in VIDEO_SUFFIXES + ANIMATION_SUFFIXES:
        raise SettingsError(
            f"{path.name} ends in {suffix}, expected {known}, or the name of a folder for pictures"
        )
    fitting = _ENCODERS[codec].containers
    if suffix not in fitting:
        raise SettingsError(
            f"{codec} does not fit into {suffix} files; name a file ending in "
            f"{' or '.join(fitting)}, or choose another codec ({', '.join(get_args(Codec))})"
        )


def write_clip(
    path: Path,
    frames: Iterable[Frame],
    source: Excerpt,
    *,
    codec: Codec = "h264",
    comment: str = "",
) -> None:
    """Write frames as a video file, or as pictures into a folder; whole or not at all.

    Args:
        path: .mp4, .mov or .mkv; .gif or .webp, without sound; else a folder.
        frames: All of one size. An odd side is made even by repeating the last row or column,
            since the usual pixel formats need it; pictures and FFV1 keep odd sides.
        source: Where they come from: its rate is noted, and its sound is copied, not decoded.
        codec: How frames are compressed in a video file.
        comment: Text stored in the file's metadata.

    Raises:
        PictureError: The file cannot be written.
        SettingsError: The codec does not fit the type of file.
    """
    path = locate(path)
    check_video_output(path, codec)
    suffix = path.suffix.lower()
    if path.is_dir() or not suffix:
        _write_pictures(path, frames)
        return
    with atomic_write(path) as file:
        if suffix in ANIMATION_SUFFIXES:
            write_animation(file, path, frames, source.clip.rate)
            return
        kind = _FORMATS[suffix]
        options = {} if kind == "matroska" else {"movflags": "faststart"}
        # By its name, since FFmpeg opens the file twice to move the index to its front.
        with load_av().open(file.name, "w", format=kind, options=options) as output:
            output.metadata["comment"] = comment
            with contextlib.ExitStack() as opened:
                packets = _copied_sound(opened, output, source)
                _write_streams(output, frames, source.clip.rate, _ENCODERS[codec], packets)


def _write_pictures(folder: Path, frames: Iterable[Frame]) -> None:
    place = folder if folder.exists() else folder.parent
    with tempfile.TemporaryDirectory(prefix=".impasto-", suffix=".tmp", dir=place) as temporary:
        for number, frame in enumerate(frames, 1):
            write_image(Path(temporary) / FRAME_NAME.format(number), to_floats(frame.image))
        make_folder(folder)
        for file in Path(temporary).iterdir():
            file.replace(folder / file.name)


def _copied_sound(opened: contextlib.ExitStack, output: Any, excerpt: Excerpt) -> Iterator[Any]:
    """Add the audio track of an excerpt to a file, and return its packets, timed from 0."""
    if not excerpt.clip.has_sound:
        return iter(())
    source = opened.enter_context(open_container(excerpt.clip.path))
    track = source.streams.audio[0]
    video = next(iter(source.streams.video), None)
    origin = Fraction(0)  # sound and pictures share a clock that may not begin at 0
    if video is not None and video.start_time is not None:
        origin = video.start_time * video.time_base
    stream = output.add_stream_from_template(track)
    first, end = excerpt.start, excerpt.end

    def packets() -> Iterator[Any]:
        for packet in source.demux(track):
            if packet.dts is None:  # the end of the stream
                continue
            time = packet.pts * packet.time_base - origin
            if (first > 0 and time < first) or (end is not None and time >= end):
                continue
            moved = round((origin + first) / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - moved, packet.dts - moved, stream
            yield packet

    return packets()


def _write_streams(
    output: Any,
    frames: Iterable[Frame],
    rate: Fraction,
    encoder: _Encoder,
    packets: Iterator[Any],
) -> None:
    """Encode frames and copy sound, in the order of their times."""
    stream = None
    waiting = next(packets, None)
    for frame in frames:
        image = frame.image if encoder.pixel_format == "bgr0" else _with_even_sides(frame.image)
        if stream is None:
            stream = _video_stream(output, rate, encoder, image.shape)
        output.mux(stream.encode(_encoded(image, frame.seconds, encoder)))
        while waiting is not None and waiting.pts * waiting.time_base <= frame.seconds:
            output.mux(waiting)
            waiting = next(packets, None)
    if stream is not None:
        output.mux(stream.encode())
    while waiting is not None:
        output.mux(waiting)
        waiting = next(packets, None)


def _video_stream(output: Any, rate: Fraction, encoder: _Encoder, shape: tuple[int, ...]) -> Any:
    stream = output.add_stream(encoder.name, rate=rate, options=encoder.options)
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = encoder.pixel_format
    context = stream.codec_context
    context.time_base = _TIME_BASE
    if encoder.pixel_format != "bgr0":
        context.colorspace, context.color_range = _BT709, _LIMITED
        context.color_primaries, context.color_trc = _BT709, _BT709
    return stream


def _encoded(image: FrameImage, seconds: Fraction, encoder: _Encoder) -> Any:
    """Convert an image to a frame in the encoder's colour model."""
    made = load_av().VideoFrame.from_ndarray(image, format="rgb24")
    if encoder.pixel_format == "bgr0":
        made = convert_colors(made, "bgr0")
    else:
        made = convert_colors(made, encoder.pixel_format, dst_colorspace=_BT709)
    made.pts, made.time_base = round(seconds / _TIME_BASE), _TIME_BASE
    return made


def _with_even_sides(image: FrameImage) -> FrameImage:
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)
