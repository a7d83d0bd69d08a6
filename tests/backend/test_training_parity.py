"""A training begun on PyTorch continues equally on each framework."""

import contextlib
import csv
import io
import os
import shutil
import subprocess
import sys

import pytest
import skimage.data

from impasto.backend import BACKEND
from impasto.cli.main import main
from impasto.images.files import write_image
from impasto.images.sample_styles import sample_style
from impasto.training_settings import TrainingSettings
from impasto.workflows.train import train_model
from impasto.workflows.training_plan import make_training

TOY = {"crop": 32, "batch": 2, "steps": 5, "blocks": 1, "style_size": 48, "precision": "float32"}
WIDTHS = (4, 4, 6, 8)
BEGUN = 2


def continue_in(framework, folder, output):
    words = ["train", "photos", "style.png", "-o", str(output), "--resume", "--quiet"]
    words += [f"--{name.replace('_', '-')}={value}" for name, value in TOY.items()]
    words += ["--widths", *map(str, WIDTHS), "--backend", framework]
    run = run_here if framework == BACKEND else run_elsewhere
    assert run(words, folder) == f"{output / 'model.impasto'}\n"


def run_here(words, folder):
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(words) == 0
    return out.getvalue()


def run_elsewhere(words, folder):
    start = "from impasto.cli.main import main; raise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", start, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": words[-1]},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def losses(output):
    with (output / "losses.csv").open(newline="") as file:
        return [list(map(float, row)) for row in list(csv.reader(file))[1:]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parity")
    (folder / "photos").mkdir()
    write_image(folder / "photos" / "a.png", skimage.data.astronaut()[:64, 160:224] / 255.0)
    write_image(folder / "style.png", sample_style("swirls", 64))
    settings = TrainingSettings(widths=WIDTHS, **TOY)
    training = make_training(folder / "photos", [folder / "style.png"], folder / "begun", settings)
    run = train_model(training)
    for _ in range(BEGUN):
        next(run)
    run.close()
    return folder


@pytest.fixture(scope="module")
def on_torch(folder):
    output = folder / "torch"
    shutil.copytree(folder / "begun", output)
    continue_in("torch", folder, output)
    return losses(output)


@pytest.mark.parametrize("framework", ["jax", "tensorflow"])
def test_the_losses_are_those_of_pytorch(folder, on_torch, framework):
    pytest.importorskip(framework)
    output = folder / framework
    shutil.copytree(folder / "begun", output)
    continue_in(framework, folder, output)
    found = losses(output)
    assert [row[0] for row in found] == [float(i) for i in range(1, TOY["steps"] + 1)]
    # Three steps: Adam divides by the size of gradients, so rounding grows with each.
    for one, other in zip(found, on_torch, strict=True):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-5)
