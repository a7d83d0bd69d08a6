"""`impasto train` and `impasto learn`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ..engines.network.model import PaintingModel
from ..engines.network.model_file import SUFFIX, load_model, save_model
from ..errors import SettingsError
from ..images.files import read_image, write_image
from ..images.listing import count_left_out
from ..images.sheet import side_by_side
from ..training_settings import TrainingSettings
from ..types import Image
from ..workflows.interrupts import deferred_interrupts, hold_interrupts
from ..workflows.learn import Learned, learn_style
from ..workflows.pairs import make_pairs
from ..workflows.train import Progress, train_model
from ..workflows.training_folder import MODEL, UNUSABLE
from ..workflows.training_plan import Training, make_training
from .batch import report_outcomes
from .checks import check_free, check_outputs

if TYPE_CHECKING:
    from .network_commands import Learn, MakePairs, Train

_Step = TypeVar("_Step", Progress, Learned)

_RECENT = 0.05  # weight of the last step in the losses shown
_SECONDS_BETWEEN_LINES = 20
_BATCH, _RATE, _RATE_OF_TRUNK = 2, 0.1, 2e-3  # for learning one style


def train(command: Train) -> None:
    """Train, show progress, and print the path of the model.

    Raises:
        ImpastoError: The command failed.
        KeyboardInterrupt: Interrupted; the message says how to resume.
    """
    if min(command.save_every, command.preview_every) < 1:
        raise SettingsError("--save-every and --preview-every must be at least 1")
    training = make_training(
        command.photographs,
        command.styles,
        command.output,
        command.settings,
        others=command.others,
        pairs=command.pairs,
        model=command.model,
    )
    console = Console(stderr=True, quiet=command.quiet)
    console.print(_plan(training), soft_wrap=True, highlight=False)
    steps = train_model(
        training,
        resume=command.resume,
        save_every=command.save_every,
        preview_every=command.preview_every,
    )
    done, interrupted = _run_interruptibly(steps, console)
    if interrupted:
        place = "before the first step" if done is None else f"after step {done.step}"
        raise KeyboardInterrupt(f"interrupted {place}; add --resume to continue")
    if done is not None and done.unusable:
        console.print(
            f"{len(done.unusable)} photographs could not be used; "
            f"{training.folder / UNUSABLE} lists them",
            soft_wrap=True,
        )
    sys.stdout.write(f"{training.folder / MODEL}\n")


def learn(command: Learn) -> None:
    """Learn a style, write its model file and a preview, and print the path of the file.

    An interrupt writes the model learned so far.

    Raises:
        ImpastoError: The command failed.
        KeyboardInterrupt: Interrupted; the message says what was written.
    """
    output = command.output or Path(f"{command.painting.stem}{SUFFIX}")
    if output.suffix != SUFFIX:
        raise SettingsError(f"cannot write a model to {output}: the name must end in {SUFFIX}")
    preview = output.with_name(f"{output.stem}_preview.png")
    check_outputs([preview], command.force)
    check_free(output, command.force)
    settings = TrainingSettings(
        steps=command.steps,
        batch=_BATCH,
        learning_rate=_RATE_OF_TRUNK if command.trunk else _RATE,
        content_weight=command.content_weight,
        style_size=command.style_size,
    )
    steps = learn_style(
        command.painting,
        settings,
        name=command.painting.stem,
        photographs=command.photographs,
        model=None if command.model is None else load_model(command.model),
        trunk=command.trunk,
    )
    done, interrupted = _run_interruptibly(steps, Console(stderr=True, quiet=command.quiet))
    if done is None:
        raise KeyboardInterrupt("interrupted before the first step")
    model = done.model()
    with hold_interrupts(drop=True):
        save_model(model, output)
        sheet = _preview(read_image(command.painting), model, command.painting.stem)
        write_image(preview, sheet)
    if interrupted:
        raise KeyboardInterrupt(
            f"interrupted after step {done.step}; {output} holds the style learned so far"
        )
    sys.stdout.write(f"{output}\n")


def paint_pairs(command: MakePairs) -> None:
    """Paint a folder of photographs, and print the path of each picture.

    Raises:
        ImpastoError: The command failed, or some pictures did.
        KeyboardInterrupt: Interrupted; the message says how to continue.
    """
    console = Console(stderr=True, quiet=command.quiet)
    words = (command.photographs, command.style, command.output, command.settings)
    pairs = make_pairs(*words, cluster=command.cluster)
    left_out = count_left_out([command.photographs], without=command.output)
    report_outcomes(pairs, console, left_out, debug=command.common.debug)


def _preview(painting: Image, model: PaintingModel, name: str) -> Image:
    """Return the painting, a sample photograph and the photograph painted, side by side."""
    import skimage.data

    from ..engines.network.predict import paint_image

    photograph = read_image(skimage.data.astronaut())
    return side_by_side([painting, photograph, paint_image(photograph, model.styles[name], model)])


def _run_interruptibly(steps: Generator[_Step], console: Console) -> tuple[_Step | None, bool]:
    """Run the steps; an interrupt ends them between two steps, so that the generator can save.

    A step cut in the middle would leave inconsistent weights. Before the first step there is
    nothing to save, so an interrupt takes effect at once.

    Returns:
        The last step, and whether there was an interrupt.
    """
    done: _Step | None = None
    try:
        with (
            deferred_interrupts() as (defer, interrupts),
            _progress_display(console) as show,
        ):
            for done in steps:
                defer()
                show(done)
                if interrupts:
                    break
            steps.close()
    except KeyboardInterrupt:
        return done, True
    return done, bool(interrupts)


def _plan(training: Training) -> str:
    settings = training.settings
    work = f"{settings.seconds:g} s" if settings.seconds else f"{settings.steps} steps"
    text = f"{work} of {settings.batch} pictures, {settings.crop} pixels, from "
    text += f"{len(training.photographs)} photographs"
    if training.styles:
        text += f", {len(training.styles)} style(s)"
    if training.others:
        text += f", a predictor from {len(training.others)} paintings"
    return text


@contextmanager
def _progress_display(console: Console) -> Iterator[Callable[[Progress | Learned], None]]:
    """Yield a callback that shows a step: a bar on a terminal, else a line every 20 seconds."""
    describe = _describer()
    if console.is_terminal:
        columns = BarColumn(12), TextColumn("{task.description}"), TimeRemainingColumn()
        with Bar(*columns, console=console) as bar:
            task = bar.add_task("analysing the paintings", total=None)
            yield lambda done: bar.update(
                task, completed=done.done, total=1.0, description=describe(done)
            )
    else:
        yield _line_printer(console, describe)


def _describer() -> Callable[[Progress | Learned], str]:
    """Return a function that formats the progress of a training, with smoothed losses."""
    means: dict[str, float] = {}

    def describe(done: Progress | Learned) -> str:
        for name, value in done.losses.items():
            means[name] = means.get(name, value) + _RECENT * (value - means.get(name, value))
        parts = ", ".join(f"{name} {means[name]:.3g}" for name in ("content", "style", "tv"))
        planned = f"/{done.steps}" if done.steps else f", {done.done:.0%}"
        return f"step {done.step}{planned}  loss {means['loss']:.4g} ({parts})"

    return describe


def _line_printer(
    console: Console, describe: Callable[[Progress | Learned], str]
) -> Callable[[Progress | Learned], None]:
    last = 0.0

    def show(done: Progress | Learned) -> None:
        nonlocal last
        text = describe(done)
        if time.perf_counter() - last >= _SECONDS_BETWEEN_LINES or done.done >= 1:
            last = time.perf_counter()
            console.print(text, soft_wrap=True, highlight=False)

    return show
