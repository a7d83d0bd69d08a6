"""Regions marked by colours in one picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PIL
from PIL import ImageDraw, ImageFilter

from impasto.errors import PictureError
from impasto.images.masks import read_mask

HEX = {"red": "#ff0000", "blue": "#0000ff", "green": "#00ff00", "black": "#000000"}


def paint_regions(*, smooth, size=160):
    """A black picture with a red disc, a blue bar over it, and a green triangle."""
    factor = 4 if smooth else 1
    big = PIL.new("RGB", (size * factor, size * factor))
    draw = ImageDraw.Draw(big)
    unit = size * factor / 16
    draw.ellipse((unit, unit, 10 * unit, 10 * unit), fill=HEX["red"])
    draw.rectangle((5 * unit, 3 * unit, 14 * unit, 7 * unit), fill=HEX["blue"])
    draw.polygon([(3 * unit, 15 * unit), (8 * unit, 11 * unit), (14 * unit, 15 * unit)], "#0f0")
    return big.resize((size, size), PIL.Resampling.BOX)


@pytest.fixture
def crisp(tmp_path):
    path = tmp_path / "regions.png"
    paint_regions(smooth=False).save(path)
    return path


def all_regions(path):
    return {name: read_mask(f"{path}#{name}") for name in HEX}


def test_each_colour_is_a_region(crisp):
    pixels = np.asarray(PIL.open(crisp))
    for name, code in HEX.items():
        wanted = (pixels == np.frombuffer(bytes.fromhex(code[1:]), np.uint8)).all(axis=-1)
        assert 0 < wanted.mean() < 1
        for color in (name, name.upper(), code[1:], code[1:].upper(), code[1::2]):
            np.testing.assert_array_equal(read_mask(f"{crisp}#{color}"), wanted)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_smooth_edges_and_noise_leave_no_seam(tmp_path, crisp, ending):
    path = tmp_path / f"smooth.{ending}"
    paint_regions(smooth=True).save(path, quality=75)
    found = all_regions(path)
    np.testing.assert_array_equal(sum(found.values()), 1)
    for name, mask in found.items():
        assert np.abs(mask - read_mask(f"{crisp}#{name}")).mean() < 0.02


def test_no_third_colour_lies_between_two_regions(tmp_path):
    picture = PIL.new("L", (120, 60))
    picture.paste(255, (50, 0, 100, 60))
    picture.paste(128, (100, 0, 120, 60))
    path = tmp_path / "soft.png"
    picture.filter(ImageFilter.GaussianBlur(2)).save(path)
    grey = read_mask(f"{path}#808080")
    assert grey[:, :98].max() == 0  # although the edge of white and black is grey
    assert grey[:, 103:].min() == 1
    np.testing.assert_array_equal(read_mask(f"{path}#white")[:, 53:97], 1)


def test_a_colour_may_be_named_nearly(tmp_path):
    picture = PIL.new("RGB", (40, 40), "#e01b24")
    picture.paste("#3584e4", (20, 0, 40, 40))
    picture.save(tmp_path / "hand.png")
    np.testing.assert_array_equal(read_mask(f"{tmp_path / 'hand.png'}#red")[0, 18:22], [1, 1, 0, 0])


def test_a_small_region_counts_when_it_is_named(tmp_path):
    picture = PIL.new("RGB", (200, 200), "#00ff00")
    picture.paste("#ff0000", (50, 50, 56, 56))  # 0.09 %
    picture.save(tmp_path / "small.png")
    mask = read_mask(f"{tmp_path / 'small.png'}#red")
    assert mask.sum() == 36 and mask[50:56, 50:56].all()


def test_a_colour_that_covers_nothing_is_answered_by_those_that_do(crisp):
    with pytest.raises(PictureError, match=r"regions.png does not have the colour #ffff00") as no:
        read_mask(f"{crisp}#yellow")
    pixels = np.asarray(PIL.open(crisp))
    share = (pixels == [255, 0, 0]).all(axis=-1).mean()
    assert f"#ff0000 ({share:.1%})" in str(no.value)
    assert all(code in str(no.value) for code in HEX.values())


def test_transparent_pixels_belong_to_no_region(tmp_path):
    layer = np.zeros((40, 60, 4), np.uint8)
    layer[:, 5:25] = [255, 0, 0, 255]
    layer[:, 25:45] = [0, 0, 255, 255]
    layer[:, 4, :] = layer[:, 45, :] = [128, 0, 128, 0]
    layer[:, 3] = [255, 0, 0, 64]
    path = tmp_path / "layer.png"
    PIL.fromarray(layer).save(path)
    total = read_mask(f"{path}#red") + read_mask(f"{path}#blue")
    np.testing.assert_allclose(total, layer[..., 3] / 255, atol=1e-6)
    np.testing.assert_array_equal(read_mask(f"{path}#red")[0, 5:45], [1] * 20 + [0] * 20)
    with pytest.raises(PictureError, match="not have the colour #000000"):
        read_mask(f"{path}#black")


def test_names_with_a_number_sign(tmp_path, crisp):
    grey = PIL.fromarray(np.eye(8, dtype=np.uint8) * 255)
    for name in ("take#2.png", "regions.png#red"):
        grey.save(tmp_path / name, format="PNG")
        np.testing.assert_array_equal(read_mask(tmp_path / name), np.eye(8))
    paint_regions(smooth=False).save(tmp_path / "more#3.png")
    np.testing.assert_array_equal(
        read_mask(f"{tmp_path}/more#3.png#blue"), all_regions(crisp)["blue"]
    )
    with pytest.raises(PictureError, match=r"there is no file .*gone#4.png"):
        read_mask(tmp_path / "gone#4.png")
    with pytest.raises(PictureError, match=r"'purple' .*is not a colour.*white, red"):
        read_mask(f"{crisp}#purple")


def test_pictures_without_even_areas_and_of_one_pixel(tmp_path, rng):
    noise = rng.integers(0, 256, (30, 30, 3), dtype=np.uint8)
    PIL.fromarray(noise).save(tmp_path / "noise.png")
    with pytest.raises(PictureError, match="it has no flat areas"):
        read_mask(f"{tmp_path / 'noise.png'}#red")
    PIL.new("RGB", (1, 1), "red").save(tmp_path / "one.png")
    assert read_mask(f"{tmp_path / 'one.png'}#red").tolist() == [[1]]
    with pytest.raises(PictureError, match=r"#ff0000 \(100.0%\)"):
        read_mask(f"{tmp_path / 'one.png'}#blue")
