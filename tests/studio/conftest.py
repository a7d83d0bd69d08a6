"""Fixtures of the studio tests."""

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.transform import resize
from tests.studio import whole
from tests.studio.browsing import CHROMIUM, DRIVER, Page, open_browser
from tests.studio.results import made


@pytest.fixture
def result(rng):
    return made(rng.random((48, 64, 3), np.float32))


@pytest.fixture(scope="session")
def open_page(tmp_path_factory):
    """A studio in its own process, and a browser; shared, since both start slowly."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs chromium and chromedriver")
    pytest.importorskip("gradio", reason='needs pip install "impasto[studio]"')
    pytest.importorskip("selenium", reason="needs pip install selenium")
    folder = tmp_path_factory.mktemp("studio")
    downloads = folder / "downloads"
    downloads.mkdir()
    with (
        whole.studio(folder) as studio,
        whole.client(studio, downloads) as api,
        open_browser(downloads) as driver,
    ):
        yield Page(driver, studio, downloads, api)


@pytest.fixture
def page(open_page, request):
    """The page, freshly loaded; closed after the test, since it keeps asking the server.

    A parameter holds options of `Page.open`; see `opened`.
    """
    open_page.open(**getattr(request, "param", {}))
    yield open_page
    open_page.close()


@pytest.fixture
def running(page):
    """The page; jobs are deleted after the test."""
    yield page
    page.delete_all()


@pytest.fixture(scope="session")
def photograph(tmp_path_factory):
    """A small photograph as a file, (192, 256, 3)."""
    path = tmp_path_factory.mktemp("photograph") / "astronaut.png"
    small = resize(skimage.data.astronaut()[:384], (192, 256), anti_aliasing=True)
    Image.fromarray(np.uint8(255 * small)).save(path)
    return path
