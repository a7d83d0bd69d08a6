"""`-` for standard input and output, addresses, patterns, and what folders hold beside pictures."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as PIL
from tests.cli.test_paint import folder, model

import impasto
from impasto.cli.main import main

__all__ = ["folder", "model"]  # fixtures


class Stream(io.TextIOWrapper):
    """A standard stream that is a pipe or a terminal."""

    def __init__(self, data=b"", *, terminal=False):
        super().__init__(io.BytesIO(data))
        self.buffer.isatty = lambda: terminal


@pytest.fixture
def pipe(monkeypatch):
    """Return a function that runs a command with bytes on standard input."""

    def run(words, data=b"", *, terminals=()):
        out = Stream(terminal="out" in terminals)
        monkeypatch.setattr(sys, "stdin", Stream(data, terminal="in" in terminals))
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", out)
            code = main(words)
        return code, out.buffer.getvalue()

    return run


def jpeg(array):
    file = io.BytesIO()
    PIL.fromarray(array).save(file, "JPEG", quality=95)
    return file.getvalue()


PHOTO = jpeg(np.random.default_rng(0).integers(0, 255, (40, 50, 3)).astype(np.uint8))


def test_a_photograph_goes_through_a_pipe(folder, pipe, capsys):
    code, data = pipe(["paint", "-", "--style", "wave", "-o", "-"], PHOTO)
    assert code == 0
    with PIL.open(io.BytesIO(data)) as painted:
        assert (painted.format, painted.size) == ("PNG", (50, 40))
        record = painted.info["impasto"]
    (folder / "photo.jpg").write_bytes(PHOTO)
    assert main(["paint", "photo.jpg", "--style", "wave", "-o", "a.png"]) == 0
    assert np.array_equal(PIL.open(io.BytesIO(data)), PIL.open("a.png"))
    assert "stdin" not in record
    assert '"name": "standard-input.jpeg", "sha256"' in record
    assert not [*folder.glob("-*")]


def test_the_painting_may_come_from_a_pipe(folder, pipe):
    code, data = pipe(
        ["stylize", "photo.png", "-", "-o", "-", "--format", "jpg", "--size", "32",
         "--iterations", "2"],
        PHOTO,
    )  # fmt: skip
    assert code == 0
    assert PIL.open(io.BytesIO(data)).format == "JPEG"


def test_a_drawing_goes_into_a_pipe(folder, pipe):
    code, data = pipe(["sample-style", "swirls", "--size", "64", "-o", "-"])
    assert code == 0
    assert PIL.open(io.BytesIO(data)).size == (64, 48)


@pytest.mark.parametrize(
    ("words", "terminals", "message"),
    [
        (["stylize", "-", "-", "-o", "a.png"], (), "standard input can be read once"),
        (["paint", "-", "--style", "wave"], (), "needs a name: -o NAME.png, or -o -"),
        (["paint", "-", "--style", "wave", "-o", "a.png"], ("in",), "pipe a picture in"),
        (["paint", "photo.png", "--style", "wave", "-o", "-"], ("out",), "redirect it: -o - >"),
        (["video", "-", "--style", "wave"], (), "- stands for standard input where"),
        (["video", "a.mp4", "--style", "wave", "-o", "-"], (), "a clip cannot be written to"),
        (["stylize", "-", "wave", "-o", "a.png", "--checkpoint"], (), "--checkpoint needs files"),
    ],
)
def test_wrong_use_of_standard_streams_is_named(folder, pipe, capsys, words, terminals, message):
    code, data = pipe(words, PHOTO, terminals=terminals)
    assert code in (1, 2)
    assert not data
    assert message in capsys.readouterr().err
    assert not (folder / "a.png").exists()


def test_empty_and_broken_input_is_named(folder, pipe, capsys):
    assert pipe(["paint", "-", "--style", "wave", "-o", "-"], b"") == (1, b"")
    assert "standard input is empty" in capsys.readouterr().err
    assert pipe(["paint", "-", "--style", "wave", "-o", "-"], b"<html>") == (1, b"")
    assert "standard input is an HTML page" in capsys.readouterr().err
    assert pipe(["paint", "-", "--style", "wave", "-o", "-"], PHOTO[:300]) == (1, b"")
    said = capsys.readouterr().err
    assert said.startswith("impasto: standard input is damaged or cut off")
    assert "impasto-std" not in said


def test_endless_input_is_refused_at_once(folder, pipe, capsys):
    assert pipe(["paint", "-", "--style", "wave", "-o", "-"], bytes(10_000)) == (1, b"")
    assert "standard input is filled with zeros" in capsys.readouterr().err


def test_intermediate_pictures_need_a_name(folder, pipe, capsys):
    words = ["stylize", "photo.png", "painting.png", "-o", "-", "--save-every", "2"]
    assert pipe(words) == (2, b"")
    assert "--save-every needs the name of a file" in capsys.readouterr().err


def test_real_pipes():
    words = [sys.executable, "-m", "impasto", "sample-style", "mosaic", "--size", "64"]
    drawn = subprocess.run([*words, "-o", "-"], capture_output=True, check=True)
    assert PIL.open(io.BytesIO(drawn.stdout)).size == (64, 48)
    assert not drawn.stderr


@pytest.mark.parametrize("address", ["https://example.org/a/b.jpg", "file:///home/a.jpg"])
@pytest.mark.parametrize("command", [["paint", "--style", "wave"], ["stylize"]])
def test_addresses_are_refused(folder, capsys, address, command):
    words = [command[0], address, *command[1:]] + (["wave"] if command[0] == "stylize" else [])
    assert main(words) == 1
    said = capsys.readouterr().err
    assert f"{address} is an address; " in said
    assert (
        "without file://" if address.startswith("file") else "download the picture, give the file"
    ) in said


def test_patterns_that_the_shell_has_left(folder, capsys):
    assert main(["paint", "photos/*.png", "--style", "wave"]) == 0
    assert capsys.readouterr().out.split() == ["photos/a_wave.png", "photos/b_wave.png"]
    assert main(["stylize", "photos/?.png", "wave", "--size", "24", "--iterations", "1"]) == 0
    assert len([*folder.glob("photos/pictures_wave/?.png")]) == 2
    assert main(["paint", "*.jpg", "--style", "wave"]) == 1
    assert "no picture matches *.jpg" in capsys.readouterr().err


def test_a_folder_is_painted_into_one_beside_it_and_skipped_again(folder, capsys):
    for _ in range(2):
        assert main(["paint", "photos", "--style", "wave"]) == 0
        printed = capsys.readouterr()
        assert printed.out.split() == ["photos_wave/a_wave.png", "photos_wave/b_wave.png"]
    assert "0 done, 2 skipped, 0 failed" in printed.err
    assert sorted(path.name for path in folder.glob("photos*/*")) == [
        "a.png", "a_wave.png", "b.png", "b_wave.png",
    ]  # fmt: skip


def test_results_beside_photographs_are_not_painted_again(folder, capsys):
    assert main(["paint", "photos/a.png", "photos/b.png", "--style", "wave"]) == 0
    again = sorted(map(str, (folder / "photos").iterdir()))
    assert main(["paint", *again, "--style", "wave"]) == 0
    assert sorted(path.name for path in (folder / "photos").iterdir()) == [
        "a.png", "a_wave-2.png", "a_wave.png", "b.png", "b_wave-2.png", "b_wave.png",
    ]  # fmt: skip


def test_what_a_folder_holds_beside_pictures_is_counted(folder, capsys):
    photos = folder / "photos"
    for name in ("c.dng", "d.dng", "notes.md", "Thumbs.db", ".hidden.raw", "README"):
        (photos / name).write_bytes(b"x")
    for name in ("@eaDir", "__MACOSX", ".thumbnails"):
        (photos / name).mkdir()
        impasto.write_image(photos / name / "a.png", np.zeros((20, 20, 3), np.float32))
    assert main(["paint", "photos", "--style", "wave", "-o", "out"]) == 0
    said = capsys.readouterr().err
    assert "2 done, 0 skipped, 0 failed; not used: 2 .dng, 1 .md, 1 no suffix" in said
    for path in photos.glob("?.png"):
        path.unlink()
    assert main(["paint", "photos", "--style", "wave", "-o", "out"]) == 1
    assert "has no pictures (only 2 .dng, 1 .md, 1 no suffix)" in capsys.readouterr().err
