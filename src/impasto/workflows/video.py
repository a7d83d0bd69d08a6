"""Paint a clip with a trained network, with strokes that stay in place."""

from __future__ import annotations

import itertools
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image as PIL

from ..display import png_preview
from ..engines.network.model import PaintingModel
from ..errors import ModelError, PictureError
from ..images.checksum import file_digest
from ..images.color import keep_colors
from ..images.opening import locate, resolve_parent
from ..video.clip import Frame, FrameImage, open_clip, to_bytes, to_floats
from ..video.excerpt import Excerpt, count_frames, excerpt_frames, make_excerpt
from ..video.flow import DisFlow, FlowEstimator, OnnxFlow
from ..video.sequence import Painted, PaintFrame, RefineFrame, paint_sequence
from ..video.writer import check_video_output, write_clip
from ..video_settings import VideoSettings
from .build_record import make_record, relative_record
from .frame_store import FrameStore, Saved
from .paint import painting_precision
from .record import Input
from .run_folder import RUN, folder_of, lock_folder, read_run, remove
from .timeline import StylesOverTime, Timeline, make_timeline, style_at
from .video_iterative import make_refiner
from .video_masks import VideoMask, next_mask, paint_within, read_masks

_BYTES_PER_PIXEL = 2.5  # of a painted frame on disk


@dataclass(frozen=True)
class VideoProgress:
    """Progress of a clip.

    Attributes:
        done: Frames painted so far, with those of an earlier run.
        resumed: Frames of the earlier run.
        count: Frames in total, an estimate; None if unknown.
        image: The last painted frame, (H, W, 3), uint8.
    """

    done: int
    resumed: int
    count: int | None
    image: FrameImage = field(repr=False)

    def to_pil(self) -> PIL.Image:
        """Return the last painted frame as a Pillow image, RGB."""
        return PIL.fromarray(self.image)

    def _repr_png_(self) -> bytes:
        return png_preview(self.to_pil())


class VideoResult(NamedTuple):
    """A painted clip.

    Attributes:
        path: The video file, or the folder of pictures.
        frames: Number of frames.
        seconds: Time it took, without that of an earlier, interrupted run.
        record: Styles, inputs with checksums, settings and environment.
    """

    path: Path
    frames: int
    seconds: float
    record: dict[str, Any]


def stylize_video(
    clip: str | Path,
    style: StylesOverTime,
    output: str | Path,
    *,
    strength: float | Mapping[float, float] | None = None,
    mask: VideoMask | None = None,
    model: PaintingModel | str | Path | None = None,
    settings: VideoSettings | None = None,
    on_frame: Callable[[VideoProgress], None] | None = None,
    **changes: Any,
) -> VideoResult:
    """Paint a clip; strokes follow the motion, and cuts start afresh.

    Sound, frame rate and the time of each frame are kept. Painted frames are written to a hidden
    folder beside the output; repeating an interrupted call continues it frame by frame, with the
    same result.

    Args:
        clip: A video file, or a folder of pictures, ordered by the numbers in their names.
        style: As for `paint`; or styles by the second from which they apply, as in
            `{0: "wave", 4: "scream"}`.
        output: A .mp4, .mov or .mkv file, a .gif or .webp animation without sound, or a folder
            for PNG pictures; replaced if it exists.
        strength: In place of `settings.strength`; or strengths by second, as in `{0: 0.2, 4: 1}`,
            which change evenly in between.
        mask: Where to paint, white, and where to keep the photograph, black: a picture for all
            frames; or a clip or folder, of any size, with one for each frame of the clip.
        model: The painting network, or its file; the shipped one if None.
        settings: Settings; the defaults if None.
        on_frame: Called after each painted frame.
        **changes: Settings to change, such as `size=640`.

    Returns:
        The path, the number of frames, and a record.

    Raises:
        PictureError: The clip or mask cannot be read, or the output cannot be written.
        SettingsError: A setting, time or style is out of range or unknown.
        ModelError: A model file cannot be used, or there is an unfinished run with other inputs.
        BackendError: PyAV or OpenCV is not installed.

    Example:
        >>> stylize_video("holiday.mp4", "wave", "painted.mp4")  # doctest: +SKIP
    """
    began = time.perf_counter()
    settings = VideoSettings(**{**(settings or VideoSettings()).model_dump(), **changes})
    excerpt, output = make_excerpt(open_clip(clip), settings), locate(output)
    check_video_output(output, settings.codec)
    timeline = make_timeline(style, strength, settings, model)
    masks = None if mask is None else read_masks(mask)
    flow = DisFlow() if settings.flow is None else OnnxFlow(settings.flow)
    painters = _frame_painter(timeline, settings), make_refiner(style, timeline, settings)
    record, folder = _record(excerpt, timeline, settings), folder_of(output)
    resumes = _resumes(folder, record)
    _check_space(output.parent, excerpt)
    with lock_folder(folder, None if resumes else _description(record)):
        store, finished = FrameStore(folder), False
        try:
            frames = _paint_frames(excerpt, store, painters, flow, settings, on_frame)
            record = {**record, "seconds": round(time.perf_counter() - began, 1)}
            write_clip(
                output,
                _painted_frames(excerpt, store, masks),
                excerpt,
                codec=settings.codec,
                comment=json.dumps(relative_record(record, output), separators=(",", ":")),
            )
            finished = True
        finally:
            if finished or store.last() is None:  # without frames there is nothing to go on with
                remove(folder)
    return VideoResult(output, frames, time.perf_counter() - began, record)


