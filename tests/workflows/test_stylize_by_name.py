"""The iterative route with a shipped style given by name."""

import shutil

import numpy as np
import PIL.Image
import pytest
import skimage.data
from tests.toy import SHALLOW, SHALLOW_OPTIONS

import impasto
from impasto.cli.main import main
from impasto.errors import PictureError
from impasto.images.files import read_image, read_record
from impasto.studio.page.command_line import recorded_command
from impasto.workflows.reproduce import again, prepare_again
from impasto.workflows.resume import resume
from impasto.workflows.style_paintings import style_painting
from impasto.workflows.stylize import make_stylizer, stylize

TINY = impasto.Settings(size=32, scales=1, iterations=2, **SHALLOW)
WORDS = ("--size", "32", "--scales", "1", "--iterations", "2", "-q", *SHALLOW_OPTIONS)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PIL.Image.fromarray(skimage.data.coffee()[::8, ::8]).save("photo.png")
    return tmp_path


def same(a, b):
    np.testing.assert_array_equal(read_image(a), read_image(b))


def test_a_name_is_the_shipped_painting(folder):
    by_name = stylize("photo.png", "wave", settings=TINY)
    by_path = stylize("photo.png", style_painting("wave"), settings=TINY)
    np.testing.assert_array_equal(by_name.image, by_path.image)
    assert by_name.record["style"] == by_path.record["style"] == "wave"
    (style,) = (each for each in by_name.record["inputs"] if each["role"] == "style")
    assert {*style} == {"role", "name", "sha256"} and style["name"] == "wave"


def test_the_command_takes_names_and_again_finds_their_paintings(folder, capsys):
    words = ["stylize", "photo.png", "wave", "scream", "--style-weights", "0.6", "0.4"]
    assert main([*words, *WORDS]) == 0
    assert capsys.readouterr().out == "photo_wave_scream.png\n"
    blend = stylize(
        "photo.png",
        [style_painting("wave"), style_painting("scream")],
        settings=TINY,
        style_weights=(0.6, 0.4),
    )
    blend.save("by_path.png")
    same("photo_wave_scream.png", "by_path.png")
    (folder / "elsewhere").mkdir()
    for name in ("photo.png", "photo_wave_scream.png"):
        shutil.move(name, folder / "elsewhere" / name)
    assert main(["again", "elsewhere/photo_wave_scream.png", "-o", "anew.png", "-q"]) == 0
    same("anew.png", "by_path.png")
    assert recorded_command("anew.png").startswith("impasto stylize photo.png wave scream ")


def test_a_predicted_style_is_not_recorded_as_the_learned_one(folder):
    guess = impasto.paint("photo.png", style_painting("wave"), size=32)
    guess.save("guess.png")
    assert guess.record["style"] == "wave.jpg"
    assert recorded_command("guess.png").endswith("--style wave.jpg --size 32")
    assert prepare_again("guess.png").style.path == style_painting("wave")


def test_again_takes_a_name_in_place_of_a_painting(folder):
    stylize("photo.png", "wave", settings=TINY).save("out.png")
    with pytest.warns(UserWarning, match=r"scream\.jpg has another SHA-256 than the style 'wave'"):
        image = again("out.png", styles=["scream"]).image
    np.testing.assert_array_equal(image, stylize("photo.png", "scream", settings=TINY).image)


def test_again_says_if_the_shipped_painting_is_another(folder, monkeypatch):
    stylize("photo.png", "wave", settings=TINY).save("out.png")
    other = style_painting("scream")
    monkeypatch.setattr("impasto.workflows.inputs.style_painting", lambda name: other)
    with pytest.raises(PictureError, match="of wave shipped with this version is not the one"):
        again("out.png")


def test_a_run_by_name_is_resumed_from_its_checkpoint(folder):
    settings = TINY.changed(iterations=4)
    whole = stylize("photo.png", "wave", settings=settings)

    class Stop(Exception):
        pass

    def stop(step):
        if step.iteration >= 2:
            raise Stop

    with pytest.raises(Stop):
        stylize("photo.png", "wave", settings=settings, checkpoint="run", on_step=stop)
    np.testing.assert_allclose(resume("run").image, whole.image, atol=1e-6)


def test_a_file_of_the_name_is_taken_first(folder, capsys):
    shutil.copy(style_painting("scream"), "wave")
    assert main(["stylize", "photo.png", "wave", "-o", "file.png", *WORDS]) == 0
    stylize("photo.png", "scream", settings=TINY).save("scream.png")
    same("file.png", "scream.png")
    (style,) = (each for each in read_record("file.png")["inputs"] if each["role"] == "style")
    assert style["path"] == "wave"


@pytest.mark.parametrize("words", [["stylize", "photo.png", "waves"], ["texture", "waves"]])
def test_an_unknown_name_lists_the_styles(folder, capsys, words):
    assert main([*words, *WORDS]) == 1
    err = capsys.readouterr().err
    assert "there is no file waves, and no style of that name" in err and "starry-night" in err


def test_textures_scores_and_folders_take_names(folder, capsys):
    assert main(["texture", "wave", *WORDS]) == 0
    assert capsys.readouterr().out == "wave_texture.png\n"
    assert main(["score", "photo.png", "--content", "photo.png", "--style", "wave"]) == 0
    (folder / "photos").mkdir()
    shutil.copy("photo.png", "photos/a.png")
    assert main(["stylize", "photos", "wave", *WORDS]) == 0
    stylize("photo.png", "wave", settings=TINY).save("one.png")
    same("photos_wave/a.png", "one.png")


def test_it_starts_in_the_style_as_it_was_learned(folder):
    """With `init=paint`, the result is one evaluation away from the network's painting."""
    settings = TINY.changed(init="paint", size=64)
    start = impasto.paint("photo.png", "wave", size=60).image
    guess = impasto.paint("photo.png", str(style_painting("wave")), size=60).image
    assert np.abs(start - guess).mean() > 0.02
    first = next(make_stylizer("wave", settings)("photo.png")).image
    nearer = np.abs(first[:40, :60] - start[: first.shape[0], :60]).mean()
    assert nearer < np.abs(first[:40, :60] - guess[: first.shape[0], :60]).mean()
