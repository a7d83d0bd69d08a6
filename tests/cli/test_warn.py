"""Warnings before the work, on the command line."""

import numpy as np
import pytest
from PIL import Image as PIL
from tests.cli.test_paint import folder, model

import impasto
from impasto.cli.main import main
from impasto.cli.warn import describe_own_paintings, unused_quality

__all__ = ["folder", "model"]  # fixtures
STYLIZE = ["stylize", "photo.png", "painting.png", "--size", "32", "--iterations", "1"]


@pytest.fixture
def large(folder):
    """Replace the pictures by ones of which nothing is said."""
    rng = np.random.default_rng(0)
    for name in ("photo.png", "painting.png"):
        impasto.write_image(name, rng.random((150, 200, 3)).astype(np.float32))
    return folder


def test_nothing_is_said_of_usual_pictures(large, capsys):
    assert main(STYLIZE) == 0
    assert "warning" not in capsys.readouterr().err
    assert main(["paint", "photo.png", "--style", "wave"]) == 0
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--feather", "0.1"], "feather has no effect without masks"),
        (["--learning-rate", "0.1"], "learning_rate has no effect"),
        (["--jpeg-quality", "80"], "--jpeg-quality has no effect on .png files"),
    ],
)
def test_options_that_cannot_act_are_named(large, capsys, options, words):
    assert main([*STYLIZE, *options]) == 0
    assert f"impasto: warning: {words}" in capsys.readouterr().err
    assert main([*STYLIZE, *options, "-q"]) == 0
    assert not capsys.readouterr().err


def test_small_paintings_and_photographs_are_named(large, capsys):
    tiny = np.random.default_rng(0).random((20, 30, 3)).astype(np.float32)
    impasto.write_image("tiny.png", tiny)
    impasto.write_image("photos/a.png", tiny)
    assert main(["stylize", "tiny.png", "tiny.png", "--size", "64", "--iterations", "1"]) == 0
    said = capsys.readouterr().err
    assert "impasto: warning: tiny.png is small, 30x20 pixels" in said
    assert "impasto: warning: tiny.png has 30x20 pixels and is enlarged 2.1 times" in said
    assert main(["stylize", "photos", "tiny.png", "--size", "32", "--iterations", "1"]) == 0
    assert "impasto: warning: tiny.png is small" in capsys.readouterr().err


def test_paintings_among_the_styles_of_paint_are_looked_at(large):
    impasto.write_image("tiny.png", np.eye(20, 30, dtype=np.float32)[..., None].repeat(3, 2))
    for name in ("wave", "painting.png", "a.impasto", "none.png"):
        assert describe_own_paintings(name) == []
    assert "tiny.png is small" in describe_own_paintings({"wave": 0.3, "tiny.png": 0.7})[0]


@pytest.mark.parametrize("route", ["stylize", "paint"])
def test_a_painting_without_style_is_refused_before_anything_is_said(large, capsys, route):
    impasto.write_image("flat.png", np.full((20, 30, 3), 0.3, np.float32))
    styles = ["--style", "flat.png"] if route == "paint" else ["flat.png", "--size", "32"]
    assert main([route, "photo.png", *styles]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].startswith("impasto: flat.png has one colour only")


def test_a_quality_acts_on_lossy_types_only():
    assert unused_quality(80, ".TIF") == ["--jpeg-quality has no effect on .tif files"]
    for quality, suffix in ((80, ".jpg"), (80, ".webp"), (80, ".avif"), (92, ".png"), (80, "")):
        assert unused_quality(quality, suffix) == []


def test_the_place_of_a_photograph_can_be_left_out(large, capsys):
    exif = PIL.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    rng = np.random.default_rng(0)
    image = rng.random((150, 200, 3)).astype(np.float32)
    impasto.write_image("photo.jpg", image, exif=exif.tobytes())
    command = [*STYLIZE[:1], "photo.jpg", *STYLIZE[2:]]
    paint = ["paint", "photo.jpg", "--style", "wave"]
    for words in (command, paint):
        for rule, kept in (("keep", True), ("no-place", False), ("none", False)):
            assert main([*words, "-o", "a.png", "--force", "-q", "--metadata", rule]) == 0
            with PIL.open("a.png") as written:
                assert bool(written.getexif().get_ifd(0x8825)) == kept
                assert ("impasto" in written.info) == (rule != "none")
    for words in (["paint", "photos", "--style", "wave"], ["stylize", "photos", "painting.png"]):
        assert main([*words, "--metadata", "none"]) == 2
        assert "--metadata none leaves out the records" in capsys.readouterr().err
