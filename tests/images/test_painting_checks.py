"""What is said of paintings before the work."""

import re

import numpy as np
import pytest
from PIL import Image as PIL
from PIL import ImageDraw, ImageFont

from impasto.errors import PictureError
from impasto.images.files import read_picture
from impasto.images.painting_checks import check_painting, describe_painting
from impasto.types import Picture
from impasto.workflows.style_paintings import painting_facts, style_painting

NOISE = np.random.default_rng(0).random((300, 400, 3)).astype(np.float32)


def page(ink="black", ground="white"):
    """Draw a page of made-up words."""
    image = PIL.new("RGB", (600, 800), ground)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(18)
    rng = np.random.default_rng(0)
    for top in range(30, 780, 26):
        words = ("".join(rng.choice([*"abcdefghiklmnoprstuv"], 6)) for _ in range(8))
        pen.text((30, top), " ".join(words), fill=ink, font=font)
    return Picture(np.asarray(image, np.float32) / 255, name="page.png")


def framed(width):
    image = np.full((300, 400, 3), 0.9, np.float32)
    image[width:-width, width:-width] = NOISE[width:-width, width:-width]
    return Picture(image)


def test_the_shipped_paintings_are_good():
    for name in painting_facts():
        painting = read_picture(style_painting(name))
        check_painting(painting)
        assert describe_painting(painting, 512) == [], name


@pytest.mark.parametrize(
    ("painting", "words"),
    [
        (Picture(NOISE[:60, :80]), "is small, 80x60 pixels.*give one of 512"),
        (Picture(NOISE[:, :, :1].repeat(3, 2) * 0.05 + 0.5), "almost one colour"),
        (framed(50), "plain frame over 50% of its area.*crop it"),
        (page(), "page.png looks like a page of text"),
        (page("white", "navy"), "page.png looks like a page of text"),
    ],
    ids=["small", "flat", "framed", "page", "dark page"],
)
def test_what_may_disappoint_is_said(painting, words):
    (said,) = describe_painting(painting, 512)
    assert re.search(words, said)


def test_a_thin_frame_and_noise_are_no_news():
    assert describe_painting(framed(10), 512) == []
    assert describe_painting(Picture(NOISE), 512) == []


def test_a_painting_that_is_enlarged_over_three_times_is_named():
    assert describe_painting(Picture(NOISE), 1200) == []
    (said,) = describe_painting(Picture(NOISE), 2000)
    assert "enlarged 5.0 times" in said and "style_scale to 0.2" in said


@pytest.mark.parametrize("shape", [(1, 1), (64, 64)])
def test_a_painting_of_one_color_is_refused(shape):
    with pytest.raises(PictureError, match="one colour only"):
        check_painting(Picture(np.full((*shape, 3), 0.3, np.float32)))


def test_a_transparent_painting_is_refused():
    with pytest.raises(PictureError, match="transparent"):
        check_painting(Picture(NOISE, np.zeros((300, 400), np.float32)))
    check_painting(Picture(NOISE, np.ones((300, 400), np.float32)))
