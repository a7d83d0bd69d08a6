"""Contact sheets: rows and grids."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.images.sheet import contact_sheet, grid, side_by_side, with_inset


def plain(height, width, value):
    return np.full((height, width, 3), value, np.float32)


def test_a_row_has_the_pictures_in_order_with_white_between():
    sheet = side_by_side([plain(4, 6, 0.25), plain(4, 10, 0.5)])
    assert sheet.shape == (4 + 16, 8 + 6 + 8 + 10 + 8, 3)
    assert sheet.dtype == np.float32
    assert (sheet[8:12, 8:14] == 0.25).all()
    assert (sheet[8:12, 22:32] == 0.5).all()
    rest = sheet.copy()
    rest[8:12, 8:14] = rest[8:12, 22:32] = 1
    assert (rest == 1).all()


def test_a_row_has_the_height_of_the_last_picture():
    sheet = side_by_side([plain(30, 60, 0), plain(10, 5, 0)])
    assert sheet.shape == (26, 8 + 20 + 8 + 5 + 8, 3)


def test_a_row_may_have_another_height():
    assert side_by_side([plain(30, 60, 0)], height=15).shape == (31, 8 + 30 + 8, 3)


def test_a_very_thin_picture_keeps_a_column():
    assert side_by_side([plain(2000, 3, 0), plain(10, 10, 0)]).shape == (26, 8 + 1 + 8 + 10 + 8, 3)


def test_a_picture_of_the_right_height_is_copied_unchanged():
    noise = np.random.default_rng(0).random((7, 9, 3), np.float32)
    assert np.array_equal(side_by_side([noise])[8:15, 8:17], noise)


def test_a_resized_picture_stays_within_its_range():
    steps = np.kron(np.eye(6, dtype=np.float32), np.ones((9, 9)))[..., None].repeat(3, axis=2)
    sheet = side_by_side([steps.astype(np.float32)], height=31)
    assert sheet.min() >= 0 and sheet.max() <= 1


def test_a_grid_centres_each_picture_in_its_cell():
    sheet = grid([[plain(4, 8, 0.25), plain(8, 4, 0.5)]], 8)
    assert sheet.shape == (8 + 16, 2 * 16 + 8, 3)
    assert (sheet[10:14, 8:16] == 0.25).all()
    assert (sheet[8:16, 26:30] == 0.5).all()
    assert np.isclose(sheet.sum(), sheet.size - 3 * 32 * (0.75 + 0.5))


def test_a_grid_leaves_cells_empty_and_takes_rows_of_different_length():
    sheet = grid([[plain(4, 4, 0)], [None, plain(4, 4, 0)]], 4)
    assert sheet.shape == (2 * 12 + 8, 2 * 12 + 8, 3)
    assert (sheet[8:12, 8:12] == 0).all() and (sheet[20:24, 20:24] == 0).all()
    assert (sheet[8:12, 20:24] == 1).all() and (sheet[20:24, 8:12] == 1).all()


def test_a_grid_enlarges_small_pictures():
    assert (grid([[plain(2, 2, 0.5)]], 10)[8:18, 8:18] == 0.5).all()


def test_a_contact_sheet_has_rows_of_six_and_labels_below():
    cells = [plain(10, 10, 0.5)] * 8
    bare = contact_sheet(cells, 40)
    np.testing.assert_array_equal(bare, grid([cells[:6], cells[6:]], 40))
    named = contact_sheet(cells, 40, [str(i) for i in range(8)])
    assert named.shape == (2 * (8 + 40 + 28), 6 * 48 + 8, 3)
    assert (named[8:48, 8:48] == 0.5).all() and (named[84:124, 56:96] == 0.5).all()
    assert (named[84:124, 104:] == 1).all()
    captions = named[48:76]
    assert captions.min() < 0.7
    left = np.flatnonzero((captions[:, :56] < 0.9).any(axis=(0, 2)))
    assert abs(left.mean() - 28) < 2  # in the middle of its cell
    assert contact_sheet(cells[:2], 40, ["a", "b"]).shape == (76, 104, 3)


@pytest.mark.parametrize("make", [side_by_side, lambda images: grid([images], 5)])
def test_the_pictures_are_not_modified(make):
    noise = np.random.default_rng(0).random((7, 9, 3), np.float32)
    before = noise.copy()
    make([noise])[:] = 0
    assert np.array_equal(noise, before)


def test_an_inset_stands_in_the_corner_with_a_white_edge():
    large = plain(100, 160, 0.25)
    made = with_inset(large, plain(20, 10, 0.5), share=0.4)
    height, width = 34, 17  # of the inset: 0.4 of the shorter side, less its edges
    assert (made[-3 - height : -3, -3 - width : -3] == 0.5).all()
    assert (made[-3:, -width:] == 1).all() and (made[-height:, -3:] == 1).all()
    assert (made[: -6 - height] == 0.25).all() and (made[:, : -6 - width] == 0.25).all()
    assert (large == 0.25).all()
