"""Paint the frames of a clip one after the other, with steady strokes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from .clip import Frame, FrameImage
from .flow import FlowEstimator, Motion, estimate_motion
from .steady import Memory, Moved, begin, between, combine, is_covered, is_cut, move

PaintFrame: TypeAlias = Callable[[FrameImage, Fraction], FrameImage]  # photograph, seconds
# Frame, painted so far, and the memory moved to it, None at the start of a shot.
RefineFrame: TypeAlias = Callable[[Frame, FrameImage, Moved | None], FrameImage]


@dataclass(frozen=True)
class Painted:
    """A painted frame, and all that is needed to go on after it.

    Attributes:
        index: Index of the frame in the clip, from 0.
        memory: The painted frame, and what it hands on.
        key: Index of the frame whose painting it was made from: its own, or a later one's.
    """

    index: int
    memory: Memory
    key: int


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
    refine: RefineFrame | None = None,
    resume: Painted | None = None,
) -> Iterator[Painted]:
    """Paint frames in order; a cut starts afresh.

    Args:
        frames: Index and frame, in order; when resumed, from the frame of `resume` on.
        paint: Paints a frame by itself.
        flow: Estimates the motion between frames.
        firmness: Largest share of the strokes that is kept, 0..1; 0 paints each frame by itself.
        every: Most frames from one painted by itself to the next. Those between are made of their
            neighbours' paintings, as long as these show nearly all that is in them.
        refine: Improves each painted frame; the next one follows the improved one.
        resume: The last frame of an earlier run; it is not painted again.

    Yields:
        The painted frames.
    """
    painter = _Painter(paint, flow, firmness, every, refine, resume)
    before: FrameImage | None = None
    for index, frame in frames:
        if painter.state is None or index > painter.state.index:
            motion = None
            if before is not None and firmness > 0:
                motion = estimate_motion(flow, frame.image, before)
            if motion is None or is_cut(motion):
                yield from painter.paint_waiting()
                yield painter.begin(index, frame)
            else:
                yield from painter.add(_Waiting(index, frame, motion))
        before = frame.image
    yield from painter.paint_waiting()


class _Painter:
    """Paints frames that wait until the next one that is painted by itself is known."""

    def __init__(
        self,
        paint: PaintFrame,
        flow: FlowEstimator,
        firmness: float,
        every: int,
        refine: RefineFrame | None,
        state: Painted | None,
    ):
        self._paint, self._flow = paint, flow
        self._firmness, self._every, self._refine = firmness, every, refine
        self.state = state
        self._waiting: list[_Waiting] = []
        self._since_last: list[Motion] = []  # of the others that wait, since the last one
        self._key = -1 if state is None else state.key  # of an earlier run, if it is still ahead

    def begin(self, index: int, frame: Frame) -> Painted:
        """Paint the first frame of a shot."""
        painted = self._paint(frame.image, frame.seconds)
        if self._refine:
            painted = self._refine(frame, painted, None)
        self.state = Painted(index, begin(index, painted, frame.image), index)
        return self.state

    def add(self, new: _Waiting) -> Iterator[Painted]:
        """Let a frame wait, and paint those that need not wait longer."""
        image = new.frame.image
        motions = [estimate_motion(self._flow, each.frame.image, image) for each in self._waiting]
        covered = all(map(is_covered, (each.motion for each in self._waiting), motions))
        if not covered and new.index > self._key:
            yield from self.paint_waiting()
            motions = []
        self._waiting.append(new)
        self._since_last = motions
        if new.index == self._key or (new.index > self._key and len(self._waiting) >= self._every):
            yield from self.paint_waiting()

    def paint_waiting(self) -> Iterator[Painted]:
        """Paint the last waiting frame by itself, and the others between it and the state."""
        if not self._waiting or self.state is None:
            return
        last = self._waiting[-1]
        painting = self._paint(last.frame.image, last.frame.seconds)
        for number, each in enumerate(self._waiting):
            image, new = each.frame.image, painting
            moved = move(self.state.memory, image, each.motion, self._firmness)
            if each is not last:
                new = between(moved, painting, self._since_last[number])
            memory = combine(moved, new, image, each.index)
            if self._refine:
                refined = self._refine(each.frame, memory.painted, moved)
                memory = begin(each.index, refined, image)
            self.state = Painted(each.index, memory, last.index)
            yield self.state
        self._waiting.clear()
