"""The perceptual loss of a batch, each picture with its own targets.

It equals `objective.perceptual_loss` with `relative` normalisation for each picture; VGG19 runs
once for the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..backend import ops
from ..settings import Settings
from ..types import Tensor
from . import losses, objective, regions
from .features import Kernels, features_and_grams_each

_TINY = losses.TINY


class BatchTargets(NamedTuple):
    """The targets of each picture of a batch.

    Attributes:
        content: Features of the photographs by content layer, (N, h, w, C).
        grams: Gram matrices by style layer, divided by positions, (N, C, C).
        counted: 1 if a style layer counts for a picture, else 0, by layer, (N,); missing layers
            count for all.
    """

    content: Mapping[str, Tensor]
    grams: Mapping[str, Tensor]
    counted: Mapping[str, Tensor]


class BatchLoss(NamedTuple):
    """The loss of a batch.

    Attributes:
        total: Mean over the pictures, a scalar.
        parts: Weighted means: `content`, `style` and `tv`, which add up to the total, and
            `style/<layer>`, the unweighted style distance of each layer.
    """

    total: Tensor
    parts: dict[str, Tensor]


def batch_loss(
    painted: Tensor,
    targets: BatchTargets,
    kernels: Kernels,
    settings: Settings,
    least_energy: Tensor | None = None,
) -> BatchLoss:
    """Compare each picture of a batch with its targets.

    Args:
        painted: The pictures, (N, H, W, 3), 0..1.
        targets: Their targets.
        kernels: From `objective.load_kernels`.
        settings: Weights and layers; the style loss is `gram`, the normalisation `relative`.
        least_energy: A scalar, the mean energy per position of photographs' features. The content
            distance at each position is divided by the energy of its target or by this value,
            whichever is larger. This spreads strokes evenly; otherwise they would cost many times
            more in flat pictures and several times more on faces. None divides by the energy of
            the whole picture.

    Returns:
        The mean loss and its parts.
    """
    seen, grams = features_and_grams_each(
        painted,
        kernels,
        settings.content_layers,
        settings.style_layers,
        **objective.network_options(settings),
    )
    content = sum(
        _content(seen[name], targets.content[name], least_energy)
        for name in settings.content_layers
    )
    content = content * (settings.content_weight / len(settings.content_layers))
    names: tuple[str, ...] = settings.style_layers
    distances = {name: _distance(grams[name], targets.grams[name]) for name in names}
    distances |= {name: distances[name] * counts for name, counts in targets.counted.items()}
    means = {name: ops.mean(distance) for name, distance in distances.items()}
    shares = zip(means.values(), regions.style_shares(settings), strict=True)
    style = sum(share * distance for distance, share in shares) * settings.style_weight
    tv = settings.tv_weight * losses.total_variation_loss(
        painted, normalization="relative", power=settings.tv_power
    )
    parts = {"content": content, "style": style, "tv": tv}
    parts |= {f"style/{name}": distance for name, distance in means.items()}
    return BatchLoss(content + style + tv, parts)


def mean_energy(pictures: Iterable[Tensor], kernels: Kernels, settings: Settings) -> float:
    """Return the mean energy per position of pictures' content features, for `batch_loss`.

    Args:
        pictures: (1, H, W, 3) each, 0..1.
        kernels: From `objective.load_kernels`.
        settings: Content layers, of which the first is used, and precision.
    """
    name = settings.content_layers[0]
    energies = []
    for picture in pictures:
        seen, _ = features_and_grams_each(
            picture, kernels, [name], (), **objective.network_options(settings)
        )
        energy = ops.sum(ops.square(ops.cast(seen[name], "float32")), axis=3)
        energies.append(float(ops.mean(energy)))
    return sum(energies) / len(energies)


def _content(features: Tensor, target: Tensor, least_energy: Tensor | None) -> Tensor:
    """Return the mean over pictures of the squared distance divided by the target's energy."""
    features, target = (ops.cast(each, "float32") for each in (features, target))
    energy = ops.sum(ops.square(target), axis=3)
    distance = ops.sum(ops.square(features - target), axis=3)  # (N, h, w)
    if least_energy is None:
        whole = ops.sum(distance, axis=(1, 2)) / (ops.sum(energy, axis=(1, 2)) + _TINY)
        return ops.mean(whole)
    return ops.mean(distance / ops.maximum(energy, least_energy))


def _distance(grams: Tensor, targets: Tensor) -> Tensor:
    """Return the squared distances of matrices divided by the energy of the targets, (N,)."""
    apart = ops.sum(ops.square(grams - targets), axis=(1, 2))
    return apart / (ops.sum(ops.square(targets), axis=(1, 2)) + _TINY)
