"""Previews, saving and downloading in a browser."""

from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys
from tests.studio.browsing import as_image, difference
from tests.studio.results import made

import impasto
from impasto.images.files import read_record
from impasto.settings import Settings

JPEG = 0.03  # mean difference of the page's JPEGs


@pytest.fixture
def painted(page, photograph):
    """The page with a photograph painted in the style `wave`."""
    page.take_photograph(photograph)
    page.picture_after(lambda: page.choose("#styles", "wave"))
    return page


def test_a_photograph_is_painted_at_once(page, photograph):
    page.take_photograph(photograph)
    shown = page.picture_after(lambda: page.choose("#styles", "wave"))
    truth = impasto.paint(photograph, "wave").image
    assert difference(shown, truth) <= JPEG
    assert difference(page.pictures()[0], as_image(photograph)) <= JPEG
    assert difference(shown, as_image(photograph)) > 3 * JPEG
    page.until(lambda: page.text("#note").startswith("Wave, painted in "))
    other = page.picture_after(lambda: page.choose("#styles", "scream"))
    assert difference(other, impasto.paint(photograph, "scream").image) <= JPEG


def test_style_buttons_show_thumbnails(page, photograph):
    look = "return getComputedStyle(arguments[0], '::before').backgroundImage"
    wave = "#styles label:has(input[value=wave])"
    page.take_photograph(photograph)
    shown = page.until(lambda: (now := page.run(look, page.find(wave))) != "none" and now)
    assert shown.startswith('url("data:image/jpeg')
    assert shown != page.run(look, page.find("#styles label:has(input[value=scream])"))


def test_strength_updates_the_preview(painted, photograph):
    slider = painted.find("#setting-strength input[type=range]")

    def by_mouse():
        painted.run("arguments[0].scrollIntoView({block: 'center'})", slider)
        painted.drag(slider, 0.5, 0.25)

    for turn in (
        by_mouse,
        lambda: slider.send_keys(Keys.ARROW_RIGHT * 6),
        lambda: painted.enter("#setting-strength", 1.5),
    ):
        before = float(slider.get_attribute("value"))
        shown = painted.picture_after(turn)
        strength = float(slider.get_attribute("value"))
        assert strength != before
        assert difference(shown, impasto.paint(photograph, "wave", strength=strength).image) <= JPEG
    assert strength == 1.5


def test_a_second_style_is_blended_in(painted, photograph):
    painted.click("#others input")
    painted.picture_after(lambda: painted.click("#others [role=option][aria-label=Scream]"))
    shown = painted.picture_after(lambda: painted.enter("#share", 0.25))
    both = impasto.paint(photograph, {"wave": 0.75, "scream": 0.25}).image
    assert difference(shown, both) <= JPEG
    assert difference(shown, impasto.paint(photograph, "wave").image) > JPEG
    painted.until(lambda: painted.text("#note").startswith("Wave + Scream, painted in "))


def test_an_uploaded_painting_is_a_style(painted, photograph, tmp_path):
    painting = tmp_path / "my_swirls.png"
    Image.fromarray(np.uint8(255 * impasto.paint(photograph, "mosaic").image)).save(painting)
    shown = painted.picture_after(lambda: painted.upload("#own", painting))
    assert difference(shown, impasto.paint(photograph, painting).image) <= JPEG
    painted.until(lambda: painted.text("#note").startswith("my swirls, estimated in "))


def test_a_picture_is_kept_and_downloaded(painted, photograph):
    before = set(painted.studio.gallery.glob("*.png"))
    paths = []
    for kind in ("png", "jpg", "tif"):
        painted.choose("#kind", kind)
        paths.append(painted.downloaded(lambda: painted.click("#download")))
        assert paths[-1].suffix == f".{kind}"
    (kept,) = set(painted.studio.gallery.glob("*.png")) - before  # once, not three times
    theirs = impasto.read_picture(kept).image
    assert difference(theirs, impasto.paint(photograph, "wave").image) <= 1 / 255
    for path in paths:
        ours = impasto.read_picture(path).image
        assert path.stem == kept.stem
        assert difference(ours, theirs) <= (JPEG if path.suffix == ".jpg" else 0)
        assert difference(as_image(path), ours) <= 1e-6
        record = read_record(path)
        assert record == read_record(kept)
        assert (record["content"], record["style"]) == ("astronaut.png", "wave")


