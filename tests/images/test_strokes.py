"""Upscaling paintings, against pictures enlarged by Pillow, and by properties."""

import numpy as np
import pytest
import skimage.data
from PIL import Image as PIL

from impasto.images import strokes
from impasto.images.scales import resize
from impasto.images.strokes import with_edges, with_strokes, working_size


def enlarged(small, size):
    """Enlarge each channel whole, by Pillow."""
    planes = [PIL.fromarray(small[..., i].copy()) for i in range(3)]
    lanczos = PIL.Resampling.LANCZOS
    return np.stack([np.asarray(p.resize((size[1], size[0]), lanczos)) for p in planes], axis=-1)


@pytest.fixture(scope="module")
def photo():
    return skimage.data.coffee() / np.float32(255)  # 400x600


@pytest.mark.parametrize(
    ("size", "stroke_size", "expected"),
    [
        ((3000, 4000), 1.0, (600, 800)),
        ((4000, 3000), 2.0, (400, 300)),
        ((3000, 4000), 0.5, (1200, 1600)),
        ((600, 800), 1.0, (600, 800)),
        ((601, 801), 1.0, (600, 800)),
        ((300, 400), 1.0, (300, 400)),
        ((300, 400), 4.0, (150, 200)),
        ((3000, 4000), 0.0, (3000, 4000)),
        ((3000, 4000), 1e-6, (3000, 4000)),
        ((100, 4000), 1.0, (64, 2560)),
        ((16, 4000), 1.0, (16, 4000)),
        ((16, 16), 8.0, (16, 16)),
    ],
)
def test_the_working_size(size, stroke_size, expected):
    assert working_size(size, stroke_size) == expected


def test_edges_are_those_of_the_formula(photo, rng):
    photo = photo[150:220, 200:310]
    small = resize(photo, (20, 31))
    painted = rng.random((20, 31, 3), dtype=np.float32)
    found = with_edges(painted, small, photo)
    expected = np.empty_like(photo)
    base, blurred = enlarged(painted, photo.shape), enlarged(small, photo.shape)
    for y in range(photo.shape[0]):
        for x in range(photo.shape[1]):
            lost = photo[y, x].astype(float) - blurred[y, x]
            energy = (lost @ lost) / 3
            expected[y, x] = np.clip(base[y, x] + lost * energy / (energy + 0.0025), 0, 1)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_an_edge_stays_sharp_and_grain_is_left_out(rng):
    step = np.full((64, 256, 3), 0.2, np.float32)
    step[:, 130:] = 0.8
    small = resize(step, (8, 32))
    found = with_edges(small, small, step)
    blurred = enlarged(small, (64, 256))
    assert (
        np.abs(np.diff(found[32, :, 0])).max() > 0.5 > 4 * np.abs(np.diff(blurred[32, :, 0])).max()
    )
    grain = np.float32(0.5) + 0.01 * rng.standard_normal((64, 256, 3)).astype(np.float32)
    flat = with_edges(resize(grain, (8, 32)), resize(grain, (8, 32)), grain)
    assert flat.std() < 0.4 * grain.std()


@pytest.mark.parametrize("positions", [1, 1000, 54321])
def test_strips_equal_the_whole(photo, monkeypatch, positions):
    small = resize(photo, (77, 116))
    whole = with_edges(small, small, photo), with_strokes(photo[::-1].copy(), small)
    monkeypatch.setattr(strokes, "_STRIP", positions)
    strips = with_edges(small, small, photo), with_strokes(photo[::-1].copy(), small)
    for one, other in zip(whole, strips, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_strokes_replace_what_the_working_size_holds(photo):
    small = resize(photo[::-1], (100, 150))
    found = with_strokes(photo.copy(), small)
    assert np.abs(resize(found, (100, 150)) - small).mean() < 0.01
    expected = photo
    for _ in range(2):
        change = enlarged(small - resize(expected, (100, 150)), photo.shape)
        expected = (expected + change).clip(0, 1)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    again = with_strokes(photo.copy(), resize(photo, (100, 150)))
    np.testing.assert_allclose(again, photo, atol=1e-5)  # nothing to replace


@pytest.mark.parametrize("size", [(16, 4000), (4000, 16), (17, 19), (300, 500)])
def test_plain_pictures_stay_plain(size):
    small = (max(1, size[0] // 3), max(1, size[1] // 3))
    plain, other = (np.full((*size, 3), level, np.float32) for level in (0.3, 0.7))
    painted = np.full((*small, 3), 0.9, np.float32)
    np.testing.assert_allclose(with_edges(painted, resize(plain, small), plain), 0.9, atol=1e-5)
    np.testing.assert_allclose(with_strokes(other, painted), 0.9, atol=1e-5)
