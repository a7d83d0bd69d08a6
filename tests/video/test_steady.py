"""Strokes that stay on what moves, measured without the module's own formulas."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import ndimage

from impasto.video.clip import Frame
from impasto.video.flow import DisFlow, Motion, estimate_motion, warp
from impasto.video.sequence import paint_sequence
from impasto.video.steady import begin, between, combine, is_covered, is_cut, move

from .clips import moving, photograph


def strokes(seed, height=96, width=128):
    """A painting of random strokes."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    smooth = ndimage.gaussian_filter(noise, (2, 2, 0))
    return np.clip(128 + 400 * smooth, 0, 255).astype(np.uint8)


def still(frame):
    height, width = frame.shape[:2]
    return Motion(np.zeros((height, width, 2), np.float32), np.ones((height, width), np.float32))


def following(frame, motion, seed=1):
    return move(begin(0, strokes(seed), frame), frame, motion)


def test_where_nothing_moves_strokes_stay():
    frame = photograph(96, 128)
    memory = begin(0, strokes(1), frame)
    for index in range(1, 6):
        memory = combine(move(memory, frame, still(frame)), strokes(2), frame, index)
        np.testing.assert_array_equal(memory.painted, strokes(1))


def test_what_cannot_be_followed_is_painted_anew():
    frame = photograph(96, 128)
    motion = still(frame)
    motion.followed[:, 64:] = 0
    memory = combine(following(frame, motion), strokes(2), frame, 1)
    np.testing.assert_array_equal(memory.painted[:, 72:], strokes(2)[:, 72:])
    np.testing.assert_array_equal(memory.painted[:, :56], strokes(1)[:, :56])
    assert (memory.origins[:, 72:] == 1).all()
    assert (memory.origins[:, :56] == 0).all()


def test_strokes_on_a_photograph_that_no_longer_matches_are_replaced():
    frame = photograph(96, 128)
    drifted = frame.copy()
    drifted[:, :64] = 255 - frame[:, :64]
    moved = move(begin(0, strokes(1), drifted), frame, still(frame))
    assert moved.kept[8:-8, 72:-8].min() > 0.99
    assert np.median(moved.kept[8:-8, 8:56]) == 0


def test_strokes_stay_sharp_however_often_they_move():
    """Resampled at each step they would be blurred; they are fetched from their source at once."""
    painting, frame = strokes(1, 96, 160), photograph(96, 160)
    memory, plain = begin(0, painting, frame), painting.astype(float)
    flow = np.full((96, 160, 2), [0.37, 0.21], np.float32)  # pixels of each step
    for index in range(1, 19):
        shift = [-0.37 * index, -0.21 * index]
        seen = warp(frame, np.full((96, 160, 2), [-each for each in shift], np.float32))
        motion = Motion(flow, np.ones((96, 160), np.float32))
        memory = combine(move(memory, seen, motion), memory.painted, seen, index)
        plain = ndimage.shift(plain, (-0.21, -0.37, 0), order=1, mode="mirror")
    exact = ndimage.shift(painting.astype(float), (-0.21 * 18, -0.37 * 18, 0), order=3)

    def error(image):
        return abs(image - exact)[16:-16, 16:-16].mean()

    assert error(memory.painted) < 0.1 * error(plain)


def test_few_frames_are_remembered():
    frame = photograph(96, 128)
    memory = begin(0, strokes(0), frame)
    for index in range(1, 40):
        motion = still(frame)
        motion.followed[:, 3 * index : 3 * index + 3] = 0
        memory = combine(move(memory, frame, motion), strokes(index), frame, index)
        assert len(memory.sources) <= 20
        assert {*np.unique(memory.origins)} <= {*memory.sources}


def test_less_firmness_mixes_strokes():
    frame = photograph(96, 128)
    moved = move(begin(0, strokes(1), frame), frame, still(frame), 0.5)
    memory = combine(moved, strokes(2), frame, 1)
    mean = (strokes(1).astype(float) + strokes(2)) / 2
    np.testing.assert_allclose(memory.painted, mean, atol=0.51)


def since(now, before):
    return estimate_motion(DisFlow(), now, before)


def test_a_cut_is_recognised():
    first = photograph(96, 128)
    assert is_cut(since(strokes(3), first))
    assert not is_cut(since(photograph(96, 128, 6), first))


def test_a_frame_is_covered_by_what_is_before_and_after_it():
    """A camera moves to the right: the left border was seen before, the right is seen later."""
    before, now, later = (photograph(96, 128, shift) for shift in (0, 12, 24))
    assert is_covered(since(now, before), since(now, later))
    assert not is_covered(since(now, before), since(now, before))


def test_a_frame_between_takes_the_later_painting_and_from_memory_what_is_hidden():
    frame = photograph(96, 128)
    motion = still(frame)
    motion.followed[:, :64] = 0
    moved = following(frame, still(frame))
    painting = between(moved, strokes(2), motion)
    np.testing.assert_array_equal(painting[:, :64], strokes(1)[:, :64])
    np.testing.assert_array_equal(painting[:, 64:], strokes(2)[:, 64:])


class Paintings:
    """Paints each frame in strokes of its own, and remembers which it painted."""

    def __init__(self):
        self.seconds = []

    def __call__(self, photograph, seconds):
        self.seconds.append(int(seconds))
        return strokes(100 + int(seconds), *photograph.shape[:2])


def sequence(frames, paint, start=0, **options):
    numbered = ((i, Frame(frame, Fraction(i))) for i, frame in enumerate(frames) if i >= start)
    return list(paint_sequence(numbered, paint, DisFlow(), **options))


@pytest.fixture(scope="module")
def clip():
    """Two shots, of which the first hardly moves."""
    return [*moving(7, 96, 128, 0), strokes(9), np.roll(strokes(9), 1, axis=1)]


def test_calm_frames_are_painted_now_and_then_and_cuts_at_once(clip):
    paint = Paintings()
    painted = sequence(clip, paint, every=3)
    assert [each.index for each in painted] == list(range(9))
    assert paint.seconds == [0, 3, 6, 7, 8]
    assert [each.key for each in painted] == [0, 3, 3, 3, 6, 6, 6, 7, 8]
    np.testing.assert_array_equal(painted[7].memory.painted, strokes(107))


def test_without_firmness_each_frame_is_painted_by_itself(clip):
    painted = sequence(clip, Paintings(), firmness=0, every=3)
    for number, each in enumerate(painted):
        np.testing.assert_array_equal(each.memory.painted, strokes(100 + number))


@pytest.mark.parametrize("frames", ["clip", "moving"])
@pytest.mark.parametrize("last", range(8))
def test_a_resumed_sequence_equals_an_uninterrupted_one(clip, frames, last):
    clip = moving(9, 96, 128, 5) if frames == "moving" else clip
    whole = sequence(clip, Paintings(), every=3)
    resumed = sequence(clip, Paintings(), start=last, every=3, resume=whole[last])
    for one, other in zip(resumed, whole[last + 1 :], strict=True):
        assert (one.index, one.key) == (other.index, other.key)
        np.testing.assert_array_equal(one.memory.painted, other.memory.painted)
        np.testing.assert_array_equal(one.memory.origins, other.memory.origins)
