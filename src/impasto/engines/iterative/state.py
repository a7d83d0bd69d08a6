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
from ...images.memory import Fit, fit_scales, limit_to_gpu
from ...images.scales import Scale
from ...settings import Settings
from ...types import Image, Size, Snapshot, Tensor
from .adam import Averages
from .lbfgs import Curvature, Pair
from .points import OptimizerState, Point


class Progress(NamedTuple):
    """The counters of a `Step`: all its fields but the picture."""

    scale: int
    scales: int
    iteration: int
    iterations: int
    round: int


class RunSetup(NamedTuple):
    """Decisions made before the first evaluation and kept when the run is resumed.

    Attributes:
        precision: Number format of the network.
        fits: How each scale fits into memory.
        deadline: When the run must end, by `time.perf_counter`; None without a time budget.
    """

    precision: str
    fits: tuple[Fit, ...]
    deadline: float | None


class RunState(NamedTuple):
    """Everything that a run needs to continue, on the device.

    Attributes:
        setup: The decisions for the whole run.
        start: The picture that the targets were made for, (1, H, W, 3): where the scale or the
            round began.
        progress: Progress at the start of the current round.
        rounds: Finished rounds of this scale.
        best: The best point of this scale; None before its first evaluation.
        state: State of the optimizer; None between rounds.
        value: The last loss that the tolerance was checked against.
    """

    setup: RunSetup
    start: Tensor
    progress: Progress
    rounds: int = 0
    best: Point | None = None
    state: OptimizerState | None = None
    value: float = math.inf


# Names in checkpoint files; they never change, or older files could not be read.
_ROOT = "stand"
_KINDS: dict[str, Any] = {
    "Stand": RunState,
    "Course": RunSetup,
    "Fit": Fit,
    "Progress": Progress,
    "Point": Point,
    "State": OptimizerState,
    "Curvature": Curvature,
    "Pair": Pair,
    "Averages": Averages,
    "tuple": tuple,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def set_up_run(content: Size, style: Size, settings: Settings, since: float) -> RunSetup:
    """Choose precision, tiles and deadline of a run.

    Args:
        content: Height and width of the photograph, pixels.
        style: Height and width of the painting, pixels.
        settings: All settings.
        since: Start of the time budget, by `time.perf_counter`.

    Raises:
        PictureError: A picture is too small, or does not fit into memory.
    """
    settings = resolve_settings(settings)
    fits = tuple(fit_scales(content, style, settings))
    return RunSetup(settings.precision, fits, _deadline(settings, since))


def resolve_settings(settings: Settings) -> Settings:
    """Return the settings with the values that depend on the device: precision, GPU memory."""
    settings = settings.changed(precision=resolve_precision(settings.precision))
    return limit_to_gpu(device_memory(), settings)


def evaluations_in_round(run: RunState) -> int:
    """Return the evaluations of the current round; its starting point is the first."""
    return 1 if run.state is None else run.state.evaluations


def _with_this_round(run: RunState) -> Progress:
    """Return the progress, the evaluations of the current round included."""
    progress = run.progress
    return progress._replace(iteration=progress.iteration + evaluations_in_round(run))


def current_progress(run: RunState) -> Progress:
    """Return the progress so far, within a round or between two."""
    return run.progress if run.state is None else _with_this_round(run)


def end_round(run: RunState, best: Point) -> RunState:
    """Return the state after the current round."""
    progress = _with_this_round(run)
    return run._replace(
        progress=progress._replace(round=progress.round + 1),
        rounds=run.rounds + 1,
        best=best,
        state=None,
        value=math.inf,
    )


def to_snapshot(run: RunState) -> Snapshot:
    """Copy the state of a run to the host.

    Args:
        run: The state.

    Returns:
        The snapshot; `about["stand"]` describes the tree of arrays, `about["seconds_left"]` is the
        rest of the time budget.
    """
    deadline = run.setup.deadline
    arrays: dict[str, NDArray[Any]] = {}
    setup = run.setup._replace(deadline=None)
    tree = _pack(run._replace(setup=setup), _ROOT, arrays)
    left = None if deadline is None else max(0.0, deadline - time.perf_counter())
    return Snapshot(arrays, {_ROOT: tree, "seconds_left": left})


def from_snapshot(
    snapshot: Snapshot, stages: Sequence[Scale], settings: Settings, since: float
) -> RunState:
    """Copy the state of a run back to the device.

    Args:
        snapshot: From `to_snapshot`, or read from a checkpoint.
        stages: The scales of the run.
        settings: `budget`.
        since: Start of the time budget, by `time.perf_counter`.

    Returns:
        The state, equal bit for bit.

    Raises:
        ModelError: The snapshot belongs to a different run.
    """
    try:
        run: RunState = _unpack(snapshot.about[_ROOT], snapshot.arrays)
        setup = run.setup._replace(deadline=_deadline(settings, since))
        here = stages[run.progress.scale].size, len(stages)
        if (tuple(run.start.shape[1:3]), len(setup.fits)) != here:
            raise ValueError(f"its picture has the shape {tuple(run.start.shape)}")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"the checkpoint belongs to other pictures, settings or another version ({error!r}); "
            "start the run again with impasto stylize ... --force"
        ) from error
    return run._replace(setup=setup)


def picture_so_far(snapshot: Snapshot) -> Image | None:
    """Return the best picture of a snapshot's scale, before the photograph is mixed in.

    Unlike `Step.image` it has no changed colours either, so a run with other settings can start
    from it.

    Args:
        snapshot: From `to_snapshot`.

    Returns:
        The picture, (H, W, 3), 0..1; None before the first evaluation of a scale.

    Example:
        >>> picture_so_far(step.snapshot()).shape  # doctest: +SKIP
        (64, 64, 3)
    """
    pixels = snapshot.arrays.get(f"{_ROOT}/best/x")
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
        return {"kind": _NAMES[type(value)], "parts": parts}
    arrays[name] = np.asarray(ops.convert_to_numpy(value))
    return {"array": name}


def _unpack(tree: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        array = arrays[tree["array"]]
        # A copy: sums over memory of another alignment may round differently.
        return ops.copy(ops.convert_to_tensor(np.array(array), dtype=str(array.dtype)))
    if "map" in tree:
        return {key: _unpack(one, arrays) for key, one in tree["map"].items()}
    kind, parts = _KINDS[tree["kind"]], [_unpack(one, arrays) for one in tree["parts"]]
    return tuple(parts) if kind is tuple else kind(*parts)
