"""Nearest neighbours against an exhaustive search."""

import numpy as np
import pytest

from impasto.backend import ops
from impasto.perceptual.patches import find_patches

SIZES = {"block1_conv1": 1, "block2_conv1": 2, "block3_conv1": 4, "block4_conv1": 8}


def features(rng, height, width):
    return {
        name: ops.convert_to_tensor(
            np.float32(rng.random((1, -(-height // stride), -(-width // stride), 5)))
        )
        for name, stride in SIZES.items()
    }


def numbers(tensors):
    return {name: ops.convert_to_numpy(tensor)[0] for name, tensor in tensors.items()}


@pytest.mark.parametrize("size", [(32, 48), (33, 45)])
def test_a_painting_is_most_like_itself(rng, size):
    seen = features(rng, *size)
    found, wanted = numbers(find_patches(seen, [seen], [None])), numbers(seen)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-6)


def test_each_place_gets_the_place_with_the_largest_cosine(rng):
    picture, painting = features(rng, 16, 24), features(rng, 20, 28)
    only = {"block3_conv1"}
    picture, painting = ({k: v for k, v in x.items() if k in only} for x in (picture, painting))
    found = numbers(find_patches(picture, [painting], [None]))["block3_conv1"]
    here, there = (numbers(x)["block3_conv1"] for x in (picture, painting))
    centred = [x - x.reshape(-1, 5).mean(axis=0) for x in (here, there)]
    candidates = centred[1].reshape(-1, 5)
    for place in np.ndindex(here.shape[:2]):
        mine = centred[0][place]
        cosines = [mine @ c / np.linalg.norm(mine) / np.linalg.norm(c) for c in candidates]
        np.testing.assert_allclose(found[place], there.reshape(-1, 5)[int(np.argmax(cosines))])


def test_what_lies_outside_of_the_mask_is_not_taken(rng):
    picture, one, other = (features(rng, 16, 16) for _ in range(3))
    mask = np.zeros((16, 16), np.float32)
    mask[4:8, 8:12] = 1  # a single place
    found = numbers(find_patches(picture, [one, other], [mask, None]))
    allowed = {tuple(numbers(one)["block3_conv1"][1, 2])}
    allowed |= {tuple(row) for row in numbers(other)["block3_conv1"].reshape(-1, 5)}
    assert {tuple(row) for row in found["block3_conv1"].reshape(-1, 5)} <= allowed


def test_fine_layers_come_from_around_the_place(rng):
    picture, painting = features(rng, 16, 16), features(rng, 16, 16)
    mask = np.zeros((16, 16), np.float32)
    mask[4:8, 8:12] = 1
    found = numbers(find_patches(picture, [painting], [mask]))
    block = numbers(painting)["block1_conv1"][4:8, 8:12]
    np.testing.assert_allclose(found["block1_conv1"], np.tile(block, (4, 4, 1)))
    np.testing.assert_allclose(
        found["block4_conv1"], np.tile(numbers(painting)["block4_conv1"][0, 1], (2, 2, 1))
    )
