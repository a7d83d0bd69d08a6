"""The page of examples/browser in a real browser without a window: what its tests share."""

from __future__ import annotations

import base64
import functools
import io
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.serving import serving

from impasto.backend import ops
from impasto.engines.network.model import PaintingModel, style_size
from impasto.engines.network.trunk import load_network, make_network

pytest.importorskip("onnxruntime", reason='needs pip install "impasto[onnx]"')

PAGE = Path(__file__).parents[1] / "examples/browser"
AXE = Path(__file__).parent / "studio/node_modules/axe-core/axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("needs chromium and chromedriver", allow_module_level=True)
if not (PAGE / "vendor").is_dir():
    pytest.skip("needs examples/browser/vendor; build.sh makes it", allow_module_level=True)

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
    with serving(functools.partial(Quiet, directory=folder)) as url:
        yield url


def request(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=120) as r:
        return json.load(r)["value"]


class Browser:
    """The little of the WebDriver protocol that the page needs."""

    def __init__(self, port, arguments):
        about = {"binary": CHROMIUM, "args": [*ARGUMENTS, *arguments]}
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

    def change(self, selector, value):
        """Move a slider or choose from a list, as a reader does."""
        self.run(
            f"const changed = document.querySelector('{selector}'); changed.value = '{value}';"
            "for (const kind of ['input', 'change'])"
            "changed.dispatchEvent(new Event(kind, { bubbles: true }))"
        )

    def prefer(self, scheme):
        """Choose light or dark colours."""
        wanted = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        body = {"cmd": "Emulation.setEmulatedMedia", "params": wanted}
        request("POST", f"{self.at}/goog/cdp/execute", body)

    def wait_for(self, *states, seconds=60):
        self.wait_until(f"{json.dumps(states)}.includes(document.body.dataset.state)", seconds)
        return self.status()

    def wait_until(self, condition, seconds=60):
        until = time.monotonic() + seconds
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < until, f"never {condition}: {self.status()}"
            time.sleep(0.05)

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


@contextmanager
def started_browser(*arguments):
    port = free_port()
    process = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with suppress(urllib.error.URLError, ConnectionError):
                request("GET", f"http://127.0.0.1:{port}/status")
                break
            time.sleep(0.1)
        browser = Browser(port, arguments)
        try:
            yield browser
        finally:
            request("DELETE", browser.at)
    finally:
        process.terminate()
        process.wait()


def copy_page(folder):
    """Copy the page as it is in the repository, and link to what makes it run."""
    leave_out = shutil.ignore_patterns("node_modules", "*.onnx", "*.bin", "*.jpg", "model.json")
    shutil.copytree(PAGE, folder, ignore=leave_out, copy_function=link)


def link(source, target):
    Path(target).symlink_to(source)


def toy_model(architecture, styles=("sea",)):
    rng = np.random.default_rng(7)
    shapes = [tuple(w.shape) for w in make_network(architecture).weights]
    trunk = [np.float32(rng.standard_normal(s) / np.sqrt(np.prod(s[:-1]))) for s in shapes]
    size = style_size(architecture)
    vectors = {name: np.float32(1 + rng.standard_normal(size) / 2) for name in styles}
    return PaintingModel(architecture, tuple(trunk), vectors)


def painted_by_keras(model, image, vector=None):
    vector = model.styles["sea"] if vector is None else vector
    return ops.convert_to_numpy(load_network(model)((image[None], vector[None])))[0]
