"""Writing clips, read again by PyAV."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from impasto.errors import PictureError, SettingsError
from impasto.images.files import read_image
from impasto.video.clip import Frame, open_clip, read_frames
from impasto.video.excerpt import make_excerpt
from impasto.video.writer import check_video_output, write_clip
from impasto.video_settings import VideoSettings

from .clips import encode, moving, sound_of

TIMES = [0, 40, 200, 230, 1000, 1040]  # milliseconds


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.mp4"
    return encode(path, moving(6), "libx264", "yuv420p", times=TIMES, sound=1.2)


def write(path, source, frames=None, codec="h264", **settings):
    excerpt = make_excerpt(open_clip(source), VideoSettings(**settings))
    seconds = [Fraction(time, 1000) for time in TIMES]
    frames = moving(6) if frames is None else frames
    made = [Frame(image, time) for image, time in zip(frames, seconds, strict=False)]
    write_clip(path, made, excerpt, codec=codec, comment='{"a": 1}')
    return path


@pytest.mark.parametrize(
    ("name", "codec", "error"),
    [("a.mp4", "h264", 4), ("a.mkv", "h265", 5), ("a.mov", "prores", 3), ("b.mkv", "ffv1", 0)],
)
def test_pictures_times_sound_and_comment_are_kept(tmp_path, source, name, codec, error):
    path = write(tmp_path / name, source, codec=codec)
    read = list(read_frames(open_clip(path)))
    assert [frame.seconds for frame in read] == [Fraction(time, 1000) for time in TIMES]
    for frame, written in zip(read, moving(6), strict=True):
        difference = frame.image.astype(int) - written
        assert abs(difference).mean() <= error
        assert abs(difference.mean()) < 0.7  # neither darker nor brighter
    assert sound_of(path)[0] == sound_of(source)[0]
    with av.open(str(path)) as container:
        assert {"{" + text.partition("{")[2] for text in container.metadata.values()} & {'{"a": 1}'}
        if codec != "ffv1":
            assert container.streams.video[0].codec_context.colorspace == 1
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_odd_sides_are_made_even_by_repeating_the_border(tmp_path, source):
    frames = moving(2, 33, 47)
    (first, _) = read_frames(open_clip(write(tmp_path / "a.mp4", source, frames)))
    assert first.image.shape == (34, 48, 3)
    (exact, _) = read_frames(open_clip(write(tmp_path / "a.mkv", source, frames, "ffv1")))
    np.testing.assert_array_equal(exact.image, frames[0])


def test_the_sound_of_a_part_begins_with_it(tmp_path, source):
    path = write(tmp_path / "a.mp4", source, moving(2), start=0.2, end=0.6)
    packets, times = sound_of(path)
    whole, _ = sound_of(source)
    first = whole.index(packets[0])
    assert packets == whole[first : first + len(packets)]
    assert 0 <= times[0] < 0.03
    assert len(packets) == pytest.approx(0.4 * 44_100 / 1024, abs=1.5)


def test_a_folder_gets_numbered_pictures(tmp_path, source):
    folder = write(tmp_path / "frames", source, moving(3))
    assert sorted(file.name for file in folder.iterdir()) == [
        f"frame_00000{number}.png" for number in (1, 2, 3)
    ]
    image = 255 * read_image(folder / "frame_000002.png")
    np.testing.assert_allclose(image, moving(2)[1], atol=0.01)
    write(folder, source, moving(2))  # an existing folder is written into
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize(("name", "error"), [("a.gif", 12), ("a.webp", 12)])
def test_an_animation_plays_all_frames_for_their_times(tmp_path, source, name, error):
    path = write(tmp_path / name, source)
    with Image.open(path) as animation:
        assert animation.n_frames == 6
        assert animation.info["loop"] == 0
        shown = []
        for number, frame in enumerate(moving(6)):
            animation.seek(number)
            difference = np.asarray(animation.convert("RGB"), int) - frame
            assert abs(difference).mean() < error
            shown.append(animation.info["duration"])
    assert shown[:-1] == [40, 160, 30, 770, 40]


@pytest.mark.parametrize(
    ("name", "codec", "message"),
    [
        ("a.gif", "ffv1", "ffv1 does not fit into .gif files"),
        ("a.webm", "h264", "a.webm ends in .webm, expected .mp4, .mov, .mkv"),
        ("a.mp4", "ffv1", "ffv1 does not fit into .mp4 files; name a file ending in .mkv"),
        ("a.mp4", "prores", "ending in .mov or .mkv"),
    ],
)
def test_a_codec_that_does_not_fit_is_refused(tmp_path, name, codec, message):
    with pytest.raises(SettingsError, match=message):
        check_video_output(tmp_path / name, codec)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(PictureError, match="there is no folder"):
        check_video_output(tmp_path / "none" / "a.mp4", "h264")


def test_a_failure_leaves_the_existing_file(tmp_path, source):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def frames():
        yield Frame(moving(1)[0], Fraction(0))
        raise PictureError("the next frame is damaged")

    with pytest.raises(PictureError, match="damaged"):
        write_clip(path, frames(), make_excerpt(open_clip(source), VideoSettings()))
    assert path.read_bytes() == b"old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4", "source.mp4"]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "h264"), ("b.mp4", "h265"), ("a.mov", "prores"), ("a.mkv", "ffv1")],
)
def test_a_clip_of_one_frame(tmp_path, source, name, codec):
    for _ in range(4):  # x265 fails three times in four if it may use B-frames
        assert (
            len(list(read_frames(open_clip(write(tmp_path / name, source, moving(1), codec))))) == 1
        )
