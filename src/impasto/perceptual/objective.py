"""The perceptual loss: targets once, then a scalar and its parts for any picture."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from ..backend import ops, value_and_grad
from ..settings import Settings
from ..types import Targets, Tensor
from . import features as backbone
from . import losses, statistics
from .features import Kernels

Parts = dict[str, Tensor]
LossAndGradient = Callable[..., tuple[tuple[Tensor, Parts], Tensor]]

_LOSS_SETTINGS = (
    "content_weight", "style_weight", "tv_weight", "content_layers", "style_layers",
    "style_layer_weights", "normalization", "pooling", "padding", "precision",
)  # fmt: skip


def load_kernels(settings: Settings) -> Kernels:
    """Find, read and prepare the network as deep as these settings need it.

    Raises:
        WeightsError: No usable weights were found.
    """
    from . import weights

    layers = weights.load(weights.find(settings.weights))
    return backbone.prepare(layers, {*settings.content_layers, *settings.style_layers})


def make_targets(content: Tensor, style: Tensor, kernels: Kernels, settings: Settings) -> Targets:
    """Compute what the losses compare with.

    Args:
        content: The photograph, (1, H, W, 3), 0..1, of the size that will be optimised.
        style: The painting, (1, h, w, 3), 0..1.
        kernels: From `load_kernels`.
        settings: Layers, pooling and padding.

    Returns:
        Features of the photograph and moments of the painting.
    """
    painted = backbone.vgg19(style, kernels, settings.style_layers, **look(settings))
    return Targets(
        content=backbone.vgg19(content, kernels, settings.content_layers, **look(settings)),
        style={name: statistics.moments(features) for name, features in painted.items()},
    )


def look(settings: Settings) -> dict[str, str]:
    """Return how the network looks at pictures, as arguments of `features.vgg19`."""
    return {name: getattr(settings, name) for name in ("pooling", "padding", "precision")}


def perceptual_loss(
    pixels: Tensor, targets: Targets, kernels: Kernels, settings: Settings
) -> tuple[Tensor, Parts]:
    """Compare a picture with its targets.

    Args:
        pixels: The picture, (1, H, W, 3), 0..1 (values outside are allowed).
        targets: From `make_targets` with the same settings, for the same H and W.
        kernels: From `load_kernels`.
        settings: Weights, layers, normalization, pooling and padding.

    Returns:
        The total, a scalar, and its weighted parts: `content`, `style` and `tv`, which add up to
        it, and `content/<layer>` and `style/<layer>`, which add up to the former two.
    """
    seen, grams = backbone.features_and_grams(
        pixels, kernels, settings.content_layers, settings.style_layers, **look(settings)
    )
    parts = {
        **content_parts(seen, targets, settings),
        **style_parts(
            {name: gram.second for name, gram in grams.items()},
            {name: gram.positions for name, gram in grams.items()},
            pixels.shape[1] * pixels.shape[2],
            targets,
            settings,
        ),
        "tv": tv_part(pixels, settings),
    }
    return add_up(parts)


def content_parts(features: Mapping[str, Tensor], targets: Targets, settings: Settings) -> Parts:
    """Return the weighted content loss of each content layer, as `content/<layer>`."""
    weight = settings.content_weight / len(settings.content_layers)
    return {
        f"content/{name}": weight
        * losses.content_loss(
            features[name], targets.content[name], normalization=settings.normalization
        )
        for name in settings.content_layers
    }


def style_parts(
    seconds: Mapping[str, Tensor],
    positions: Mapping[str, int],
    pixels: int,
    targets: Targets,
    settings: Settings,
) -> Parts:
    """Return the weighted style loss of each style layer, as `style/<layer>`.

    Args:
        seconds: Gram matrices of the picture by layer, (C, C), sums over its positions.
        positions: Number of positions by layer.
        pixels: Number of pixels of the picture.
        targets: From `make_targets`.
        settings: Weights and normalization.
    """
    shares = zip(settings.style_layers, style_shares(settings), strict=True)
    return {
        f"style/{name}": (settings.style_weight * share)
        * losses.gram_loss(
            seconds[name],
            targets.style[name],
            positions[name],
            pixels,
            normalization=settings.normalization,
        )
        for name, share in shares
    }


def tv_part(pixels: Tensor, settings: Settings) -> Tensor:
    """Return the weighted total variation loss."""
    loss = losses.total_variation_loss(pixels, normalization=settings.normalization)
    return loss * settings.tv_weight


def add_up(parts: Parts) -> tuple[Tensor, Parts]:
    """Return the total, and the parts with the sums `content` and `style` among them."""
    content, style = _sum(parts, "content/"), _sum(parts, "style/")
    return content + style + parts["tv"], {"content": content, "style": style, **parts}


def style_shares(settings: Settings) -> list[float]:
    """Return each style layer's share of the style loss; they add up to 1."""
    given = settings.style_layer_weights or (1.0,) * len(settings.style_layers)
    return [weight / sum(given) for weight in given]


def loss_and_gradient(settings: Settings) -> LossAndGradient:
    """Return `f(pixels, targets, kernels) -> ((total, parts), gradient)`, compiled where that pays.

    Settings with the same loss give the same function, so that a second picture of the same size
    does not compile again.

    Args:
        settings: Weights, layers, normalization, pooling and padding.

    Returns:
        The function; the gradient has the shape of the pixels.
    """
    return _compile(loss_settings(settings))


def loss_settings(settings: Settings) -> Settings:
    """Return settings of the same loss, all else at its default: what compiled functions share."""
    return Settings(**{name: getattr(settings, name) for name in _LOSS_SETTINGS})


@functools.lru_cache(maxsize=8)
def _compile(settings: Settings) -> LossAndGradient:
    def loss(pixels: Tensor, targets: Targets, kernels: Kernels) -> tuple[Tensor, Parts]:
        return perceptual_loss(pixels, targets, kernels, settings)

    return value_and_grad(loss, tf32=settings.precision == "tf32")


def _sum(parts: Parts, prefix: str) -> Tensor:
    return sum(
        (part for name, part in parts.items() if name.startswith(prefix)),
        start=ops.convert_to_tensor(0.0, dtype="float32"),
    )
