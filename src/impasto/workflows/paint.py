"""Paint with a trained network: by style name, model file or painting."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..engines.network.model import PHOTOGRAPH, Array, PaintingModel
from ..engines.network.model_file import SUFFIX, load_model, names_a_model, shipped_path, split_name
from ..engines.strength import style_mixture
from ..errors import ModelError, SettingsError
from ..images.color import keep_colors
from ..images.faces import faces_to_keep, keep_faces
from ..images.painting_checks import check_painting
from ..images.scales import at_long_side
from ..images.toning import Tone, apply_tone, find_tone, join_tones
from ..paint_settings import PaintSettings
from ..types import Image
from .build_record import make_record, model_input, picture_input
from .environment import weights_used
from .record import Input
from .result import PictureLike, Result, alpha_at, as_picture
from .style_paintings import painting_facts, shipped_tone

StyleLike = PictureLike


class Painter(NamedTuple):
    """A network and the style to paint in.

    Attributes:
        model: The network.
        vector: The style, (style size,).
        name: Name of the style in records.
        inputs: The network and the styles, as inputs of a record.
        tone: That of a style of one ink, such as a drawing, see `toning`.
    """

    model: PaintingModel
    vector: Array
    name: str
    inputs: tuple[Input, ...]
    tone: Tone | None = None


def paint(
    photograph: PictureLike,
    style: StyleLike | Mapping[str, float],
    *,
    model: PaintingModel | str | Path | None = None,
    settings: PaintSettings | None = None,
    **changes: Any,
) -> Result:
    """Paint a photograph in one pass of a trained network.

    Args:
        photograph: A path, an array, a Pillow image or a file object, as for `stylize`.
        style: Name of a style of the model (`styles(model)` lists them), path of an .impasto file
            (with `/NAME` appended if it holds several), or a painting (path, array, image, file)
            whose style the model predicts; or several with their shares,
            `{"wave": 0.6, "scream": 0.4}`.
        model: The network, or its file; the shipped one if None.
        settings: Settings; the defaults if None.
        **changes: Settings to change, such as `strength=0.7`.

    Returns:
        The picture.

    Raises:
        PictureError: A picture cannot be read, or is too small.
        SettingsError: A setting is out of range, or there is no such style.
        ModelError: A model file cannot be used.

    Example:
        >>> paint("photo.jpg", "wave").save("painted.png")  # doctest: +SKIP
    """
    if changes:
        settings = PaintSettings(**{**(settings or PaintSettings()).model_dump(), **changes})
    settings = settings or PaintSettings()
    return paint_with(make_painter(style, settings, model), photograph, settings)


def make_painter(
    style: StyleLike | Mapping[str, float],
    settings: PaintSettings,
    model: PaintingModel | str | Path | None = None,
) -> Painter:
    """Find the network and the style vector, once for many pictures; see `paint`."""
    from ..engines.network.predict import mix

    shares = dict(style) if isinstance(style, Mapping) else {"": 1.0}
    if not shares or min(shares.values()) < 0 or not sum(shares.values()) > 0:
        raise SettingsError("the shares of the styles must be 0 or more, and not all 0")
    found = {
        name: _find_style(name if isinstance(style, Mapping) else style, model) for name in shares
    }
    models = {painter.model for painter in found.values()}
    if len(models) > 1:
        raise SettingsError(
            "styles of different model files cannot be mixed; use styles of one file"
        )
    (chosen,) = models
    vectors = {**chosen.styles, **{name: painter.vector for name, painter in found.items()}}
    names = [painter.name for painter in found.values()]
    named = (
        names[0]
        if len(names) == 1
        else ", ".join(f"{painter.name}:{shares[name]:g}" for name, painter in found.items())
    )
    inputs = [next(iter(found.values())).inputs[0]]
    for name, painter in found.items():
        share = {"share": shares[name]} if isinstance(style, Mapping) else {}
        inputs.append(painter.inputs[1].model_copy(update=share))
    mixed = mix(vectors, shares, style_mixture(settings.strength))
    tone = join_tones([painter.tone for painter in found.values()])
    return Painter(chosen, mixed, named, tuple(inputs), tone)


def paint_with(painter: Painter, photograph: PictureLike, settings: PaintSettings) -> Result:
    """Paint one picture; see `paint`."""
    from ..engines.network.stroke_size import paint_photograph

    start = time.perf_counter()
    picture = as_picture(photograph)
    image = _at_size(picture.image, settings)
    painted = paint_photograph(
        image,
        painter.vector,
        painter.model,
        mixture=style_mixture(settings.strength),
        stroke_size=settings.stroke_size,
    )
    faces = faces_to_keep(image, settings.keep_faces)
    painted = keep_faces(painted, image, faces, settings.keep_faces)
    if settings.keep_colors:
        painted = keep_colors(painted, image)
    elif painter.tone is not None:
        painted = apply_tone(painted, painter.tone, min(1.0, settings.strength))
    alpha = alpha_at(picture, painted.shape[:2])
    seconds = time.perf_counter() - start
    predicted = any(each.role == "style" and each.sha256 for each in painter.inputs)
    record = make_record(
        "paint",
        settings,
        [picture_input("content", picture), *painter.inputs],
        precision=painting_precision(predicted),
        weights=weights_used() if predicted else None,
        content=picture.name,
        style=painter.name,
        seconds=round(seconds, 2),
    )
    return Result(painted, alpha, picture.exif, settings, (), seconds, record)


def styles(model: PaintingModel | str | Path | None = None) -> dict[str, dict[str, Any]]:
    """Return the styles of a model and the facts on its card, by name.

    Args:
        model: The network, or its file; the shipped one if None.

    Returns:
        `title`, `painter` and `year` of each style, if the card has them; for the shipped network
        also `source` and `licence` of the painting, see `style_painting`.

    Raises:
        ModelError: There is no such model.

    Example:
        >>> for name in styles("run/model.impasto"):  # doctest: +SKIP
        ...     print(name)
    """
    found = find_model(model)
    about: dict[str, dict[str, Any]] = found.card.get("styles", {})
    if model is None:
        about = {**about, **painting_facts()}
    return {name: dict(about.get(name, {})) for name in found.styles if name != PHOTOGRAPH}


@functools.cache
def shipped_model() -> PaintingModel:
    """Load the network that ships with the package.

    Raises:
        ModelError: The package has none.

    Example:
        >>> "wave" in shipped_model().styles
        True
    """
    path = shipped_path()
    if not path.exists():
        raise ModelError(
            "this package ships no network; make one with impasto train or impasto learn, and "
            "give it with --model FILE.impasto"
        )
    return load_model(path)


def find_model(model: PaintingModel | str | Path | None) -> PaintingModel:
    """Return a network, loaded from its file if needed; the shipped one if None.

    Raises:
        ModelError: There is no such model.

    Example:
        >>> len(find_model(None).styles) > 1
        True
    """
    if isinstance(model, PaintingModel):
        return model
    return shipped_model() if model is None else _load(*_newest(model))


def painting_precision(predicted: bool) -> str:
    """Return the precision of painting; only predicting a style uses VGG19, which has a choice."""
    from ..backend import resolve_precision

    return resolve_precision("auto") if predicted else "float32"


def _at_size(image: Image, settings: PaintSettings) -> Image:
    if settings.size is None:
        return image
    return at_long_side(image, settings.size)


def _find_style(style: StyleLike, given: PaintingModel | str | Path | None) -> Painter:
    """Find one style."""
    if isinstance(style, str | Path):
        text = str(style)
        if names_a_model(text):
            return _style_of_file(Path(text).as_posix())
        model = find_model(given)
        if text in model.styles:
            return _style_of_model(model, text, given)
        if not Path(text).suffix:
            raise SettingsError(
                f"there is no style {text!r}; the styles are {', '.join(model.styles)}; "
                f"or give the path of a painting or a {SUFFIX} file"
            )
    return _predicted_style(style, find_model(given), given)


def _style_of_file(text: str) -> Painter:
    """Find a style in a model file, `FILE.impasto`, or `FILE.impasto/NAME` if it holds several."""
    path, name = split_name(text)
    model = find_model(path)
    names = [each for each in model.styles if each != PHOTOGRAPH]
    if not name and len(names) == 1:
        (name,) = names
    if name not in model.styles:
        raise SettingsError(
            f"{path} holds the styles {', '.join(names)}; name one, as in {path}/{names[0]}"
        )
    return _style_of_model(model, name, path)


def _style_of_model(
    model: PaintingModel, name: str, given: PaintingModel | str | Path | None
) -> Painter:
    inputs = model_input(given), Input(role="style", name=name)
    tone = shipped_tone(name) if given is None else None
    return Painter(model, model.styles[name], name, inputs, tone)


def _newest(path: str | Path) -> tuple[str, int]:
    """Return a path and the modification time of its file."""
    file = Path(path)
    return str(path), file.stat().st_mtime_ns if file.exists() else 0


@functools.lru_cache(maxsize=4)
def _load(path: str, modified: int) -> PaintingModel:
    """Load a model file, cached; `modified`, its modification time, is part of the cache key."""
    return load_model(path)


def _predicted_style(
    painting: PictureLike, model: PaintingModel, given: PaintingModel | str | Path | None
) -> Painter:
    from ..engines.network.predict import predict_style

    picture = as_picture(painting)
    if model.predictor is None:
        raise ModelError(
            "the model has no predictor, so it cannot paint in the style of a painting; run "
            "impasto learn on the painting, or name one of the model's styles"
        )
    check_painting(picture)
    inputs = model_input(given), picture_input("style", picture)
    vector = predict_style(picture.image, model)
    tone = find_tone(picture.image)
    return Painter(model, vector, picture.name or "a painting", inputs, tone)
