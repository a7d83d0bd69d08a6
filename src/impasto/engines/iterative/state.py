"""The state of an iterative run, to and from snapshots."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...backend import device_memory, ops, resolve_precision
from ...errors import ModelError
from ...images.memory import Fit, fit_scales, within
from ...images.scales import Scale
from ...settings import Settings
from ...types import Image, Size, Snapshot, Tensor
from .adam import Averages
from .lbfgs import Curvature, Pair
from .points import Point, State


class Progress(NamedTuple):
    """Where a run stands: everything of a `Step` but the picture."""

    scale: int
    scales: int
    iteration: int
    iterations: int
    round: int


class Course(NamedTuple):
    """What a run settles before its first evaluation, and keeps when it is resumed.

    Attributes:
        precision: Numbers in the network.
        fits: How each scale fits into memory.
        deadline: When the run must end, by `time.perf_counter`; None if it has no budget.
    """

    precision: str
    fits: tuple[Fit, ...]
    deadline: float | None


class Stand(NamedTuple):
    """All that a run needs to go on, as it is on the device.

    Attributes:
        course: What was settled for the whole run.
        start: What the targets were made for: the picture that the scale or the round began with,
            (1, H, W, 3).
        progress: At the beginning of the round that is under way.
        rounds: Rounds of this scale that are done.
        best: The best point of this scale; None before its first evaluation.
        state: Of the optimizer; None between two rounds.
        value: The loss that the rule on the tolerance remembers.
    """

    course: Course
    start: Tensor
    progress: Progress
    rounds: int = 0
    best: Point | None = None
    state: State | None = None
    value: float = math.inf


_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (Stand, Course, Fit, Progress, Point, State, Curvature, Pair, Averages)
}


def settle(content: Size, style: Size, settings: Settings, since: float) -> Course:
    """Settle what a run keeps throughout.

    Args:
        content: Height and width of the photograph, pixels.
        style: Height and width of the painting, pixels.
        settings: All knobs.
        since: When the budget of time began, by `time.perf_counter`.

    Raises:
        PictureError: A picture is too small, or too large for the memory.
    """
    settings = on_device(settings)
    fits = tuple(fit_scales(content, style, settings))
    return Course(settings.precision, fits, _deadline(settings, since))


def on_device(settings: Settings) -> Settings:
    """Return the settings with what the device decides: precision, and memory on a GPU."""
    settings = settings.changed(precision=resolve_precision(settings.precision))
    return within(device_memory(), settings)


def evaluations(stand: Stand) -> int:
    """Count the evaluations of the round that is under way; its start is the first."""
    return 1 if stand.state is None else stand.state.evaluations


def counted(stand: Stand) -> Progress:
    """Return the progress with the evaluations of the round that is under way."""
    progress = stand.progress
    return progress._replace(iteration=progress.iteration + evaluations(stand))


def place(stand: Stand) -> Progress:
    """Return the progress so far: that of the round under way, or of the end of the one before."""
    return stand.progress if stand.state is None else counted(stand)


def end_round(stand: Stand, best: Point) -> Stand:
    """Return where a run stands when the round under way is over."""
    progress = counted(stand)
    return stand._replace(
        progress=progress._replace(round=progress.round + 1),
        rounds=stand.rounds + 1,
        best=best,
        state=None,
        value=math.inf,
    )


def to_snapshot(stand: Stand) -> Snapshot:
    """Copy what a run needs to go on from the device.

    Args:
        stand: Where it stands.

    Returns:
        The snapshot; `about["stand"]` tells how the arrays belong together, and
        `about["seconds_left"]` what is left of the budget.
    """
    deadline = stand.course.deadline
    arrays: dict[str, NDArray[Any]] = {}
    course = stand.course._replace(deadline=None)
    tree = _pack(stand._replace(course=course), "stand", arrays)
    left = None if deadline is None else max(0.0, deadline - time.perf_counter())
    return Snapshot(arrays, {"stand": tree, "seconds_left": left})


def from_snapshot(
    snapshot: Snapshot, stages: Sequence[Scale], settings: Settings, since: float
) -> Stand:
    """Bring what a run needs to go on back onto the device.

    Args:
        snapshot: From `to_snapshot`, perhaps by way of a file.
        stages: The scales of the run.
        settings: `budget`.
        since: When the budget of time began, by `time.perf_counter`.

    Returns:
        Where the run stood, bit for bit.

    Raises:
        ModelError: It is not a snapshot of such a run.
    """
    try:
        stand: Stand = _unpack(snapshot.about["stand"], snapshot.arrays)
        course = stand.course._replace(deadline=_deadline(settings, since))
        here = stages[stand.progress.scale].size, len(stages)
        if (tuple(stand.start.shape[1:3]), len(course.fits)) != here:
            raise ValueError(f"its picture has the shape {tuple(stand.start.shape)}")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"the checkpoint is of other pictures, settings or another version ({error!r}); "
            "start the run again with impasto stylize ... --force"
        ) from error
    return stand._replace(course=course)


def picture_so_far(snapshot: Snapshot) -> Image | None:
    """Return the best picture of a snapshot's scale, as it is optimised.

    It has no photograph mixed in, and no colours changed, as `Step.image` may have; so a run with
    other settings can start from it.

    Args:
        snapshot: From `to_snapshot`.

    Returns:
        The picture, (H, W, 3), 0..1; None before the first evaluation of a scale.

    Example:
        >>> picture_so_far(step.snapshot()).shape  # doctest: +SKIP
        (64, 64, 3)
    """
    pixels = snapshot.arrays.get("stand/best/x")
    return None if pixels is None else np.clip(pixels[0], 0.0, 1.0)


def _deadline(settings: Settings, since: float) -> float | None:
    return None if settings.seconds is None else since + settings.seconds


def _pack(value: Any, name: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """Describe a tree of tuples, mappings, numbers and tensors in JSON; tensors go to `arrays`."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {"map": {key: _pack(one, f"{name}/{key}", arrays) for key, one in value.items()}}
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", [str(i) for i in range(len(value))])
        parts = [
            _pack(one, f"{name}/{field}", arrays) for field, one in zip(fields, value, strict=True)
        ]
        return {"kind": type(value).__name__, "parts": parts}
    arrays[name] = np.asarray(ops.convert_to_numpy(value))
    return {"array": name}


def _unpack(tree: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        array = arrays[tree["array"]]
        # A copy: over memory aligned otherwise than the framework's, sums may be rounded otherwise.
        return ops.copy(ops.convert_to_tensor(np.array(array), dtype=str(array.dtype)))
    if "map" in tree:
        return {key: _unpack(one, arrays) for key, one in tree["map"].items()}
    parts = [_unpack(one, arrays) for one in tree["parts"]]
    return tuple(parts) if tree["kind"] == "tuple" else _KINDS[tree["kind"]](*parts)
