"""Pictures without grain."""

import numpy as np
import skimage.data

from impasto.images.plain_pictures import plain_pictures


def test_they_are_smooth_nearly_everywhere_and_never_change():
    photograph = skimage.data.astronaut()[::2, ::2]
    made = plain_pictures([photograph], 12, 256, seed=3)
    again = plain_pictures([photograph], 12, 256, seed=3)
    assert len(made) == 12 and len({picture.tobytes() for picture in made}) == 12
    for picture, same in zip(made, again, strict=True):
        assert picture.shape == (256, 256, 3) and picture.dtype == np.uint8
        np.testing.assert_array_equal(picture, same)
        steps = np.abs(np.diff(picture.astype(int), axis=1)).max(axis=2)
        assert np.median(steps) <= 4
