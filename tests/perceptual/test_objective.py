"""The objective against a second, plain implementation (`tests/oracle.py`)."""

from __future__ import annotations

import numpy as np
import pytest
from tests import oracle

from impasto.backend import ops
from impasto.engines.pixels import to_pixels
from impasto.perceptual import features, objective, regions
from impasto.settings import LAYER_NAMES, STYLE_LAYERS, Settings

CLASSIC = Settings(preset="classic")
# Float32 sums of up to 10^5 products against float64; the agreement measured is ten times better.
CLOSE = 1e-4


@pytest.fixture(scope="module")
def kernels(layers):
    return features.prepare(layers, LAYER_NAMES)


def random_pictures(rng, size):
    return [rng.random((*size, 3), dtype=np.float32) for _ in range(3)]


def losses_of(picture, content, style, kernels, settings):
    """All parts of the objective, as floats, and the gradient, as an array."""
    targets = objective.make_targets(to_pixels(content), [to_pixels(style)], kernels, settings)
    loss = objective.loss_and_gradient(settings)
    (total, parts), gradient = loss(to_pixels(picture), targets, kernels)
    values = {name: float(part) for name, part in {"total": total, **parts}.items()}
    return values, ops.convert_to_numpy(gradient)


def relative_oracle(picture, content, style, layers, settings):
    return oracle.relative_objective(
        picture,
        content,
        style,
        layers,
        content_layers=settings.content_layers,
        content_weight=settings.content_weight,
        style_layers=settings.style_layers,
        style_layer_weights=settings.style_layer_weights or (1,) * len(settings.style_layers),
        style_weight=settings.style_weight,
        tv_weight=settings.tv_weight,
        pooling=settings.pooling,
        padding=settings.padding,
    )


@pytest.mark.parametrize("size", [(24, 24), (32, 20), (17, 35)])
def test_classic_objective_agrees_with_the_oracle_in_every_part(rng, exact_layers, kernels, size):
    pictures = random_pictures(rng, size)
    ours, _ = losses_of(*pictures, kernels, CLASSIC)
    assert ours == pytest.approx(oracle.classic_objective(*pictures, exact_layers), rel=CLOSE)


@pytest.mark.parametrize("size", [(24, 24), (32, 20), (17, 35)])
def test_default_objective_agrees_with_the_oracle_in_every_part(rng, exact_layers, kernels, size):
    pictures = random_pictures(rng, size)
    ours, _ = losses_of(*pictures, kernels, Settings())
    assert ours == pytest.approx(relative_oracle(*pictures, exact_layers, Settings()), rel=CLOSE)


@pytest.mark.parametrize(
    "changed",
    [
        {"pooling": "average"},
        {"padding": "zeros"},
        {"style_layer_weights": (5, 4, 3, 2, 0)},
        {"style_layers": ("block3_conv4", "block1_conv2"), "style_layer_weights": (1, 3)},
        {"content_layers": ("block2_conv2", "block5_conv4")},
        {"content_weight": 7.0, "style_weight": 0.5, "tv_weight": 100.0},
    ],
    ids="-".join,
)
def test_each_knob_of_the_objective_agrees_with_the_oracle(rng, exact_layers, kernels, changed):
    settings = Settings(**changed)
    pictures = random_pictures(rng, (24, 28))
    ours, _ = losses_of(*pictures, kernels, settings)
    assert ours == pytest.approx(relative_oracle(*pictures, exact_layers, settings), rel=CLOSE)


def test_the_painting_may_have_another_size_under_relative_normalization(
    rng, exact_layers, kernels
):
    picture, content, _ = random_pictures(rng, (24, 24))
    style = rng.random((20, 37, 3), dtype=np.float32)
    ours, _ = losses_of(picture, content, style, kernels, Settings())
    theirs = relative_oracle(picture, content, style, exact_layers, Settings())
    assert ours == pytest.approx(theirs, rel=CLOSE)


