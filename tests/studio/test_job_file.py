"""Job files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import ModelError
from impasto.settings import Settings
from impasto.studio.jobs.job_file import (
    ORDER,
    JobEntry,
    JobSpec,
    Stage,
    first_stage,
    map_files,
    read_entry,
    write_entry,
)

names = st.text(
    st.characters(exclude_characters="/\\#", exclude_categories=("Cs", "Cc")), min_size=1
).filter(lambda name: name not in (".", "..", "all", "rest", "content", "noise", "style", "paint"))
sizes = st.builds(dict, size=st.integers(64, 4000)) | st.builds(dict, print_mm=st.floats(100, 200))
settings = st.builds(
    lambda size, **others: Settings(**size, **others),
    sizes,
    strength=st.floats(0, 2),
    quality=st.sampled_from(["draft", "good", "best"]),
    style_loss=st.sampled_from(["gram", "moments", "patches"]),
    budget=st.none() | st.sampled_from(["90s", "2m", 3.5]),
    seed=st.integers(0, 9),
)


@given(settings, st.lists(names, min_size=2, max_size=4), st.integers(1, 9))
def test_an_entry_round_trips(tmp_path_factory, settings, names, number):
    folder = tmp_path_factory.mktemp("run#1")
    files = [folder / "inputs" / str(n) / name for n, name in enumerate(names)]
    settings = Settings(
        **{
            **settings.model_dump(),
            "masks": ("all", f"{files[0]}#red", "rest"),
            "protect": str(files[1]),
        }
    )
    spec = JobSpec(files[0], tuple(files[1:]), settings, names[0], ("A", "B"))
    stage = replace(first_stage(spec), number=number, seconds=1.5)
    entry = JobEntry(spec, stage, 17 * number, "pause", "why", None, 2, 30)
    write_entry(folder, entry)
    assert read_entry(folder) == entry
    assert str(folder) not in (folder / ORDER).read_text("utf-8")


def test_a_gallery_can_be_moved(tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    asked = Settings(masks=(f"{before}/inputs/2/a.png#red", "rest"))
    spec = JobSpec(before / "inputs/1/photo.png", (), asked)
    write_entry(before, JobEntry(spec, first_stage(spec), 1))
    before.rename(after)
    found = read_entry(after).spec
    assert found.content == after / "inputs/1/photo.png"
    assert found.settings.masks == (f"{after}/inputs/2/a.png#red", "rest")


@given(st.binary(max_size=300))
def test_arbitrary_contents_are_reported_as_damaged(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("run")
    (folder / ORDER).write_bytes(data)
    with pytest.raises(ModelError, match="is damaged"):
        read_entry(folder)


def test_missing_and_invalid_fields_are_reported_as_damaged(tmp_path):
    spec = JobSpec(tmp_path / "a.png", (tmp_path / "b.png",), name="a")
    write_entry(tmp_path, JobEntry(spec, first_stage(spec), 5))
    path = tmp_path / ORDER
    text = path.read_text("utf-8")
    for old, new in (
        ('"content"', '"contents"'),
        ('"state": "go"', '"state": "fly"'),
        ('"size": 512', '"size": 1'),
        ('"asked_at": 5', '"asked_at": null'),
        ('"number": 1', '"number": "x"'),
    ):
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(ModelError, match="is damaged"):
            read_entry(tmp_path)
    path.unlink()
    with pytest.raises(ModelError, match="is damaged"):
        read_entry(tmp_path)


def test_keywords_and_networks_are_not_files():
    kept = Settings(init="run/model.impasto/wave", masks=("all", "rest"))
    assert map_files(kept, lambda name, text: "moved") == kept
    assert map_files(Settings(init="a.png"), lambda name, text: f"{name}:{text}").init == (
        "init:a.png"
    )


def test_the_first_stage_has_the_settings_of_the_job():
    spec = JobSpec(Path("a.png"), (), Settings(size=640))
    assert first_stage(spec) == Stage(spec.settings, spec.settings)
