"""The folder of a training: state, losses, model, unusable inputs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, printable
from ..images.files import make_folder, whole_or_not_at_all, write_image
from ..images.plot import plot_losses

STATE, MODEL, UNUSABLE = "state.npz", "model.impasto", "unusable.txt"
LOSSES, PLOT = "losses.csv", "losses.png"
COLUMNS = ("loss", "content", "style", "tv", "pixels")

Arrays = Mapping[str, NDArray[Any]]


def open_folder(
    folder: Path, about: Mapping[str, Any], *, resume: bool
) -> tuple[int, float, Arrays]:
    """Make the folder, and read the state in it if the training goes on.

    Args:
        folder: The folder.
        about: What must be the same for a training to go on, ready for JSON.
        resume: Whether it goes on.

    Returns:
        The steps done, the seconds they took, and the arrays of the state; 0 and none for a new
        training.

    Raises:
        ModelError: There is a state already, or none to resume, a damaged one, or one of another
            training.
        PictureError: It cannot be made.
    """
    path = folder / STATE
    if not resume:
        if path.exists():
            raise ModelError(
                f"{folder} holds a training already; add --resume to go on with it, or choose "
                "another folder"
            )
        make_folder(folder)
        return 0, 0.0, {}
    if not path.exists():
        raise ModelError(f"{folder} holds no training to resume; check the folder")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        step, was = int(arrays.pop("step")), dict(json.loads(str(arrays.pop("about"))))
        seconds = float(arrays.pop("seconds", 0.0))
        if step < 0 or not 0 <= seconds < math.inf:
            raise ValueError(f"it is at step {step} after {seconds} s")
    except Exception as error:  # archives and arrays that are damaged raise anything
        raise ModelError(f"{path} is damaged ({error}); start anew in another folder") from error
    now = json.loads(json.dumps(about))
    differing = sorted(name for name in {*was, *now} if was.get(name) != now.get(name))
    if differing:
        raise ModelError(
            f"the training in {folder} had other {', '.join(differing)}; resume it with the same, "
            "or choose another folder"
        )
    return step, seconds, arrays


def save_state(
    folder: Path, step: int, seconds: float, arrays: Arrays, about: Mapping[str, Any]
) -> None:
    """Write the state, whole or not at all.

    Raises:
        PictureError: It cannot be written.
    """
    with whole_or_not_at_all(folder / STATE) as file:
        everything: dict[str, Any] = {
            "step": step,
            "seconds": seconds,
            "about": json.dumps(about),
            **arrays,
        }
        np.savez(file, **everything)


def read_losses(folder: Path, step: int) -> list[list[Any]]:
    """Read the losses of the steps up to `step`."""
    path = folder / LOSSES
    if not step or not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in list(csv.reader(file))[1:] if int(row[0]) <= step]


def row(step: int, losses: Mapping[str, float]) -> list[Any]:
    """Return a row of the table of losses."""
    return [step, *(f"{losses[name]:.6g}" for name in COLUMNS)]


def write_losses(folder: Path, rows: Sequence[Sequence[Any]]) -> None:
    """Write the losses of all steps as a table with a header, and as a plot; each whole or not.

    Args:
        folder: The folder.
        rows: The step and its losses, in the order of `COLUMNS`.
    """
    text = io.StringIO()
    csv.writer(text).writerows([["step", *COLUMNS], *rows])
    with whole_or_not_at_all(folder / LOSSES) as file:
        file.write(text.getvalue().encode())
    steps = [int(row[0]) for row in rows]
    curves = {name: [float(row[i]) for row in rows] for i, name in enumerate(COLUMNS, 1)}
    write_image(folder / PLOT, plot_losses(steps, curves))


def write_unusable(folder: Path, unusable: Mapping[Path, str]) -> None:
    """Name the photographs that could not be used, and why, a line each."""
    if unusable:
        lines = [
            printable(f"{photograph}: {reason}") + "\n" for photograph, reason in unusable.items()
        ]
        with whole_or_not_at_all(folder / UNUSABLE) as file:
            file.write("".join(lines).encode("utf-8", "surrogateescape"))
