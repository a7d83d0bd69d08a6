"""What is said of photographs before the work."""

import numpy as np
import pytest
import skimage.data

from impasto.images.photograph_checks import describe_photograph
from impasto.types import Picture

PHOTO = skimage.data.astronaut().astype(np.float32) / 255
SKY = np.linspace(0.3, 0.8, 300, dtype=np.float32)[:, None, None].repeat(400, 1).repeat(3, 2)


@pytest.mark.parametrize("photo", ["astronaut", "coffee", "chelsea"])
def test_nothing_is_said_of_usual_photographs(photo):
    image = getattr(skimage.data, photo)().astype(np.float32) / 255
    assert describe_photograph(Picture(image)) == []


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (SKY, "is smooth over 100% of its area"),
        (PHOTO[200:300], "5.1 times as long as it is narrow"),
        (PHOTO * 0.2, "is dark"),
        (PHOTO[:64, :64], "is small, 64x64 pixels"),
    ],
    ids=["sky", "panorama", "night", "icon"],
)
def test_what_may_disappoint_is_said(image, words):
    (said,) = describe_photograph(Picture(image, name="a.jpg"))
    assert said.startswith("a.jpg ") and words in said
