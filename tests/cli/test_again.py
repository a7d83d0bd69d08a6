"""`impasto again` from the command line."""

import os
import shutil

import numpy as np
import pytest
import skimage.data
from PIL import Image as PIL
from tests.toy import SHALLOW_OPTIONS

import impasto
from impasto.cli.again import parse_changes
from impasto.cli.main import main
from impasto.errors import SettingsError

TINY = ("--size", "32", "--scales", "1", "--iterations", "2", "-q", *SHALLOW_OPTIONS)


@pytest.fixture(autouse=True)
def _same_environment():
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Create a folder with results of both routes, once."""
    folder = tmp_path_factory.mktemp("original")
    PIL.fromarray(skimage.data.coffee()[::8, ::8]).save(folder / "photo.png")
    impasto.write_image(folder / "painting.png", impasto.sample_style("mosaic", 64))
    words = ["stylize", str(folder / "photo.png"), str(folder / "painting.png"), *TINY]
    assert main([*words, "-o", str(folder / "out.png")]) == 0
    words = ["paint", str(folder / "photo.png"), "--style", "wave", "-q"]
    assert main([*words, "-o", str(folder / "wave.jpg"), "--jpeg-quality", "70"]) == 0
    return folder


@pytest.fixture
def folder(original, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(shutil.copytree(original, tmp_path / "work"))
    capsys.readouterr()
    return tmp_path / "work"


def pixels(path):
    with PIL.open(path) as image:
        return np.asarray(image)


def test_the_same_picture_comes_beside_the_result_with_progress(folder, capsys):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(["again", "out.png"]) == 0
    out, err = capsys.readouterr()
    assert out == "out-2.png\n"
    assert "32x21 in 1 scale" in err and "evaluation 0/2" in err
    np.testing.assert_array_equal(pixels("out.png"), pixels("out-2.png"))
    for name, content in before.items():
        assert (folder / name).read_bytes() == content
    assert main(["again", "out-2.png", "-q"]) == 0
    assert capsys.readouterr() == ("out-2-2.png\n", "")


def test_it_is_computed_by_the_operators_that_made_it(folder):
    from impasto.backend import operators, use_operators

    recorded = impasto.read_record("out.png")["operators"]
    others = {layer: "stock stock" for layer in recorded if "channels" in layer}
    assert others and others.items() - recorded.items()
    use_operators(others)
    try:
        assert main(["again", "out.png", "-q"]) == 0
        assert operators() == others
    finally:
        use_operators(recorded)
    assert impasto.read_record("out-2.png")["operators"] == recorded
    np.testing.assert_array_equal(pixels("out.png"), pixels("out-2.png"))


def test_a_picture_painted_at_once_keeps_its_quality(folder, capsys):
    assert main(["again", "wave.jpg"]) == 0
    out, err = capsys.readouterr()
    assert out == "wave-2.jpg\n" and "75x50 in" in err
    np.testing.assert_array_equal(pixels("wave.jpg"), pixels("wave-2.jpg"))
    assert impasto.read_record("wave-2.jpg")["jpeg_quality"] == 70
    assert main(["again", "wave.jpg", "-o", "x.tif", "--set", "size=40", "--bits", "16", "-q"]) == 0
    assert impasto.read_image("x.tif").shape == (27, 40, 3)
    assert impasto.read_record("x.tif")["bits"] == 16
    assert main(["again", "x.tif", "-q"]) == 0
    assert impasto.read_record("x-2.tif")["bits"] == 16
    assert main(["again", "x.tif", "-q", "-o", "x.png"]) == 0
    assert impasto.read_record("x.png")["bits"] == 8


def test_settings_change_by_name(folder, capsys):
    words = ["again", "out.png", "-o", "new.png", "-q", "--set", "size=40"]
    assert main([*words, "--set", "style-scale=1.5", "--set", "pooling=average"]) == 0
    settings = impasto.Settings(**impasto.read_record("new.png")["settings"])
    assert (settings.size, settings.style_scale, settings.pooling) == (40, 1.5, "average")
    assert settings.iterations == 2
    assert pixels("new.png").shape == (27, 40, 3)


def test_another_photograph_is_taken_with_a_warning(folder, capsys):
    PIL.fromarray(skimage.data.chelsea()[::8, ::8]).save("cat.png")
    words = ["again", "out.png", "--content", "cat.png", "--style", "painting.png"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.filters", [])
        assert main([*words, "-o", "cat_out.png"]) == 0
    err = capsys.readouterr().err
    assert "impasto: warning: cat.png has another SHA-256 than the content 'photo.png'" in err
    assert impasto.read_record("cat_out.png")["content"] == "cat.png"


def test_a_texture_stays_one(folder, capsys):
    settings = impasto.Settings(size=32, scales=1, iterations=2)
    impasto.texture("painting.png", settings=settings).save("tile.png")
    assert main(["again", "tile.png", "-q"]) == 0
    np.testing.assert_array_equal(pixels("tile.png"), pixels("tile-2.png"))
    record = impasto.read_record("tile-2.png")
    assert record["command"] == "texture" and "content" not in record


def test_the_reference_procedure_made_again_writes_one_picture(folder, capsys):
    words = ["stylize", "photo.png", "painting.png", "--preset", "classic", "-o", "c.png", "-q"]
    assert main([*words, "--height", "32", "--rounds", "2", "--iterations", "4"]) == 0
    before = {path.name for path in folder.iterdir()}
    assert main(["again", "c.png", "-q"]) == 0
    assert {path.name for path in folder.iterdir()} - before == {"c-2.png"}
    np.testing.assert_array_equal(pixels("c.png"), pixels("c-2.png"))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--set", "size"], 2, "--set size: expected NAME=VALUE, as in size=1024"),
        (["--set", "sise=5"], 2, "there is no setting named sise"),
        (["--set", "size=5"], 2, "greater than or equal to 16, got '5'"),
        (["-o", "photo.png"], 1, "photo.png exists already"),
        (["-o", "no/such.png"], 1, "there is no folder no"),
        (["-o", "x.gif"], 1, "x.gif ends in '.gif'"),
        (["--bits", "16"], 2, "--bits 16 needs a .tif result"),
        (["--jpeg-quality", "0"], 2, "--jpeg-quality must be from 1 to 100"),
        (["--content", "none.png"], 1, "there is no file none.png"),
        (["--max-pixels", "10"], 1, "limit is 10"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(folder, capsys, words, code, message):
    before = {path.name for path in folder.iterdir()}
    assert main(["again", "out.png", *words]) == code
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1
    assert {path.name for path in folder.iterdir()} == before


def test_missing_inputs_name_the_option(folder, capsys):
    (folder / "painting.png").unlink()
    assert main(["again", "out.png"]) == 1
    err = capsys.readouterr().err
    assert "'painting.png'" in err and "--style PATH" in err and err.count("\n") == 1


def test_a_picture_without_a_record_is_refused(folder, capsys):
    assert main(["again", "photo.png"]) == 1
    assert "photo.png has no record" in capsys.readouterr().err


def test_changes_are_words_with_a_sign():
    assert parse_changes(("--tv-weight=1", "init=")) == {"tv_weight": "1", "init": ""}
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        parse_changes(("size 5",))
