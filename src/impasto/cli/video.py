"""`impasto video`: paint a clip."""

from __future__ import annotations

import contextlib
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ..errors import SettingsError
from ..images.files import free_path
from ..images.opening import locate
from ..settings import parse_duration
from ..video.clip import open_clip
from ..video_settings import VideoSettings
from ..workflows.run_folder import RUN, check_unfinished, folder_of
from ..workflows.time_left import minutes, roughly
from ..workflows.timeline import StylesOverTime
from ..workflows.video import VideoProgress, stylize_video
from ..workflows.video_iterative import forecast_video
from .checks import check_free
from .paint import parse_styles, style_stem
from .progress import BAR_WIDTH, paced_printer

if TYPE_CHECKING:
    from .commands import Video

_PREVIEW_SIDE = 480  # pixels
_TIMED = re.compile(r"(\d[\dhms.]*[hms]):(.+)", re.DOTALL)
_RECENT = 0.2  # weight of the last frame in the running mean of times


def paint_video(command: Video) -> None:
    """Paint a clip.

    Raises:
        ImpastoError: The command failed.
        KeyboardInterrupt: Interrupted; the message says how to continue.
    """
    styles, strengths = _styles(command.style), _strengths(command.strength_at)
    output, settings = _output(command), _settings(command)
    check_free(output, command.force)
    if command.force:
        check_unfinished(output, force=True)
    console = Console(stderr=True, quiet=command.quiet)
    if settings.iterations and not command.quiet:
        seconds = forecast_video(command.clip, settings)
        console.print(f"about {roughly(seconds)} in all", highlight=False)
    with _progress(console) as show:
        try:
            result = stylize_video(
                command.clip,
                styles,
                output,
                strength=strengths or None,
                mask=command.mask,
                model=command.model,
                settings=settings,
                on_frame=show,
            )
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(
                "interrupted; repeat the command to continue, or delete "
                f"{shlex.quote(str(folder_of(output)))}"
            ) from stop
    rate = result.frames / max(result.seconds, 1e-3)
    console.print(
        f"{result.frames} frames in {minutes(result.seconds)}, {rate:.1f} per second",
        highlight=False,
    )
    sys.stdout.write(f"{result.path}\n")


def _styles(words: tuple[str, ...]) -> StylesOverTime:
    """Parse one style, several with shares, or styles by the second from which they apply.

    Example:
        >>> _styles(("0s:wave", "1m4s:scream"))
        {0.0: 'wave', 64.0: 'scream'}
        >>> _styles(("wave:0.6", "scream:0.4"))
        {'wave': 0.6, 'scream': 0.4}
    """
    timed = [_split_time(word) for word in words]
    if all(seconds is None for seconds, _ in timed):
        return parse_styles(words)
    by_time: dict[float, tuple[str, ...]] = {}
    for seconds, word in timed:
        if seconds is None:
            raise SettingsError(
                f"--style {word} has no time; write each as TIME:STYLE, as in 4s:wave"
            )
        by_time[seconds] = (*by_time.get(seconds, ()), word)
    return {seconds: parse_styles(named) for seconds, named in by_time.items()}


def _strengths(words: tuple[str, ...]) -> dict[float, float]:
    strengths = {}
    for word in words:
        seconds, value = _split_time(word)
        try:
            if seconds is None:
                raise ValueError
            strengths[seconds] = float(value)
        except ValueError as error:
            raise SettingsError(
                f"--strength-at {word}: expected TIME:VALUE, as in 4s:0.5"
            ) from error
    return strengths


def _split_time(word: str) -> tuple[float | None, str]:
    """Split TIME:REST into seconds and the rest; None without a time.

    Example:
        >>> _split_time("1m4s:wave:0.5"), _split_time("pears:0.5")
        ((64.0, 'wave:0.5'), (None, 'pears:0.5'))
    """
    match = _TIMED.fullmatch(word)
    if match is None:
        return None, word
    try:
        return parse_duration(match[1]), match[2]
    except ValueError:
        return None, word


def _settings(command: Video) -> VideoSettings:
    """Return the settings; a preview is short and small."""
    settings = command.settings
    if command.preview is None:
        return settings
    try:
        end = float(settings.start) + parse_duration(command.preview)
    except ValueError as error:
        raise SettingsError(f"--preview {error}, got {command.preview!r}") from error
    if settings.end is not None:
        end = min(end, float(settings.end))
    side = min(settings.size or max(open_clip(command.clip).size), _PREVIEW_SIDE)
    return VideoSettings(**{**settings.model_dump(), "end": end, "size": side})


def _output(command: Video) -> Path:
    """Return the path of the result; by default beside the clip, of its type if possible."""
    if command.output is not None:
        return locate(command.output)
    clip = locate(command.clip)
    words = [style_stem(_split_time(word)[1]) for word in command.style]
    suffix = {"prores": ".mov", "ffv1": ".mkv"}.get(command.settings.codec, ".mp4")
    preview = ["preview"] if command.preview else []
    name = "_".join([clip.name if clip.is_dir() else clip.stem, *words, *preview])
    wanted = clip.with_name(f"{name}{suffix}")
    unfinished = (folder_of(wanted) / RUN).is_file()
    return wanted if unfinished and not wanted.exists() else free_path(wanted)


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Callable[[VideoProgress], None]]:
    """Yield a callback that shows the frames painted, their rate and the time left."""
    rate = _Rate()
    if not console.is_terminal:
        say = paced_printer(console)
        yield lambda progress: say(rate.describe(progress))
        return
    columns = BarColumn(bar_width=BAR_WIDTH), TextColumn("{task.description}")
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("reading the clip", total=None)

        def show(progress: VideoProgress) -> None:
            text = rate.describe(progress)
            bar.update(task, total=progress.count, completed=progress.done, description=text)

        yield show


class _Rate:
    """Measures frames per second, and estimates the time left."""

    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self._each: float | None = None

    def describe(self, progress: VideoProgress) -> str:
        """Return the progress as text, after another frame."""
        now = time.perf_counter()
        spent, self._last = now - self._last, now
        each = self._each
        self._each = spent if each is None else each + _RECENT * (spent - each)
        if not progress.count:
            return f"frame {progress.done}  {1 / max(self._each, 1e-6):.1f} per second"
        painted = progress.done - progress.resumed
        left = (now - self._began) / painted * max(0, progress.count - progress.done)
        return (
            f"frame {progress.done} of {progress.count}  {1 / max(self._each, 1e-6):.1f} per "
            f"second  {minutes(left)} left"
        )
