"""The shipped paintings: size, completeness, and facts."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PIL

import impasto
from impasto.errors import PictureError
from impasto.images.files import read_picture
from impasto.types import Picture
from impasto.workflows.style_paintings import (
    painting_facts,
    shipped_style,
    style_file,
    style_painting,
)

ROOT = Path(__file__).parents[2]
FACTS = ("title", "painter", "year", "source", "licence")


def table_rows():
    """Return the rows of styles.csv; the file is in the repository, not in the package."""
    path = ROOT / "training/styles.csv"
    if not path.is_file():
        pytest.skip("needs training/styles.csv")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", painting_facts())
def test_a_painting_is_a_small_picture_without_metadata(name):
    path = style_painting(name)
    assert path.stat().st_size <= 60_000
    with PIL.open(path) as picture:
        picture.load()
        assert picture.format == "JPEG" and picture.mode == "RGB"
        assert 256 <= max(picture.size) <= 512
        assert not {"exif", "icc_profile", "comment", "xmp", "photoshop"} & {*picture.info}
    assert read_picture(path).image.std() > 0.08  # not flat


@pytest.mark.parametrize("name", painting_facts())
def test_all_is_known_of_a_painting(name):
    facts = painting_facts()[name]
    assert tuple(facts) == FACTS and all(facts.values())
    assert facts["licence"].startswith("public domain")
    died = re.search(r"painter died (\d{4})$", facts["licence"])
    assert name == "mosaic" or int(died[1]) <= 2026 - 71


def test_every_shipped_style_has_its_painting():
    for name, about in impasto.styles().items():
        assert impasto.style_painting(name).is_file()
        assert {**about, **painting_facts()[name]} == about


def test_the_network_s_card_agrees():
    for name, about in impasto.styles(impasto.shipped_model()).items():
        assert about.items() <= painting_facts()[name].items()


def test_the_folder_has_what_the_table_of_the_training_names():
    rows = table_rows()
    assert {row["name"]: {key: row[key] for key in FACTS} for row in rows} == painting_facts()
    folder = style_painting("wave").parent
    assert {path.stem for path in folder.glob("*.jpg")} == {*painting_facts()}


def test_the_model_card_agrees():
    text = (ROOT / "docs/model_card.md").read_text("utf-8")
    for name, facts in painting_facts().items():
        assert f"| `{name}` | {' | '.join(facts[key] for key in FACTS)} |" in text


def test_a_style_without_a_painting_has_none():
    assert style_painting("photograph") is None
    assert style_painting("../paintings/wave") is None


def test_a_file_comes_before_a_style_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert style_file("wave") == style_painting("wave")
    (tmp_path / "scream").mkdir()
    assert style_file("scream") == style_painting("scream")
    (tmp_path / "wave").write_bytes(b"any")
    assert style_file("wave") == Path("wave")


def test_a_path_that_leads_nowhere_is_left_to_its_reader():
    for path in ("wave.png", "pictures/wave", "../wave.jpg", "a" * 999, ".", "~"):
        assert style_file(path) == Path(path)


def test_an_unknown_style_names_those_there_are():
    with pytest.raises(PictureError, match=r"no file waves, and no style .*starry-night, .*wave$"):
        style_file("waves")


def test_a_copy_of_a_painting_is_known_again(tmp_path):
    copy = tmp_path / "wave.jpg"
    copy.write_bytes(style_painting("wave").read_bytes())
    assert shipped_style(read_picture(copy)) == "wave"
    copy.write_bytes(style_painting("scream").read_bytes())
    assert shipped_style(read_picture(copy)) is None
    assert shipped_style(Picture(np.zeros((2, 2, 3), np.float32), name="wave.jpg")) is None
