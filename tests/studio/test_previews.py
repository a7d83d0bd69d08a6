"""Instant previews of the page."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import skimage.data
from PIL import Image as PIL

from impasto.errors import PictureError
from impasto.studio.page import previews
from impasto.studio.page.previews import (
    INSTANT_SIDE,
    paint_preview,
    paint_thumbnails,
    read_reduced,
    shares_of,
    style_names,
    title_of,
)
from impasto.workflows.paint import paint


@pytest.fixture
def photograph(tmp_path):
    path = tmp_path / "cat.png"
    PIL.fromarray(skimage.data.chelsea()[:90, :120]).save(path)
    return path


def test_photographs_are_reduced_and_cached(tmp_path):
    path = tmp_path / "coffee.png"
    PIL.fromarray(skimage.data.coffee()).resize((1200, 800)).save(path)
    seen = read_reduced(str(path))
    assert seen.image.shape == (INSTANT_SIDE * 2 // 3, INSTANT_SIDE, 3)
    assert seen.name == "coffee.png"
    assert read_reduced(str(path)) is seen


def test_a_changed_photograph_is_read_again(photograph):
    seen = read_reduced(str(photograph))
    PIL.fromarray(skimage.data.coffee()[:90, :120]).save(photograph)
    assert np.abs(read_reduced(str(photograph)).image - seen.image).mean() > 0.05


def test_small_photographs_stay_as_they_are(photograph):
    assert read_reduced(str(photograph)).image.shape == (90, 120, 3)


def test_a_file_that_is_not_a_picture_is_refused(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(PictureError, match=r"text\.jpg"):
        read_reduced(str(tmp_path / "text.jpg"))


def test_too_many_pixels_are_refused(photograph):
    with pytest.raises(PictureError, match="pixels"):
        read_reduced(str(photograph), max_pixels=100)


def test_a_preview_equals_paint(photograph):
    seen = read_reduced(str(photograph))
    shares = {"wave": 0.75, "scream": 0.25}
    painted = paint_preview(seen, shares, 0.8, True).image
    wanted = paint(photograph, shares, strength=0.8, keep_colors=True).image
    np.testing.assert_allclose(painted, wanted, atol=1e-6)


def test_a_preview_of_a_painting_equals_paint(photograph, tmp_path):
    painting = tmp_path / "coffee.png"
    PIL.fromarray(skimage.data.coffee()[::2, ::2]).save(painting)
    shares = {str(painting): 0.5, "wave": 0.5}
    seen = read_reduced(str(photograph))
    painted = paint_preview(seen, shares, 1.0, False).image
    np.testing.assert_allclose(painted, paint(photograph, shares).image, atol=1e-4)


@pytest.mark.parametrize(
    ("others", "share", "shares"),
    [
        ([], 0.5, {"wave": 1.0}),
        (["wave"], 0.5, {"wave": 1.0}),
        (["scream"], 0.0, {"wave": 1.0}),
        (["scream"], 1.0, {"scream": 1.0}),
        (["scream"], 0.25, {"wave": 0.75, "scream": 0.25}),
        (["scream", "pears", "scream"], 0.5, {"wave": 0.5, "scream": 0.25, "pears": 0.25}),
    ],
)
def test_shares_of_styles(others, share, shares):
    assert shares_of("wave", others, share) == pytest.approx(shares)


def test_each_style_has_a_thumbnail(photograph):
    small = dict(
        zip(style_names(), paint_thumbnails(read_reduced(str(photograph)).image), strict=True)
    )
    pictures = {}
    for name, address in small.items():
        kind, data = address.split(",")
        assert kind == "data:image/jpeg;base64"
        with PIL.open(io.BytesIO(base64.b64decode(data))) as picture:
            pictures[name] = np.asarray(picture)
    assert {picture.shape for picture in pictures.values()} == {(112, 112, 3)}
    assert np.abs(pictures["wave"].astype(int) - pictures["scream"]).mean() > 10


def test_thumbnails_of_a_photograph_are_painted_once(photograph, monkeypatch):
    image = read_reduced(str(photograph)).image
    first = paint_thumbnails(image)
    monkeypatch.delattr(previews, "paint")
    assert paint_thumbnails(image) == first
    with pytest.raises(NameError):
        paint_thumbnails(1 - image)


def test_without_a_photograph_a_sample_is_painted():
    assert len(set(paint_thumbnails(None))) == 19


def test_styles_have_titles():
    assert title_of("in-the-rain") == "In the rain"
    assert len(style_names()) == 19
