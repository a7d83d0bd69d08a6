"""How pictures show themselves: Pillow images, previews in notebooks, and short descriptions."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PIL

import impasto
from impasto.display import LONGEST_PREVIEW
from impasto.engines.network.model import Architecture
from impasto.types import Picture, Step
from impasto.workflows.result import Result
from impasto.workflows.video import VideoProgress


@pytest.fixture
def image(rng):
    """A picture whose values round to each of the 256 levels, and whose sides differ."""
    return rng.random((40, 60, 3), np.float32)


@pytest.fixture
def alpha(rng):
    return rng.random((40, 60), np.float32)


def a_result(image, alpha=None, style="wave"):
    record = {"style": style, "inputs": [], "settings": {}}
    return Result(image, alpha, None, impasto.PaintSettings(), (), 1.26, record)


def a_step(image):
    return Step(0, 3, image.shape[:2], 12, 200, 1, False, {}, lambda: image)


def decoded(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return PIL.open(io.BytesIO(png))


def test_a_result_as_a_pillow_image_is_the_file_it_saves(image, tmp_path):
    shown = a_result(image).to_pil()
    assert (shown.mode, shown.size) == ("RGB", (60, 40))
    saved = PIL.open(a_result(image).save(tmp_path / "a.png"))
    np.testing.assert_array_equal(np.asarray(shown), np.asarray(saved))


def test_its_alpha_is_kept(image, alpha, tmp_path):
    shown = a_result(image, alpha).to_pil()
    assert shown.mode == "RGBA"
    saved = PIL.open(a_result(image, alpha).save(tmp_path / "a.png"))
    np.testing.assert_array_equal(np.asarray(shown), np.asarray(saved))


def test_values_outside_the_range_are_clipped():
    image = np.full((2, 2, 3), [-0.5, 0.5, 1.5], np.float32)
    assert a_result(image).to_pil().getpixel((0, 0)) == (0, 128, 255)


@pytest.mark.parametrize("make", [a_result, Picture, a_step])
def test_what_holds_a_picture_shows_it_in_a_notebook(make, image):
    expected = np.round(image * 255)
    np.testing.assert_array_equal(np.asarray(make(image).to_pil()), expected)
    np.testing.assert_array_equal(np.asarray(decoded(make(image)._repr_png_())), expected)


def test_a_frame_of_a_clip_shows_itself():
    frame = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    progress = VideoProgress(3, 0, 9, frame)
    np.testing.assert_array_equal(np.asarray(decoded(progress._repr_png_())), frame)
    assert repr(progress) == "VideoProgress(done=3, resumed=0, count=9)"


def test_previews_are_bounded_and_keep_their_shape():
    big = np.zeros((400, 3000, 3), np.float32)
    shown = decoded(a_result(big)._repr_png_())
    assert shown.size == (LONGEST_PREVIEW, round(400 * LONGEST_PREVIEW / 3000))
    assert a_result(big).to_pil().size == (3000, 400)


def test_descriptions_are_one_short_line(image, alpha):
    assert repr(a_result(image)) == "Result(60x40 RGB, style 'wave', 1.3 s)"
    assert repr(a_result(image, alpha, ", ")) == "Result(60x40 RGBA, 1.3 s)"
    assert repr(Picture(image, name="a\n.png")) == "Picture(60x40 RGB, 'a\\n.png')"
    assert repr(a_step(image)) == "Step(scale 1/3, 60x40, evaluation 12/200)"


def test_a_network_does_not_print_its_weights():
    model = impasto.PaintingModel(
        Architecture(), (np.zeros((3, 4)), np.zeros(5)), {"photograph": 0, "wave": 0}
    )
    assert repr(model) == "PaintingModel(1 styles, 17 weights)"
