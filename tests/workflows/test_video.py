"""Painting clips, with a toy network in place of the shipped one."""

import itertools
import json
import shutil

import av
import numpy as np
import pytest

import impasto
from impasto.errors import ModelError, PictureError, SettingsError
from impasto.video.clip import open_clip, read_frames
from impasto.workflows import paint as workflow
from impasto.workflows.run_folder import check_unfinished, folder_of
from impasto.workflows.timeline import make_timeline, shares_at, style_at
from impasto.workflows.video import stylize_video

from ..toy import toy_network
from ..video.clips import encode, moving, photograph


@pytest.fixture(scope="module")
def model():
    return toy_network()


@pytest.fixture
def clip(tmp_path, model, monkeypatch):
    monkeypatch.setattr(workflow, "shipped_model", lambda: model)
    return encode(tmp_path / "clip.mkv", moving(5, 48, 64, 1))


def images(path):
    return [frame.image for frame in read_frames(open_clip(path))]


def test_without_firmness_each_frame_is_painted_as_a_picture(clip, tmp_path, model):
    result = stylize_video(clip, "wave", tmp_path / "out.mkv", codec="ffv1", firmness=0)
    assert result.frames == 5
    for painted, frame in zip(images(result.path), moving(5, 48, 64, 1), strict=True):
        expected = impasto.paint(frame, "wave", model=model).image
        np.testing.assert_allclose(painted / 255, expected, atol=0.51 / 255)


def test_steady_frames_change_less(clip, tmp_path):
    steady = images(stylize_video(clip, "wave", tmp_path / "a.mkv", codec="ffv1", every=1).path)
    alone = images(stylize_video(clip, "wave", tmp_path / "b.mkv", codec="ffv1", firmness=0).path)
    np.testing.assert_array_equal(steady[0], alone[0])

    def change(frames):  # the camera moves by a pixel each frame
        pairs = itertools.pairwise(frames)
        return np.mean([abs(a[8:-8, 9:-7].astype(int) - b[8:-8, 8:-8]).mean() for a, b in pairs])

    assert change(steady) < 0.7 * change(alone)


def test_styles_follow_each_other_in_time(clip, tmp_path, model):
    path = tmp_path / "out.mkv"
    stylize_video(
        clip, {0: "wave", 0.08: "scream"}, path, codec="ffv1", firmness=0, fade=0.08, every=1
    )
    painted = images(path)
    for number, style in ((1, "wave"), (4, "scream")):
        frame = moving(5, 48, 64, 1)[number]
        expected = impasto.paint(frame, style, model=model).image
        np.testing.assert_allclose(painted[number] / 255, expected, atol=0.51 / 255)


