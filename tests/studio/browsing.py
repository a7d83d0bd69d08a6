"""Drive the studio's page in a headless browser."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
DESKTOP, PHONE = (1280, 1000), (390, 844)
_ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--enable-unsafe-swiftshader", "--force-prefers-reduced-motion"),
)
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_COLORS_CHANGE = "return document.getAnimations().some(each => each instanceof CSSTransition);"


@contextlib.contextmanager
def open_browser(downloads, *arguments):
    """Start a browser that downloads to a folder, with more arguments of the command line."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*_ARGUMENTS, *arguments):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(downloads), "safebrowsing.enabled": False}
    )
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def opened(**options):
    """Open the page of a test with options of `Page.open`, such as `dark=True`."""
    return pytest.mark.parametrize("page", [options], ids=[""], indirect=True)


def difference(image, other):
    """Return the mean difference of two pictures, both (H, W, 3), 0..1."""
    assert image.shape == other.shape
    return float(np.abs(image - other).mean())


def as_image(file):
    """Read a picture with Pillow as (H, W, 3), 0..1."""
    with Image.open(file) as picture:
        return np.float32(picture.convert("RGB")) / 255


class Page:
    """The studio's page. Elements are addressed by CSS selectors."""

    def __init__(self, driver, studio, downloads, api):
        self.driver, self.studio, self.downloads, self.api = driver, studio, downloads, api

    def open(self, *, size=DESKTOP, dark=False, language="en-US"):
        """Load the page, and wait until it shows the latest job, if there is one."""
        width, height = size
        phone = width < 600
        view = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        agent = self.run("return navigator.userAgent").replace("Headless", "")
        languages = {"userAgent": agent, "acceptLanguage": language}
        self.send_command("Emulation.setDeviceMetricsOverride", view)
        self.send_command("Emulation.setTouchEmulationEnabled", {"enabled": phone})
        self.set_dark(dark)
        self.send_command("Emulation.setUserAgentOverride", languages)
        self.close()
        self.driver.get(self.studio.url)
        self.until(lambda: self.sees("#finer"), seconds=60)
        if self.api.predict(api_name="/runs"):
            self.until(lambda: self.text("#progress"))

    def set_dark(self, dark):
        """Set the browser's colour scheme, which a loaded page follows."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send_command("Emulation.setEmulatedMedia", {"features": [scheme]})

    def close(self):
        """Leave the page."""
        self.driver.get("about:blank")

    def send_command(self, command, values):
        return self.driver.execute_cdp_cmd(command, values)

    def run(self, script, *values):
        return self.driver.execute_script(script, *values)

    def wait(self, script, *values):
        """Run an asynchronous script, which calls its last argument with the result."""
        return self.driver.execute_async_script(script, *values)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def text(self, selector):
        return " ".join(found.text for found in self.all(selector))

    def sees(self, selector):
        return any(found.is_displayed() for found in self.all(selector))

    def until(self, condition, seconds=40):
        """Wait until a condition is truthy, and return its value."""
        from selenium.common.exceptions import (
            ElementNotInteractableException,
            NoSuchElementException,
            StaleElementReferenceException,
        )

        not_yet = (
            ElementNotInteractableException,  # also if covered by another element
            NoSuchElementException,
            StaleElementReferenceException,
        )
        ends, pause = time.monotonic() + seconds, 0.05
        while True:
            with contextlib.suppress(*not_yet):
                if found := condition():
                    return found
            assert time.monotonic() < ends, self.state()
            time.sleep(pause)
            pause = min(0.25, 1.3 * pause)  # each look at the page takes time of the processor

    def state(self):
        """Return the texts of the page, for messages of failed tests."""
        places = ("#note", "#progress", "#shelf-note", ".toast-wrap")
        return {place: self.text(place) for place in places}

    def click(self, selector, seconds=20):
        """Click an element as soon as it is clickable."""

        def clicked():
            found = self.find(selector)
            self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", found)
            found.click()
            return True

        self.until(clicked, seconds)

    def upload(self, selector, *paths):
        """Select files in an upload component."""
        place = self.until(lambda: self.find(f"{selector} input[type=file]"))
        place.send_keys("\n".join(map(str, paths)))

    def take_photograph(self, path):
        """Upload a photograph, and wait until the page shows it unpainted."""
        before = self.addresses()
        self.upload("#photo", path)
        self.until(lambda: len(now := self.addresses()) == 2 and now != before)

    def choose(self, selector, value):
        """Select a radio button."""
        self.click(f'{selector} label:has(input[value="{value}"])')
        self.until(lambda: self.find(f'{selector} input[value="{value}"]').is_selected())

    def enter(self, selector, value):
        """Type a value in the number field of a slider."""
        from selenium.webdriver.common.keys import Keys

        number = self.find(f"{selector} input[type=number]")
        number.send_keys(Keys.CONTROL, "a")
        number.send_keys(str(value), Keys.TAB)

    def drag(self, element, start, end):
        """Drag along an element between two fractions of its width."""
        from selenium.webdriver.common.action_chains import ActionChains

        width = element.size["width"]
        chain = ActionChains(self.driver, duration=60)
        chain.move_to_element_with_offset(element, round((start - 0.5) * width), 0).click_and_hold()
        chain.move_by_offset(round((end - start) * width), 0).release().perform()

    def expand(self, selector):
        """Open an accordion."""
        if not self.all(f"{selector} > button.open"):
            self.click(f"{selector} > button")
        self.until(lambda: self.sees(f"{selector} [data-testid=accordion-content] *"))

    def addresses(self):
        return self.run("return [...document.querySelectorAll('#compare img')].map(i => i.src)")

    def pictures(self):
        """Return photograph and picture on the page, each (H, W, 3), 0..1."""
        return [self.picture_at(address) for address in self.addresses()]

    def picture_at(self, address):
        coded = self.wait(
            "const [at, done] = arguments; fetch(at).then(a => a.blob()).then(blob => {"
            "const reader = new FileReader(); reader.onload = () => done(reader.result);"
            "reader.readAsDataURL(blob); });",
            address,
        )
        return as_image(io.BytesIO(base64.b64decode(coded.partition(",")[2])))

    def picture_after(self, act):
        """Perform an action, wait for a new picture, and return it."""
        before = self.addresses()[1:]
        act()
        self.until(lambda: len(now := self.addresses()) == 2 and now[1:] != before)
        return self.pictures()[1]

    def downloaded(self, act):
        """Perform an action that downloads a file, and return the complete file."""
        old = set(self.downloads.iterdir())
        act()

        def new():
            files = set(self.downloads.iterdir()) - old
            return files if len(files) == 1 and self._whole(*files) else None

        (path,) = self.until(new)
        return path

    @staticmethod
    def _whole(path):
        return path.suffix != ".crdownload" and not path.name.startswith(".")

    def start(self, *, quality="draft", size=128):
        """Start a small iterative job."""
        self.expand("#more")
        self.enter("#setting-size", size)
        self.choose("#setting-quality", quality)
        seen = self.text("#progress")
        self.click("#finer")
        self.until(lambda: self.text("#progress") != seen)

    def evaluation(self):
        """Return the evaluation of the job that is shown; 0 before the first."""
        return int(next(iter(re.findall(r"evaluation (\d+) of", self.text(".status-line"))), 0))

    def delete_all(self):
        """Delete all jobs; otherwise the next page that opens has the settings of the last one."""
        for job in self.api.predict(api_name="/runs"):
            self.api.predict(job["id"], api_name="/drop")

    def axe_violations(self):
        """Return violations of WCAG 2 A and AA that axe finds: rule, elements and summary."""
        self.until(lambda: not self.run(_COLORS_CHANGE))
        self.run(AXE.read_text("utf-8"))
        found = self.wait(
            "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done);",
            list(_RULES),
        )
        return [
            f"{broken['id']} {node['target']}: {node['failureSummary']}"
            for broken in found["violations"]
            for node in broken["nodes"]
        ]

    def requested_urls(self):
        """Return the URLs that the browser has requested since the last call."""
        events = [json.loads(line["message"])["message"] for line in self._log("performance")]
        return {
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        }

    def console_errors(self):
        """Return the errors in the browser's console since the last call."""
        return [line["message"] for line in self._log("browser") if line["level"] == "SEVERE"]

    def _log(self, kind):
        return self.driver.get_log(kind)
