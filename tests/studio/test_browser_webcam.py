"""Photographs from the camera on the studio's page, with a camera that shows a file."""

import numpy as np
import pytest
import skimage.data
from skimage.transform import resize
from tests.serving import write_camera_clip
from tests.studio.browsing import AXE, PHONE, Page, difference, open_browser
from tests.studio.test_browser_looks import fits

import impasto

CLOSE = 0.03  # mean difference of a JPEG of a video
SOURCE = "#photo .source-selection button:nth-of-type(2)"
START, TAKE = "#photo [title] > button", "#photo .photo-capture"
KEEP = """
    const devices = navigator.mediaDevices, start = devices.getUserMedia;
    devices.getUserMedia = async (wanted) => {
        window.wanted = wanted;
        return (window.stream = await start(wanted));
    };
"""
REFUSE = """
    MediaDevices.prototype.getUserMedia =
        async () => { throw new DOMException("of its own", "%s") };
"""


@pytest.fixture(scope="module")
def colours():
    """What the camera shows, (240, 320, 3), 0..1."""
    return np.float32(resize(skimage.data.astronaut()[:384], (240, 320), anti_aliasing=True))


@pytest.fixture(scope="module")
def phone(open_page, colours, tmp_path_factory):
    """The page, not loaded yet, in a browser with a camera."""
    clip = write_camera_clip(tmp_path_factory.mktemp("camera") / "camera.y4m", colours)
    camera = (
        "--use-fake-ui-for-media-stream",  # allows the camera
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    )
    with open_browser(open_page.downloads, *camera) as driver:
        page = Page(driver, open_page.studio, open_page.downloads, open_page.api)
        yield page
        page.close()


def axe_violations(page):
    return page.axe_violations() if AXE.exists() else []


def test_a_photograph_is_taken_and_painted(phone, colours):
    phone.open(size=PHONE)
    phone.run(KEEP)
    phone.click(SOURCE)
    violations = axe_violations(phone)
    phone.click(START)
    phone.until(lambda: phone.sees("#photo video") and phone.sees(TAKE))
    violations += axe_violations(phone)
    fits(phone)
    phone.until(lambda: phone.run("return document.querySelector('#photo video').videoWidth > 0"))
    phone.click(TAKE)
    phone.until(lambda: len(phone.addresses()) == 2)
    photograph = phone.pictures()[0]
    assert difference(photograph, colours) <= CLOSE  # not mirrored
    shown = phone.picture_after(lambda: phone.choose("#styles", "wave"))
    truth = impasto.paint(photograph, "wave").image
    assert difference(shown, truth) <= CLOSE < difference(shown, photograph)
    assert violations + axe_violations(phone) == []
    assert phone.run("return wanted.video.facingMode") == "environment"
    assert phone.run("return wanted.audio") is False
    assert phone.run("return stream.getTracks().map((each) => each.readyState)") == ["ended"]


def test_the_camera_is_korean(phone):
    phone.open(language="ko-KR")
    phone.click(SOURCE)
    phone.until(lambda: phone.text(START) == "클릭하여 카메라 켜기")
    assert phone.find(SOURCE).get_attribute("aria-label") == "카메라로 찍기"
    phone.click(START)
    phone.until(lambda: phone.find(TAKE).get_attribute("aria-label") == "사진 찍기")
    assert axe_violations(phone) == []


@pytest.mark.parametrize(
    ("error", "text", "korean"),
    [
        ("NotAllowedError", "The camera is not allowed; allow it", "카메라가 허용되지 않았습니다."),
        ("NotReadableError", "The camera cannot be used; another", "카메라를 쓸 수 없습니다."),
    ],
)
def test_a_camera_that_cannot_be_used_has_a_message(phone, error, text, korean):
    for language, words in (("en-US", text), ("ko-KR", korean)):
        script = {"source": REFUSE % error}
        added = phone.send_command("Page.addScriptToEvaluateOnNewDocument", script)
        phone.open(language=language)
        phone.send_command("Page.removeScriptToEvaluateOnNewDocument", added)
        phone.click(SOURCE)
        phone.click(START)
        phone.until(lambda words=words: phone.text(START).startswith(words))
        said = phone.find(".unseen[role=status]").get_attribute("innerText")
        assert said.startswith(words)


def test_without_a_camera_the_page_offers_none(phone):
    script = {"source": "MediaDevices.prototype.enumerateDevices = async () => [];"}
    added = phone.send_command("Page.addScriptToEvaluateOnNewDocument", script)
    phone.open()
    phone.send_command("Page.removeScriptToEvaluateOnNewDocument", added)
    phone.until(lambda: len(phone.all("#photo .source-selection button")) == 3)
    phone.until(lambda: not phone.sees(SOURCE))
    phone.open()
    phone.until(lambda: phone.sees(SOURCE))