def test_a_kept_picture_is_not_kept_again(painted):
    painted.click("#keep")
    painted.until(lambda: "Saved as" in painted.text("#note"))
    before = set(painted.studio.gallery.iterdir())
    path = painted.downloaded(lambda: painted.click("#download"))
    assert set(painted.studio.gallery.iterdir()) == before
    assert path.name in painted.text("#note")


def test_the_settings_are_shown_as_a_command_line(painted):
    painted.enter("#setting-strength", 0.6)
    painted.expand("#command")
    value = painted.find("#command-text textarea").get_attribute
    painted.until(lambda: "--strength 0.6" in value("value"))
    at_once, slow = value("value").splitlines()
    assert at_once == "impasto paint astronaut.png --style wave --strength 0.6"
    assert slow.startswith("impasto stylize astronaut.png wave ")


def test_the_paintings_of_the_chosen_styles_are_shown(painted):
    painted.until(lambda: "The Great Wave" in painted.text("#originals"))
    wide, high = painted.run(
        "const {naturalWidth, naturalHeight} = document.querySelector('#originals img');"
        "return [naturalWidth, naturalHeight];"
    )
    assert wide == 192 and high == round(192 * 350 / 512)
    painted.choose("#styles", "scream")
    painted.until(lambda: painted.text("#originals") == "The Scream, Edvard Munch, 1893")


def test_a_picture_restores_its_settings(page, tmp_path, rng):
    settings = Settings(size=640, strength=0.35, quality="draft", color="keep", seed=7)
    old = tmp_path / "old.png"
    made(rng.random((48, 64, 3), np.float32), settings=settings).save(old)
    page.expand("#more")
    page.upload("#record", old)
    page.until(lambda: page.text("#note").startswith("The settings of old.png are restored."))
    numbers = {
        name: float(page.find(f"#setting-{name} input").get_attribute("value"))
        for name in ("size", "strength", "seed")
    }
    assert numbers == {"size": 640, "strength": 0.35, "seed": 7}
    for name, value in (("quality", "draft"), ("color", "keep")):
        assert page.find(f"#setting-{name} input[value={value}]").is_selected()


def test_a_missing_input_shows_a_message(page, photograph):
    page.click("#finer")
    page.until(lambda: "Choose a photograph first." in page.text(".toast-wrap"))
    page.take_photograph(photograph)
    for button in ("#finer", "#keep", "#download"):
        count = page.text(".toast-wrap").count("Choose a style first")
        page.click(button)
        page.until(lambda old=count: page.text(".toast-wrap").count("Choose a style first") > old)


def test_a_file_that_is_not_a_picture_shows_a_message(page, tmp_path):
    path = tmp_path / "letter.jpg"
    path.write_text("Dear Sir", "utf-8")
    page.upload("#photo", path)
    page.until(lambda: "letter.jpg" in page.text(".toast-wrap"))
    assert "Traceback" not in page.text("body")


def test_no_request_leaves_for_another_host(open_page, photograph):
    page = open_page
    page.requested_urls(), page.console_errors()
    page.open()
    page.take_photograph(photograph)
    page.picture_after(lambda: page.choose("#styles", "pears"))
    for part in ("#more", "#regions", "#command"):
        page.expand(part)
    asked = page.requested_urls()
    page.close()
    hosts = {urlsplit(each).netloc for each in asked if each.startswith(("http", "ws"))}
    assert hosts == {urlsplit(page.studio.url).netloc}
    assert page.console_errors() == []
