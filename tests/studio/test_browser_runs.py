"""Iterative jobs, shown and controlled in a browser."""

import re

import numpy as np
from selenium.webdriver.common.action_chains import ActionChains
from tests.studio.browsing import as_image, difference

import impasto
from impasto.images.files import read_record
from impasto.images.scales import resize

JPEG = 0.03  # mean difference of the page's JPEGs


def prepare(page, photograph, style="wave"):
    page.take_photograph(photograph)
    page.picture_after(lambda: page.choose("#styles", style))


def kept(page):
    """Return the file that the status line names."""
    (name,) = re.findall(r"saved as (\S+\.png)", page.text(".status-line"), re.IGNORECASE)
    return page.studio.gallery / name


def ended(page, word, seconds=90):
    page.until(lambda: page.text(".status-line").startswith(word), seconds)
    return kept(page)


def test_a_job_shows_progress_until_it_is_done(running, photograph):
    prepare(running, photograph)
    lines, shown, curves = set(), set(), set()
    running.start()

    def done():
        lines.add(running.text(".status-line"))
        shown.update(running.addresses()[1:])
        curves.add(running.text(".curve figcaption"))
        return running.text(".status-line").startswith("Done")

    running.until(done, seconds=120)
    steps = [line for line in lines if re.match(r"Size \d+x\d+: \d of \d, evaluation \d+ of", line)]
    assert len(steps) >= 3, lines
    assert len(shown) >= 4 and len(curves) >= 3
    running.until(lambda: shows(running, kept(running)))
    assert as_image(kept(running)).shape == (96, 128, 3)
    record = read_record(kept(running))
    assert (record["command"], record["settings"]["quality"]) == ("stylize", "draft")
    assert not running.sees("#pause") and not running.sees("#stop")
    saved = running.downloaded(lambda: running.click("#download"))
    assert saved.read_bytes() and difference(as_image(saved), as_image(kept(running))) == 0


def shows(page, path):
    """Return whether the page shows the picture of a file."""
    ours, theirs = page.pictures()[1], as_image(path)
    return ours.shape == theirs.shape and difference(ours, theirs) <= JPEG


def test_a_job_is_paused_changed_and_stopped(running, photograph):
    prepare(running, photograph)
    running.start(quality="best")
    running.until(lambda: running.evaluation() > 3)
    running.click("#pause")
    running.until(lambda: is_paused(running) and running.sees("#resume"))
    assert not running.sees("#pause")
    at_least = running.evaluation()  # the last one may still be on its way to the page
    running.open()  # reload
    running.until(lambda: is_paused(running) and running.evaluation() >= at_least)
    running.until(lambda: running.pictures()[1:] and has_strokes(running, photograph))
    running.click("#resume")
    running.until(lambda: running.text(".status-line").startswith("Size "))
    running.enter("#setting-strength", 0.6)
    running.until(
        lambda: "continues from the current picture with strength 0.6" in page_note(running)
    )
    running.until(lambda: running.evaluation() > 3)
    running.click("#stop")
    record = read_record(ended(running, "Stopped"))
    assert record["settings"]["strength"] == 0.6
    assert not running.sees("#stop")


def is_paused(page):
    return page.text(".status-line").startswith("Paused at evaluation")


def page_note(page):
    return page.text("#note")


def has_strokes(page, photograph):
    """Return whether the picture on the page differs from the photograph."""
    shown = page.pictures()[1]
    return difference(shown, resize(as_image(photograph), shown.shape[:2])) > JPEG


def test_a_job_survives_reload_and_a_closed_tab(running, photograph):
    prepare(running, photograph)
    running.start(quality="best")
    before = running.until(running.evaluation)
    running.driver.refresh()
    running.until(lambda: running.evaluation() >= before)
    running.until(lambda: running.sees("#photo img"))
    (address,) = [found.get_attribute("src") for found in running.all("#photo img")]
    assert difference(running.picture_at(address), as_image(photograph)) <= 1 / 255
    before = running.evaluation()
    driver = running.driver
    old = driver.current_window_handle
    driver.switch_to.new_window("tab")
    new = driver.current_window_handle
    driver.switch_to.window(old)
    driver.close()
    driver.switch_to.window(new)
    running.open()
    running.until(lambda: running.evaluation() > before)
    running.until(lambda: running.sees("#photo img") and running.sees("#stop"))
    running.click("#delete-job")
    running.until(lambda: "is deleted" in page_note(running))
    running.until(lambda: not running.text(".status-line"))


def test_jobs_wait_for_their_turn(running, photograph):
    prepare(running, photograph)
    running.start(quality="best")
    running.until(running.evaluation)
    running.picture_after(lambda: running.choose("#styles", "scream"))
    running.click("#finer")
    running.until(lambda: running.text(".status-line") == "Waiting: number 1 of 1")
    running.click("#finer")
    running.until(lambda: running.text(".status-line") == "Waiting: number 2 of 2")
    waiting = running.find("#runs label:has(input:checked)").text
    assert waiting.startswith("astronaut_scream: Waiting: number 2 of 2")
    running.click("#delete-job")
    running.until(lambda: "is deleted" in page_note(running))
    working = "#runs label:has(input:not(:checked))"
    running.until(lambda: [r for r in running.all(working) if "astronaut_wave: Size" in r.text])
    next(r for r in running.all(working) if "astronaut_wave: Size" in r.text).click()
    running.until(running.evaluation)
    running.click("#stop")
    assert ended(running, "Stopped").stem.startswith("astronaut_wave")
    running.until(
        lambda: "astronaut_scream: Size" in running.text("#runs")
    )  # the next job has started


def test_green_regions_stay_unchanged(running, photograph):
    prepare(running, photograph)
    running.expand("#regions")
    running.click("#regions-take")
    canvas = running.until(lambda: running.find("#canvas .pixi-target canvas"))
    running.until(lambda: np.ptp(colours(running, canvas)) > 0.5)
    running.run("arguments[0].scrollIntoView({block: 'center'})", canvas)
    brush(running, canvas)
    running.until(lambda: is_green(running, canvas))
    running.start()
    image = impasto.read_picture(ended(running, "Done")).image
    photo = resize(as_image(photograph), image.shape[:2])
    same = np.abs(image - photo).max(-1) <= 2 / 255  # (H, W)
    left, right = same[:, :64], same[:, 64:]
    assert left.mean() > 0.3 and right.mean() < 0.1
    record = read_record(kept(running))
    assert record["settings"]["protect"]


def colours(page, canvas):
    """Return a screenshot of an element, (H, W, 3)."""
    import io

    return as_image(io.BytesIO(canvas.screenshot_as_png))


def is_green(page, canvas):
    red, green, blue = np.moveaxis(colours(page, canvas), -1, 0)
    return ((green > 0.9) & (red < 0.2) & (blue < 0.2)).mean() > 0.05


def brush(page, canvas):
    """Paint close lines over the left of the canvas."""
    for row in range(-60, 61, 15):
        chain = ActionChains(page.driver, duration=20)
        chain.move_to_element_with_offset(canvas, -20, row).click_and_hold()
        for _ in range(4):
            chain.move_by_offset(-25, 0)
        chain.release().perform()
