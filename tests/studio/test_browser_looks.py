"""The page on a phone, in the dark, in Korean and by keyboard; accessibility rules of axe."""

import re
import time
from typing import get_args

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys
from tests.studio.browsing import AXE, PHONE, opened
from tests.studio.results import made

from impasto.settings import Settings
from impasto.studio.gallery import gallery
from impasto.studio.page.controls import setting_texts
from impasto.studio.page.strings import texts

PARTS = ("#more", "#regions", "#command")
SMALL_TARGETS = """
    const least = arguments[0];
    const reach = (element) => (element.closest("label") ?? element).getBoundingClientRect();
    const shown = (element) => element.checkVisibility({visibilityProperty: true}) &&
        !element.closest("[aria-hidden=true], [inert]") && reach(element).width > 0;
    return [...document.querySelectorAll("button, a[href], input, textarea, [role=slider]")]
        .filter((element) => element.type !== "file" && shown(element))
        .map((element) => [element, reach(element)])
        .filter(([, {width, height}]) => Math.min(width, height) < least)
        .map(([element, box]) => `${element.outerHTML.slice(0, 150)} ${box.width}x${box.height}`);
"""
BEYOND = """
    const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll("button, input, textarea, img, p, h1, h2, label")]
        .filter((element) => element.checkVisibility() && element.type !== "file")
        .filter((element) => !element.closest("[role=listbox], .tab-container, .unseen"))
        .filter((element) => element.getBoundingClientRect().right > width + 1)
        .map((element) => element.outerHTML.slice(0, 150));
"""
WORDS = """
    const found = new Set();
    const trackers = "[data-testid=status-tracker]";  // Gradio's, in English, for a moment
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const place = walk.currentNode.parentElement;
        if (place.checkVisibility() && !place.closest("script, style, " + trackers))
            found.add(walk.currentNode.textContent.trim());
    }
    for (const name of ["aria-label", "placeholder", "alt"])
        for (const each of document.querySelectorAll(`[${name}]`))
            if (each.checkVisibility()) found.add(each.getAttribute(name));
    return [...found];
"""


def prepare(page, photograph, style="wave"):
    page.take_photograph(photograph)
    page.picture_after(lambda: page.choose("#styles", style))


def unfold(page):
    """Open all accordions, and load the photograph on the canvas."""
    for part in PARTS:
        page.expand(part)
    page.click("#regions-take")
    page.until(lambda: page.sees("#canvas .pixi-target canvas"))


def show_gallery(page):
    page.click("button[role=tab]:nth-of-type(2)")
    page.until(lambda: page.sees("#search"))


def choose_first(page):
    page.until(lambda: page.sees("#pictures .thumbnail-item"))
    page.click("#pictures .thumbnail-item")
    page.until(lambda: page.sees("#about dl"))


@pytest.fixture
def kept(page, rng):
    """Fill a row of the gallery with pictures."""
    for _ in range(4 - len(list(page.studio.gallery.glob("*.png")))):
        image = rng.random((48, 64, 3), np.float32)
        result = made(image, content="a_rather_long_name.jpg", style="its_style.png")
        gallery.keep(page.studio.gallery, result, "noise")


@opened(size=PHONE)
def test_everything_fits_on_a_phone(page, kept, photograph):
    prepare(page, photograph)
    unfold(page)
    fits(page)
    for control in ("#finer", "#keep", "#download", "#setting-seed input", "#canvas canvas"):
        page.run("arguments[0].scrollIntoView({block: 'center'})", page.find(control))
        left, right = page.run(
            "const {left, right} = arguments[0].getBoundingClientRect(); return [left, right];",
            page.find(control),
        )
        assert 0 <= left < right <= PHONE[0], control
    show_gallery(page)
    choose_first(page)
    fits(page)


def fits(page):
    """Check that nothing overflows the screen, and that touch targets are large enough."""
    assert settled(page, BEYOND) == []
    assert page.run("return document.documentElement.scrollWidth") <= PHONE[0]
    assert settled(page, SMALL_TARGETS, 24) == []


def settled(page, script, *values, seconds=8):
    """Run a script until it finds nothing or time is up, and return what it finds."""
    ends = time.monotonic() + seconds
    while (found := page.run(script, *values)) and time.monotonic() < ends:
        time.sleep(0.1)
    return found


