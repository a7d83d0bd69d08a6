"""The page of examples/browser: styles that are mixed, the camera, and what is saved of it."""

from __future__ import annotations

import io
import json
import runpy
import sys
from base64 import b64decode
from dataclasses import replace

import av
import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.transform import resize
from tests.browser_page import (
    AXE,
    copy_page,
    painted_by_keras,
    served,
    started_browser,
    toy_model,
)
from tests.serving import write_camera_clip

import impasto
from impasto.engines.network.model import Architecture
from impasto.engines.network.predict import mix
from impasto.engines.network.stroke_size import paint_photograph
from impasto.engines.strength import style_mixture

CLOSE = 3 / 255
CANVAS = "document.querySelector('#painting')"
PACE = "document.querySelector('#pace').textContent"


@pytest.fixture(scope="module")
def colours():
    """What the camera sees, (240, 320, 3), 0..1."""
    return np.float32(resize(skimage.data.astronaut(), (240, 320), anti_aliasing=True))


@pytest.fixture(scope="module")
def browser(colours, tmp_path_factory):
    clip = write_camera_clip(tmp_path_factory.mktemp("camera") / "camera.y4m", colours)
    with started_browser(f"--use-file-for-fake-video-capture={clip}") as browser:
        yield browser


@pytest.fixture(scope="module")
def model():
    names = ("photograph", "sea", "sand")
    return toy_model(Architecture((4, 8, 8, 8), blocks=1), names)


def add_styles(folder, model, monkeypatch):
    """Put a network beside the page with all its styles."""
    copy_page(folder)
    impasto.save_model(model, folder / "own.impasto")
    given = ["add_style.py", "--model", str(folder / "own.impasto"), "--kind", "float32"]
    monkeypatch.setattr(sys, "argv", given)
    runpy.run_path(str(folder / "add_style.py"), run_name="__main__")


