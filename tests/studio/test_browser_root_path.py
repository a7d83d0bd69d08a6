"""The page under a path, behind a proxy, in a browser."""

from urllib.parse import urlsplit

import pytest
from tests.studio import whole
from tests.studio.browsing import Page, as_image, difference
from tests.studio.proxy import proxy

import impasto

ROOT = "/studio"
ANNA = "anna:correct horse"
JPEG = 0.03  # mean difference of the page's JPEGs


@pytest.fixture(scope="module", params=[True, False], ids=["strips", "keeps"])
def page(open_page, tmp_path_factory, request):
    """The page of a user, not loaded yet; `studio.url` is that of the proxy."""
    folder = tmp_path_factory.mktemp("under")
    with (
        whole.studio(folder, "--root-path", ROOT, "--auth", ANNA) as studio,
        proxy(studio, ROOT, strips=request.param) as url,
    ):
        under = studio._replace(url=f"{url}{ROOT}/")
        with whole.client(under, folder, ANNA) as api:
            made = Page(open_page.driver, under, open_page.downloads, api)
            made.requested_urls(), made.console_errors()
            yield made
            made.close()
            made.driver.delete_all_cookies()


def log_in(page):
    """Log in on the page."""
    page.driver.get(page.studio.url)
    name, password = page.until(lambda: len(found := page.all("input")) == 2 and found)
    for field, text in zip((name, password), ANNA.split(":"), strict=True):
        field.send_keys(text)
    page.click("button")
    page.until(lambda: page.sees("#finer"), seconds=60)


def test_the_page_works_under_the_path(page, photograph):
    log_in(page)
    page.take_photograph(photograph)
    shown = page.picture_after(lambda: page.choose("#styles", "wave"))
    assert difference(shown, impasto.paint(photograph, "wave").image) <= JPEG
    assert difference(page.pictures()[0], as_image(photograph)) <= JPEG
    kept = page.downloaded(lambda: page.click("#download"))
    page.click("[role=tab]:nth-of-type(2)")
    page.click("#pictures .thumbnail-item")
    page.until(lambda: page.sees("#shown img"))
    again = page.downloaded(lambda: page.click("#shelf-download"))
    assert again.read_bytes() == kept.read_bytes()
    page.click("#logout a")
    page.until(lambda: page.driver.current_url == page.studio.url and len(page.all("input")) == 2)
    asked = [urlsplit(each) for each in page.requested_urls() if each.startswith(("http", "ws"))]
    assert {each.netloc for each in asked} == {urlsplit(page.studio.url).netloc}
    assert [each.path for each in asked if not each.path.startswith(f"{ROOT}/")] == []
    assert page.console_errors() == []
