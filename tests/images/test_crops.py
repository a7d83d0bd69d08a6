"""Crops of photographs."""

import numpy as np
import pytest

from impasto.errors import PictureError
from impasto.images.crops import draw_crop
from impasto.images.files import write_image
from impasto.images.listing import list_pictures


@pytest.fixture
def folder(tmp_path, rng):
    (tmp_path / "deeper").mkdir()
    for i in range(5):
        image = np.full((40 + i, 50, 3), i / 5, np.float32)
        write_image(tmp_path / ("deeper" if i > 3 else "") / f"{i}.png", image)
    return tmp_path


def test_each_photograph_comes_once_an_epoch_in_changing_order(folder):
    paths = list_pictures(folder)
    epochs = [[draw_crop(paths, 5 * e + i, 32, 0).path for i in range(5)] for e in range(4)]
    assert all(sorted(epoch) == paths for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_a_crop_depends_on_its_number_and_the_seed_alone(tmp_path, rng):
    write_image(tmp_path / "a.png", rng.random((60, 80, 3), dtype=np.float32))
    paths = list_pictures(tmp_path)
    first = [draw_crop(paths, i, 32, 7).image for i in range(6)]
    again = [draw_crop(paths, i, 32, 7).image for i in reversed(range(6))]
    np.testing.assert_array_equal(first, again[::-1])
    assert len({image.tobytes() for image in first}) == 6
    assert not np.array_equal(draw_crop(paths, 0, 32, 8).image, first[0])
    assert first[0].shape == (32, 32, 3) and np.min(first) >= 0 and np.max(first) <= 1


def test_half_of_the_crops_are_mirrored(tmp_path):
    ramp = np.broadcast_to(np.linspace(0, 1, 48)[None, :, None], (48, 48, 3))
    write_image(tmp_path / "a.png", ramp.astype(np.float32))
    paths = list_pictures(tmp_path)
    rising = [np.diff(draw_crop(paths, i, 40, 0).image[5, :, 0]).mean() > 0 for i in range(40)]
    assert 8 < sum(rising) < 32


def test_broken_and_tiny_pictures_are_replaced_and_named(folder):
    (folder / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    write_image(folder / "1.png", np.zeros((20, 20, 3), np.float32))
    paths = list_pictures(folder)
    crops = [draw_crop(paths, i, 32, 0) for i in range(10)]
    used, unusable = {crop.path.name for crop in crops}, {}
    for crop in crops:
        unusable |= {path.name: reason for path, reason in crop.unusable}
    assert used <= {"2.png", "3.png", "4.png"}
    assert set(unusable) == {"0.png", "1.png"}
    assert "smaller than the crops of 32" in unusable["1.png"]


def test_when_nothing_can_be_used_it_ends(folder):
    with pytest.raises(PictureError, match="20 photographs in a row cannot be used"):
        draw_crop(list_pictures(folder), 0, 64, 0)