@pytest.fixture(scope="module")
def site(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "site"
    with pytest.MonkeyPatch.context() as monkeypatch:
        add_styles(folder, model, monkeypatch)
    with served(folder) as address:
        yield address


@pytest.fixture
def photograph(tmp_path):
    path = tmp_path / "astronaut.png"
    image = np.uint8(255 * resize(skimage.data.astronaut(), (96, 128), anti_aliasing=True))
    Image.fromarray(image).save(path)
    return path, np.float32(image) / 255


@pytest.fixture
def live(browser, site):
    """The page with the camera on, painting at the smallest size."""
    browser.open(f"{site}/?on=wasm&fps=1000")
    browser.wait_for("ready")
    keep_what_is_saved(browser)
    browser.click("#camera")
    browser.wait_for("live")
    browser.wait_until(f"{CANVAS}.width === 96")
    return browser


def keep_what_is_saved(browser):
    browser.run(
        "HTMLAnchorElement.prototype.click = function () {"
        "  window.saved = { name: this.download, url: this.href } }"
    )


def saved(browser):
    """Return name and bytes of the file that was saved."""
    browser.wait_until("window.saved")
    url = browser.run(
        "return fetch(saved.url).then((answer) => answer.blob()).then((blob) =>"
        "new Promise((done) => { const reader = new FileReader();"
        "reader.onload = () => done(reader.result); reader.readAsDataURL(blob) }))"
    )
    return browser.run("return saved.name"), b64decode(url.partition(",")[2])


def test_vectors_are_mixed_as_python_mixes_them(browser, site):
    rng = np.random.default_rng(3)
    names = ("photograph", "wave", "scream")
    vectors = {name: np.float32(rng.standard_normal(50)) for name in names}
    for strength in np.linspace(0, 2, 17):
        shares = {"wave": float(rng.random()), "scream": 1.5}
        browser.open(f"{site}/styles.js")
        given = json.dumps({name: vector.tolist() for name, vector in vectors.items()})
        theirs = browser.run(
            "return import('./styles.js').then(({ mix, styleMixture }) => {"
            f"  const given = Object.entries({given});"
            "  const vectors = given.map(([name, vector]) => [name, Float32Array.from(vector)]);"
            f" const shares = {json.dumps(shares)};"
            f" return [...mix(Object.fromEntries(vectors), shares, styleMixture({strength}))] }})"
        )
        expected = mix(vectors, shares, style_mixture(strength))
        np.testing.assert_allclose(theirs, expected, rtol=0, atol=1e-6)


def test_a_photograph_is_painted_in_mixed_styles_as_python_paints_it(
    browser, site, model, photograph
):
    path, image = photograph
    browser.open(f"{site}/?on=wasm")
    assert browser.wait_for("ready", "error") == "Ready. Paints on the processor."
    assert not browser.run("return document.querySelector('#styles').hidden")
    offered = browser.run(
        "return [...document.querySelector('#first').options].map((o) => o.value)"
    )
    assert offered == ["sea", "sand"]
    browser.choose(path)
    browser.wait_for("painted", "error")
    assert np.abs(browser.painting() - painted_by_keras(model, image)).max() <= CLOSE
    for selector, value in (("#second", "sand"), ("#share", 25), ("#strength", 0.6)):
        browser.change(selector, value)
    browser.wait_for("painted", "error")
    mixture = style_mixture(0.6)
    vector = mix(model.styles, {"sea": 0.75, "sand": 0.25}, mixture)
    theirs = paint_photograph(image, vector, model, mixture=mixture, stroke_size=0)
    assert np.abs(browser.painting() - theirs).max() <= CLOSE
    assert np.abs(theirs - painted_by_keras(model, image)).max() > 2 * CLOSE


def test_at_strength_0_the_network_that_ships_paints_nearly_the_photograph(
    browser, colours, photograph, tmp_path, monkeypatch
):
    path, image = photograph
    shipped = impasto.shipped_model()
    styles = {name: shipped.styles[name] for name in ("photograph", "wave")}
    add_styles(tmp_path / "site", replace(shipped, styles=styles), monkeypatch)

    def far():
        shown = browser.painting()
        cut = round(320 - 240 * shown.shape[1] / shown.shape[0]) // 2  # the middle is painted
        seen = resize(colours[:, cut : 320 - cut], shown.shape, anti_aliasing=True)
        return np.abs(shown - seen).mean()

    with served(tmp_path / "site") as address:
        browser.open(f"{address}/?on=wasm")
        browser.wait_for("ready")
        browser.wait_until("document.querySelector('#original img').naturalWidth === 240")
        browser.change("#strength", 0)
        browser.choose(path)
        browser.wait_for("painted")
        assert np.abs(browser.painting() - image).max() <= 1 / 255
        browser.change("#strength", 0.1)
        browser.wait_for("painted")
        assert 0.001 < np.abs(browser.painting() - image).mean() < 0.06
        browser.change("#strength", 0)
        browser.click("#camera")
        browser.wait_for("live", "error")
        still = far()
        browser.change("#strength", 1)
        before = browser.run("return Number(document.body.dataset.frames)")
        browser.wait_until(f"Number(document.body.dataset.frames) > {before} + 1")
        assert still < 0.03 < 0.1 < far()


@pytest.mark.parametrize(("fps", "side"), [(1000, 96), (0.1, 512)])
def test_the_size_of_live_paintings_adapts(browser, site, fps, side):
    browser.open(f"{site}/?on=wasm&fps={fps}")
    browser.wait_for("ready")
    browser.click("#camera")
    assert browser.wait_for("live", "error") == "Painting the camera on the processor."
    browser.wait_until(f"{CANVAS}.width === {side}")
    assert browser.run(f"return {CANVAS}.height") == {96: 80, 512: 384}[side]
    browser.wait_until(f"/^{side} x .* px, [0-9.]+ frames per second$/.test({PACE})")
    if side == 512:
        browser.change("#limit", 256)
        browser.wait_until(f"{CANVAS}.width === 256")


@pytest.mark.parametrize("rate", [0.4, 1.5, 4, 30])
def test_the_size_becomes_steady(browser, site, rate):
    """A minute of frames that take `rate` microseconds for a pixel, a fifth more or less."""
    browser.open(f"{site}/styles.js")
    sides = browser.run(
        "return import('./pace.js').then(({ Pace }) => {"
        "  const pace = new Pace(100, 768); const sides = []; let seed = 1;"
        "  for (let now = 0; now < 60000;) {"
        "    seed = (seed * 16807) % 2147483647;"
        f"   const noise = 0.8 + 0.4 * seed / 2147483647, pixels = 0.75 * pace.side ** 2;"
        f"   const took = {rate} / 1000 * pixels * noise;"
        "    now += took; sides.push([now, pace.side, took]); pace.add(took, now) }"
        "  return sides })"
    )
    settled = [side for now, side, _ in sides if now > 5000]
    assert np.count_nonzero(np.diff(settled)) <= 2
    took = np.mean([took for now, _, took in sides if now > 5000])
    assert all(side % 16 == 0 and 96 <= side <= 768 for side in settled)
    assert 65 < took < 115 or settled[-1] == (96 if took > 100 else 768)


def test_a_frame_is_kept_and_saved(live):
    live.click("#camera")
    live.wait_for("painted", "error")
    assert live.painting().shape == (240, 320, 3)
    assert live.run("return document.querySelector('#video').hidden")
    assert live.run("return document.querySelector('#camera').textContent") == "Use the camera"
    live.click("#save")
    name, data = saved(live)
    assert name.startswith("painting-") and name.endswith(".png")
    with Image.open(io.BytesIO(data)) as picture:
        assert np.array_equal(np.float32(picture.convert("RGB")) / 255, live.painting())


def test_a_clip_is_recorded(live):
    live.click("#record")
    live.wait_for("recording", "error")
    live.wait_until(f"/recorded [2-9]/.test({PACE})")
    live.click("#record")
    words = live.wait_for("recorded", "error")
    name, data = saved(live)
    seconds = float(words.removeprefix(f"Saved {name}, ").removesuffix(" s."))
    assert name.endswith(".webm")
    assert f"{name}, {seconds:.1f} s, " in live.run(
        "return document.querySelector('#clip').textContent"
    )
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) > 2
    assert {(frame.width, frame.height) for frame in frames} == {(96, 80)}
    assert 0 < frames[-1].time - frames[0].time <= seconds + 0.1
    assert frames[-1].to_ndarray(format="rgb24").std() > 5


