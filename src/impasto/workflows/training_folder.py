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
from ..images.files import atomic_write, make_folder, write_image
from ..images.plot import plot_losses

STATE, MODEL, UNUSABLE = "state.npz", "model.impasto", "unusable.txt"
LOSSES, PLOT = "losses.csv", "losses.png"
_LENGTH = ("steps", "budget")  # settings that a resumed training may change
COLUMNS = ("loss", "content", "style", "tv", "pixels")

Arrays = Mapping[str, NDArray[Any]]


def open_folder(
    folder: Path, about: Mapping[str, Any], *, resume: bool
) -> tuple[int, float, Arrays]:
    """Create the folder of a new training, or read the state of one to resume.

    Args:
        folder: The folder.
        about: Inputs and settings that must match on resume, ready for JSON. Only the length of
            the training may differ, `steps` and `budget`.
        resume: Whether to resume.

    Returns:
        The steps done, the seconds they took, and the arrays of the state; 0 and none for a new
        training.

    Raises:
        ModelError: There is a state already, or none to resume, a damaged one, or one of another
            training.
        PictureError: The folder cannot be created.
    """
    path = folder / STATE
    if not resume:
        if path.exists():
            raise ModelError(
                f"{folder} holds a training already; add --resume to continue it, or choose "
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
    except Exception as error:  # damaged archives and arrays raise all kinds
        raise ModelError(f"{path} is damaged ({error}); start over in another folder") from error
    now = json.loads(json.dumps(about))
    _check_length(folder, step, was, now)
    names = {*was, *now} - {*_LENGTH}
    differing = sorted(name for name in names if was.get(name) != now.get(name))
    if differing:
        raise ModelError(
            f"the training in {folder} had other {', '.join(differing)}; resume it with the same, "
            "or choose another folder"
        )
    return step, seconds, arrays


def _check_length(folder: Path, step: int, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse another number of steps if it is reached already.

    Raises:
        ModelError: It is.
    """
    another = any(was.get(name) != now.get(name) for name in _LENGTH)
    if another and now.get("budget") is None and step >= int(now.get("steps", step + 1)):
        raise ModelError(
            f"the training in {folder} has {step} steps already; give a larger number of steps"
        )


def save_state(
    folder: Path, step: int, seconds: float, arrays: Arrays, about: Mapping[str, Any]
) -> None:
    """Write the state atomically.

    Raises:
        PictureError: It cannot be written.
    """
    with atomic_write(folder / STATE) as file:
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
    """Format a row of the loss table."""
    return [step, *(f"{losses[name]:.6g}" for name in COLUMNS)]


def write_losses(folder: Path, rows: Sequence[Sequence[Any]]) -> None:
    """Write the losses of all steps as CSV and as a plot, each atomically.

    Args:
        folder: The folder.
        rows: The step and its losses, in the order of `COLUMNS`.
    """
    text = io.StringIO()
    csv.writer(text).writerows([["step", *COLUMNS], *rows])
    with atomic_write(folder / LOSSES) as file:
        file.write(text.getvalue().encode())
    steps = [int(row[0]) for row in rows]
    curves = {name: [float(row[i]) for row in rows] for i, name in enumerate(COLUMNS, 1)}
    write_image(folder / PLOT, plot_losses(steps, curves))


def write_unusable(folder: Path, unusable: Mapping[Path, str]) -> None:
    """Write the photographs that could not be used with the reasons, one per line."""
    if unusable:
        lines = [
            printable(f"{photograph}: {reason}") + "\n" for photograph, reason in unusable.items()
        ]
        with atomic_write(folder / UNUSABLE) as file:
            file.write("".join(lines).encode("utf-8", "surrogateescape"))
