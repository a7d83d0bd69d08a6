"""Copies of the input files of a job."""

from __future__ import annotations

import numpy as np
import pytest

import impasto
from impasto.errors import PictureError
from impasto.settings import Settings
from impasto.studio.jobs.inputs import copy_inputs
from impasto.studio.jobs.job_file import JobSpec


@pytest.fixture
def source(tmp_path):
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


def picture(path):
    impasto.write_image(path.with_suffix(".png"), np.zeros((16, 16, 3), np.float32))
    return path.with_suffix(".png").rename(path)


def test_copies_keep_names_and_contents(source, tmp_path):
    content = picture(source / "사진 #1.png")
    (source / "other").mkdir()
    styles = (picture(source / "wave.png"), picture(source / "other/wave.png"))
    styles[1].write_bytes(b"other")
    copied = copy_inputs(JobSpec(content, styles), tmp_path / "run")
    assert [path.name for path in (copied.content, *copied.styles)] == [
        "사진 #1.png",
        "wave.png",
        "wave.png",
    ]
    assert copied.content.read_bytes() == content.read_bytes()
    assert copied.styles[1].read_bytes() == b"other"
    assert len({copied.content, *copied.styles}) == 3


def test_a_mask_of_several_colors_is_copied_once_and_keeps_the_colors(source, tmp_path):
    content, mask = picture(source / "a.png"), picture(source / "mask.png")
    settings = Settings(masks=(f"{source}//mask.png#red", "rest"), protect=f"{mask}#0f0")
    copied = copy_inputs(JobSpec(content, (content, content), settings), tmp_path / "run")
    red, rest = copied.settings.masks
    assert red.endswith("/picture.png#red") and rest == "rest"
    assert copied.settings.protect.endswith("/picture.png#0f0")
    for text in (red, copied.settings.protect):
        assert text.startswith(str(tmp_path / "run/inputs"))


def test_missing_inputs_raise_a_picture_error(source, tmp_path):
    content = picture(source / "a.png")
    for spec in (
        JobSpec(source / "none.png", (content,)),
        JobSpec(content, (source,)),
        JobSpec(content, (content,), Settings(protect=str(source / "none.png"))),
        JobSpec(content, (content,), Settings(init=str(source / "none.png"))),
    ):
        with pytest.raises(PictureError):
            copy_inputs(spec, tmp_path / "run")