def test_a_picture_is_made_by_keyboard(running, photograph):
    page = running
    page.take_photograph(photograph)  # the file dialog cannot be tested
    page.run("document.querySelector('#photo button')?.focus()")
    reach(page, "#styles input")
    before = page.addresses()
    press(page, Keys.SPACE)
    page.until(lambda: page.addresses() != before)
    reach(page, "#compare [data-testid=slider]")
    place = focused(page).get_attribute("aria-valuenow")
    press(page, Keys.ARROW_LEFT)
    page.until(lambda: focused(page).get_attribute("aria-valuenow") < place)
    page.expand("#more")
    page.enter("#setting-size", 128)
    page.choose("#setting-quality", "best")
    page.run("document.querySelector('#compare [data-testid=slider]').focus()")
    reach(page, "#setting-strength input[type=range]")
    reach(page, "#finer")
    press(page, Keys.ENTER)
    page.until(page.evaluation)
    page.until(lambda: "Size" in page.find(".unseen[role=status]").get_attribute("innerText"))
    reach(page, "#stop")
    press(page, Keys.ENTER)
    page.until(lambda: page.text(".status-line").startswith("Stopped"))
    page.until(lambda: "Stopped" in page.find(".unseen[role=status]").get_attribute("innerText"))


def focused(page):
    return page.driver.switch_to.active_element


def press(page, key):
    focused(page).send_keys(key)


def reach(page, selector, most=80):
    """Press Tab until an element has the focus, and check that the focus is visible."""
    for _ in range(most):
        if page.run("return document.activeElement.matches(arguments[0])", selector):
            assert outlined(page), selector
            return
        press(page, Keys.TAB)
    raise AssertionError(f"{selector} is not reached; the focus is at {focused(page).text}")


def outlined(page):
    """Return whether the focus is visible, at the element or its label."""
    return page.run(
        "const seen = (e) => e && parseFloat(getComputedStyle(e).outlineWidth) >= 2 && "
        "getComputedStyle(e).outlineStyle !== 'none';"
        "const e = document.activeElement; return seen(e) || seen(e.closest('label'));"
    )


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm install in tests/studio")
def test_axe_finds_nothing(running, kept, photograph):
    page = running
    assert axe_in_light_and_dark(page) == []
    prepare(page, photograph)
    unfold(page)
    page.start(quality="best")
    two_jobs(page)
    assert axe_in_light_and_dark(page) == []
    show_gallery(page)
    choose_first(page)
    assert axe_in_light_and_dark(page) == []


def axe_in_light_and_dark(page):
    found = page.axe_violations()
    assert not is_dark(page)
    page.set_dark(True)
    page.until(lambda: is_dark(page))
    found += [f"in the dark: {each}" for each in page.axe_violations()]
    page.set_dark(False)
    page.until(lambda: not is_dark(page))
    return found


def is_dark(page):
    return page.run(
        "const [red] = getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g);"
        "return document.body.matches('.dark') && red < 128;"
    )


def two_jobs(page):
    """Wait for the curve of the running job, and put another behind it."""
    page.until(lambda: page.sees(".curve polyline") and page.sees("#stop"))
    page.click("#finer")
    page.until(lambda: page.sees("#runs"))


@opened(dark=True, language="ko-KR")
def test_korean(running, kept, photograph):
    page = running
    assert page.run("return document.documentElement.lang") == "ko"
    korean = texts()["ko"]
    assert page.text("#finer") == korean["finer"]
    violations = axe_if_there(page)
    prepare(page, photograph)
    unfold(page)
    page.start(quality="best")
    page.until(lambda: "평가" in page.text(".status-line"))
    seen = set(page.run(WORDS))
    two_jobs(page)
    violations += axe_if_there(page)
    page.click("#delete-job")
    page.until(lambda: "삭제했습니다" in page.text("#note"))
    page.until(lambda: "평가" in page.text(".status-line") and page.sees("#pause"))
    page.click("#pause")
    page.until(lambda: "일시 정지" in page.text(".status-line"))
    page.click("#stop")
    page.until(lambda: "중지했습니다" in page.text(".status-line"))
    seen |= set(page.run(WORDS))
    show_gallery(page)
    choose_first(page)
    seen |= set(page.run(WORDS))
    violations += axe_if_there(page)
    page.click("#delete")
    page.until(lambda: "삭제했습니다" in page.text("#shelf-note"))
    page.click("#undo")
    page.until(lambda: "복원했습니다" in page.text("#shelf-note"))
    english = {*texts()["en"].values(), *setting_texts("en").values()}
    assert seen & english <= {*korean.values(), "Impasto"}
    foreign = {text for text in seen if re.search("[A-Za-z]{3}", text)}
    foreign -= {text for text in foreign if re.search("[가-힣]", text)}
    names = {text for text in foreign if re.fullmatch(r"[\w., -]+\.(png|jpg)", text)}
    assert foreign - names - WORDS_OF_SETTINGS <= {"Impasto", "PNG", "JPG", "TIF", UNTRANSLATED}
    assert violations == []


def axe_if_there(page):
    return page.axe_violations() if AXE.exists() else []


UNTRANSLATED = "common.complete"  # a key that Gradio shows briefly after an upload


def _values(name):
    return get_args(Settings.model_fields[name].annotation)


WORDS_OF_SETTINGS = {  # also on the command line
    *("content", "noise", "style", "paint"),
    *(value for name in ("quality", "color", "style_loss", "preset") for value in _values(name)),
}
