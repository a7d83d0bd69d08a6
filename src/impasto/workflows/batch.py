"""Paint many photographs: skip finished ones, report failures."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..images.checksum import file_digest
from ..images.files import read_picture
from ..images.opening import locate
from ..settings import Settings
from ..types import Picture, Step
from .attempt import Attempt, Form, IsInput, Make, Outcome, Work, attempt, differences
from .build_record import relative_settings
from .output_paths import Task, find_photographs, plan_outputs
from .result import Result, StylesLike, as_paintings
from .stylize import make_stylizer, stylize_with

OnStep = Callable[[Task, Picture, Step], None]


@dataclass(frozen=True)
class StylizeWork:
    """Stylizes photographs in one style.

    Attributes:
        paintings: The paintings.
        settings: Settings.
        max_pixels: Largest photograph, pixels; Pillow's limit if None.
        on_step: Called after each step, with the task and its photograph.
    """

    paintings: tuple[Picture, ...]
    settings: Settings
    max_pixels: int | None = None
    on_step: OnStep | None = None

    def start(self) -> Make:
        """Return the function that stylizes a photograph; see `Work`."""
        paint = make_stylizer(self.paintings, self.settings)

        def make(task: Task) -> Result:
            photograph = read_picture(task.photograph, max_pixels=self.max_pixels)
            watch = None if self.on_step is None else partial(self.on_step, task, photograph)
            return stylize_with(paint, photograph, self.paintings, self.settings, on_step=watch)

        return make

    def differing(self, task: Task, record: Mapping[str, Any]) -> list[str]:
        """Compare a task with a record; see `differences`."""
        seen = Settings(**relative_settings(self.settings, task.result))
        digests = [painting.sha256 for painting in self.paintings]
        return differences(record, file_digest(task.photograph), digests, seen)


def stylize_all(
    photographs: str | Path | Sequence[str | Path],
    style: StylesLike,
    folder: str | Path,
    settings: Settings | None = None,
    *,
    form: Form | None = None,
    max_pixels: int | None = None,
    on_step: OnStep | None = None,
    cluster: str | None = None,
) -> Generator[Outcome]:
    """Stylize several photographs by the iterative route.

    Results whose record names the same photograph, style and settings are skipped, so repeating an
    interrupted batch continues it. A failure does not stop the batch, unless the disk is full.
    Pictures are written when finished; an interrupted one leaves nothing.

    Args:
        photographs: A folder, searched recursively; a text file (.txt) with one path per line,
            relative to the text file's folder; a picture; or several of these.
        style: The painting, or a list of several, as for `stylize`.
        folder: Folder of the results, `<name>.png` in the same sub-folders; created if missing.
            It may be inside the folder of photographs; its pictures are not used as input.
        settings: Settings; the defaults if None. A budget applies to each picture.
        form: How results are written.
        max_pixels: Largest photograph, pixels; Pillow's limit if None.
        on_step: Called after each step, with the task and its photograph; not with a cluster.
        cluster: Paint on a Ray cluster: `auto` starts Ray on this machine, `ray://host:10001` or
            `host:6379` connects to one that runs; on this process alone if None. The machines need
            the photographs and the folder at the same paths.

    Yields:
        The outcome of each photograph, in order; with a cluster, as they are finished.

    Raises:
        PictureError: There are no photographs, a style cannot be read, or the folder is not
            writable.
        SettingsError: The folder is that of the photographs, or settings contradict each other.
        WeightsError: VGG19's weights were not found.
        ModelError: The network for the starting picture cannot be used.
        BackendError: The cluster cannot be used.

    Example:
        >>> for outcome in stylize_all("photos", "wave.jpg", "painted"):  # doctest: +SKIP
        ...     print(outcome.status, outcome.result, outcome.reason)
    """
    settings, folder, paintings = settings or Settings(), locate(folder), as_paintings(style)
    places = [photographs] if isinstance(photographs, str | Path) else photographs
    form = form or Form()
    tasks = plan_outputs(find_photographs(places, folder, form.suffix), folder, form.suffix)
    watch = on_step if cluster is None else None
    work = StylizeWork(tuple(paintings), settings, max_pixels, watch)
    yield from run_tasks(tasks, work, form, cluster)


def run_tasks(
    tasks: Sequence[Task], work: Work, form: Form | None = None, cluster: str | None = None
) -> Generator[Outcome]:
    """Make and save pictures, one after the other or on a cluster; see `stylize_all`.

    Args:
        tasks: From `plan_outputs`.
        work: Makes the picture of a task.
        form: How results are written.
        cluster: As in `stylize_all`.

    Yields:
        The outcome of each task.

    Raises:
        ImpastoError: Settings, weights, a model, the backend or the cluster are wrong for all
            tasks.

    Example:
        >>> list(run_tasks([], work))  # doctest: +SKIP
        []
    """
    photographs = {task.photograph.resolve() for task in tasks}

    def is_input(task: Task) -> bool:
        return task.result.resolve() in photographs

    start = _attempts if cluster is None else partial(_attempts_on_cluster, cluster)
    with closing(start(tasks, work, form or Form(), is_input)) as attempts:
        for made in attempts:
            yield made.outcome
            if made.disk_full:
                return


def _attempts(
    tasks: Sequence[Task], work: Work, form: Form, is_input: IsInput
) -> Generator[Attempt]:
    make = work.start()
    for task in tasks:
        yield attempt(task, make, work, form, is_input=is_input(task))


def _attempts_on_cluster(
    address: str, tasks: Sequence[Task], work: Work, form: Form, is_input: IsInput
) -> Generator[Attempt]:
    from .cluster import attempt_on_cluster

    yield from attempt_on_cluster(address, tasks, work, form, is_input)
