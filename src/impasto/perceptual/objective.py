"""The perceptual loss: targets once, then a scalar and its parts for any picture."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence

from ..backend import check_process, ops, value_and_grad
from ..images.memory import keeps_transformed_kernels
from ..settings import Settings
from ..types import Guidance, Moments, Region, Targets, Tensor
from . import features as backbone
from . import losses, regions, statistics
from .features import Kernels
from .style_cache import Cached, StyleCache, look_up

Parts = dict[str, Tensor]
LayerMoments = Mapping[str, Moments]
UNGUIDED = Guidance()
LossAndGradient = Callable[..., tuple[tuple[Tensor, Parts], Tensor]]

_LOSS_SETTINGS = (
    "content_weight", "style_weight", "tv_weight", "tv_power", "content_layers", "style_layers",
    "style_layer_weights", "style_loss", "normalization", "pooling", "padding", "precision",
)  # fmt: skip


def load_kernels(settings: Settings) -> Kernels:
    """Find, read and prepare the network, as deep as the settings need.

    Raises:
        WeightsError: No usable weights were found.
        BackendError: The framework cannot be used in this process, see `check_process`.
    """
    from . import weights

    check_process()

    layers = weights.load(weights.find(settings.weights))
    names = {*settings.content_layers, *settings.style_layers}
    return backbone.prepare(layers, names, keep_transformed=keeps_transformed_kernels(settings))


def make_style_cache(settings: Settings) -> StyleCache:
    """Prepare the network and an empty cache, for many pictures.

    Raises:
        WeightsError: No usable weights were found.
    """
    return StyleCache(load_kernels(settings), {})


def make_targets(
    content: Tensor,
    styles: Sequence[Tensor],
    kernels: Kernels,
    settings: Settings,
    guidance: Guidance = UNGUIDED,
    picture: Tensor | None = None,
    cached: Cached | None = None,
) -> Targets:
    """Compute the targets of the losses.

    Args:
        content: The photograph, (1, H, W, 3), 0..1, at the size of the optimised picture.
        styles: The paintings, each (1, h, w, 3), 0..1.
        kernels: From `load_kernels`.
        settings: Layers, pooling and padding.
        guidance: Which style goes where.
        picture: The current picture, (1, H, W, 3), whose nearest neighbours the style loss
            `patches` finds; the photograph if None.
        cached: Cached style targets; patches are not cached, as they are large.

    Returns:
        Features of the photograph, and the style targets of each region.
    """
    size, names = content.shape[1:3], settings.style_layers
    seen = backbone.vgg19(content, kernels, settings.content_layers, **network_options(settings))
    if settings.style_loss == "patches":
        painted = [
            backbone.vgg19(style, kernels, names, **network_options(settings)) for style in styles
        ]
        start = content if picture is None else picture
        present = backbone.vgg19(start, kernels, names, **network_options(settings))
        return Targets(seen, regions.make_patch_regions(present, painted, size, guidance, settings))
    masks = guidance.style_masks or (None,) * len(styles)
    within = style_masks_at(styles, guidance, settings)
    about = loss_settings(settings)
    moments = [
        look_up(
            cached,
            style,
            mask,
            about,
            functools.partial(_moments_of, style, each, kernels, settings),
        )
        for style, mask, each in zip(styles, masks, within, strict=True)
    ]
    return Targets(seen, regions.make_regions(moments, size, guidance, settings))


def _moments_of(
    style: Tensor, within: regions.LayerMasks, kernels: Kernels, settings: Settings
) -> LayerMoments:
    """Return the moments of a painting by style layer."""
    painted = backbone.vgg19(style, kernels, settings.style_layers, **network_options(settings))
    return {name: statistics.moments(layer, within.get(name)) for name, layer in painted.items()}


def style_masks_at(
    styles: Sequence[Tensor], guidance: Guidance, settings: Settings
) -> list[regions.LayerMasks]:
    """Return the mask of each painting at each style layer."""
    masks = guidance.style_masks or (None,) * len(styles)
    return [
        regions.masks_at(mask, style.shape[1:3], settings)
        for mask, style in zip(masks, styles, strict=True)
    ]


def network_options(settings: Settings) -> dict[str, str]:
    """Return the settings of the network as keyword arguments of `features.vgg19`."""
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
        it, and `content/<layer>` and `style/<layer>`, which add up to the first two.
    """
    seen, found = _forward(pixels, targets.regions, kernels, settings)
    area = pixels.shape[1] * pixels.shape[2]
    parts = {
        **content_parts(seen, targets, settings),
        **style_parts(found, seen, area, targets.regions, settings),
        "tv": tv_part(pixels, settings),
    }
    return add_up(parts)


