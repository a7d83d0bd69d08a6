"""Files that version 0.1.0 wrote, in `before/`, still serve."""

import shutil
import warnings
from pathlib import Path

import numpy as np

import impasto
from impasto.studio.jobs.job_file import first_stage, read_entry
from impasto.workflows.reproduce import prepare_again
from impasto.workflows.run_folder import RUN, folder_of

BEFORE = Path(__file__).parent / "before"


def test_a_record_without_a_power_of_the_total_variation_means_the_old_one(tmp_path):
    shutil.copytree(BEFORE, tmp_path, dirs_exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this machine may be another
        remake = prepare_again(tmp_path / "painted.png")
        again = impasto.again(tmp_path / "painted.png").image
    assert (remake.settings.tv_power, remake.settings.tv_weight) == (1.25, 4.0)
    before = impasto.read_image(tmp_path / "painted.png")
    assert np.abs(again - before).max() < 2 / 255


def test_a_job_of_the_studio_is_read():
    entry = read_entry(BEFORE)
    assert entry.spec.content == BEFORE / "inputs/1/photo.png"
    assert entry.spec.titles == ("Swirls",) and entry.asked_at == 17
    assert (entry.spec.settings.tv_power, entry.spec.settings.tv_weight) == (1.25, 4.0)
    assert entry.stage == first_stage(entry.spec)


def test_a_checkpoint_is_resumed(tmp_path):
    for name in ("photo.png", "painting.png"):
        shutil.copyfile(BEFORE / name, tmp_path / name)
    folder = folder_of(tmp_path / "out.png")
    shutil.copytree(BEFORE / "run", folder)
    run = (folder / RUN).read_text("utf-8")
    (folder / RUN).write_text(run.replace("FOLDER", tmp_path.as_posix()), "utf-8")
    steps = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this machine may be another
        result = impasto.resume(tmp_path / "out.png", on_step=steps.append)
    uninterrupted = impasto.read_image(BEFORE / "resumed.png")
    assert np.abs(result.image - uninterrupted).max() < 2 / 255
    assert steps[0].iteration == 6 and steps[-1].iteration == 12
