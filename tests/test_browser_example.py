"""The page of examples/browser in a real browser, without a window."""

from __future__ import annotations

import base64
import functools
import io
import json
import runpy
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.transform import resize

import impasto
from impasto.backend import ops
from impasto.engines.network.export import export_onnx
from impasto.engines.network.model import Architecture, PaintingModel, style_size
from impasto.engines.network.trunk import load_network, make_network

pytest.importorskip("onnxruntime", reason='needs pip install "impasto[onnx]"')

PAGE = Path(__file__).parents[1] / "examples/browser"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("needs chromium and chromedriver", allow_module_level=True)
if not (PAGE / "vendor").is_dir():
    pytest.skip("needs examples/browser/vendor; build.sh makes it", allow_module_level=True)

CLOSE = 3 / 255
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def request(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=120) as r:
        return json.load(r)["value"]


class Browser:
    """The little of the WebDriver protocol that the page needs."""

    def __init__(self, port):
        about = {"binary": CHROMIUM, "args": ARGUMENTS}
        wanted = {"alwaysMatch": {"goog:chromeOptions": about}}
        at = f"http://127.0.0.1:{port}/session"
        self.at = f"{at}/{request('POST', at, {'capabilities': wanted})['sessionId']}"

    def open(self, url):
        request("POST", f"{self.at}/url", {"url": url})

    def run(self, script):
        return request("POST", f"{self.at}/execute/sync", {"script": script, "args": []})

    def element(self, selector):
        found = {"using": "css selector", "value": selector}
        return next(iter(request("POST", f"{self.at}/element", found).values()))

    def choose(self, path):
        request("POST", f"{self.at}/element/{self.element('#file')}/value", {"text": str(path)})

    def click(self, selector):
        request("POST", f"{self.at}/element/{self.element(selector)}/click", {})

    def wait_for(self, *states, seconds=60):
        until = time.monotonic() + seconds
        while (state := self.run("return document.body.dataset.state")) not in states:
            assert time.monotonic() < until, f"still {state}: {self.status()}"
            time.sleep(0.05)
        return self.status()

    def status(self):
        return self.run("return document.querySelector('#status').textContent")

    def painting(self):
        url = self.run("return document.querySelector('#painting').toDataURL('image/png')")
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as picture:
            return np.float32(picture.convert("RGB")) / 255


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.fixture(scope="module")
def browser():
    port = free_port()
    process = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(urllib.error.URLError, ConnectionError):
            request("GET", f"http://127.0.0.1:{port}/status")
            break
        time.sleep(0.1)
    browser = Browser(port)
    yield browser
    request("DELETE", browser.at)
    process.terminate()
    process.wait()


FOURS = Architecture((4, 8, 8, 8), blocks=1)
RICH = Architecture((4, 8, 8, 8, 8), blocks=1, up_blocks=(1, 1), noise=True)


def toy_model(architecture):
    rng = np.random.default_rng(7)
    shapes = [tuple(w.shape) for w in make_network(architecture).weights]
    trunk = [np.float32(rng.standard_normal(s) / np.sqrt(np.prod(s[:-1]))) for s in shapes]
    vector = np.float32(1 + rng.standard_normal(style_size(architecture)) / 2)
    return PaintingModel(architecture, tuple(trunk), {"sea": vector})


@pytest.fixture(scope="module")
def model():
    return toy_model(Architecture((4, 6, 8, 8), blocks=1))


@pytest.fixture(scope="module")
def site(model, tmp_path_factory):
    """The page with a tiny network beside it, at an address."""
    folder = tmp_path_factory.mktemp("page") / "site"
    leave_out = shutil.ignore_patterns("node_modules", "*.onnx", "model.*")
    shutil.copytree(PAGE, folder, ignore=leave_out, copy_function=link)
    for kind in ("float32", "float16", "int8"):
        export_onnx(model, folder / f"{kind}.onnx", style="sea", kind=kind)
    shutil.copy(folder / "float32.onnx", folder / "model.onnx")
    export_onnx(model, folder / "any.onnx")
    export_onnx(toy_model(FOURS), folder / "fours.onnx", style="sea")
    for kind in ("float32", "float16"):
        export_onnx(toy_model(RICH), folder / f"rich-{kind}.onnx", style="sea", kind=kind)
    (folder / "text.onnx").write_text("not a network", "utf-8")
    with served(folder) as address:
        yield address