def _forward(
    pixels: Tensor, places: Sequence[Region], kernels: Kernels, settings: Settings
) -> tuple[dict[str, Tensor], list[LayerMoments]]:
    """Return the features at the content and style layers, and the moments of each region."""
    contents, styles = settings.content_layers, settings.style_layers
    if settings.style_loss == "gram" and not any(region.masks for region in places):
        seen, grams = backbone.features_and_grams(
            pixels, kernels, contents, styles, **network_options(settings)
        )
        # Without regions only the Gram matrix is needed, which comes with the features.
        whole = {name: Moments(gram.positions, 0.0, gram.second) for name, gram in grams.items()}
        return seen, [whole] * len(places)
    seen = backbone.vgg19(pixels, kernels, {*contents, *styles}, **network_options(settings))
    return seen, [moments_within(seen, region, settings) for region in places]


def moments_within(seen: Mapping[str, Tensor], region: Region, settings: Settings) -> LayerMoments:
    """Return the moments of features (1, h, w, C) within a region, by style layer."""
    if settings.style_loss == "patches":
        return {}
    return {
        name: statistics.moments(seen[name], region.masks.get(name))
        for name in settings.style_layers
    }


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
    found: Sequence[LayerMoments],
    seen: Mapping[str, Tensor],
    area: int | Tensor,
    places: Sequence[Region],
    settings: Settings,
) -> Parts:
    """Return the weighted style loss of each style layer, as `style/<layer>`.

    Args:
        found: Moments of the picture within each region, by layer.
        seen: Features of the picture, (1, h, w, C), for `patches`.
        area: Number of pixels of the picture.
        places: From `make_targets`.
        settings: Weights, loss and normalization.
    """
    parts = {}
    weights = zip(settings.style_layers, regions.style_shares(settings), strict=True)
    for name, weight in weights:
        each = [
            _style_loss(name, moments, seen, region, area, settings) * region.shares.get(name, 1.0)
            for moments, region in zip(found, places, strict=True)
        ]
        parts[f"style/{name}"] = (settings.style_weight * weight) * sum(each[1:], start=each[0])
    return parts


def _style_loss(
    name: str,
    found: LayerMoments,
    seen: Mapping[str, Tensor],
    region: Region,
    area: int | Tensor,
    settings: Settings,
) -> Tensor:
    mask = region.masks.get(name)
    if settings.style_loss == "patches":
        return losses.patch_loss(seen[name], region.patches[name], mask)
    moments, target = found[name], region.style[name]
    if mask is not None:  # as if the region filled the picture, as its target fills the painting
        moments = statistics.spread(moments, _positions(mask))
    if settings.style_loss == "moments":
        return losses.moments_loss(moments, target, region.roots[name])
    return losses.gram_loss(
        moments.second, target, moments.weight, area, normalization=settings.normalization
    )


def _positions(mask: Tensor) -> float:
    return float(math.prod(mask.shape))


def tv_part(pixels: Tensor, settings: Settings) -> Tensor:
    """Return the weighted total variation loss."""
    loss = losses.total_variation_loss(
        pixels, normalization=settings.normalization, power=settings.tv_power
    )
    return loss * settings.tv_weight


def add_up(parts: Parts) -> tuple[Tensor, Parts]:
    """Return the total, and the parts including the sums `content` and `style`."""
    content, style = _sum(parts, "content/"), _sum(parts, "style/")
    return content + style + parts["tv"], {"content": content, "style": style, **parts}


def loss_and_gradient(settings: Settings) -> LossAndGradient:
    """Return `f(pixels, targets, kernels) -> ((total, parts), gradient)`, compiled where useful.

    Settings with the same loss share a function, so a second picture of the same size does not
    compile again.

    Args:
        settings: Weights, layers, normalization, pooling and padding.

    Returns:
        The function; the gradient has the shape of the pixels.
    """
    return _compile(loss_settings(settings))


def loss_settings(settings: Settings) -> Settings:
    """Return the settings of the loss, all others at their defaults: key of compiled functions."""
    return Settings(**{name: getattr(settings, name) for name in _LOSS_SETTINGS})


@functools.lru_cache(maxsize=8)
def _compile(settings: Settings) -> LossAndGradient:
    def loss(pixels: Tensor, targets: Targets, kernels: Kernels) -> tuple[Tensor, Parts]:
        return perceptual_loss(pixels, targets, kernels, settings)

    return value_and_grad(loss, tf32=settings.precision == "tf32")


def _sum(parts: Parts, prefix: str) -> Tensor:
    return sum(
        (part for name, part in parts.items() if name.startswith(prefix)),
        start=ops.zeros((), dtype="float32"),
    )
