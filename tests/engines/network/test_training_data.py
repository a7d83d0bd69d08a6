"""Training data on the device."""

import numpy as np
import pytest
import skimage.data
from skimage.transform import resize

from impasto.backend import ops
from impasto.engines.network.training_data import Packed, crop_squares, pack, unpack


def test_packed_matrices_come_back(rng):
    halves = rng.standard_normal((3, 7, 7)).astype(np.float32) * [[[1.0]], [[1e5]], [[1e-4]]]
    matrices = [np.float32(half @ half.T) for half in halves]
    packed = Packed(*map(ops.convert_to_tensor, pack(matrices)))
    found = ops.convert_to_numpy(unpack(packed, ops.convert_to_tensor(np.array([2, 0, 1, 2]))))
    for place, index in enumerate([2, 0, 1, 2]):
        largest = np.abs(matrices[index]).max()
        np.testing.assert_allclose(found[place], matrices[index], atol=1e-3 * largest)
        np.testing.assert_array_equal(found[place], found[place].T)


@pytest.mark.parametrize("side", [64.0, 100.0, 160.0])
def test_squares_are_those_of_scikit_image(side):
    picture = skimage.data.astronaut()[:200, :200]
    box = np.float32([[10, 20, side, 0], [10, 20, side, 1]])
    pictures = ops.convert_to_tensor(np.stack([picture, picture]))
    found = ops.convert_to_numpy(crop_squares(pictures, ops.convert_to_tensor(box), 64))
    square = picture[10 : 10 + int(side), 20 : 20 + int(side)] / 255
    expected = resize(square, (64, 64), order=1, anti_aliasing=False)
    assert np.abs(found[0] - expected)[2:-2, 2:-2].mean() < (1e-6 if side == 64 else 0.02)
    np.testing.assert_allclose(found[1], found[0][:, ::-1], atol=1e-5)


def test_a_constant_picture_stays_constant_for_every_crop():
    pictures = ops.convert_to_tensor(np.full((1, 50, 50, 3), 51, np.uint8))
    box = ops.convert_to_tensor(np.float32([[0.3, 1.7, 47.9, 1]]))
    np.testing.assert_allclose(
        ops.convert_to_numpy(crop_squares(pictures, box, 32)), 0.2, atol=1e-6
    )
