"""`impasto video`, with a toy network."""

import numpy as np
import pytest

from impasto.cli.main import main
from impasto.video.clip import open_clip, read_frames
from impasto.workflows import paint as workflow
from impasto.workflows import video
from impasto.workflows.run_folder import folder_of

from ..toy import toy_network
from ..video.clips import encode, moving


@pytest.fixture
def folder(tmp_path, monkeypatch):
    model = toy_network()
    monkeypatch.setattr(workflow, "shipped_model", lambda: model)
    monkeypatch.chdir(tmp_path)
    encode(tmp_path / "clip.mp4", moving(6), "libx264", "yuv420p", sound=0.2)
    return tmp_path


def frames(path):
    return list(read_frames(open_clip(path)))


def test_a_clip_is_painted_beside_itself(folder, capsys):
    assert main(["video", "clip.mp4", "--style", "wave"]) == 0
    out, err = capsys.readouterr()
    assert out == "clip_wave.mp4\n"
    assert "frame 1 of 6" in err
    assert "6 frames in 0:0" in err
    assert len(frames("clip_wave.mp4")) == 6
    assert open_clip("clip_wave.mp4").has_sound
    assert main(["video", "clip.mp4", "--style", "wave", "-q"]) == 0
    assert capsys.readouterr() == ("clip_wave-2.mp4\n", "")


def test_shares_and_times_are_no_part_of_the_name(folder, capsys):
    for words, name in (
        (["--style", "scream:0.5", "--style", "wave:0.5"], "clip_scream_wave.mp4"),
        (["--style", "0s:wave", "--style", "1m:scream:0.5"], "clip_wave_scream.mp4"),
    ):
        assert main(["video", "clip.mp4", *words, "--end", "0.08s", "-q"]) == 0
        assert capsys.readouterr().out == f"{name}\n"


def test_styles_and_strengths_over_time(folder, capsys):
    styles = ["--style", "0s:wave", "--style", "0.1s:wave:0.5", "--style", "0.1s:scream:0.5"]
    strengths = ["--strength-at", "0s:0.5", "--strength-at", "0.2s:1"]
    assert main(["video", "clip.mp4", *styles, *strengths, "-o", "out.mkv", "-q"]) == 0
    assert len(frames("out.mkv")) == 6


def test_a_preview_is_short_and_small(folder, capsys):
    encode(folder / "large.mkv", [np.tile(frame, (1, 2, 1)) for frame in moving(4, 60, 250)])
    assert main(["video", "large.mkv", "--style", "wave", "--preview", "0.1s"]) == 0
    assert capsys.readouterr().out == "large_wave_preview.mp4\n"
    made = frames("large_wave_preview.mp4")
    assert [frame.image.shape for frame in made] == [(58, 480, 3)] * 3


def test_an_interrupted_command_is_repeated_to_continue(folder, capsys, monkeypatch):
    command = ["video", "clip.mp4", "--style", "wave", "--every", "1"]
    real, painted = video.FrameStore.add, []

    def add(store, frame):
        if len(painted) == 3:
            raise KeyboardInterrupt
        painted.append(frame.index)
        real(store, frame)

    with monkeypatch.context() as patch:
        patch.setattr(video.FrameStore, "add", add)
        assert main(command) == 130
    assert "repeat the command to continue" in capsys.readouterr().err
    assert folder_of(folder / "clip_wave.mp4").is_dir()
    assert main(["video", "clip.mp4", "--style", "scream", "-o", "clip_wave.mp4"]) == 1
    assert "holds an unfinished run with other inputs" in capsys.readouterr().err
    assert main(["resume", "clip_wave.mp4"]) == 1
    assert "is of impasto video; repeat that command to continue it" in capsys.readouterr().err
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert out == "clip_wave.mp4\n"
    assert "frame 4 of 6" in err
    assert len(frames("clip_wave.mp4")) == 6


def test_force_replaces_a_file_and_discards_an_unfinished_run(folder, capsys):
    (folder / "out.mp4").write_bytes(b"old")
    assert main(["video", "clip.mp4", "--style", "wave", "-o", "out.mp4"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["video", "clip.mp4", "--style", "wave", "-o", "out.mp4", "-f"]) == 0
    assert len(frames("out.mp4")) == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--style is missing"),
        (["--style", "0s:wave", "--style", "scream"], "--style scream has no time"),
        (["--style", "wave", "--strength-at", "1"], "expected TIME:VALUE"),
        (["--style", "wave", "--strength-at", "4s:much"], "expected TIME:VALUE"),
        (["--style", "wave", "--preview", "soon"], "--preview must be a duration"),
        (["--style", "wave", "--end", "0s"], "expected more than start"),
        (["--style", "wave", "-o", "out.avi"], "out.avi ends in .avi"),
    ],
)
def test_wrong_options_are_explained(folder, capsys, words, message):
    assert main(["video", "clip.mp4", *words]) == 2
    assert message in capsys.readouterr().err


def test_iterations_are_forecast(folder, capsys):
    words = ["--style", "wave", "--iterations", "1", "--end", "0.08s", "-o", "out.mkv"]
    assert main(["video", "clip.mp4", *words]) == 0
    assert " in all" in capsys.readouterr().err
    assert len(frames("out.mkv")) == 2
