"""`impasto texture` from the command line."""

import numpy as np
import pytest

import impasto
from impasto.cli.main import main

TOY = ["--size", "64", "--scales", "1", "--iterations", "3", "-q"]


@pytest.fixture
def painting(tmp_path):
    return str(impasto.write_image(tmp_path / "waves.png", impasto.sample_style("swirls", 96)))


def test_a_texture_goes_beside_the_painting_with_its_record(painting, tmp_path, capsys):
    assert main(["texture", painting, "--aspect", "2", "--seamless", *TOY]) == 0
    result = tmp_path / "waves_texture.png"
    assert capsys.readouterr().out == f"{result}\n"
    assert impasto.read_image(result).shape == (32, 64, 3)
    record = impasto.read_record(result)
    assert record["command"] == "texture"
    assert record["settings"]["seamless"] is True
    assert [entry["role"] for entry in record["inputs"]] == ["style"]


def test_again_makes_the_same_texture(painting, tmp_path):
    first, second = tmp_path / "one.png", tmp_path / "two.png"
    assert main(["texture", painting, "-o", str(first), *TOY]) == 0
    assert main(["again", str(first), "-o", str(second), "-q"]) == 0
    np.testing.assert_array_equal(impasto.read_image(first), impasto.read_image(second))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--aspect", "0"], "aspect is width divided by height"),
        (["--strength", "0.5"], "strength needs a photograph"),
        (["--bits", "16"], "--bits 16 needs a .tif result"),
        (["-o", "no/such/folder/x.png"], "there is no folder"),
    ],
    ids=["aspect", "strength", "bits", "folder"],
)
def test_what_cannot_be_is_said_in_a_sentence(words, sentence, painting, capsys):
    assert main(["texture", painting, *words, *TOY]) in (1, 2)
    assert sentence in capsys.readouterr().err
