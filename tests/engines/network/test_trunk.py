"""The trunk against a NumPy implementation, position by position."""

import functools

import keras
import numpy as np
import pytest

from impasto.backend import instance_norm, ops, reflect_pad
from impasto.engines.network.model import (
    NOISE,
    Architecture,
    PaintingModel,
    arrays_by_layer,
    layers,
    neutral_style,
    norm_widths,
    style_size,
)
from impasto.engines.network.noise import COARSE, FINE, noise_bytes, noise_field
from impasto.engines.network.predict import paint_image
from impasto.engines.network.trunk import load_network, make_network
from impasto.errors import PictureError
from impasto.images.scales import SMALLEST_SIDE

TINY = Architecture((4, 5, 6, 7), blocks=2)
RICH = Architecture((4, 5, 6, 7, 9), blocks=1, up_blocks=(2, 1, 0, 1), noise=True)


@pytest.fixture(autouse=True)
def _same_weights():
    """Start from the same random weights each time; rounding errors depend on them."""
    keras.utils.set_random_seed(20240607)


def correlate(x, kernel, stride=1):
    """Convolve a reflection-padded picture (H, W, I) with a kernel (3, 3, I, O)."""
    wide = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(0, 1))
    return np.einsum("hwiyx,yxio->hwo", windows[::stride, ::stride], kernel)


def noise(side, height, width, offset=(0, 0)):
    rows, columns = (
        (np.arange(n) + o) % side for n, o in zip((height, width), offset, strict=True)
    )
    return noise_field(side)[rows][:, columns, None].astype(np.float64)


def scales_and_shifts(vector, architecture):
    for width in norm_widths(architecture):
        yield vector[:width], vector[width : 2 * width]
        vector = vector[2 * width :]


def normalised_layer(weights, styles, x, stride=1, relu=True, beside=None):
    """Upsample to the size of `beside` if given, convolve, then normalise."""
    if beside is not None:
        x = x.repeat(2, 0).repeat(2, 1)
    x = correlate(x, next(weights), stride)
    if beside is not None:
        x = x[: beside.shape[0], : beside.shape[1]]
    scale, shift = next(styles)
    x = (x - x.mean((0, 1))) / np.sqrt(x.var((0, 1)) + 1e-5) * scale + shift
    return np.maximum(x, 0) if relu else x


def reference(picture, vector, weights, architecture, offset=(0, 0)):
    """Paint (H, W, 3) with plain kernels."""
    weights = iter(weights)
    noise_weights = next(weights) if architecture.noise else None
    layer = functools.partial(normalised_layer, weights, scales_and_shifts(vector, architecture))
    if architecture.noise:
        fine = noise(FINE, *picture.shape[:2], offset)
        picture = np.concatenate([picture, fine], axis=2)
    sizes = [layer(picture)]
    for _ in architecture.widths[1:]:
        sizes.append(layer(sizes[-1], 2))
    x = sizes.pop()
    if architecture.noise:
        x = x + noise(COARSE, *x.shape[:2], offset) * noise_weights
    for count in [architecture.blocks, *architecture.up_blocks, 0, 0, 0, 0]:
        for _ in range(count):
            x = x + layer(layer(x), relu=False)
        if sizes:
            beside = sizes.pop()
            x = layer(x, beside=beside)
            x = x + beside * (len(sizes) >= 2)  # a quarter and smaller
    return 1 / (1 + np.exp(-(correlate(x, next(weights)) + next(weights))))


def random_vectors(rng, count, architecture):
    size = style_size(architecture)
    noise = 0.3 * rng.standard_normal((count, size))
    return (neutral_style(architecture) + noise).astype(np.float32)


def run(network, pictures, vectors):
    tensors = [ops.convert_to_tensor(np.float32(array)) for array in (pictures, vectors)]
    return ops.convert_to_numpy(network(tuple(tensors)))


@pytest.mark.parametrize(
    ("architecture", "size"),
    [
        *((TINY, size) for size in [(16, 16), (24, 40), (37, 50), (63, 17)]),
        *((RICH, size) for size in [(17, 17), (24, 40), (37, 50), (63, 17)]),
    ],
)
def test_the_trunk_is_what_numpy_computes(rng, architecture, size):
    network = make_network(architecture)
    picture = rng.random((*size, 3))
    (vector,) = random_vectors(rng, 1, architecture)
    weights = [array.astype(np.float64) for array in network.get_weights()]
    expected = reference(picture, vector.astype(np.float64), weights, architecture)
    painted = run(network, picture[None], vector[None])
    assert painted.shape == (1, *size, 3)
    np.testing.assert_allclose(painted[0], expected, atol=2e-5)


