"""`stylize` of a folder or a list, from the command line."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import skimage.data
from tests.toy import SHALLOW, SHALLOW_OPTIONS

import impasto
from impasto.cli.main import main

TOY = ["--size", "48", "--iterations", "3", "--scales", "1", "--precision", "float32"]
TOY += SHALLOW_OPTIONS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "deeper").mkdir(parents=True)
    astronaut = skimage.data.astronaut() / np.float32(255)
    for i, name in enumerate(("a.png", "a.jpg", "deeper/b.png")):
        impasto.write_image(f"photos/{name}", astronaut[60 * i : 60 * i + 60, 150:230])
    impasto.write_image("style.png", impasto.sample_style("woodcut", 64))
    return tmp_path


def test_a_folder_is_painted_beside_it_and_the_same_command_resumes(folder, capsys):
    (folder / "photos" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    assert main(["stylize", "photos", "style.png", *TOY]) == 1
    out, err = capsys.readouterr()
    paths = ["photos_style/a_jpg.png", "photos_style/a_png.png", "photos_style/deeper/b.png"]
    assert out.splitlines() == paths
    assert "picture 1 of 4" in err and "left for all" not in err.split("picture 2 of 4")[0]
    assert "impasto: photos/broken.png is damaged" in err
    assert "3 done, 0 skipped, 1 failed" in err
    assert err.splitlines()[-1] == "impasto: 1 of 4 pictures could not be painted"
    (folder / "photos" / "broken.png").unlink()
    assert main(["stylize", "photos", "style.png", *TOY]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == paths and "0 done, 3 skipped, 0 failed" in err


def test_other_settings_need_force_and_quiet_prints_failures_alone(folder, capsys):
    words = ["stylize", "photos/deeper", "style.png", "-q"]
    assert main([*words, *TOY]) == 0
    assert capsys.readouterr() == ("photos/deeper_style/b.png\n", "")
    assert main([*words, *TOY, "--seed", "1"]) == 1
    out, err = capsys.readouterr()
    assert not out and len(err.splitlines()) == 2
    assert "photos/deeper/b.png: photos/deeper_style/b.png exists already" in err
    assert "other settings (seed)" in err
    assert main([*words, *TOY, "--seed", "1", "--force"]) == 0
    assert capsys.readouterr() == ("photos/deeper_style/b.png\n", "")


def test_a_list_is_painted_into_the_folder_and_the_format_asked_for(folder, capsys):
    (folder / "some.txt").write_text("photos/a.jpg\nphotos/none.jpg\nphotos/deeper/b.png\n")
    words = ["stylize", "some.txt", "style.png", "--format", "tif", "--bits", "16", *TOY]
    assert main([*words, "-o", "out"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == ["out/photos/a.tif", "out/photos/deeper/b.tif"]
    assert "there is no file photos/none.jpg" in err and "1 of 3 pictures" in err


def test_the_format_serves_one_picture_as_well(folder, capsys):
    assert main(["stylize", "photos/a.png", "style.png", "--format", "jpg", "-q", *TOY]) == 0
    assert capsys.readouterr().out == "photos/a_style.jpg\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["photos", "-o", "out.png"], 2, "several results need a folder after -o, got out.png"),
        (["photos", "-o", "photos"], 2, "among the photographs"),
        (["photos", "--save-every", "2"], 2, "--save-every is for one photograph"),
        (["photos", "--bits", "16"], 2, "--bits 16 needs a .tif result"),
        (["photos/a.png", "-o", "a.png", "--format", "jpg"], 2, "--format jpg contradicts -o"),
        (["empty"], 1, "has no pictures"),
        (["list.txt"], 1, "names no pictures"),
        (["none.txt"], 1, "cannot read the list"),
        (["photos", "-o", "list.txt/painted"], 1, "cannot create the folder"),
    ],
)
def test_wrong_usage_is_named_before_any_work(folder, capsys, words, code, message):
    (folder / "empty").mkdir()
    (folder / "list.txt").write_text("# nothing\n")
    assert main(["stylize", words[0], "style.png", *words[1:]]) == code
    err = " ".join(capsys.readouterr().err.split())
    assert message in err and "Traceback" not in err
    assert not list(folder.glob("*_style"))


def test_debug_shows_the_traceback_of_a_failure(folder, capsys):
    (folder / "list.txt").write_text("none.jpg\nphotos/a.png\n")
    assert main(["stylize", "list.txt", "style.png", "-o", "out", "--debug", *TOY]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send to another process")
def test_an_interrupt_ends_all_and_keeps_finished_pictures(folder):
    command = [sys.executable, "-c", "from impasto.cli.main import entry; entry()"]
    command += ["stylize", "photos", "style.png", "--size", "64", "--tolerance", "0"]
    command += ["--iterations", "100000", "--scales", "1", "--precision", "float32"]
    command += SHALLOW_OPTIONS
    # The first is finished, the second never ends.
    result = folder / "photos_style" / "a_jpg.png"
    settings = impasto.Settings(
        size=64, tolerance=0, iterations=100000, scales=1, precision="float32", **SHALLOW
    )
    brief = impasto.stylize("photos/a.jpg", "style.png", settings=settings.changed(iterations=1))
    result.parent.mkdir()
    record = {**brief.record, "settings": settings.model_dump(mode="json")}
    impasto.write_image(result, brief.image, record=record)
    errors = folder / "errors.txt"
    with errors.open("w") as file:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file)
        deadline = time.monotonic() + 120
        while "picture 2 of 3" not in errors.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    err = errors.read_text()
    assert process.returncode == 130, err
    assert out.decode().split() == ["photos_style/a_jpg.png"]
    assert "0 done, 1 skipped, 0 failed, 2 not tried" in err
    assert "interrupted; 1 of 3 are painted; repeat the command to continue with the rest" in err
    assert [path.name for path in result.parent.iterdir()] == ["a_jpg.png"]
