"""Screenshots of the page; `pytest --screenshots FOLDER` saves them."""

import base64
import io

import numpy as np
import pytest
import skimage.data
from PIL import Image
from tests.studio.browsing import PHONE, as_image, difference, opened

import impasto
from impasto.studio.gallery import gallery

KEPT = ("wave", "scream", "pears", "mosaic")


@pytest.fixture
def shoot(page, request):
    """Take a screenshot, and save it if a folder is given."""
    folder = request.config.getoption("--screenshots")

    def taken(name):
        page.run("document.activeElement.blur(); window.scrollTo(0, 0)")
        shot = page.send_command("Page.captureScreenshot", {"format": "jpeg", "quality": 88})
        data = base64.b64decode(shot["data"])
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.jpg").write_bytes(data)
        return as_image(io.BytesIO(data))

    return taken


@pytest.fixture(scope="module")
def coffee(tmp_path_factory):
    path = tmp_path_factory.mktemp("photograph") / "coffee.jpg"
    Image.fromarray(skimage.data.coffee()).save(path, quality=95)
    return path


def paint(page, photograph, style):
    page.take_photograph(photograph)
    page.picture_after(lambda: page.choose("#styles", style))
    page.until(lambda: "data:image" in page.find("#dress").get_attribute("innerHTML"))
    page.until(lambda: page.text("#note") and page.sees("#originals img"))


def test_light_and_dark(page, coffee, shoot):
    shots = []
    for dark in (False, True):
        if dark:
            page.open(dark=True)
        paint(page, coffee, "wave")
        shots.append(shoot("studio_dark" if dark else "studio"))
        ground = shots[-1][-40:, :20].mean()  # the lower left corner, background only
        assert ground < 0.2 if dark else ground > 0.85
    assert difference(*shots) > 0.3


@opened(size=PHONE)
def test_phone(page, coffee, shoot):
    paint(page, coffee, "starry-night")
    assert shoot("studio_phone").shape == (PHONE[1], PHONE[0], 3)


def test_korean_letters(page, coffee, shoot):
    english = shoot("studio_empty")
    page.open(language="ko-KR")
    paint(page, coffee, "scream")
    assert difference(shoot("studio_korean"), english) > 0.01


def test_gallery(page, coffee, shoot):
    folder = page.studio.gallery
    small = as_image(coffee)[::2, ::2]
    for style in KEPT:
        painted = impasto.paint(small, style)
        painted.record["content"] = coffee.name
        gallery.keep(folder, painted, f"coffee_{style}")
    page.click("button[role=tab]:nth-of-type(2)")
    page.until(lambda: page.sees("#search"))
    page.find("#search input").send_keys("coffee")
    page.until(lambda: len(page.all("#pictures .thumbnail-item img")) == len(KEPT))
    page.click("#pictures .thumbnail-item")
    page.until(lambda: page.sees("#shown img"))
    page.until(lambda: "coffee" in page.text("#about"))
    assert np.ptp(shoot("studio_gallery")) > 0.5
