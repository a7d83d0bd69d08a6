"""Stylize one picture: the function `stylize`, and the generator it uses."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..images.faces import faces_to_keep
from ..images.painting_checks import check_painting
from ..settings import PAINTED_INITS, Settings
from ..types import Image, Picture, Snapshot, Step, Stylizer
from .build_record import make_record, model_input, painting_input, picture_input
from .checkpointing import start_checkpointed
from .colors import prepare_colors, restore_colors, restore_faces, tone_of
from .environment import weights_used
from .guidance import Masks, as_masks, make_guidance, mask_inputs, name_masks
from .initial_picture import paint_initial_picture
from .progress import progress_shown
from .record import Input
from .result import MaskLike, PictureLike, Result, StylesLike, alpha_at, as_paintings, as_picture
from .run_folder import remove
from .run_record import describe_run, name_inputs
from .setting_files import setting_inputs

if TYPE_CHECKING:
    from ..perceptual.style_cache import StyleCache


def stylize(
    content: PictureLike,
    style: StylesLike,
    *,
    settings: Settings | None = None,
    init: PictureLike | None = None,
    masks: Masks | Sequence[MaskLike] | None = None,
    on_step: Callable[[Step], None] | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = False,
    **changes: Any,
) -> Result:
    """Repaint `content` in the style of `style`.

    Args:
        content: The photograph: a path, a Pillow image, a file object, or an array of NumPy,
            PyTorch, JAX or TensorFlow ((H, W), (H, W, 3), (H, W, 4) or a batch of one; uint8,
            uint16, or floats in 0..1); see `read_picture`.
        style: One or more paintings, in the same forms, or names of shipped styles.
        settings: Settings; the defaults if None.
        init: Starting picture in place of `settings.init`, in the same forms, or its keywords.
        masks: A mask per style, in place of `settings.masks`: a path, optionally with a colour
            (`regions.png#red`), an array (H, W), a Pillow image, `all` or `rest`. Or `Masks`, to
            set masks of the paintings and a protected area as well.
        on_step: Called after each step. To stop early, iterate over `make_stylizer` instead.
        checkpoint: Folder for checkpoints, from which `resume` continues an interrupted run;
            removed when the run is finished.
        progress: Show a bar, on a terminal or in a notebook.
        **changes: Settings to change, such as `size=640`.

    Returns:
        The picture, its history and its settings.

    Raises:
        PictureError: A picture or mask cannot be read, is too small or too thin, or of the wrong
            shape.
        SettingsError: A setting is out of range or unknown.
        WeightsError: No usable weights of VGG19 were found.
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
    start = None if init is None else as_picture(init)
    others = [] if start is None else [picture_input("init", start)]
    others += mask_inputs(given)
    paint = make_stylizer(paintings, settings, given)
    if checkpoint is not None:
        arrays = given if any(value is not None for value in given) else None
        given_styles = style if isinstance(style, list | tuple) else [style]
        named = [*map(_path_or_picture, given_styles, paintings)]
        inputs = name_inputs(_path_or_picture(content, photograph), named, start, arrays)
        run = describe_run(inputs, settings)
        paint = _with_checkpoints(Path(checkpoint), run, paint, settings)
    with progress_shown(on_step, progress=progress) as watch:
        return stylize_with(
            paint,
            photograph,
            paintings,
            settings,
            init=None if start is None else start.image,
            others=others,
            on_step=watch,
        )


def _path_or_picture(source: PictureLike, picture: Picture) -> PictureLike:
    """Return a path as it is, else the picture: a file object can be read only once."""
    return source if isinstance(source, str | Path) else picture


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
    """Run a stylizer on one picture; see `stylize`.

    Args:
        paint: From `make_stylizer`, with the same styles and settings.
        content: The photograph.
        styles: The paintings, for the record.
        settings: Settings.
        init: Starting picture in place of `settings.init`, (h, w, 3), 0..1.
        others: As in `finish`.
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
        step, history = consume_steps(steps, on_step)
    seconds = time.perf_counter() - start
    return finish(step, content, styles, settings, history, seconds, others)


def _with_checkpoints(
    folder: Path, run: Mapping[str, Any], paint: Stylizer, settings: Settings
) -> Stylizer:
    """Return a stylizer that writes checkpoints to a folder and removes it when finished."""

    def checkpointing(content: Picture, *, init: Image | None = None) -> Iterator[Step]:
        with contextlib.ExitStack() as stack:
            yield from start_checkpointed(stack, paint(content, init=init), folder, run, settings)
            remove(folder)

    return checkpointing


def consume_steps(
    steps: Iterator[Step], on_step: Callable[[Step], None] | None
) -> tuple[Step, tuple[dict[str, float], ...]]:
    """Run all steps, and return the last one and the losses of each."""
    made = []  # losses are copied from the device at the end
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
    """Make a function that stylizes any content in one style, step by step.

    Weights and style targets are computed once for contents of about the same size.

    Args:
        style: The painting, as for `stylize`, or a list of several.
        settings: Settings.
        masks: Masks as arrays, in place of those named in the settings.
        resume: `snapshot` of a step of an earlier run with the same content, to resume from.

    Returns:
        `(content, *, init=None) -> Iterator[Step]`; `content` as in `stylize`.

    Raises:
        PictureError: A painting cannot be read, has one colour only, or is transparent.

    Example:
        >>> paint = make_stylizer("painting.jpg", Settings(size=512))  # doctest: +SKIP
        >>> for step in paint("photo.jpg"):  # doctest: +SKIP
        ...     print(step.iteration, step.losses["total"])
    """
    pictures, masks = as_paintings(style), as_masks(masks)
    for picture in pictures:
        check_painting(picture)
    paintings = [picture.image for picture in pictures]

    @functools.cache
    def cache() -> StyleCache:
        from ..perceptual.objective import make_style_cache

        return make_style_cache(settings)

    def paint(content: PictureLike, *, init: Image | None = None) -> Iterator[Step]:
        asked = time.perf_counter()
        from ..engines.iterative.optimize import optimize_image

        image = as_picture(content).image
        guidance = make_guidance(image, paintings, settings, masks)
        start = init
        if init is None and resume is None:
            start = paint_initial_picture(image, pictures, settings)
        colored = prepare_colors(image, paintings, guidance, settings, start)
        tone = tone_of(paintings, guidance, settings)
        faces = faces_to_keep(image, settings.keep_faces)
        steps = optimize_image(
            colored.content,
            colored.styles,
            colored.settings,
            guidance=guidance,
            init=colored.init,
            since=asked,
            cache=cache(),
            resume=resume,
        )
        for step in steps:
            kept = restore_faces(step, image, settings, faces)
            yield restore_colors(kept, image, settings, tone)

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
    """Turn a step into a result with alpha and EXIF of the content, and a record.

    Args:
        step: The picture.
        content: The photograph.
        styles: The paintings.
        settings: Settings.
        history: As `Result.history`.
        seconds: Time it took.
        others: Other inputs, not named in the settings.
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
