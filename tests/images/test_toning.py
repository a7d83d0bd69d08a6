"""Paintings of one ink give pictures of that ink."""

import numpy as np
import pytest
import skimage.color
import skimage.data

from impasto.images.files import read_image
from impasto.images.toning import apply_tone, find_tone, join_tones
from impasto.workflows.style_paintings import painting_facts, style_painting

PHOTO = skimage.data.astronaut()[::4, ::4].astype(np.float32) / 255


def grey(image):
    return np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)


def sepia(image):
    return (grey(image) ** [0.9, 1.2, 1.8]).astype(np.float32)


def chroma(image):
    """Return the chroma in CIELAB, by scikit-image."""
    lab = skimage.color.rgb2lab(image)
    return np.hypot(lab[..., 1], lab[..., 2])


def test_a_grey_painting_makes_pictures_grey_and_keeps_their_lightness():
    toned = apply_tone(PHOTO, find_tone(grey(PHOTO)))
    assert chroma(toned).max() < 0.5
    # Oklab's lightness of saturated colours is not CIELAB's
    difference = skimage.color.rgb2lab(toned)[..., 0] - skimage.color.rgb2lab(PHOTO)[..., 0]
    assert np.abs(difference).mean() < 3


def test_a_toned_painting_gives_its_tone():
    tone = find_tone(sepia(PHOTO))
    toned = apply_tone(PHOTO, tone)
    assert (toned[..., 0] >= toned[..., 2] - 0.02).all()
    assert apply_tone(sepia(PHOTO), tone) == pytest.approx(sepia(PHOTO), abs=0.04)


def test_strength_blends_the_colors():
    tone = find_tone(grey(PHOTO))
    assert apply_tone(PHOTO, tone, 0.0) == pytest.approx(PHOTO, abs=1e-3)
    half = chroma(apply_tone(PHOTO, tone, 0.5)).mean()
    assert 0.3 * chroma(PHOTO).mean() < half < 0.7 * chroma(PHOTO).mean()


def test_only_the_woodcut_among_the_shipped_paintings_has_a_tone():
    toned = {name for name in painting_facts() if find_tone(read_image(style_painting(name)))}
    assert toned == {"apocalypse"}


def test_compression_noise_is_no_color():
    noisy = grey(PHOTO) + np.random.default_rng(0).normal(0, 0.004, PHOTO.shape)
    assert find_tone(np.clip(noisy, 0, 1).astype(np.float32)) is not None
    assert find_tone(PHOTO) is None


def test_several_paintings_have_a_common_tone_if_all_are_grey():
    first, second, third = map(find_tone, (grey(PHOTO), grey(PHOTO)[::-1] ** 2, sepia(PHOTO)))
    assert join_tones([third]) is third
    assert join_tones([first, second]) is first
    assert join_tones([first, third]) is None
    assert join_tones([first, None]) is None
    assert join_tones([None]) is None
