"""Training photographs and their crops."""

import numpy as np
import pytest

from impasto.errors import PictureError
from impasto.images.crops import cut_square, draw_box, read_photographs, side_of_squares
from impasto.images.files import write_image
from impasto.images.listing import list_pictures
from impasto.training_settings import TrainingSettings

TOY = TrainingSettings(crop=32, plain_share=0)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deeper").mkdir()
    for i in range(5):
        image = np.full((40 + i, 50, 3), i / 5, np.float32)
        write_image(tmp_path / ("deeper" if i > 3 else "") / f"{i}.png", image)
    return tmp_path


def changed(**changes):
    return TrainingSettings(**{**TOY.model_dump(), **changes})


def test_each_photograph_comes_once_an_epoch_in_changing_order(folder):
    photographs = read_photographs(list_pictures(folder), TOY)
    epochs = [[draw_box(photographs, 5 * e + i, 32, 0)[0] for i in range(5)] for e in range(4)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_a_square_depends_on_its_number_and_the_seed_alone(tmp_path, rng):
    write_image(tmp_path / "a.png", rng.random((60, 80, 3), dtype=np.float32))
    photographs = read_photographs(list_pictures(tmp_path), TOY)
    first = [draw_box(photographs, i, 32, 7) for i in range(6)]
    assert first == [draw_box(photographs, i, 32, 7) for i in reversed(range(6))][::-1]
    assert len(set(first)) == 6 and draw_box(photographs, 0, 32, 8) != first[0]
    square = cut_square(photographs, 0, 32, 7)
    assert square.shape == (32, 32, 3) and square.min() >= 0 and square.max() <= 1


@pytest.mark.parametrize("zoom", [1.0, 2.0])
def test_squares_lie_within_the_photograph_and_are_large_enough(tmp_path, zoom):
    write_image(tmp_path / "a.png", np.zeros((300, 700, 3), np.float32))
    photographs = read_photographs(list_pictures(tmp_path), changed(zoom=zoom))
    height, width = photographs.sizes[0]
    assert height == round(32 / 0.6) and width == side_of_squares(32)
    boxes = np.array([draw_box(photographs, i, 32, 0, zoom)[1] for i in range(200)])
    tops, lefts, sides, mirrored = boxes.T
    assert sides.min() >= 32 / zoom and sides.min() < 1.1 * 32 / zoom
    assert sides.max() <= height and sides.max() > 0.9 * height
    assert tops.min() >= 0 and (tops + sides).max() <= height + 1e-6
    assert lefts.min() >= 0 and (lefts + sides).max() <= width + 1e-6
    assert 0.35 < mirrored.mean() < 0.65


def test_a_share_of_the_pictures_is_without_grain(folder):
    photographs = read_photographs(list_pictures(folder), changed(plain_share=0.25))
    drawn = np.array([draw_box(photographs, i, 32, 0)[0] for i in range(400)])
    assert photographs.real == 5 and photographs.plain == 8
    assert 0.18 < (drawn >= 5).mean() < 0.32
    assert len({*drawn[drawn >= 5]}) == 8


def test_broken_and_tiny_pictures_are_left_out_and_named(folder):
    (folder / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    write_image(folder / "1.png", np.zeros((20, 20, 3), np.float32))
    photographs = read_photographs(list_pictures(folder), TOY)
    assert photographs.real == len(photographs.pictures) == 3
    unusable = {path.name: reason for path, reason in photographs.unusable.items()}
    assert set(unusable) == {"0.png", "1.png"}
    assert "smaller than the crops of 32" in unusable["1.png"]


def test_when_nothing_can_be_used_it_is_an_error(folder):
    with pytest.raises(PictureError, match=r"none of the 5 photographs .* lower crop"):
        read_photographs(list_pictures(folder), changed(crop=64))


def test_of_too_many_photographs_some_are_drawn(folder, monkeypatch):
    monkeypatch.setattr("impasto.images.crops._MOST_BYTES", 3 * 3 * side_of_squares(32) ** 2)
    assert read_photographs(list_pictures(folder), TOY).real == 3