def test_vectors_and_strengths_change_evenly(model):
    settings = impasto.VideoSettings(fade=2)
    timeline = make_timeline({0: "wave", 4: "scream"}, {0: 1, 10: 0}, settings, model)
    full = make_timeline({0: "wave", 4: "scream"}, 1.0, settings, model)
    wave, scream = model.styles["wave"], model.styles["scream"]
    np.testing.assert_allclose(style_at(full, 3.9)[0], wave, rtol=1e-6)
    np.testing.assert_allclose(style_at(full, 5)[0], (wave + scream) / 2, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(style_at(full, 6)[0], scream, rtol=1e-5, atol=1e-6)
    assert style_at(timeline, 0)[1] == 1
    assert style_at(timeline, 10)[1] == 0
    np.testing.assert_allclose(style_at(timeline, 10)[0], model.styles["photograph"], atol=1e-6)
    assert 0 < style_at(timeline, 5)[1] < 1
    assert full.name == "0s:wave, 4s:scream"


def test_a_mask_keeps_the_photograph(clip, tmp_path):
    mask = np.zeros((24, 32), np.float32)
    mask[:, 16:] = 1
    path = stylize_video(clip, "wave", tmp_path / "a.mkv", codec="ffv1", mask=mask).path
    plain = stylize_video(clip, "wave", tmp_path / "b.mkv", codec="ffv1").path
    for masked, painted, frame in zip(
        images(path), images(plain), moving(5, 48, 64, 1), strict=True
    ):
        np.testing.assert_array_equal(masked[:, :20], frame[:, :20])
        np.testing.assert_array_equal(masked[:, 44:], painted[:, 44:])


def test_masks_for_each_frame_must_be_as_many(clip, tmp_path):
    masks = encode(tmp_path / "masks.mkv", [np.full((48, 64, 3), 255, np.uint8)] * 3)
    with pytest.raises(PictureError, match="the mask has 3 frames, fewer than the clip"):
        stylize_video(clip, "wave", tmp_path / "a.mkv", codec="ffv1", mask=masks)
    result = stylize_video(clip, "wave", tmp_path / "a.mkv", codec="ffv1", mask=clip)
    assert result.frames == 5


def test_a_part_at_another_size(clip, tmp_path):
    seen = []
    result = stylize_video(
        clip,
        "wave",
        tmp_path / "frames",
        start=0.04,
        end="0.12s",
        size=32,
        every=1,
        on_frame=seen.append,
    )
    assert [(each.done, each.count) for each in seen] == [(1, 2), (2, 2)]
    assert seen[0].image.shape == (24, 32, 3)
    assert [image.shape for image in images(result.path)] == [(24, 32, 3)] * 2


def test_the_record_is_in_the_file(clip, tmp_path):
    result = stylize_video(clip, "wave", tmp_path / "out.mkv", codec="ffv1", size=32)
    with av.open(str(result.path)) as container:
        record = json.loads(container.metadata["COMMENT"])
    assert record["command"] == "video"
    assert record["style"] == "wave"
    assert record["settings"]["size"] == 32
    content = record["inputs"][0]
    assert (content["role"], content["path"]) == ("content", "clip.mkv")
    assert len(content["sha256"]) == 64


class Stop(Exception):
    pass


def stop_after(count):
    def on_frame(progress):
        if progress.done == count:
            raise Stop

    return on_frame


@pytest.mark.parametrize("count", [1, 2, 4])
def test_an_interrupted_clip_goes_on_with_the_same_result(clip, tmp_path, count):
    whole = stylize_video(clip, "wave", tmp_path / "whole.mkv", codec="ffv1")
    output, seen = tmp_path / "out.mkv", []
    with pytest.raises(Stop):
        stylize_video(clip, "wave", output, codec="ffv1", on_frame=stop_after(count))
    assert not output.exists()
    result = stylize_video(clip, "wave", output, codec="ffv1", on_frame=seen.append)
    assert [each.done for each in seen] == list(range(count + 1, 6))
    assert {each.resumed for each in seen} == {count}
    for one, other in zip(images(result.path), images(whole.path), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not folder_of(output).exists()


def test_a_frame_that_was_not_written_completely_is_painted_again(clip, tmp_path):
    whole = stylize_video(clip, "wave", tmp_path / "whole.mkv", codec="ffv1")
    output = tmp_path / "out.mkv"
    with pytest.raises(Stop):
        stylize_video(clip, "wave", output, codec="ffv1", on_frame=stop_after(3))
    frame = folder_of(output) / "frame_000003.png"
    frame.write_bytes(frame.read_bytes()[:20])
    result = stylize_video(clip, "wave", output, codec="ffv1")
    for one, other in zip(images(result.path), images(whole.path), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_unfinished_run_is_not_mixed_with_another(clip, tmp_path):
    output = tmp_path / "out.mkv"
    with pytest.raises(Stop):
        stylize_video(clip, "wave", output, codec="ffv1", on_frame=stop_after(2))
    with pytest.raises(ModelError, match="unfinished run with other inputs or settings"):
        stylize_video(clip, "scream", output, codec="ffv1")
    with pytest.raises(ModelError, match="is of impasto video; repeat that command"):
        impasto.resume(output)
    check_unfinished(output, force=True)
    assert not folder_of(output).exists()
    assert stylize_video(clip, "scream", output, codec="ffv1").frames == 5


def test_a_failure_before_the_first_frame_leaves_nothing(clip, tmp_path):
    tiny = encode(tmp_path / "tiny.mkv", [photograph(9, 12)])
    with pytest.raises(PictureError, match="at least 16 pixels"):
        stylize_video(tiny, "wave", tmp_path / "out.mp4")
    with pytest.raises(PictureError, match="no frames from 9 s on"):
        stylize_video(clip, "wave", tmp_path / "out.mp4", start=9)
    assert not folder_of(tmp_path / "out.mp4").exists()


def test_a_full_disk_is_noticed_before_the_work(clip, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(PictureError, match=r"need about .* MB until the clip is finished"):
        stylize_video(clip, "wave", tmp_path / "out.mp4")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"style": "rembrandt"}, "there is no style 'rembrandt'"),
        ({"style": {0: "wave", -1: "scream"}}, "times are seconds from 0 on"),
        ({"strength": 3.0}, "strength"),
        ({"strength": {}}, "give at least one strength"),
        ({"start": 2, "end": 1}, "end is 1.0 s, expected more than start, 2.0 s"),
        ({"start": "soon"}, "must be a duration such as 90s"),
        ({"firmness": 2}, "firmness"),
    ],
)
def test_wrong_arguments_are_explained(clip, tmp_path, arguments, message):
    with pytest.raises(SettingsError, match=message):
        stylize_video(**{"clip": clip, "style": "wave", "output": tmp_path / "a.mp4", **arguments})


def test_iterations_bring_a_frame_nearer_to_the_painting(clip, tmp_path):
    options = {"codec": "ffv1", "end": 0.08, "size": 48}
    plain = images(stylize_video(clip, "wave", tmp_path / "a.mkv", **options).path)
    path = tmp_path / "b.mkv"
    refined = images(stylize_video(clip, "wave", path, iterations=3, **options).path)
    assert len(refined) == len(plain) == 2
    painting, settings = impasto.style_painting("wave"), impasto.Settings(size=48)
    for before, after, frame in zip(plain, refined, moving(5, 48, 64, 1), strict=False):
        photo = frame.astype(np.float32) / 255
        losses = [
            impasto.score(each / np.float32(255), photo, painting, settings=settings).total
            for each in (before, after)
        ]
        assert losses[1] < 0.9 * losses[0]


def test_iterations_need_a_painting(clip, tmp_path, model):
    path = tmp_path / "model.impasto"
    impasto.save_model(model, path)
    with pytest.raises(
        SettingsError, match=r"model.impasto/wave has no painting, which iterations"
    ):
        stylize_video(clip, f"{path}/wave", tmp_path / "a.mp4", iterations=2)


def test_the_shares_of_styles_over_time():
    style = {0: "wave", 4: {"scream": 3.0, "mosaic": 1.0}}
    assert shares_at(style, 2.0, 3.9) == [("wave", 1.0)]
    assert shares_at(style, 2.0, 5.0) == [("wave", 0.5), ("scream", 0.375), ("mosaic", 0.125)]
    assert shares_at(style, 0.0, 4.0) == [("scream", 0.75), ("mosaic", 0.25)]