def test_each_picture_of_a_batch_has_its_own_style_and_statistics(rng):
    network = make_network(TINY)
    pictures, vectors = rng.random((3, 32, 24, 3)), random_vectors(rng, 3, TINY)
    together = run(network, pictures, vectors)
    for i in range(3):
        alone = run(network, pictures[i : i + 1], vectors[i : i + 1])
        np.testing.assert_allclose(together[i], alone[0], atol=1e-5)


def test_noise_begins_at_its_offset(rng):
    network = make_network(RICH)
    pictures, vectors = rng.random((2, 32, 24, 3)), random_vectors(rng, 2, RICH)
    offsets = np.array([[3, 250], [77, 0]])
    tensors = [ops.convert_to_tensor(np.float32(array)) for array in (pictures, vectors)]
    painted = network((*tensors, ops.convert_to_tensor(offsets)))
    weights = [array.astype(np.float64) for array in network.get_weights()]
    for i in range(2):
        expected = reference(pictures[i], np.float64(vectors[i]), weights, RICH, offsets[i])
        np.testing.assert_allclose(ops.convert_to_numpy(painted)[i], expected, atol=2e-5)


def test_noise_is_spread_evenly_and_never_changes():
    assert noise_bytes(FINE)[0, :6].tolist() == [238, 208, 30, 252, 242, 174]
    assert noise_bytes(COARSE)[0, :6].tolist() == [47, 189, 28, 227, 126, 26]
    assert abs(noise_field(FINE).mean()) < 0.02 and abs(noise_field(FINE).std() - 1) < 0.02


def test_separable_blocks_have_fewer_weights(rng):
    separable = make_network(TINY._replace(separable=True))
    assert separable.count_params() < make_network(TINY).count_params()
    painted = run(separable, rng.random((1, 21, 30, 3)), random_vectors(rng, 1, TINY))
    assert painted.shape == (1, 21, 30, 3)
    assert 0 <= painted.min() < painted.max() <= 1


def test_the_default_trunk_takes_less_than_four_megabytes_in_16_bits():
    assert 2 * make_network(Architecture()).count_params() < 4e6


def test_a_model_gives_back_the_network_it_was_made_of(rng):
    network = make_network(TINY)
    model = PaintingModel(TINY, tuple(network.get_weights()), {})
    picture, vector = rng.random((1, 20, 20, 3)), random_vectors(rng, 1, TINY)
    again = run(load_network(model), picture, vector)
    np.testing.assert_array_equal(again, run(network, picture, vector))


@pytest.mark.parametrize("separable", [False, True])
def test_weights_are_found_by_the_name_of_their_layer(separable):
    architecture = RICH._replace(separable=separable)
    network = make_network(architecture)
    model = PaintingModel(architecture, tuple(network.get_weights()), {})
    found = arrays_by_layer(model)
    assert {*found} == {NOISE, *(layer.name for layer in layers(architecture))}
    np.testing.assert_array_equal(found[NOISE][0], ops.convert_to_numpy(network.noise_weights))
    for conv in network.convs:
        ours, theirs = found[conv.name], conv.get_weights()
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)
    for wrong in (model.trunk[:-1], (*model.trunk, model.trunk[-1])):
        with pytest.raises(ValueError, match="arrays for"):
            arrays_by_layer(PaintingModel(architecture, wrong, {}))


def test_reflection_is_numpys(rng):
    x = rng.random((2, 5, 7, 3)).astype(np.float32)
    expected = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    padded = ops.convert_to_numpy(reflect_pad(ops.convert_to_tensor(x)))
    np.testing.assert_array_equal(padded, expected)


def test_instance_normalisation_by_hand(rng):
    x = rng.normal(3, 2, (2, 6, 5, 4)).astype(np.float32)
    scale, shift = rng.normal(size=(2, 2, 4)).astype(np.float32)
    mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
    expected = (x - mean) / np.sqrt(variance + 1e-5) * scale[:, None, None] + shift[:, None, None]
    found = instance_norm(*(ops.convert_to_tensor(array) for array in (x, scale, shift)))
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=1e-4)


def test_the_smallest_side_is_one_that_works(rng):
    network = make_network(TINY)
    picture = rng.random((1, SMALLEST_SIDE, SMALLEST_SIDE, 3))
    assert run(network, picture, random_vectors(rng, 1, TINY)).shape == picture.shape


@pytest.mark.parametrize(("architecture", "least"), [(TINY, 16), (RICH, 32)])
def test_a_picture_that_is_too_small_for_the_network_is_refused(rng, architecture, least):
    model = PaintingModel(architecture, tuple(make_network(architecture).get_weights()), {})
    vector = neutral_style(architecture)
    small = rng.random((least, 64, 3), dtype=np.float32)
    assert paint_image(small, vector, model).shape == small.shape
    with pytest.raises(PictureError, match=f"at least {least} pixels"):
        paint_image(small[1:], vector, model)
