"""The page of examples/browser in a real browser, without a window."""

from __future__ import annotations

import runpy
import shutil
import sys

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.transform import resize
from tests.browser_page import copy_page, painted_by_keras, served, started_browser, toy_model

import impasto
from impasto.engines.network.export import export_onnx
from impasto.engines.network.model import Architecture

CLOSE = 3 / 255


@pytest.fixture(scope="module")
def browser():
    with started_browser() as browser:
        yield browser


FOURS = Architecture((4, 8, 8, 8), blocks=1)
RICH = Architecture((4, 8, 8, 8, 8), blocks=1, up_blocks=(1, 1), noise=True)


@pytest.fixture(scope="module")
def model():
    return toy_model(Architecture((4, 6, 8, 8), blocks=1))


@pytest.fixture(scope="module")
def site(model, tmp_path_factory):
    """The page with a tiny network beside it, at an address."""
    folder = tmp_path_factory.mktemp("page") / "site"
    copy_page(folder)
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


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    """A sample photograph of odd sides: its file and its colours, (151, 199, 3)."""
    colours = np.uint8(255 * resize(skimage.data.astronaut(), (151, 199), anti_aliasing=True))
    path = tmp_path_factory.mktemp("photograph") / "astronaut.png"
    Image.fromarray(colours).save(path)
    return path, np.float32(colours) / 255


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
    browser.wait_until("document.querySelector('#painting').width === 64")
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
    browser.change("#limit", 256)
    browser.wait_for("painted")
    assert browser.painting().shape == (128, 256, 3)


@pytest.mark.parametrize(
    ("model_file", "told"),
    [
        ("none.onnx", "There is no none.onnx beside this page."),
        ("text.onnx", "This browser cannot run text.onnx"),
        ("any.onnx", "any.onnx asks for a style, and no styles lie beside it."),
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
    copy_page(folder)
    monkeypatch.setattr(sys, "argv", ["add_style.py", "wave"])
    runpy.run_path(str(folder / "add_style.py"), run_name="__main__")
    facts = impasto.styles()["wave"]
    assert sum((folder / f"model.{kind}").stat().st_size for kind in ("onnx", "jpg")) < 3e6
    with served(folder) as address:
        browser.open(f"{address}/?on=wasm")
        browser.wait_for("ready")
        browser.wait_until("!document.querySelector('#original').hidden")
        words = browser.run("return document.querySelector('#original').textContent")
        for key in ("title", "painter", "year"):
            assert facts[key] in words
        assert browser.run("return document.querySelector('#original img').naturalWidth") == 512


def test_a_network_without_a_painting_shows_none(browser, site):
    browser.open(f"{site}/?on=wasm")
    browser.wait_for("ready")
    assert browser.run("return document.querySelector('#original').offsetHeight") == 0
