"""Stylize one picture: the function `stylize`, and the generator below it."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings import PAINTED_INITS, Settings
from ..types import Image, Picture, Snapshot, Step, Stylizer
from .build_record import make_record, model_input, painting_input, picture_input
from .checkpointing import kept
from .colors import after, before
from .environment import weights_used
from .guidance import Masks, as_masks, make_guidance, mask_inputs, name_masks
from .initial_picture import painted_start
from .record import Input
from .result import MaskLike, PictureLike, Result, StylesLike, alpha_at, as_paintings, as_picture
from .run_folder import remove
from .run_record import describe_run, name_inputs
from .setting_files import setting_inputs

if TYPE_CHECKING:
    from ..perceptual.style_cache import Looks


def stylize(
    content: PictureLike,
    style: StylesLike,
    *,
    settings: Settings | None = None,
    init: PictureLike | None = None,
    masks: Masks | Sequence[MaskLike] | None = None,
    on_step: Callable[[Step], None] | None = None,
    checkpoint: str | Path | None = None,
    **changes: Any,
) -> Result:
    """Repaint `content` in the style of `style`.

    Args:
        content: The photograph: a path, a NumPy array ((H, W), (H, W, 3) or (H, W, 4); uint8,
            uint16, or floats in 0..1) or a PIL image.
        style: The painting or several, in the same forms, or names of styles that ship.
        settings: All knobs; the defaults if None.
        init: Starting picture in place of `settings.init`, in the same forms, or one of its words.
        masks: Where each style goes, a mask for each: a path, with a colour behind it or without
            (`regions.png#red`), an array (H, W), a PIL image, `all` or `rest`. Or `Masks`, for
            those of the paintings, and what is protected. In place of those of the settings.
        on_step: Called after each step. To stop early, iterate over `make_stylizer` instead.
        checkpoint: Folder to keep what the run needs to go on with `resume`, should it end early;
            removed when it is done.
        **changes: Settings to change, such as `size=640`.

    Returns:
        The picture, its history and its settings.

    Raises:
        PictureError: A picture or mask cannot be read, is too small or too thin, or of the wrong
            shape.
        SettingsError: A setting is out of range or unknown.
        WeightsError: No usable weights of the network were found.
        ModelError: The network for the starting picture cannot be used.
        DivergedError: The optimisation failed; its `step` holds the last good picture.

    Example:
        >>> result = stylize("photo.jpg", "painting.jpg", size=512)  # doctest: +SKIP
        >>> result.save("painted.png")  # doctest: +SKIP
    """
    if isinstance(init, str | Path):
        changes, init = {**changes, "init": str(init)}, None
    settings = (settings or Settings()).changed(**changes) if changes else settings or Settings()
    settings, given = name_masks(settings, as_masks(masks))
    photograph, paintings = as_picture(content), as_paintings(style)
    begun = None if init is None else as_picture(init)
    others = [] if begun is None else [picture_input("init", begun)]
    others += mask_inputs(given)
    paint = make_stylizer(paintings, settings, given)
    if checkpoint is not None:
        at_hand = given if any(value is not None for value in given) else None
        run = describe_run(name_inputs(content, style, init, at_hand), settings)
        paint = _kept_in(Path(checkpoint), run, paint, settings)
    return stylize_with(
        paint,
        photograph,
        paintings,
        settings,
        init=None if begun is None else begun.image,
        others=others,
        on_step=on_step,
    )


def stylize_with(
    paint: Stylizer,
    content: Picture,
    styles: Sequence[Picture],
    settings: Settings,
    *,
    init: Image | None = None,
    others: Sequence[Input] = (),
    on_step: Callable[[Step], None] | None = None,
) -> Result:
    """Paint one picture to its end; see `stylize`.

    Args:
        paint: From `make_stylizer`, of the same styles and settings.
        content: The photograph.
        styles: The paintings, which the record names.
        settings: All knobs.
        init: Starting picture in place of `settings.init`, (h, w, 3), 0..1.
        others: As for `finish`.
        on_step: Called after each step.

    Returns:
        The picture, its history and its settings.

    Raises:
        ImpastoError: As in `stylize`.

    Example:
        >>> paintings, photo = [read_picture("wave.jpg")], read_picture("a.jpg")  # doctest: +SKIP
        >>> paint = make_stylizer(paintings, Settings())  # doctest: +SKIP
        >>> result = stylize_with(paint, photo, paintings, Settings())  # doctest: +SKIP
    """
    start = time.perf_counter()
    with contextlib.closing(paint(content, init=init)) as steps:  # type: ignore[type-var]
        step, history = follow(steps, on_step)
    seconds = time.perf_counter() - start
    return finish(step, content, styles, settings, history, seconds, others)


def _kept_in(folder: Path, run: Mapping[str, Any], paint: Stylizer, settings: Settings) -> Stylizer:
    """Return the stylizer with checkpoints in a folder, which is removed when a run is done."""

    def enduring(content: Picture, *, init: Image | None = None) -> Iterator[Step]:
        with contextlib.ExitStack() as held:
            yield from kept(held, paint(content, init=init), folder, run, settings)
            remove(folder)

    return enduring


def follow(
    steps: Iterator[Step], on_step: Callable[[Step], None] | None
) -> tuple[Step, tuple[dict[str, float], ...]]:
    """Take all steps, and return the last one and the losses of each."""
    made = []  # copied from the device only when the run is over
    for step in steps:
        made.append(({"iteration": step.iteration, "scale": step.scale}, step.parts))
        if on_step:
            on_step(step)
    return step, tuple(
        {**place, **{name: float(part) for name, part in parts.items()}} for place, parts in made
    )


def make_stylizer(
    style: StylesLike,
    settings: Settings,
    masks: Masks | None = None,
    *,
    resume: Snapshot | None = None,
) -> Stylizer:
    """Make a function that paints any content in one style, step by step.

    Network and paintings are looked at once for all contents of about the same size.

    Args:
        style: The painting: a path, a NumPy array, a PIL image or the name of a style that ships;
            or a list of several.
        settings: All knobs.
        masks: Masks as arrays, in place of those that the settings name.
        resume: `snapshot` of a step of an earlier run with the same content, to go on from there.

    Returns:
        `(content, *, init=None) -> Iterator[Step]`; `content` as in `stylize`.

    Raises:
        PictureError: A painting cannot be read.

    Example:
        >>> paint = make_stylizer("painting.jpg", Settings(size=512))  # doctest: +SKIP
        >>> for step in paint("photo.jpg"):  # doctest: +SKIP
        ...     print(step.iteration, step.losses["total"])
    """
    pictures = as_paintings(style)
    paintings = [picture.image for picture in pictures]

    @functools.cache
    def looks() -> Looks:
        from ..perceptual.objective import make_looks

        return make_looks(settings)

    def paint(content: PictureLike, *, init: Image | None = None) -> Iterator[Step]:
        asked = time.perf_counter()
        from ..engines.iterative.optimize import optimize_image

        image = as_picture(content).image
        guidance = make_guidance(image, paintings, settings, masks or Masks())
        start = init
        if init is None and resume is None:
            start = painted_start(image, pictures, settings)
        colored = before(image, paintings, guidance, settings, start)
        steps = optimize_image(
            colored.content,
            colored.styles,
            colored.settings,
            guidance=guidance,
            init=colored.init,
            since=asked,
            looks=looks(),
            resume=resume,
        )
        for step in steps:
            yield after(step, image, settings)

    return paint


def finish(
    step: Step,
    content: Picture,
    styles: Sequence[Picture],
    settings: Settings,
    history: tuple[dict[str, float], ...] = (),
    seconds: float = 0.0,
    others: Sequence[Input] = (),
) -> Result:
    """Turn a step into a result: alpha and EXIF of the content, and the record of what made it.

    Args:
        step: The picture.
        content: The photograph.
        styles: The paintings.
        settings: All knobs.
        history: As `Result.history`.
        seconds: Time it took.
        others: What went in besides, and is not named by the settings.
    """
    from ..backend import resolve_precision

    paintings = [painting_input(style) for style in styles]
    inputs = [
        picture_input("content", content),
        *paintings,
        *setting_inputs(settings),
        *others,
    ]
    if settings.init in PAINTED_INITS and not any(each.role == "init" for each in others):
        inputs.append(model_input(None))
    record = make_record(
        "stylize",
        settings,
        inputs,
        precision=resolve_precision(settings.precision),
        weights=weights_used(settings.weights),
        content=content.name,
        style=", ".join(painting.name for painting in paintings),
        iterations=step.iteration,
        losses=step.losses,
        seconds=round(seconds, 1),
    )
    return Result(
        step.image, alpha_at(content, step.size), content.exif, settings, history, seconds, record
    )
