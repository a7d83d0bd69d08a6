"""`stylize_all`: outcomes done, skipped and failed."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from tests.toy import SHALLOW

import impasto
from impasto.images import files
from impasto.images.listing import ListedPicture
from impasto.workflows import batch
from impasto.workflows.output_paths import plan_outputs

QUICK = impasto.Settings(size=48, iterations=3, scales=1, precision="float32", **SHALLOW)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photos" / "deeper").mkdir(parents=True)
    astronaut = skimage.data.astronaut() / np.float32(255)
    for i, name in enumerate(("a.png", "b.jpg", "deeper/a.png")):
        impasto.write_image(
            tmp_path / "photos" / name, astronaut[60 * i : 60 * i + 60, 150:230], quality=90
        )
    impasto.write_image(tmp_path / "style.png", impasto.sample_style("woodcut", 64))
    return tmp_path


def run(folder, settings=QUICK, photographs="photos", to="painted", **options):
    place = folder / photographs
    return list(impasto.stylize_all(place, folder / "style.png", folder / to, settings, **options))


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def test_all_pictures_of_a_folder_are_painted_as_one_alone_would_be(folder):
    outcomes = run(folder)
    results = [outcome.result.relative_to(folder / "painted") for outcome in outcomes]
    assert results == [Path("a.png"), Path("b.png"), Path("deeper/a.png")]
    assert [(outcome.number, outcome.count) for outcome in outcomes] == [(1, 3), (2, 3), (3, 3)]
    assert statuses(outcomes) == ["done"] * 3 and all(outcome.seconds > 0 for outcome in outcomes)
    alone = impasto.stylize(folder / "photos/b.jpg", folder / "style.png", settings=QUICK)
    alone.save(folder / "alone.png")
    np.testing.assert_array_equal(
        impasto.read_image(folder / "alone.png"), impasto.read_image(outcomes[1].result)
    )


def test_what_is_done_is_skipped_and_what_was_made_otherwise_is_kept(folder):
    run(folder)
    times = {path: path.stat().st_mtime_ns for path in (folder / "painted").rglob("*.png")}
    assert statuses(run(folder)) == ["skipped"] * 3
    (folder / "painted" / "a.png").unlink()
    assert statuses(run(folder)) == ["done", "skipped", "skipped"]
    other = run(folder, QUICK.changed(iterations=4))
    assert statuses(other) == ["failed"] * 3
    assert "made with other settings (iterations); add --force" in other[0].reason
    assert (folder / "painted/b.png").stat().st_mtime_ns == times[folder / "painted/b.png"]
    forced = impasto.Form(force=True)
    assert statuses(run(folder, QUICK.changed(iterations=4), form=forced)) == ["done"] * 3
    assert statuses(run(folder, QUICK.changed(iterations=4), form=forced)) == ["skipped"] * 3


def test_another_style_and_strange_files_are_not_taken_for_results(folder):
    run(folder)
    (folder / "style.png").rename(folder / "other.png")
    impasto.write_image(folder / "style.png", impasto.sample_style("swirls", 64))
    impasto.write_image(folder / "painted" / "a.png", np.zeros((20, 20, 3), np.float32))
    (folder / "painted" / "b.png").write_text("no picture")
    (folder / "painted" / "deeper" / "a.png").unlink()
    (folder / "painted" / "deeper" / "a.png").mkdir()
    outcomes = run(folder)
    assert statuses(outcomes) == ["failed"] * 3
    assert "made by another program" in outcomes[0].reason and "made by" in outcomes[1].reason
    outcomes = run(folder, form=impasto.Form(force=True))
    assert statuses(outcomes) == ["done", "done", "failed"]
    assert "is a folder" in outcomes[2].reason


def test_a_failure_does_not_keep_the_others_back(folder):
    photos = folder / "photos"
    (photos / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    (photos / "aa.jpg").write_text("no picture at all")
    impasto.write_image(photos / "ab.png", np.zeros((4, 40, 3), np.float32))
    (photos / "gone.png").symlink_to("nowhere.png")
    found = {outcome.photograph.name: outcome for outcome in run(folder)}
    assert {name for name, outcome in found.items() if outcome.status == "done"} == {
        "a.png",
        "b.jpg",
    }
    for name, words in (
        ("0.png", "damaged or cut off"),
        ("aa.jpg", "text, not a picture"),
        ("ab.png", "at least 16 pixels"),
        ("gone.png", "there is no file"),
    ):
        assert found[name].status == "failed" and words in found[name].reason
        assert "Traceback" in found[name].details
    assert len(list((folder / "painted").rglob("*"))) == 4  # three results in two folders


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("CUDA out of memory. Tried"), "out of memory"),
        (impasto.DivergedError("the loss is not finite"), "the loss is not finite"),
        (ZeroDivisionError("a bug"), "unexpected ZeroDivisionError: a bug"),
    ],
)
def test_a_run_that_breaks_off_is_reported_and_leaves_nothing(folder, monkeypatch, error, words):
    def break_off(task, photograph, step):
        if task.number == 1:
            raise error

    outcomes = run(folder, on_step=break_off)
    assert statuses(outcomes) == ["failed", "done", "done"]
    assert words in outcomes[0].reason and not outcomes[0].result.exists()


def test_a_full_disk_ends_the_run(folder, monkeypatch):
    def fill(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fill)
    outcomes = run(folder)
    assert statuses(outcomes) == ["failed"] and outcomes[0].count == 3
    assert "No space left on device" in outcomes[0].reason
    assert not list((folder / "painted").iterdir())


def test_an_interrupt_keeps_what_is_done_and_nothing_of_the_picture_at_work(folder):
    def interrupt(task, photograph, step):
        if task.number == 2 and step.iteration:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, on_step=interrupt)
    assert [path.name for path in (folder / "painted").rglob("*")] == ["a.png"]
    assert statuses(run(folder)) == ["skipped", "done", "done"]


def test_wrong_weights_end_the_run_since_they_are_wrong_for_all(folder):
    (folder / "weights.h5").write_text("no weights")
    with pytest.raises(impasto.WeightsError):
        run(folder, QUICK.changed(weights=str(folder / "weights.h5")))


def test_results_in_the_folder_of_photographs_are_not_painted_again(folder):
    assert len(run(folder, to="photos/painted")) == 3
    assert statuses(run(folder, to="photos/painted")) == ["skipped"] * 3
    with pytest.raises(impasto.SettingsError, match="among the photographs"):
        run(folder, to="photos")
    with pytest.raises(impasto.SettingsError, match="among the photographs"):
        run(folder, to="photos/deeper/..")


def test_no_result_replaces_a_photograph(folder):
    (folder / "photos" / "list.txt").write_text("a.png\nb.jpg\n")
    form = impasto.Form(force=True)
    outcomes = run(folder, photographs="photos/list.txt", to="photos", form=form)
    assert statuses(outcomes) == ["failed", "done"]
    assert "is one of the photographs" in outcomes[0].reason


def test_a_list_names_photographs_and_a_missing_one_fails_alone(folder):
    (folder / "list.txt").write_text("# mine\nphotos/a.png\n\nnone.jpg\nphotos/deeper/a.png\n")
    outcomes = run(folder, photographs="list.txt")
    assert statuses(outcomes) == ["done", "failed", "done"]
    assert "there is no file" in outcomes[1].reason
    assert outcomes[2].result == folder / "painted" / "photos" / "deeper" / "a.png"


def test_an_empty_folder_and_one_that_cannot_be_made_are_errors(folder):
    (folder / "empty").mkdir()
    with pytest.raises(impasto.PictureError, match="has no pictures"):
        run(folder, photographs="empty")
    assert not (folder / "painted").exists()
    (folder / "painted").write_text("a file")
    with pytest.raises(impasto.PictureError, match="cannot create the folder"):
        run(folder)
    with pytest.raises(impasto.PictureError, match="expected one of"):
        run(folder, to="new", form=impasto.Form(".gif"))


def test_a_folder_that_cannot_be_written_is_found_before_any_work(folder, monkeypatch):
    monkeypatch.setattr(files.os, "access", lambda path, mode: False)  # root may write anywhere
    monkeypatch.setattr(batch, "stylize_with", lambda *given, **more: pytest.fail("worked"))
    with pytest.raises(impasto.PictureError, match="cannot be written"):
        run(folder)


def names(*places, ending=".png"):
    found = [ListedPicture(Path("x") / place, Path(place)) for place in places]
    return [task.result.as_posix() for task in plan_outputs(found, Path("out"), ending)]


def test_results_of_the_same_name_get_different_paths():
    assert names("a.jpg", "a.png", "b.jpg", "c/a.jpg") == [
        "out/a_jpg.png",
        "out/a_png.png",
        "out/b.png",
        "out/c/a.png",
    ]
    assert names("a.jpg", "A.JPG", "a") == ["out/a_jpg.png", "out/A_JPG-2.png", "out/a.png"]
    assert names("a.jpg", "a.png", "a_jpg.gif") == [
        "out/a_jpg.png",
        "out/a_png.png",
        "out/a_jpg-2.png",
    ]
    assert names("a.jpg", "v1.2.jpg", ending="_wave.jpg") == ["out/a_wave.jpg", "out/v1.2_wave.jpg"]
    assert names("a.jpg", "a.png") == names("a.jpg", "a.png")


def test_other_formats_are_written_and_found_again(folder):
    form = impasto.Form(".tif", bits=16)
    outcomes = run(folder, form=form)
    assert [outcome.result.name for outcome in outcomes] == ["a.tif", "b.tif", "a.tif"]
    assert statuses(run(folder, form=form)) == ["skipped"] * 3
    jpeg = impasto.Form(".jpg", quality=50)
    assert statuses(run(folder, form=jpeg)) == ["done"] * 3
    assert statuses(run(folder, form=jpeg)) == ["skipped"] * 3