def link(source, target):
    Path(target).symlink_to(source)


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    """A sample photograph of odd sides: its file and its colours, (151, 199, 3)."""
    colours = np.uint8(255 * resize(skimage.data.astronaut(), (151, 199), anti_aliasing=True))
    path = tmp_path_factory.mktemp("photograph") / "astronaut.png"
    Image.fromarray(colours).save(path)
    return path, np.float32(colours) / 255


def painted_by_keras(model, image):
    vector = model.styles["sea"]
    return ops.convert_to_numpy(load_network(model)((image[None], vector[None])))[0]


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_a_photograph_is_painted_as_keras_paints_it(browser, site, model, photograph, kind):
    path, image = photograph
    browser.open(f"{site}/?on=wasm&model={kind}.onnx")
    assert browser.wait_for("ready", "error") == "Ready. Paints on the processor."
    assert browser.run("return document.querySelector('#video').offsetHeight") == 0
    browser.choose(path)
    assert browser.wait_for("painted", "error").startswith("Painted 199 x 151 px in ")
    theirs = painted_by_keras(model, image)
    assert np.ptp(theirs) > 0.2
    assert np.abs(browser.painting() - theirs).max() <= CLOSE


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_noise_is_painted_as_keras_paints_it(browser, site, tmp_path, kind):
    path = tmp_path / "grey.png"
    Image.new("RGB", (301, 270), (128, 128, 128)).save(path)  # larger than the field of noise
    browser.open(f"{site}/?on=wasm&model=rich-{kind}.onnx")
    assert browser.wait_for("ready", "error") == "Ready. Paints on the processor."
    browser.choose(path)
    browser.wait_for("painted", "error")
    theirs = painted_by_keras(toy_model(RICH), np.full((270, 301, 3), 128 / 255, np.float32))
    assert np.ptp(theirs) > 0.2
    assert np.abs(browser.painting() - theirs).max() <= CLOSE


def test_8_bits_paint_nearly_the_same(browser, site, model, photograph):
    path, image = photograph
    browser.open(f"{site}/?on=wasm&model=int8.onnx")
    browser.wait_for("ready")
    browser.choose(path)
    browser.wait_for("painted")
    assert np.abs(browser.painting() - painted_by_keras(model, image)).max() <= 16 / 255


def test_the_graphics_card_paints_the_same(browser, site, photograph):
    path, image = photograph
    browser.open(f"{site}/?on=webgpu&model=fours.onnx")
    if "graphics card" not in browser.wait_for("ready"):
        pytest.skip("this browser offers no WebGPU here")
    browser.choose(path)
    browser.wait_for("painted", seconds=200)
    theirs = painted_by_keras(toy_model(FOURS), image)
    assert np.abs(browser.painting() - theirs).max() <= CLOSE


def test_noise_is_painted_alike_on_the_graphics_card(browser, site, photograph):
    path, image = photograph
    browser.open(f"{site}/?on=webgpu&model=rich-float32.onnx")
    if "graphics card" not in browser.wait_for("ready", seconds=200):
        pytest.skip("this browser offers no WebGPU here")
    browser.choose(path)
    browser.wait_for("painted", seconds=200)
    theirs = painted_by_keras(toy_model(RICH), image)
    assert np.abs(browser.painting() - theirs).max() <= CLOSE


def test_a_graphics_card_that_paints_something_else_is_not_used(browser, site):
    # Six channels. Where this fails, ONNX Runtime has mended its convolutions: see the README.
    browser.open(f"{site}/?on=webgpu")
    if browser.run("return !navigator.gpu"):
        pytest.skip("this browser offers no WebGPU here")
    assert browser.wait_for("ready") == "Ready. Paints on the processor."