def _frame_painter(timeline: Timeline, settings: VideoSettings) -> PaintFrame:
    """Return a function that paints a frame by itself."""
    from ..engines.network.stroke_size import paint_photograph

    def paint(photograph: FrameImage, seconds: Fraction) -> FrameImage:
        image = to_floats(photograph)
        vector, mixture = style_at(timeline, float(seconds))
        painted = paint_photograph(
            image, vector, timeline.model, mixture=mixture, stroke_size=settings.stroke_size
        )
        if settings.keep_colors:
            painted = keep_colors(painted, image)
        return to_bytes(painted)

    return paint


def _paint_frames(
    excerpt: Excerpt,
    store: FrameStore,
    painters: tuple[PaintFrame, RefineFrame | None],
    flow: FlowEstimator,
    settings: VideoSettings,
    on_frame: Callable[[VideoProgress], None] | None,
) -> int:
    """Paint the frames that are not in the store, and return the number of all."""
    (paint, refine), saved = painters, store.last()
    frames = iter(excerpt_frames(excerpt))
    first, resumed, resume = next(frames), 0, None
    frames = itertools.chain([first], frames)
    if saved is not None:
        resume, frames = _restore(store, saved, frames)
        resumed = saved.index - first[0] + 1
    done, count = resumed, count_frames(excerpt)
    for painted in paint_sequence(
        frames,
        paint,
        flow,
        firmness=settings.firmness,
        every=settings.every,
        refine=refine,
        resume=resume,
    ):
        store.add(painted)
        done += 1
        if on_frame:
            on_frame(VideoProgress(done, resumed, count, painted.memory.painted))
    return done


def _restore(
    store: FrameStore, saved: Saved, frames: Iterator[tuple[int, Frame]]
) -> tuple[Painted, Iterator[tuple[int, Frame]]]:
    """Return the last painted frame, and the frames of the clip from it on."""
    photographs = {}
    for index, frame in frames:
        if index in saved.sources:
            photographs[index] = frame.image
        if index == saved.index:
            break
    return store.restore(saved, photographs), itertools.chain([(index, frame)], frames)


def _painted_frames(
    excerpt: Excerpt, store: FrameStore, masks: Iterator[Any] | None
) -> Iterator[Frame]:
    """Yield the painted frames from the store; their times begin at 0."""
    first: Fraction | None = None
    for index, frame in excerpt_frames(excerpt):
        first = frame.seconds if first is None else first
        image = store.read(index)
        if masks is not None:
            image = paint_within(image, frame.image, next_mask(masks, index))
        yield Frame(image, frame.seconds - first)


def _record(excerpt: Excerpt, timeline: Timeline, settings: VideoSettings) -> dict[str, Any]:
    from .environment import weights_used

    path = resolve_parent(excerpt.clip.path)
    digest = None if path.is_dir() else file_digest(path)
    content = Input(role="content", name=path.name, sha256=digest, path=path.as_posix())
    predicted = any(each.role == "style" and each.sha256 for each in timeline.inputs)
    record = make_record(
        "video",
        settings,
        [content, *timeline.inputs],
        precision=painting_precision(predicted),
        weights=weights_used() if predicted else None,
        content=path.name,
        style=timeline.name,
    )
    record["strengths"] = [list(each) for each in timeline.strengths]
    return record


def _description(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a record that decide how painted frames look, to describe a run."""
    names = ("command", "settings", "inputs", "style", "strengths", "backend", "precision")
    return {name: record[name] for name in names}


def _resumes(folder: Path, record: Mapping[str, Any]) -> bool:
    """Return whether there is an unfinished run of the same clip, styles and settings.

    Raises:
        ModelError: There is one with others.
    """
    if not (folder / RUN).is_file():
        return False
    found, wanted = read_run(folder, "video"), json.loads(json.dumps(_description(record)))
    if {name: found.get(name) for name in wanted} != wanted:
        raise ModelError(
            f"{folder} holds an unfinished run with other inputs or settings; repeat that one, "
            "delete the folder, or start over with --force"
        )
    return True


def _check_space(folder: Path, excerpt: Excerpt) -> None:
    """Check that the disk has room for the painted frames.

    Raises:
        PictureError: It has not.
    """
    count, (height, width) = count_frames(excerpt) or 0, excerpt.size
    needed, free = count * height * width * _BYTES_PER_PIXEL, shutil.disk_usage(folder).free
    if needed > free:
        raise PictureError(
            f"the painted frames need about {needed / 1e6:,.0f} MB until the clip is finished, "
            f"and {folder} has {free / 1e6:,.0f} MB; free some space, choose another folder, or "
            "paint a part of the clip"
        )
