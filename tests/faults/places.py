"""Every command with the places where it takes a file, a name or a value; and good inputs.

A command that is new to the command line needs an entry in `PLACES`; a test says so.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tests.faults import child

BAD = "{}"  # where the bad input goes, in the words of a command
QUICK = ("--size", "32", "--scales", "1", "--iterations", "1", "-q")
LESSON = ("--steps", "1", "--style-size", "32", "-q")
TRAINING = (
    "--steps",
    "2",
    "--crop",
    "32",
    "--batch",
    "1",
    "--style-size",
    "32",
    "--blocks",
    "1",
    "--widths",
    "4",
    "4",
    "6",
    "8",
    "--precision",
    "float32",
    "-q",
)
PAIRS = ("pairs/*",)
WAVE = ("--style", "wave", "--model", "model.impasto")


class Place(NamedTuple):
    """A place in a command line where something bad can be put.

    Attributes:
        name: What belongs there.
        kind: `picture`, another kind of file (see `mutants.KINDS`), or `name`: the name of a file
            to be written, or another word.
        words: The command line, with `BAD` where the path goes.
        at: Path where the bad file is put, in the folder of the run; a free name if it is empty.
        leaves: Patterns of files that the command may leave or replace though it fails.
        good: What makes the command succeed there; a file of the good folder, or a word.
    """

    name: str
    kind: str
    words: tuple[str, ...]
    at: str = ""
    leaves: tuple[str, ...] = ()
    good: str = "photo.png"


def _stylize() -> tuple[Place, ...]:
    begin, end = ("stylize", "photo.png"), ("-o", "out.png", "-f", *QUICK)
    usual = (*begin, "style.png", *end)
    several = ("stylize", BAD, "style.png", "-o", "several", *QUICK)
    return (
        Place("content", "picture", ("stylize", BAD, "style.png", *end)),
        Place("style", "picture", (*begin, BAD, *end)),
        Place("style name", "name", (*begin, BAD, *end), good="wave"),
        Place("style 2", "picture", (*begin, "style.png", BAD, *end)),
        Place("init", "picture", (*usual, "--init", BAD)),
        Place("init model", "model", (*usual, "--init", f"{BAD}/wave"), good="model.impasto"),
        Place("mask", "picture", (*usual, "--masks", BAD), good="mask.png"),
        Place("style mask", "picture", (*usual, "--style-masks", BAD), good="mask.png"),
        Place("protect", "picture", (*usual, "--protect", BAD), good="mask.png"),
        Place("weights", "torch", (*usual, "--weights", BAD), good=""),
        Place("weights hdf5", "hdf5", (*usual, "--weights", BAD), good=""),
        Place("output", "name", (*begin, "style.png", "-o", BAD, *QUICK), good="new.png"),
        Place(
            "folder",
            "picture",
            ("stylize", "photos", "style.png", "-o", "several", *QUICK),
            at="photos/bad",
            leaves=("several/*",),
        ),
        Place("list", "list", several, leaves=("several/*", "~*"), good="list.txt"),
    )


def _paint() -> tuple[Place, ...]:
    end = ("--model", "model.impasto", "-o", "out.png", "-f", "-q")
    return (
        Place("photograph", "picture", ("paint", BAD, "--style", "wave", *end)),
        Place("style", "name", ("paint", "photo.png", "--style", BAD, *end), good="wave"),
        Place("painting", "picture", ("paint", "photo.png", "--style", BAD, *end), good=""),
        Place(
            "model",
            "model",
            ("paint", "photo.png", "--style", "wave", "--model", BAD, "-o", "out.png", "-f", "-q"),
            good="model.impasto",
        ),
        Place("output", "name", ("paint", "photo.png", *WAVE, "-o", BAD, "-q"), good="new.png"),
        Place(
            "folder",
            "picture",
            ("paint", "photos", *WAVE, "-o", "several", "-q"),
            at="photos/bad",
            leaves=("several/*",),
        ),
    )


def _video() -> tuple[Place, ...]:
    model = ("--model", "model.impasto", "-q", "-f")
    usual = ("video", "photos", *WAVE, "-q", "-f")
    out = ("-o", "out.mkv")
    unfinished = (".out.mkv.impasto/*",)
    return (
        Place("clip", "name", ("video", BAD, "--style", "wave", *model, *out), good="photos"),
        Place("frame", "picture", (*usual, *out), at="photos/bad", leaves=unfinished),
        Place("style", "name", ("video", "photos", "--style", BAD, *model, *out), good="0s:wave"),
        Place("strength", "name", (*usual, *out, "--strength-at", BAD), good="0s:0.5"),
        Place("mask", "picture", (*usual, *out, "--mask", BAD), leaves=unfinished, good="mask.png"),
        Place("start", "name", (*usual, *out, "--start", BAD), good="0s"),
        Place("flow", "name", (*usual, *out, "--flow", BAD), good=""),
        Place("output", "name", (*usual, "-o", BAD), good="new.mkv"),
    )


def _train() -> tuple[Place, ...]:
    out = ("-o", "new", *TRAINING)
    new = ("new/*",)
    usual = ("train", "photos", "style.png", *out)
    resumed = ("train", "photos", "style.png", "-o", "run", *TRAINING, "--resume")
    return (
        Place(
            "photographs", "picture", ("train", BAD, "style.png", *out), leaves=new, good="photos"
        ),
        Place("photograph", "picture", usual, at="photos/bad", leaves=new),
        Place("style", "picture", ("train", "photos", BAD, *out), leaves=new, good="style.png"),
        Place(
            "pairs",
            "manifest",
            (*usual, "--pairs", "pairs"),
            at="pairs/pairs.json",
            leaves=new,
            good="pairs/pairs.json",
        ),
        Place("others", "picture", (*usual, "--others", BAD), leaves=new, good="paintings"),
        Place("model", "model", (*usual, "--model", BAD), leaves=new, good="model.impasto"),
        Place(
            "state", "state", resumed, at="run/state.npz", leaves=("run/*",), good="run/state.npz"
        ),
        Place(
            "output",
            "name",
            ("train", "photos", "style.png", "-o", BAD, *TRAINING),
            leaves=("*/*",),
            good="new",
        ),
    )


def _others() -> dict[str, tuple[Place, ...]]:
    learn = ("-o", "new.impasto", "--photographs", "large", "--model", "model.impasto", *LESSON)
    pairs = ("make-pairs", "photos", "style.png", "-o", "pairs", *QUICK, "--size", "48")
    score = ("--size", "32")
    again = ("-o", "new.png", "-q")
    nowhere = ("--host", "203.0.113.7", "--no-browser")  # no address of ours: it never runs
    one = ("--auth", "anna:correct horse", "--port", "1", "--no-browser")
    return {
        "learn": (
            Place("painting", "picture", ("learn", BAD, *learn), good="style.png"),
            Place("photograph", "picture", ("learn", "style.png", *learn), at="large/bad"),
            Place(
                "model",
                "model",
                ("learn", "style.png", *learn[:4], "--model", BAD, *LESSON),
                good="model.impasto",
            ),
            Place(
                "output", "name", ("learn", "style.png", "-o", BAD, *learn[2:]), good="new.impasto"
            ),
        ),
        "make-pairs": (
            Place("photograph", "picture", pairs, at="photos/bad", leaves=PAIRS),
            Place(
                "style",
                "picture",
                ("make-pairs", "photos", BAD, "-o", "new", *QUICK),
                leaves=("new/*",),
            ),
            Place(
                "manifest",
                "manifest",
                pairs,
                at="pairs/pairs.json",
                leaves=PAIRS,
                good="pairs/pairs.json",
            ),
        ),
        "styles": (
            Place("model", "model", ("styles", "--model", BAD), good="model.impasto"),
            Place(
                "sheet", "name", ("styles", "--model", "model.impasto", "-o", BAD), good="new.png"
            ),
        ),
        "export": (
            Place("model", "model", ("export", BAD, "-o", "new.onnx"), good="model.impasto"),
            Place(
                "style",
                "name",
                ("export", "model.impasto", "--style", BAD, "-o", "new.onnx"),
                good="wave",
            ),
            Place("output", "name", ("export", "model.impasto", "-o", BAD), good="new.onnx"),
        ),
        "score": (
            Place(
                "picture",
                "picture",
                ("score", BAD, "--content", "photo.png", "--style", "style.png", *score),
            ),
            Place(
                "content",
                "picture",
                ("score", "photo.png", "--content", BAD, "--style", "style.png", *score),
            ),
            Place(
                "style",
                "picture",
                ("score", "photo.png", "--content", "photo.png", "--style", BAD, *score),
            ),
        ),
        "doctor": (
            Place("weights", "torch", ("doctor", "--weights", BAD), good=""),
            Place("weights hdf5", "hdf5", ("doctor", "--json", "--weights", BAD), good=""),
        ),
        "demo": (
            Place(
                "style",
                "name",
                ("demo", "-o", "new", "--size", "32", "--budget", "1s", "--style", BAD),
                leaves=("new/*",),
                good="mosaic",
            ),
            Place(
                "folder",
                "name",
                ("demo", "-o", BAD, "--size", "32", "--budget", "1s"),
                leaves=("*/*",),
                good="new",
            ),
        ),
        "sample-style": (
            Place(
                "kind",
                "name",
                ("sample-style", BAD, "-o", "new.png", "--size", "64"),
                good="mosaic",
            ),
            Place(
                "output",
                "name",
                ("sample-style", "mosaic", "-o", BAD, "--size", "64"),
                good="new.png",
            ),
        ),
        "texture": (
            Place("style", "picture", ("texture", BAD, "-o", "new.png", *QUICK), good="style.png"),
            Place("output", "name", ("texture", "style.png", "-o", BAD, *QUICK), good="new.png"),
        ),
        "resume": (
            Place(
                "run",
                "run",
                ("resume", "half.png", "-q"),
                at=".half.png.impasto/run.json",
                leaves=(".half.png.impasto/*", "half.png"),
                good=".half.png.impasto/run.json",
            ),
            Place(
                "state",
                "checkpoint",
                ("resume", "half.png", "-q"),
                at=".half.png.impasto/state.safetensors",
                leaves=(".half.png.impasto/*", "half.png"),
                good=".half.png.impasto/state.safetensors",
            ),
            Place("output", "name", ("resume", BAD, "-q"), good=""),
        ),
        "again": (
            Place("result", "result", ("again", BAD, *again), good="out.png"),
            Place("result picture", "picture", ("again", BAD, *again), good="out.png"),
            Place("content", "picture", ("again", "out.png", "--content", BAD, *again)),
            Place("change", "name", ("again", "out.png", "--set", BAD, *again), good="seed=1"),
            Place("output", "name", ("again", "out.png", "-o", BAD, "-q"), good="new.png"),
        ),
        "studio": (
            Place("users", "list", ("studio", "--auth", BAD, *nowhere), good=""),
            Place("gallery", "name", ("studio", "--gallery", BAD, *nowhere, *one), good=""),
            Place("host", "name", ("studio", "--host", BAD, *one), good=""),
        ),
    }


PLACES: dict[str, tuple[Place, ...]] = {
    "stylize": _stylize(),
    "paint": _paint(),
    "video": _video(),
    "train": _train(),
    **_others(),
}


def commands() -> list[str]:
    """List the commands that the command line has now."""
    from impasto.cli.main import DESCRIPTIONS

    return [*DESCRIPTIONS]


def make_good(folder: Path, *, quick: bool = False) -> None:
    """Fill a folder with inputs that every command takes.

    Args:
        folder: Made.
        quick: Leave out what takes a training, or a run that is killed.

    Raises:
        RuntimeError: A command failed on them.
    """
    import skimage.data

    from impasto.images.files import write_image
    from impasto.images.sample_styles import sample_style

    photograph = skimage.data.astronaut() / np.float32(255)
    for name in ("photos", "paintings", "large"):
        (folder / name).mkdir(parents=True)
    for number, name in enumerate(("photo", "photos/a", "photos/b")):
        write_image(folder / f"{name}.png", photograph[number * 40 :, 160:][:40, :48])
    write_image(
        folder / "mask.png", np.indices((40, 48))[1][..., None].repeat(3, 2) / np.float32(47)
    )
    write_image(folder / "style.png", sample_style("swirls", 64)[:40, :48])
    write_image(folder / "large/a.jpg", photograph[:256, 128:384])
    write_image(folder / "paintings/mosaic.png", sample_style("mosaic", 64))
    (folder / "list.txt").write_text("photo.png\nphotos/a.png\n")
    _make_weights(folder)
    _make_model(folder / "model.impasto")
    runs = (
        ("stylize", "photo.png", "style.png", "-o", "out.png", *QUICK),
        ("make-pairs", "photos", "style.png", "-o", "pairs", *QUICK, "--size", "48"),
        ("train", "photos", "style.png", "-o", "run", *TRAINING),
    )
    for words in runs[:1] if quick else runs:
        outcome = child.run(words, folder)
        if outcome.code != 0:
            raise RuntimeError(f"{' '.join(words)}: {outcome.err}")
    if "resume" in commands() and not quick:
        _make_unfinished(folder)


def _make_weights(folder: Path) -> None:
    import h5py
    import torch

    with h5py.File(folder / "vgg.h5", "w") as file:
        for block in (1, 2):
            file[f"block{block}_conv1/kernel"] = np.zeros((3, 3, 3, 4), np.float32)
            file[f"block{block}_conv1/bias"] = np.zeros(4, np.float32)
    tensors = {
        "block1_conv1_W_q": torch.zeros((64, 3, 3, 3), dtype=torch.uint8),
        "block1_conv1_W_table": torch.zeros(256),
        "block1_conv1_b": torch.zeros(64),
    }
    torch.save(tensors, folder / "vgg.bin")


def _make_model(path: Path) -> None:
    from impasto.engines.network.model import Architecture, PaintingModel, neutral_style
    from impasto.engines.network.model_file import save_model
    from impasto.engines.network.trunk import make_network

    made_of = Architecture((4, 4, 6, 8), blocks=1)
    neutral = neutral_style(made_of)
    styles = {"photograph": neutral, "wave": neutral + np.float32(0.1)}
    trunk = tuple(make_network(made_of).get_weights())
    save_model(PaintingModel(made_of, trunk, styles, None, {"licence": "MIT"}), path)


def _make_unfinished(folder: Path) -> None:
    """Begin a run, and kill it when it has written a checkpoint."""
    words = ("stylize", "photo.png", "style.png", "-o", "half.png", "--checkpoint", "-q", "-f")
    size = ("--size", "48", "--scales", "2", "--iterations", "40", "--tolerance", "0")
    for tenths in range(4, 40):
        child.run((*words, *size), folder, send=(signal.SIGKILL, tenths / 10))
        if (folder / ".half.png.impasto/state.safetensors").exists():
            return
    raise RuntimeError("a run has written no checkpoint")


GOOD_FILES: dict[str, str] = {
    "model": "model.impasto",
    "hdf5": "vgg.h5",
    "torch": "vgg.bin",
    "state": "run/state.npz",
    "manifest": "pairs/pairs.json",
    "list": "list.txt",
    "result": "out.png",
    "run": ".half.png.impasto/run.json",
    "checkpoint": ".half.png.impasto/state.safetensors",
}


def copy_good(good: Path, folder: Path) -> None:
    """Copy the good inputs into the folder of a run."""
    shutil.copytree(good, folder, symlinks=True)