def test_what_is_chosen_while_another_is_painted_is_painted_next(browser, site, tmp_path):
    for name, size in (("large", (900, 900)), ("small", (64, 48))):
        Image.new("RGB", size, "teal").save(tmp_path / f"{name}.png")
    browser.open(f"{site}/?on=wasm")
    browser.wait_for("ready")
    browser.choose(tmp_path / "large.png")
    browser.choose(tmp_path / "small.png")
    until = time.monotonic() + 60
    while browser.run("return document.querySelector('#painting').width") != 64:
        assert time.monotonic() < until, browser.status()
        time.sleep(0.05)
    browser.wait_for("painted")
    assert browser.painting().shape == (48, 64, 3)


def test_the_size_is_limited(browser, site, photograph, tmp_path):
    path = tmp_path / "large.png"
    Image.new("RGB", (1200, 600), "teal").save(path)
    browser.open(f"{site}/?on=wasm")
    browser.wait_for("ready")
    browser.choose(path)
    browser.wait_for("painted")
    assert browser.painting().shape == (256, 512, 3)
    browser.run(
        "const limit = document.querySelector('#limit'); limit.value = '256';"
        "limit.dispatchEvent(new Event('change'))"
    )
    deadline = time.monotonic() + 30
    while browser.painting().shape != (128, 256, 3):
        assert time.monotonic() < deadline


def test_a_camera_frame_is_painted_and_can_be_saved(browser, site):
    browser.open(f"{site}/?on=wasm")
    browser.wait_for("ready")
    assert browser.run("return document.querySelector('#save').disabled")
    browser.click("#camera")
    deadline = time.monotonic() + 30
    while browser.run("return document.querySelector('#camera').textContent") != "Paint this frame":
        assert time.monotonic() < deadline, browser.status()
    browser.click("#camera")
    browser.wait_for("painted")
    assert max(browser.painting().shape) == 512
    assert not browser.run("return document.querySelector('#save').disabled")
    browser.run(
        "HTMLAnchorElement.prototype.click = function () { document.title = this.download }"
    )
    browser.click("#save")
    deadline = time.monotonic() + 30
    while browser.run("return document.title") != "painting.png":
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("model_file", "told"),
    [
        ("none.onnx", "There is no none.onnx beside this page."),
        ("text.onnx", "This browser cannot run text.onnx"),
        ("any.onnx", "any.onnx asks for picture and style. Export it with one style baked in."),
    ],
)
def test_a_network_that_cannot_be_used_has_a_message(browser, site, model_file, told):
    browser.open(f"{site}/?on=wasm&model={model_file}")
    assert browser.wait_for("ready", "error").startswith(told)


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ((100, 15), "At this size the picture is 100 x 15 px; both sides take at least 16."),
        (None, "file.png is not a picture that this browser can read."),
    ],
)
def test_a_picture_that_cannot_be_used_has_a_message(browser, site, tmp_path, size, told):
    path = tmp_path / "file.png"
    if size:
        Image.new("RGB", size).save(path)
    else:
        path.write_text("not a picture", "utf-8")
    browser.open(f"{site}/?on=wasm")
    browser.wait_for("ready")
    browser.choose(path)
    assert browser.wait_for("painted", "error").startswith(told)


def test_the_painting_of_the_style_is_shown_beside_its_words(browser, tmp_path, monkeypatch):
    folder = tmp_path / "site"
    leave_out = shutil.ignore_patterns("node_modules", "*.onnx", "model.*")
    shutil.copytree(PAGE, folder, ignore=leave_out)
    monkeypatch.setattr(sys, "argv", ["add_style.py", "wave"])
    runpy.run_path(str(folder / "add_style.py"), run_name="__main__")
    facts = impasto.styles()["wave"]
    assert sum((folder / f"model.{kind}").stat().st_size for kind in ("onnx", "jpg")) < 3e6
    with served(folder) as address:
        browser.open(f"{address}/?on=wasm")
        browser.wait_for("ready")
        deadline = time.monotonic() + 30
        while browser.run("return document.querySelector('#original').hidden"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        words = browser.run("return document.querySelector('#original').textContent")
        for key in ("title", "painter", "year"):
            assert facts[key] in words
        assert browser.run("return document.querySelector('#original img').naturalWidth") == 512


def test_a_network_without_a_painting_shows_none(browser, site):
    browser.open(f"{site}/?on=wasm")
    browser.wait_for("ready")
    assert browser.run("return document.querySelector('#original').offsetHeight") == 0
