"""The gallery in a browser: looked at, search_text, tidied, and asked for settings."""

import numpy as np
import pytest
from tests.studio.browsing import as_image, difference
from tests.studio.results import made

from impasto.images.files import read_record
from impasto.images.scales import resize
from impasto.settings import Settings
from impasto.studio.gallery import gallery

NAMES = {"lake_boats": "boats", "tower_hills": "hills", "tower_boats": "boats"}


@pytest.fixture
def shelf(page, rng):
    """The gallery's part of the page, with three pictures among those of other tests."""
    folder = page.studio.gallery
    for name, style in NAMES.items():
        if not (folder / f"{name}.png").exists():
            settings = Settings(size=480, strength=0.45, quality="draft")
            image = resize(rng.random((3, 4, 3), np.float32), (48, 64))
            content = f"{name.partition('_')[0]}.jpg"
            gallery.keep(folder, made(image, settings=settings, content=content, style=style), name)
    page.click("button[role=tab]:nth-of-type(2)")
    page.until(lambda: len(thumbnails(page)) >= len(NAMES))
    return page


def thumbnails(page):
    return [found.text for found in page.all("#pictures .thumbnail-item") if found.is_displayed()]


def search(page, words, captions):
    field = page.find("#search input")
    field.clear()
    field.send_keys(words)
    page.until(lambda: sorted(thumbnails(page)) == sorted(captions))


def choose(page, caption):
    place = thumbnails(page).index(caption) + 1
    page.click(f"#pictures .thumbnail-item:nth-of-type({place})")
    page.until(lambda: caption.partition(", ")[2] in page.text("#about"))


def test_pictures_are_searched_by_photograph_style_and_settings(shelf):
    search(shelf, "boats", ["boats, lake.jpg", "boats, tower.jpg"])
    search(shelf, "BOATS tower", ["boats, tower.jpg"])
    search(shelf, "0.45 lake", ["boats, lake.jpg"])
    search(shelf, "no such thing", [])
    shelf.until(lambda: "No pictures found." in shelf.text("#pictures"))
    assert str(shelf.studio.gallery) in shelf.text("#shelf-note")


def test_a_picture_is_shown_with_what_made_it(shelf):
    search(shelf, "lake", ["boats, lake.jpg"])
    choose(shelf, "boats, lake.jpg")
    shown = shelf.until(lambda: shelf.find("#shown img").get_attribute("src"))
    truth = as_image(shelf.studio.gallery / "lake_boats.png")
    assert difference(shelf.picture_at(shown), truth) <= 0.03
    told = shelf.text("#about")
    for word in ("lake_boats.png", "lake.jpg", "boats", "64x48", "draft", "0.45"):
        assert word in told


def test_its_settings_are_used_again(shelf):
    search(shelf, "lake", ["boats, lake.jpg"])
    choose(shelf, "boats, lake.jpg")
    shelf.click("#use")
    shelf.until(lambda: "The settings of lake_boats.png are restored." in shelf.text("#shelf-note"))
    shelf.click("button[role=tab]:nth-of-type(1)")
    shelf.expand("#more")
    value = shelf.find("#setting-size input").get_attribute
    shelf.until(lambda: value("value") == "480")
    assert shelf.find("#setting-quality input[value=draft]").is_selected()


def test_it_is_deleted_and_brought_back(shelf):
    path = shelf.studio.gallery / "tower_hills.png"
    before = path.read_bytes()
    search(shelf, "hills", ["hills, tower.jpg"])
    choose(shelf, "hills, tower.jpg")
    shelf.click("#delete")
    shelf.until(lambda: "tower_hills.png is deleted" in shelf.text("#shelf-note"))
    shelf.until(lambda: thumbnails(shelf) == [])
    assert not path.exists()
    assert "tower_hills" not in shelf.text("#about")
    shelf.click("#undo")
    shelf.until(lambda: "tower_hills.png is restored" in shelf.text("#shelf-note"))
    shelf.until(lambda: thumbnails(shelf) == ["hills, tower.jpg"])
    assert path.read_bytes() == before


def test_it_is_downloaded(shelf):
    search(shelf, "lake", ["boats, lake.jpg"])
    choose(shelf, "boats, lake.jpg")
    shelf.choose("#shelf-kind", "tif")
    path = shelf.downloaded(lambda: shelf.click("#shelf-download"))
    kept = shelf.studio.gallery / "lake_boats.png"
    assert path.suffix == ".tif"
    assert difference(as_image(path), as_image(kept)) == 0
    assert read_record(path) == read_record(kept)


def test_nothing_chosen_is_told_in_a_sentence(shelf):
    for button in ("#use", "#delete", "#shelf-download"):
        told = shelf.text(".toast-wrap").count("no picture")
        shelf.click(button)
        shelf.until(lambda old=told: shelf.text(".toast-wrap").count("no picture") > old)
