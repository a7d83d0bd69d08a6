"""Paint the frames of a clip one after the other, with steady strokes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from .clip import Frame, FrameImage
from .flow import FlowEstimator, Motion, estimate_motion
from .steady import Memory, between, combine, compare, move

PaintFrame: TypeAlias = Callable[[FrameImage, Fraction], FrameImage]  # photograph, seconds


@dataclass(frozen=True)
class Painted:
    """A painted frame, and all that is needed to go on after it.

    Attributes:
        index: Index of the frame in the clip, from 0.
        memory: The painted frame, and what it hands on.
        last_key: Index of the last frame that was painted by itself.
    """

    index: int
    memory: Memory
    last_key: int


@dataclass(frozen=True)
class _Waiting:
    index: int
    frame: Frame
    motion: Motion


def paint_sequence(
    frames: Iterable[tuple[int, Frame]],
    paint: PaintFrame,
    flow: FlowEstimator,
    *,
    firmness: float = 1.0,
    every: int = 1,
    resume: Painted | None = None,
) -> Iterator[Painted]:
    """Paint frames in order; a cut starts afresh.

    Args:
        frames: Index and frame, in order; when resumed, from the frame of `resume` on.
        paint: Paints a frame by itself.
        flow: Estimates the motion between frames.
        firmness: Largest share of the strokes that is kept, 0..1; 0 paints each frame by itself.
        every: Most frames from one painted by itself to the next; those between are moved there
            from both sides. Only where little moves: else each is painted.
        resume: The last frame of an earlier run; it is not painted again.

    Yields:
        The painted frames.
    """
    painter = _Painter(paint, flow, firmness, resume)
    before: FrameImage | None = None
    for index, frame in frames:
        if painter.state is None or index > painter.state.index:
            step = None
            if before is not None and firmness > 0:
                step = compare(flow, frame.image, before)
            if step is None or step.is_cut:
                yield from painter.paint_waiting()
                yield painter.begin(index, frame)
            else:
                painter.waiting.append(_Waiting(index, frame, step.motion))
                if not step.is_calm or painter.since_key(index) >= every:
                    yield from painter.paint_waiting()
        before = frame.image
    yield from painter.paint_waiting()


class _Painter:
    """Paints frames that wait until the next one that is painted by itself is known."""

    def __init__(
        self, paint: PaintFrame, flow: FlowEstimator, firmness: float, state: Painted | None
    ):
        self._paint, self._flow, self._firmness = paint, flow, firmness
        self.state = state
        self.waiting: list[_Waiting] = []

    def since_key(self, index: int) -> int:
        """Return the number of frames since the last one painted by itself."""
        return index if self.state is None else index - self.state.last_key

    def begin(self, index: int, frame: Frame) -> Painted:
        """Paint the first frame of a shot."""
        painted = self._paint(frame.image, frame.seconds)
        self.state = Painted(index, Memory(painted, frame.image), index)
        return self.state

    def paint_waiting(self) -> Iterator[Painted]:
        """Paint the last waiting frame by itself, and the others between it and the state."""
        if not self.waiting or self.state is None:
            return
        last = self.waiting[-1]
        painting = self._paint(last.frame.image, last.frame.seconds)
        for each in self.waiting:
            image = each.frame.image
            moved = move(self.state.memory, image, each.motion, self._firmness)
            new, key = painting, each.index
            if each is not last:
                since = estimate_motion(self._flow, image, last.frame.image)
                new, key = between(moved, painting, since), self.state.last_key
            self.state = Painted(each.index, combine(moved, new, image), key)
            yield self.state
        self.waiting.clear()
