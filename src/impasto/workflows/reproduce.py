"""Reproduce a result from its record, with or without changes."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..engines.network.model import PaintingModel
from ..errors import ModelError, PictureError
from ..images.files import read_record
from ..images.opening import locate
from ..paint_settings import PaintSettings
from ..settings import PAINTED_INITS, Settings
from ..types import Picture, Step
from .build_record import model_input
from .environment import compare_environment, compare_weights, use_recorded_operators, warn
from .inputs import (
    RecordedResult,
    check_number,
    find_file,
    find_picture,
    find_pictures,
    find_setting_files,
    find_weights,
    read_replacement,
    warn_if_different,
)
from .paint import find_model, paint, painting_precision
from .progress import progress_shown
from .record import SHIPPED, Input, Record, parse_record, quote
from .record_settings import read_changes, recorded_settings
from .result import PictureLike, Result
from .stylize import stylize
from .texture import blank_content, texture, texture_settings


class StylizeAgain(NamedTuple):
    """A result of the iterative route to reproduce, its inputs found and checked.

    Attributes:
        record: Record of the result.
        content: The photograph; a grey picture for textures.
        styles: The paintings.
        settings: Settings, including the changes.
        aspect: Aspect of a texture; None with a photograph.
    """

    record: Record
    content: Picture
    styles: tuple[Picture, ...]
    settings: Settings
    aspect: float | None = None


class PaintAgain(NamedTuple):
    """A result of `paint` to reproduce, its inputs found and checked.

    Attributes:
        record: Record of the result.
        content: The photograph.
        style: The style, an argument of `paint`.
        settings: Settings, including the changes.
        model: The network; None for the shipped one.
    """

    record: Record
    content: Picture
    style: str | Picture | dict[str, float]
    settings: PaintSettings
    model: PaintingModel | str | Path | None


def again(
    result: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    content: PictureLike | None = None,
    styles: Sequence[PictureLike] | None = None,
    model: PaintingModel | str | Path | None = None,
    max_pixels: int | None = None,
    on_step: Callable[[Step], None] | None = None,
    progress: bool = False,
) -> Result:
    """Reproduce a result of `stylize`, `texture` or `paint` from its record.

    Without changes, the same machine with the same versions gives the same picture.

    Args:
        result: The picture, as written by `Result.save`.
        changes: Settings to change, such as `{"size": 1024}`.
        content: Photograph to use in place of the recorded one.
        styles: Paintings (or names of styles of the network) to use in place of the recorded ones.
        model: Network to use in place of the recorded one.
        max_pixels: Largest input picture, pixels; Pillow's limit if None.
        on_step: Called after each step, as in `stylize`.
        progress: Show a bar, on a terminal or in a notebook; not for results of `paint`.

    Returns:
        The picture.

    Raises:
        PictureError: The record is missing, too old or damaged; or an input is missing, has
            changed, or cannot be read.
        SettingsError: A change names no setting, or has a value out of range.
        ModelError: The network is missing, or lacks the style.
        WeightsError: No usable weights of VGG19 were found.

    Example:
        >>> again("painted.png", changes={"size": 1024}).save("large.png")  # doctest: +SKIP
    """
    remake = prepare_again(
        result,
        changes=changes,
        content=content,
        styles=styles,
        model=model,
        max_pixels=max_pixels,
    )
    progress = progress and isinstance(remake, StylizeAgain)
    with progress_shown(on_step, progress=progress) as watch:
        return run_again(remake, watch)


def prepare_again(
    result: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    content: PictureLike | None = None,
    styles: Sequence[PictureLike] | None = None,
    model: PaintingModel | str | Path | None = None,
    max_pixels: int | None = None,
) -> StylizeAgain | PaintAgain:
    """Read the record, and find and check its inputs; see `again`."""
    path = locate(result)
    origin = RecordedResult(path, parse_record(read_record(path), path), max_pixels)
    command, changes = origin.record.command, changes or {}
    if command not in ("stylize", "texture", "paint"):
        raise PictureError(
            f"{path} was made by '{quote(command)}', but only results of stylize, texture and "
            "paint can be reproduced; a newer version may know it: pip install --upgrade impasto"
        )
    if command == "paint":
        return _prepare_paint(origin, content, styles, model, changes)
    return _prepare_stylize(origin, content, styles, changes)


def run_again(
    remake: StylizeAgain | PaintAgain, on_step: Callable[[Step], None] | None = None
) -> Result:
    """Make the picture that `prepare_again` has prepared."""
    with use_recorded_operators(remake.record):
        return _run_again(remake, on_step)


def _run_again(remake: StylizeAgain | PaintAgain, on_step: Callable[[Step], None] | None) -> Result:
    if isinstance(remake, PaintAgain):
        return paint(remake.content, remake.style, model=remake.model, settings=remake.settings)
    styles = list(remake.styles)
    if remake.aspect is not None:
        return texture(styles, aspect=remake.aspect, settings=remake.settings, on_step=on_step)
    return stylize(remake.content, styles, settings=remake.settings, on_step=on_step)


def _photograph(given: PictureLike | None, origin: RecordedResult) -> Picture:
    pictures = find_pictures(
        "content", None if given is None else [given], origin, "--content PATH"
    )
    if len(pictures) != 1:
        raise PictureError(
            f"the record of {origin.path} is damaged: expected one photograph, got {len(pictures)}"
        )
    return pictures[0]


def _prepare_stylize(
    origin: RecordedResult,
    content: PictureLike | None,
    styles: Sequence[PictureLike] | None,
    changes: Mapping[str, Any],
) -> StylizeAgain:
    from ..backend import resolve_precision

    values = origin.record.settings
    values = find_setting_files(values, changes, origin)
    if "weights" not in changes:
        values = find_weights(values, origin)
    settings = recorded_settings(Settings, values, origin)
    settings = settings.changed(**read_changes(Settings, changes))
    paintings = find_pictures("style", styles, origin, "--style PATH")
    aspect = None
    if origin.record.command == "texture":
        aspect, settings = origin.record.aspect or 1.0, texture_settings(settings)
    for entry in origin.inputs("model") if settings.init in PAINTED_INITS else ():
        warn_if_different(model_input(None).sha256, "the network of this version", entry, origin)
    if "weights" not in changes:
        compare_weights(settings.weights, origin.record, origin.path)
    if not changes:
        with use_recorded_operators(origin.record):
            precision = resolve_precision(settings.precision)
        compare_environment(precision, origin.record, origin.path)
    if not changes and settings.budget is not None:
        warn(f"{origin.path} was made with a time budget, so the picture may differ")
    photograph = _photograph(content, origin) if aspect is None else blank_content(aspect, settings)
    return StylizeAgain(origin.record, photograph, tuple(paintings), settings, aspect)


def _prepare_paint(
    origin: RecordedResult,
    content: PictureLike | None,
    styles: Sequence[PictureLike] | None,
    model: PaintingModel | str | Path | None,
    changes: Mapping[str, Any],
) -> PaintAgain:
    settings = recorded_settings(PaintSettings, origin.record.settings, origin)
    wanted = read_changes(PaintSettings, changes)
    settings = PaintSettings(**{**settings.model_dump(), **wanted})
    model = _find_network(origin, model)
    style = _find_styles(origin, styles, find_model(model).styles)
    predicted = origin.record.weights is not None
    if predicted:
        compare_weights(None, origin.record, origin.path)
    if not changes:
        compare_environment(painting_precision(predicted), origin.record, origin.path)
    photograph = _photograph(content, origin)
    return PaintAgain(origin.record, photograph, style, settings, model)


def _find_network(
    origin: RecordedResult, given: PaintingModel | str | Path | None
) -> PaintingModel | str | Path | None:
    entries = origin.inputs("model")
    if len(entries) != 1:
        raise PictureError(f"the record of {origin.path} is damaged: it names no network")
    (entry,) = entries
    if given is None and not (entry.name == SHIPPED and entry.path is None):
        return find_file(entry, origin, "--model PATH")
    if given is not None:
        find_model(given)
    name = "the network of this version" if given is None else "the given network"
    warn_if_different(model_input(given).sha256, name, entry, origin)
    return given


def _find_styles(
    origin: RecordedResult, given: Sequence[PictureLike] | None, known: Container[str]
) -> str | Picture | dict[str, float]:
    """Find the styles of a result of `paint`: names of styles of the network, or paintings."""
    entries = origin.inputs("style")
    check_number("style", given, origin, "--style STYLE")
    found = [
        _find_style(entry, None if given is None else given[number], origin, known)
        for number, entry in enumerate(entries)
    ]
    if len(found) == 1 and entries[0].share is None:
        return found[0]
    if any(isinstance(style, Picture) and style.path is None for style in found):
        raise PictureError("in a blend of styles, each painting must be a file; save it first")
    shares = [1.0 if entry.share is None else entry.share for entry in entries]
    names = [str(style.path) if isinstance(style, Picture) else style for style in found]
    return dict(zip(names, shares, strict=True))


def _find_style(
    entry: Input, given: PictureLike | None, origin: RecordedResult, known: Container[str]
) -> str | Picture:
    if given is not None:
        named = str(given) if isinstance(given, str | Path) else ""
        return named if named in known else read_replacement(given, entry, origin)
    if entry.sha256 is not None:
        return find_picture(entry, origin, "--style PATH")
    if entry.name not in known:  # `paint` would read it as a path
        raise ModelError(
            f"the network has no style '{quote(entry.name)}', which {origin.path} was painted in; "
            "give its network with --model PATH, or another style with --style STYLE"
        )
    return entry.name
