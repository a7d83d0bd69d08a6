"""What is said of inputs and settings before the work."""

import numpy as np
import pytest

from impasto.settings import Settings
from impasto.types import Picture
from impasto.workflows.expectations import describe_inputs, unused_settings

NOISE = np.random.default_rng(0).random((300, 400, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"feather": 0.1}, ["feather"]),
        ({"feather": 0.1, "masks": ("a.png",)}, []),
        ({"feather": 0.1, "protect": "a.png"}, []),
        ({"learning_rate": 0.1}, ["learning_rate"]),
        ({"learning_rate": 0.1, "optimizer": "adam"}, []),
        ({"history": 5}, []),
        ({"history": 5, "optimizer": "adam"}, ["history"]),
        ({"style_weights": (1.0,)}, ["style_weights"]),
        ({"dpi": 150, "print_mm": 100}, []),
        ({"color": "palette"}, []),
        ({"color": "palette", "tv_weight": 1, "seed": 3}, ["tv_weight", "seed"]),
        ({"seed": 3}, []),
        ({"preset": "classic"}, []),
        ({"preset": "classic", "quality": "draft"}, []),
    ],
)
def test_settings_that_cannot_act_are_listed(changes, names):
    said = unused_settings(Settings(**changes), 1)
    assert [sentence.split()[0] for sentence in said] == names


def test_weights_of_several_styles_act():
    assert unused_settings(Settings(style_weights=(1.0, 2.0)), 2) == []


def test_an_enlarged_photograph_is_named():
    photograph, painting = Picture(NOISE[:100, :120], name="a.png"), Picture(NOISE)
    assert describe_inputs(photograph, [painting], Settings(size=200)) == []
    (said,) = describe_inputs(photograph, [painting], Settings(size=600))
    assert "a.png has 120x100 pixels and is enlarged 5.0 times" in said
    assert describe_inputs(None, [painting], Settings(size=600)) == []


def test_each_painting_is_looked_at():
    small = Picture(NOISE[:30, :30], name="b.png")
    (said,) = describe_inputs(Picture(NOISE), [Picture(NOISE), small], Settings(size=300))
    assert said.startswith("b.png is small")