@pytest.fixture
def stock_operators(monkeypatch):
    """Convolve by PyTorch's own operator, whichever was measured to be the fastest.

    They differ in the last digits, which add up over sixteen layers, and on a picture of 24x20 one
    pooling decided otherwise changes the slope by some thousandths; tests/backend compares the
    operators with this one.
    """
    from impasto.backend import _torch_layers
    from impasto.backend._torch_choice import Choice

    monkeypatch.setattr(_torch_layers, "choose", lambda *_: Choice("stock", "stock"))


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("padding", ["zeros", "replicate"])
def test_features_of_all_sixteen_layers_agree_with_the_oracle(
    rng, exact_layers, kernels, stock_operators, pooling, padding
):
    picture = rng.random((21, 34, 3), dtype=np.float32)
    seen = features.vgg19(
        to_pixels(picture), kernels, LAYER_NAMES, pooling=pooling, padding=padding
    )
    wanted = oracle.vgg19(picture, exact_layers, pooling=pooling, padding=padding)
    assert list(seen) == list(wanted) == list(LAYER_NAMES)
    for name in LAYER_NAMES:
        ours = ops.convert_to_numpy(seen[name])[0]
        assert ours.shape == wanted[name].shape
        assert np.linalg.norm(ours - wanted[name]) < 1e-5 * np.linalg.norm(wanted[name]), name


def test_the_fast_convolution_of_large_maps_agrees_with_the_oracle(rng, exact_layers, kernels):
    # Above about 1500 positions another convolution algorithm may be used.
    picture = rng.random((48, 40, 3), dtype=np.float32)
    for padding in ("zeros", "replicate"):
        wanted = oracle.vgg19(picture, exact_layers, padding=padding, deepest="block1_conv2")
        seen = features.vgg19(to_pixels(picture), kernels, ["block1_conv2"], padding=padding)
        ours = ops.convert_to_numpy(seen["block1_conv2"])[0]
        difference = np.linalg.norm(ours - wanted["block1_conv2"])
        assert difference < 1e-4 * np.linalg.norm(wanted["block1_conv2"])


def test_replicate_padding_is_a_valid_convolution_of_the_edge_padded_picture(
    rng, exact_layers, kernels
):
    picture = rng.random((18, 19, 3), dtype=np.float32)
    seen = features.vgg19(to_pixels(picture), kernels, ["block1_conv1"], padding="replicate")
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    same = oracle.vgg19(padded, exact_layers, deepest="block1_conv1")["block1_conv1"]
    np.testing.assert_allclose(
        ops.convert_to_numpy(seen["block1_conv1"])[0], same[1:-1, 1:-1], rtol=1e-4, atol=1e-3
    )


def test_a_constant_picture_has_constant_features_under_replicate_padding(kernels):
    picture = np.full((32, 32, 3), 0.3, dtype=np.float32)
    seen = features.vgg19(to_pixels(picture), kernels, LAYER_NAMES, padding="replicate")
    for feature in seen.values():
        array = ops.convert_to_numpy(feature)
        # Sums run over other vector lanes and tails, so not bit for bit.
        assert np.ptp(array, axis=(1, 2)).max() < 1e-4 * array.max()


def test_the_network_is_prepared_only_as_deep_as_needed(layers):
    assert list(features.prepare(layers, ["block2_conv1", "block1_conv2"])) == [
        "block1_conv1",
        "block1_conv2",
        "block2_conv1",
    ]


@pytest.mark.parametrize("settings", [CLASSIC, Settings()], ids=lambda s: s.preset)
def test_parts_add_up_and_carry_their_layers_names(rng, kernels, settings):
    ours, _ = losses_of(*random_pictures(rng, (24, 24)), kernels, settings)
    expected = {"total", "content", "style", "tv"}
    expected |= {f"content/{name}" for name in settings.content_layers}
    expected |= {f"style/{name}" for name in STYLE_LAYERS}
    assert set(ours) == expected
    for name in ("content", "style"):
        layers = [part for key, part in ours.items() if key.startswith(f"{name}/")]
        assert ours[name] == pytest.approx(sum(layers), rel=1e-6)
    assert ours["total"] == pytest.approx(ours["content"] + ours["style"] + ours["tv"], rel=1e-6)


