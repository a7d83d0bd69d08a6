"""Faces are found, and kept recognisable."""

import numpy as np
import pytest
import skimage.data
from skimage.metrics import structural_similarity

from impasto.images.faces import Face, face_mask, faces_to_keep, find_faces, keep_faces

ASTRONAUT = skimage.data.astronaut().astype(np.float32) / 255
STROKES = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32).repeat(8, 0).repeat(8, 1)


@pytest.fixture(scope="module")
def face():
    (found,) = find_faces(ASTRONAUT)
    return found


def test_the_face_of_the_astronaut_is_found(face):
    assert (face.y, face.x) == pytest.approx((0.23, 0.43), abs=0.04)  # seen by eye
    assert 0.08 < face.width < face.height < 0.2


@pytest.mark.parametrize("scale", [2, 3])
def test_it_is_found_at_other_sizes(face, scale):
    (found,) = find_faces(ASTRONAUT[::scale, ::scale])
    assert found == pytest.approx(face, abs=0.03)


@pytest.mark.parametrize("photograph", ["coffee", "chelsea", "rocket"])
def test_things_and_cats_have_no_face(photograph):
    image = getattr(skimage.data, photograph)().astype(np.float32) / 255
    assert find_faces(image) == []
    with pytest.warns(UserWarning, match="no face was found, so keep_faces has no effect"):
        assert faces_to_keep(image, 0.5) == []
    assert faces_to_keep(image, 0) == []  # a warning would be an error


def test_a_kept_face_is_like_the_photograph_and_the_rest_is_as_painted(face):
    painted = 0.5 * ASTRONAUT + 0.5 * STROKES
    inside = face_mask(face, painted.shape[:2])

    def likeness(image):
        _, similar = structural_similarity(
            image.mean(-1), ASTRONAUT.mean(-1), data_range=1, full=True
        )
        return similar[inside > 0.9].mean()

    kept = [keep_faces(painted, ASTRONAUT, [face], amount) for amount in (0, 0.5, 1)]
    assert likeness(kept[0]) < likeness(kept[1]) - 0.1 < likeness(kept[2]) - 0.2
    assert np.array_equal(kept[0], painted)
    assert np.array_equal(kept[2][inside == 0], painted[inside == 0])


def test_a_kept_face_has_the_colors_of_the_painted_one(face):
    painted = ASTRONAUT * np.float32([0.2, 0.4, 0.9])
    kept = keep_faces(painted, ASTRONAUT, [face], 1.0)
    inside = face_mask(face, painted.shape[:2]) > 0.5
    assert kept[inside].mean(0) == pytest.approx(painted[inside].mean(0), abs=0.02)


def test_the_oval_is_soft_and_where_it_should_be():
    mask = face_mask(Face(0.5, 0.25, 0.2, 0.1), (100, 200))
    assert mask[50, 50] == 1
    assert mask[50, 150] == 0 and mask[5, 50] == 0
    assert 0 < mask[50, 50 + 20] < 1  # its edge
    rows, columns = np.nonzero(mask > 0.5)
    assert (rows.mean(), columns.mean()) == pytest.approx((49.5, 49.5), abs=0.1)


def test_a_face_outside_of_the_picture_changes_nothing():
    painted = ASTRONAUT[:64, :64]
    assert np.array_equal(keep_faces(painted, painted, [Face(3, 3, 0.1, 0.1)], 1.0), painted)
