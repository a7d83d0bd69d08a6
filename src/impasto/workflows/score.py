"""Score a picture by the losses."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from skimage.metrics import structural_similarity

from ..images.scales import check_size, resize, result_size
from ..settings import Settings
from ..types import Image, Size
from .result import PictureLike, as_painting, as_picture

_SSIM_WINDOW = 7  # skimage's default


@dataclass(frozen=True)
class Score:
    """Losses and distances of a picture from its content and its style.

    Attributes:
        content: Weighted content loss.
        style: Weighted style loss.
        tv: Weighted total variation loss.
        total: Their sum.
        layers: The weighted losses by layer, under `content` and `style`; they add up to those.
        distances: Normalised distances by layer, under `content` and `style`, for any preset:
            squared distance divided by the energy of the target. 0 is equal.
        ssim: Structural similarity to the content, -1..1, of the colour pictures.
        width: Width at which it was scored, pixels.
        height: Height at which it was scored, pixels.
    """

    content: float
    style: float
    tv: float
    total: float
    layers: dict[str, dict[str, float]]
    distances: dict[str, dict[str, float]]
    ssim: float
    width: int
    height: int

    def as_dict(self) -> dict[str, object]:
        """Return the fields as a dictionary ready for JSON."""
        return asdict(self)


def score(
    picture: PictureLike,
    content: PictureLike,
    style: PictureLike,
    *,
    settings: Settings | None = None,
    height: int | None = None,
) -> Score:
    """Compute the losses of a picture, however it was made.

    Args:
        picture: The picture to score: in any form that `read_picture`
            takes.
        content: The photograph, in the same forms.
        style: The painting, in the same forms, or the name of a shipped style.
        settings: Weights, layers and preset; the defaults if None. Its size is not used.
        height: Height to score at, pixels, with the content's aspect; None uses the picture's
            size. A picture that already has the size is not resampled.

    Returns:
        Losses by name, normalised distances, and the similarity to the content.

    Raises:
        PictureError: A picture cannot be read, or is too small or too thin.
        WeightsError: No usable weights of VGG19 were found.

    Example:
        >>> score("painted.png", "photo.jpg", "painting.jpg").total  # doctest: +SKIP
    """
    settings = settings or Settings()
    painted, photograph = as_picture(picture).image, as_picture(content).image
    painting = as_painting(style).image
    size = judged_size(painted, photograph, settings, height)
    painted = resize(painted, size, resampling=settings.resampling)
    photograph = resize(photograph, size, resampling=settings.resampling)
    losses = compute_losses(painted, photograph, painting, settings)
    even = settings.changed(
        normalization="relative", style_layer_weights=(), content_weight=1.0, style_weight=1.0
    )
    distances = compute_losses(painted, photograph, painting, even)
    counts = {"content": len(settings.content_layers), "style": len(settings.style_layers)}
    return Score(
        **{name: losses[name] for name in ("content", "style", "tv", "total")},
        layers={kind: _layers(losses, kind) for kind in counts},
        distances={kind: _layers(distances, kind, count) for kind, count in counts.items()},
        ssim=similarity(painted, photograph),
        width=size[1],
        height=size[0],
    )


def similarity(a: Image, b: Image) -> float:
    """Return the structural similarity (Wang et al. 2004) of two images of one size, -1..1."""
    return float(
        structural_similarity(a, b, win_size=_SSIM_WINDOW, channel_axis=-1, data_range=1.0)
    )


def judged_size(painted: Image, photograph: Image, settings: Settings, height: int | None) -> Size:
    """Return the size to score at: the picture's, or the content's at `height`."""
    if height is not None:
        return result_size(photograph.shape[:2], settings.changed(height=height))
    return check_size(painted.shape[:2], "the picture")


def compute_losses(
    painted: Image, photograph: Image, painting: Image, settings: Settings
) -> dict[str, float]:
    """Compute the weighted losses of a picture that has the photograph's size."""
    from ..engines.iterative.problem import prepare_targets
    from ..engines.pixels import to_pixels
    from ..perceptual.objective import load_kernels, perceptual_loss

    kernels = load_kernels(settings)
    targets = prepare_targets(photograph, [painting], painted.shape[:2], kernels, settings)
    total, parts = perceptual_loss(to_pixels(painted), targets, kernels, settings)
    return {"total": float(total), **{name: float(part) for name, part in parts.items()}}


def _layers(losses: dict[str, float], kind: str, factor: float = 1.0) -> dict[str, float]:
    prefix = f"{kind}/"
    return {
        name.removeprefix(prefix): value * factor
        for name, value in losses.items()
        if name.startswith(prefix)
    }