def test_stopping_the_camera_ends_the_clip(live):
    live.click("#record")
    live.wait_for("recording", "error")
    live.wait_until(f"/recorded [2-9]/.test({PACE})")
    live.click("#camera")
    live.wait_for("painted", "error")
    assert saved(live)[0].endswith(".webm")
    assert live.run("return document.querySelector('#record').disabled")


def test_a_browser_that_cannot_record_goes_on_painting(live):
    live.run("delete window.MediaRecorder")
    live.click("#record")
    assert live.wait_for("error").startswith("This browser cannot record clips.")
    before = live.run("return document.body.dataset.frames")
    live.wait_until(f"Number(document.body.dataset.frames) > {before}")


def test_a_camera_that_is_lost_has_a_message(live):
    live.run(
        "const [track] = document.querySelector('#video').srcObject.getTracks();"
        "track.dispatchEvent(new Event('ended'))"
    )
    assert live.wait_for("error") == "The camera was disconnected."
    assert live.run("return document.querySelector('#camera').textContent") == "Use the camera"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("NotAllowedError", "The camera was not allowed."),
        ("NotFoundError", "No camera was found."),
        ("NotReadableError", "The camera is in use by another program."),
        ("OtherError", "The camera cannot be used here: of its own"),
    ],
)
def test_a_camera_that_cannot_be_used_has_a_message(browser, site, error, told):
    browser.open(f"{site}/?on=wasm")
    browser.wait_for("ready")
    browser.run(
        "navigator.mediaDevices.getUserMedia ="
        f"async () => {{ throw new DOMException('of its own', '{error}') }}"
    )
    browser.click("#camera")
    assert browser.wait_for("error").startswith(told)
    assert not browser.run("return document.querySelector('#camera').disabled")


def test_a_page_without_https_says_that_the_camera_needs_it(browser, site):
    browser.open(f"{site}/?on=wasm")
    browser.wait_for("ready")
    browser.run("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    browser.click("#camera")
    assert browser.wait_for("error") == "The camera needs https or localhost."


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm install in tests/studio")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(live, scheme):
    live.prefer(scheme)
    live.run("delete window.MediaRecorder")
    live.click("#record")
    live.wait_for("error")  # its colours, too
    live.run(AXE.read_text("utf-8"))
    assert live.run("return axe.run().then((found) => found.violations)") == []
    live.prefer("")
