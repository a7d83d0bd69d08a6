"""Sizes from coarse to fine, and resizing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image as PIL

from impasto.errors import PictureError
from impasto.images.scales import enlarge, fit, plan, plan_from, resize, result_size, style_size
from impasto.settings import Settings

sides = st.integers(32, 3000)
shapes = st.tuples(sides, sides)
runs = st.builds(
    Settings,
    size=st.integers(64, 2000),
    scales=st.integers(1, 8),
    iterations=st.integers(1, 1000),
    style_scale=st.floats(0.25, 4),
)
images = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 4)),
    elements=st.floats(0, 1, width=32),
)
targets = st.tuples(st.integers(1, 30), st.integers(1, 30))


def planned(content, style, settings):
    """The plan of sizes that are large enough."""
    try:
        return plan(content, style, settings)
    except PictureError:
        return assume(False)


@given(shapes, shapes, runs)
def test_iterations_of_a_plan_add_up(content, style, settings):
    stages = planned(content, style, settings)
    assert sum(stage.iterations for stage in stages) == settings.iterations
    assert all(stage.iterations >= 0 for stage in stages)


@given(shapes, shapes, runs, st.data())
def test_the_rest_of_a_plan_is_a_plan(content, style, settings, data):
    stages = planned(content, style, settings)
    index = data.draw(st.integers(0, len(stages) - 1))
    scales, iterations = plan_from(stages, index)
    rest = plan(content, style, settings.changed(scales=scales, iterations=iterations))
    assert [stage.size for stage in rest] == [stage.size for stage in stages[index:]]
    for one, other in zip(rest, stages[index:], strict=True):
        assert abs(one.iterations - other.iterations) <= 2


def test_the_rest_of_a_plan_keeps_to_the_few_evaluations_of_large_scales():
    settings = Settings(size=6000, scales=3, iterations=120)
    stages = plan((6000, 6000), (6000, 6000), settings)
    for index in range(3):
        scales, iterations = plan_from(stages, index)
        changed = settings.changed(scales=scales, iterations=iterations)
        assert plan((6000, 6000), (6000, 6000), changed) == stages[index:]


@given(shapes, shapes, runs)
def test_sizes_of_a_plan_double_up_to_the_result(content, style, settings):
    stages = planned(content, style, settings)
    assert 1 <= len(stages) <= settings.scales
    assert stages[-1].size == result_size(content, settings)
    for small, large in itertools.pairwise(stages):
        for before, after in zip(small.size, large.size, strict=True):
            assert before < after
            assert abs(after - 2 * before) <= 2


@given(shapes, shapes, runs)
def test_every_scale_of_a_plan_suits_the_network(content, style, settings):
    for stage in planned(content, style, settings):
        assert min(stage.size) >= 16
        assert min(style_size(style, stage.size, settings)) >= 16


@given(shapes, st.integers(16, 4000))
def test_fit_keeps_the_shape(size, long_side):
    fitted = fit(size, long_side)
    assert max(fitted) == long_side
    short = min(size) * long_side / max(size)
    assert abs(min(fitted) - short) <= 0.5 or min(fitted) == 1


@given(st.integers(1, 5000))
def test_fit_of_the_same_long_side_changes_nothing(side):
    assert fit((side, 7), max(side, 7)) == (side, 7)


@given(shapes, st.integers(16, 1000))
def test_a_given_height_is_met_and_the_width_rounded_down(content, height):
    settings = Settings(height=height)
    width = int(content[1] * height / content[0])
    assume(width >= 16)
    assert result_size(content, settings) == (height, width)


def test_the_last_scale_gets_a_third_more_iterations_than_each_other():
    stages = plan((400, 600), (400, 600), Settings(size=600, scales=3, iterations=150))
    assert [stage.iterations for stage in stages] == [45, 45, 60]
    assert [stage.size for stage in stages] == [(100, 150), (200, 300), (400, 600)]


def test_up_to_2048_pixels_no_scale_is_cut_short():
    stages = plan((1536, 2048), (600, 800), Settings(size=2048, iterations=400))
    assert [stage.iterations for stage in stages] == [75, 75, 75, 75, 100]


@pytest.mark.parametrize(
    ("size", "iterations"),
    [
        (2049, [25, 26, 25, 25, 12]),
        (4096, [21, 22, 21, 21, 22, 12]),
        (4097, [21, 22, 21, 21, 22, 6]),
        (6000, [18, 19, 18, 19, 18, 12, 6]),
    ],
)
def test_scales_beyond_2048_pixels_get_few_evaluations(size, iterations):
    # The others get what they would get if all were shared 3 : ... : 3 : 4.
    stages = plan((2000, 3000), (600, 800), Settings(size=size, iterations=135))
    assert [stage.iterations for stage in stages] == iterations


def test_fewer_iterations_than_the_most_are_not_raised():
    stages = plan((2000, 3000), (600, 800), Settings(size=6000, iterations=14))
    assert [stage.iterations for stage in stages] == [2, 2, 2, 2, 2, 1, 3]


@pytest.mark.parametrize("settings", [{"scales": 1}, {"preset": "classic", "height": 3000}])
def test_a_large_picture_of_one_scale_keeps_all_evaluations(settings):
    (stage,) = plan((2000, 3000), (600, 800), Settings(**{"size": 3000, **settings}))
    assert stage.iterations == Settings(**settings).iterations


def thin(seed, width):
    return np.random.default_rng(seed).random((4, width, 3), dtype=np.float32)


LARGE, SMALL = (4, 2100), (2, 1050)


def test_a_large_scale_begins_with_half_of_the_photographs_detail():
    photograph, picture = thin(0, 3000), thin(1, 1050)[:2]
    kept = photograph.copy(), picture.copy()
    found = enlarge(picture, photograph, LARGE, Settings())
    blurred = resize(resize(photograph, SMALL), LARGE)
    wanted = resize(picture, LARGE) + 0.5 * (resize(photograph, LARGE) - blurred)
    np.testing.assert_allclose(found, wanted.clip(0, 1), atol=1e-6)
    np.testing.assert_array_equal(photograph, kept[0])
    np.testing.assert_array_equal(picture, kept[1])


def test_a_photograph_of_the_result_itself_is_not_modified():
    photograph = thin(0, 2100)
    kept = photograph.copy()
    enlarge(thin(1, 1050)[:2], photograph, LARGE, Settings())
    np.testing.assert_array_equal(photograph, kept)


@pytest.mark.parametrize(
    ("before", "size", "settings"),
    [
        (SMALL, (4, 2048), Settings()),  # not large
        (SMALL, LARGE, Settings(content_weight=0)),  # no detail is added
        (SMALL, LARGE, Settings(seamless=True)),  # the photograph has edges
        (LARGE, LARGE, Settings()),
    ],
)
def test_elsewhere_a_scale_begins_with_the_picture_enlarged(before, size, settings):
    picture = thin(1, before[1])[: before[0]]
    found = enlarge(picture, thin(0, 3000), size, settings)
    np.testing.assert_array_equal(found, resize(picture, size))


def test_a_small_photograph_has_no_detail_to_give():
    smooth = resize(thin(0, 5), (2, 60))
    picture = thin(1, 1050)[:2]
    found = enlarge(picture, smooth, LARGE, Settings())
    assert np.abs(found - resize(picture, LARGE)).max() < 0.02


def test_scales_too_small_to_matter_are_left_out():
    assert len(plan((100, 100), (100, 100), Settings(size=100, scales=8))) == 2


def test_the_style_keeps_its_shape_or_is_stretched():
    assert style_size((100, 200), (300, 400), Settings()) == (200, 400)
    assert style_size((100, 200), (300, 400), Settings(style_scale=1.5)) == (300, 600)
    assert style_size((100, 200), (300, 400), Settings(style_fit="stretch")) == (300, 400)
    assert style_size((100, 200), (300, 400), Settings(preset="classic")) == (300, 400)


def test_a_thin_photograph_is_refused_with_its_size_and_a_remedy():
    with pytest.raises(PictureError) as caught:
        result_size((10, 1000), Settings(size=512))
    text = str(caught.value)
    for part in ("1000x10", "512x5", "at least 16 pixels", "crop", "raise size"):
        assert part in text
    with pytest.raises(PictureError, match="raise height"):
        result_size((1000, 10), Settings(height=100))


def test_a_thin_painting_is_refused_with_its_size_and_a_remedy():
    with pytest.raises(PictureError) as caught:
        plan((400, 400), (10, 1000), Settings())
    text = str(caught.value)
    for part in ("style picture", "1000x10", "at least 16 pixels", "crop", "style_scale"):
        assert part in text


def test_a_painting_too_small_at_a_coarse_scale_drops_only_that_scale():
    # At 512 pixels the painting is 20 high, at 256 it would be 10.
    stages = plan((512, 512), (40, 1024), Settings(size=512, scales=3))
    assert [stage.size for stage in stages] == [(512, 512)]


@pytest.mark.parametrize("resampling", ["lanczos", "nearest"])
@given(images)
def test_resizing_to_the_same_size_gives_the_same(resampling, image):
    assert resize(image, image.shape[:2], resampling=resampling) is image


@pytest.mark.parametrize("resampling", ["lanczos", "nearest"])
@given(images, targets)
def test_resizing_gives_the_size_asked_for_within_the_range(resampling, image, size):
    resized = resize(image, size, resampling=resampling)
    assert resized.shape == (*size, image.shape[2])
    assert resized.dtype == np.float32
    assert image.min() <= resized.min() <= resized.max() <= image.max()


@pytest.mark.parametrize("resampling", ["lanczos", "nearest"])
@given(st.floats(0, 1, width=32), targets, targets)
def test_a_constant_stays_constant(resampling, level, before, after):
    image = np.full((*before, 3), level, dtype=np.float32)
    np.testing.assert_array_equal(resize(image, after, resampling=resampling), np.float32(level))


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3))),
    targets,
)
def test_nearest_picks_the_pixels_that_pillow_picks(pixels, size):
    wanted = PIL.fromarray(pixels).resize((size[1], size[0]), PIL.Resampling.NEAREST)
    ours = resize(pixels.astype(np.float32), size, resampling="nearest")
    np.testing.assert_array_equal(ours, np.asarray(wanted))


@given(hnp.arrays(np.uint8, (6, 7, 1), elements=st.integers(80, 175)), targets)
def test_lanczos_is_pillows_without_its_rounding(pixels, size):
    # On 8 bits Pillow rounds after each of its two passes, so up to two levels differ, and it cuts
    # overshoot off at 0 and 255, which these values stay away from.
    wanted = PIL.fromarray(pixels[..., 0]).resize((size[1], size[0]), PIL.Resampling.LANCZOS)
    ours = resize(pixels[..., 0].astype(np.float32), size)
    clipped = np.clip(np.asarray(wanted, dtype=np.float32), pixels.min(), pixels.max())
    assert np.abs(ours - clipped).max() <= 2


@given(images, targets)
def test_a_mask_is_resized_as_a_channel_is(image, size):
    mask = np.ascontiguousarray(image[..., 0])
    alone = resize(mask, size)
    assert alone.shape == size
    np.testing.assert_array_equal(alone, resize(mask[..., None], size)[..., 0])


def test_an_unknown_resampling_is_an_error():
    with pytest.raises(KeyError):
        resize(np.zeros((4, 4, 3), dtype=np.float32), (2, 2), resampling="magic")