@pytest.mark.parametrize("settings", [CLASSIC, Settings()], ids=lambda s: s.preset)
def test_the_photograph_itself_has_no_content_loss_and_a_finite_gradient(rng, kernels, settings):
    content, _, style = random_pictures(rng, (24, 24))
    ours, gradient = losses_of(content, content, style, kernels, settings)
    assert ours["content"] == 0
    assert ours["total"] > 0
    assert gradient.shape == (1, 24, 24, 3)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize("settings", [CLASSIC, Settings()], ids=lambda s: s.preset)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_constant_picture_has_a_finite_gradient(rng, kernels, settings, level):
    _, content, style = random_pictures(rng, (24, 24))
    picture = np.full((24, 24, 3), level, dtype=np.float32)
    ours, gradient = losses_of(picture, content, style, kernels, settings)
    assert ours["tv"] == 0
    assert np.isfinite(gradient).all()


def test_a_picture_that_is_photograph_and_painting_is_at_the_minimum(rng, kernels):
    picture = rng.random((24, 24, 3), dtype=np.float32)
    ours, gradient = losses_of(picture, picture, picture, kernels, Settings(tv_weight=0))
    assert ours["total"] < 1e-9
    assert np.abs(gradient).max() < 1e-6


def test_weights_scale_their_own_part_and_no_other(rng, kernels):
    pictures = random_pictures(rng, (24, 24))
    base, _ = losses_of(*pictures, kernels, Settings())
    for knob, part in [
        ("content_weight", "content"),
        ("style_weight", "style"),
        ("tv_weight", "tv"),
    ]:
        doubled = Settings(**{knob: 2 * getattr(Settings(), knob)})
        ours, _ = losses_of(*pictures, kernels, doubled)
        for name in ("content", "style", "tv"):
            assert ours[name] == pytest.approx(base[name] * (1 + (name == part)), rel=1e-5)


def test_the_gradient_agrees_with_differences_of_the_oracle(
    rng, exact_layers, kernels, stock_operators
):
    # The differences are taken in float64, so that only the gradient's own float32 error remains.
    # A step of 1e-7 crosses almost no kinks of ReLU and pooling (1e-5 crosses enough to be 1e-3
    # off) and leaves seven good digits of the difference.
    pictures = random_pictures(rng, (24, 20))
    picture, content, style = (picture.astype(np.float64) for picture in pictures)
    _, classic = losses_of(*pictures, kernels, CLASSIC)
    _, default = losses_of(*pictures, kernels, Settings())
    direction = rng.standard_normal(picture.shape)
    for gradient, total in [
        (classic, lambda x: oracle.classic_objective(x, content, style, exact_layers)["total"]),
        (default, lambda x: relative_oracle(x, content, style, exact_layers, Settings())["total"]),
    ]:
        up, down = (total(picture + sign * 1e-7 * direction) for sign in (1, -1))
        slope = np.sum(gradient[0] * direction)
        assert slope == pytest.approx((up - down) / 2e-7, rel=1e-4)


def test_the_same_settings_share_one_compiled_function():
    first = objective.loss_and_gradient(Settings(size=100))
    assert objective.loss_and_gradient(Settings(size=100)) is first


def test_style_shares_add_up_to_one():
    assert regions.style_shares(Settings()) == pytest.approx([0.2] * 5)
    shares = regions.style_shares(Settings(style_layer_weights=(1, 0, 3, 0, 0)))
    assert shares == [0.25, 0, 0.75, 0, 0]
