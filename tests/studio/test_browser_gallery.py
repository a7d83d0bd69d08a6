"""The gallery in a browser: search, details, settings, deletion, download."""

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
def gallery_tab(page, rng):
    """The gallery tab with three pictures, besides those of other tests."""
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


def test_pictures_are_searched_by_photograph_style_and_settings(gallery_tab):
    search(gallery_tab, "boats", ["boats, lake.jpg", "boats, tower.jpg"])
    search(gallery_tab, "BOATS tower", ["boats, tower.jpg"])
    search(gallery_tab, "0.45 lake", ["boats, lake.jpg"])
    search(gallery_tab, "no such thing", [])
    gallery_tab.until(lambda: "No pictures found." in gallery_tab.text("#pictures"))
    assert str(gallery_tab.studio.gallery) in gallery_tab.text("#shelf-note")


def test_a_picture_is_shown_with_its_details(gallery_tab):
    search(gallery_tab, "lake", ["boats, lake.jpg"])
    choose(gallery_tab, "boats, lake.jpg")
    shown = gallery_tab.until(lambda: gallery_tab.find("#shown img").get_attribute("src"))
    truth = as_image(gallery_tab.studio.gallery / "lake_boats.png")
    assert difference(gallery_tab.picture_at(shown), truth) <= 0.03
    details = gallery_tab.text("#about")
    for word in ("lake_boats.png", "lake.jpg", "boats", "64x48", "draft", "0.45"):
        assert word in details


def test_settings_are_restored(gallery_tab):
    search(gallery_tab, "lake", ["boats, lake.jpg"])
    choose(gallery_tab, "boats, lake.jpg")
    gallery_tab.click("#use")
    gallery_tab.until(
        lambda: "The settings of lake_boats.png are restored." in gallery_tab.text("#shelf-note")
    )
    gallery_tab.click("button[role=tab]:nth-of-type(1)")
    gallery_tab.expand("#more")
    value = gallery_tab.find("#setting-size input").get_attribute
    gallery_tab.until(lambda: value("value") == "480")
    assert gallery_tab.find("#setting-quality input[value=draft]").is_selected()


def test_a_picture_is_deleted_and_restored(gallery_tab):
    path = gallery_tab.studio.gallery / "tower_hills.png"
    before = path.read_bytes()
    search(gallery_tab, "hills", ["hills, tower.jpg"])
    choose(gallery_tab, "hills, tower.jpg")
    gallery_tab.click("#delete")
    gallery_tab.until(lambda: "tower_hills.png is deleted" in gallery_tab.text("#shelf-note"))
    gallery_tab.until(lambda: thumbnails(gallery_tab) == [])
    assert not path.exists()
    assert "tower_hills" not in gallery_tab.text("#about")
    gallery_tab.click("#undo")
    gallery_tab.until(lambda: "tower_hills.png is restored" in gallery_tab.text("#shelf-note"))
    gallery_tab.until(lambda: thumbnails(gallery_tab) == ["hills, tower.jpg"])
    assert path.read_bytes() == before


def test_a_picture_is_downloaded(gallery_tab):
    search(gallery_tab, "lake", ["boats, lake.jpg"])
    choose(gallery_tab, "boats, lake.jpg")
    gallery_tab.choose("#shelf-kind", "tif")
    path = gallery_tab.downloaded(lambda: gallery_tab.click("#shelf-download"))
    kept = gallery_tab.studio.gallery / "lake_boats.png"
    assert path.suffix == ".tif"
    assert difference(as_image(path), as_image(kept)) == 0
    assert read_record(path) == read_record(kept)


def test_without_a_selection_a_message_is_shown(gallery_tab):
    for button in ("#use", "#delete", "#shelf-download"):
        count = gallery_tab.text(".toast-wrap").count("no picture")
        gallery_tab.click(button)
        gallery_tab.until(
            lambda old=count: gallery_tab.text(".toast-wrap").count("no picture") > old
        )
