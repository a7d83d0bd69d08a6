"""Reading clips that PyAV wrote."""

import struct
from fractions import Fraction

import numpy as np
import pytest

from impasto.errors import BackendError, PictureError
from impasto.images.files import write_image
from impasto.video import clip as module
from impasto.video.clip import open_clip, read_frames

from .clips import encode, moving, photograph


def images(path):
    return [frame.image for frame in read_frames(open_clip(path))]


def test_a_lossless_clip_is_read_exactly(tmp_path):
    frames = moving(4, 49, 65)
    clip = open_clip(encode(tmp_path / "a.mkv", frames))
    assert clip.size == (49, 65)
    assert clip.rate == 25
    assert not clip.has_sound
    for read, written in zip(read_frames(clip), frames, strict=True):
        np.testing.assert_array_equal(read.image, written)


def test_times_of_a_variable_frame_rate_are_kept(tmp_path):
    times = [80, 120, 400, 410]
    clip = open_clip(encode(tmp_path / "a.mkv", moving(4), times=times))
    expected = [Fraction(time - 80, 1000) for time in times]
    assert [frame.seconds for frame in read_frames(clip)] == expected


# Luma weights of red and blue: ITU-R BT.601 and BT.709.
WEIGHTS = {5: (0.299, 0.114), 1: (0.2126, 0.0722)}


@pytest.mark.parametrize("colorspace", WEIGHTS)
@pytest.mark.parametrize("full", [False, True])
def test_colours_follow_the_declared_matrix_and_range(tmp_path, colorspace, full):
    import av

    red, blue = WEIGHTS[colorspace]
    rgb = np.array([0.8, 0.3, 0.2])
    luma = red * rgb[0] + (1 - red - blue) * rgb[1] + blue * rgb[2]
    planes = [luma, 0.5 * (rgb[2] - luma) / (1 - blue), 0.5 * (rgb[0] - luma) / (1 - red)]
    scale = (255, 255) if full else (219, 224)
    base = (0 if full else 16, 128)
    values = [round(base[bool(i)] + scale[bool(i)] * plane) for i, plane in enumerate(planes)]
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv444p"
        stream.codec_context.colorspace = colorspace
        stream.codec_context.color_range = 2 if full else 1
        frame = av.VideoFrame.from_ndarray(
            np.stack([np.full((32, 48), value, np.uint8) for value in values]), format="yuv444p"
        )
        frame.pts = 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    (image,) = images(path)
    assert abs(image[10, 10] - 255 * rgb).max() < 2


def test_a_rotated_clip_is_turned_upright(tmp_path):
    frames = moving(2, 48, 64)
    path = encode(tmp_path / "a.mp4", frames, "libx264", "yuv420p", options={"crf": "1"})
    # A track header of MP4 holds a matrix; this one says to turn the frames by 90 degrees.
    data = bytearray(path.read_bytes())
    upright = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    place = data.index(upright, data.index(b"tkhd"))
    data[place : place + len(turned)] = turned
    path.write_bytes(data)
    clip = open_clip(path)
    assert clip.size == (64, 48)
    first = next(read_frames(clip)).image
    assert abs(first.astype(int) - np.rot90(frames[0], -1)).mean() < 6


def test_a_folder_of_pictures_is_ordered_by_numbers(tmp_path):
    for number in (10, 9, 2):
        write_image(tmp_path / f"frame{number}.png", np.full((20, 30, 3), number / 255, np.float32))
    (tmp_path / "notes.txt").write_text("not a frame")
    assert [int(image[0, 0, 0]) for image in images(tmp_path)] == [2, 9, 10]


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [("libx265", "yuv420p10le"), ("prores_ks", "yuv422p10le"), ("prores_ks", "yuva444p10le")],
)
def test_ten_bits_subsampling_and_alpha_are_converted(tmp_path, codec, pixel_format):
    options = (
        {"x265-params": "log-level=none:bframes=0"} if codec == "libx265" else {"profile": "4"}
    )
    path = encode(tmp_path / "a.mov", moving(2), codec, pixel_format, options=options)
    read = images(path)
    assert len(read) == 2
    assert abs(read[0].astype(int) - photograph()).mean() < 8


def test_a_clip_of_one_frame_and_one_cut_off(tmp_path):
    assert len(images(encode(tmp_path / "one.mkv", moving(1)))) == 1
    path = encode(tmp_path / "a.mkv", moving(6))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 0 < len(images(path)) < 6


def test_frames_that_are_missing_are_counted(tmp_path):
    options = {"options": {"crf": "1", "g": "1"}}
    whole = encode(tmp_path / "a.mp4", moving(6), "libx264", "yuv420p", **options)
    import av

    cut = tmp_path / "cut.mp4"  # with the index in front, as for streaming
    with (
        av.open(str(whole)) as given,
        av.open(str(cut), "w", options={"movflags": "faststart"}) as output,
    ):
        stream = output.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    cut.write_bytes(cut.read_bytes()[: -whole.stat().st_size // 2])
    with pytest.warns(UserWarning, match=r"cut.mp4 is damaged; \d frames are left out"):
        read = images(cut)
    assert 0 < len(read) < 6


def hdr(path):
    options = {"x265-params": "log-level=none:bframes=0"}
    encode(path, moving(1), "libx265", "yuv420p10le", color_trc=16, options=options)


def only_sound(path):
    import av

    encode(path, moving(1), "libx264", "yuv420p", sound=0.2)
    with av.open(str(path)) as given, av.open(f"{path}.m4a", "w", format="mp4") as output:
        stream = output.add_stream_from_template(given.streams.audio[0])
        for packet in given.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    path.with_name(f"{path.name}.m4a").replace(path)


def still(path):
    write_image(path.with_suffix(".png"), np.zeros((20, 30, 3), np.float32))
    path.with_suffix(".png").replace(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (hdr, "is HDR video .PQ.; convert it to SDR first"),
        (only_sound, "has no pictures, only sound"),
        (still, "is a still picture; use impasto paint"),
        (lambda path: path.write_bytes(b"hello"), "is not a video that can be read"),
        (lambda path: path.write_bytes(b""), "is empty; give a video file"),
        (lambda path: path.mkdir(), "has no pictures; give a folder of frames"),
        (lambda path: None, "there is no file"),
    ],
)
def test_what_is_no_clip_is_refused_in_a_sentence(tmp_path, make, message):
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(PictureError, match=message):
        open_clip(path)


def test_frames_of_different_sizes_are_refused(tmp_path):
    for number, size in enumerate([(20, 30), (20, 31)]):
        write_image(tmp_path / f"{number}.png", np.zeros((*size, 3), np.float32))
    with pytest.raises(PictureError, match=r"1.png of .* has 31x20 pixels, but the first .* 30x20"):
        images(tmp_path)


def test_without_pyav_the_error_names_the_extra(tmp_path, monkeypatch):
    path = encode(tmp_path / "a.mkv", moving(1))
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(BackendError, match=r'pip install "impasto\[video\]"'):
        module.open_clip(path)
