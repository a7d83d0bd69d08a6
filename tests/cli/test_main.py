"""The command line called as a function: files, output and errors."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PIL
from tests.toy import SHALLOW_OPTIONS

import impasto
from impasto.cli.main import main

DEEP = ("--size", "48", "--scales", "1", "--iterations", "4")
TINY = (*DEEP, *SHALLOW_OPTIONS)
LAYERS = ["block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1"]


@pytest.fixture(autouse=True)
def _same_environment():
    """Restore the environment that the command line changes by `tune_process`."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder with a photograph and a painting."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, shape in (("photo.png", (4, 6)), ("painting.png", (8, 8))):
        colors = rng.integers(0, 256, (*shape, 3)).repeat(8, axis=0).repeat(8, axis=1)
        PIL.fromarray(colors.astype(np.uint8)).save(tmp_path / name)
    return tmp_path


def stylize(*options, content="photo.png", style="painting.png"):
    return main(["stylize", content, style, *TINY, *options])


def names(folder):
    return {path.name for path in folder.iterdir()}


def complaint(capsys):
    """Return the message of a failed command, after checking its form."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("impasto: ") and err.endswith("\n")
    assert err.count("\n") == 1 and "Traceback" not in err
    assert len(re.split(r"[.!?] [A-Z]", err)) <= 2
    return err


def refusal(capsys):
    """Return the parser's error message without frame and line breaks."""
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err
    return " ".join(re.sub("[─│╭╮╰╯]", " ", err).split())


def test_stylize_writes_the_result_and_prints_only_its_path(folder, capsys):
    assert stylize("-o", "out.png") == 0
    out, err = capsys.readouterr()
    assert out == "out.png\n"
    assert "evaluation 0/4" in err and "loss" in err and "48x32" in err
    assert names(folder) == {"photo.png", "painting.png", "out.png"}
    assert impasto.read_image("out.png").shape == (32, 48, 3)
    record = impasto.read_record("out.png")
    assert record["content"] == "photo.png" and record["style"] == "painting.png"
    assert record["settings"]["size"] == 48 and record["iterations"] == 4


def test_without_a_terminal_progress_is_plain_lines(capsys):
    assert stylize("-o", "out.png") == 0
    err = capsys.readouterr().err
    assert "\x1b" not in err and "\r" not in err
    warning, plan, progress = err.splitlines()
    assert warning.startswith("impasto: warning: painting.png is small")
    assert plan.startswith("48x32 in 1 scale") and "evaluation 0/4" in progress


def test_the_default_name_is_free_and_beside_the_content(folder, capsys):
    (folder / "album").mkdir()
    (folder / "photo.png").rename(folder / "album/photo.png")
    content = str(Path("album/photo.png"))
    for expected in ("photo_painting.png", "photo_painting-2.png"):
        assert stylize("-q", content=content) == 0
        assert capsys.readouterr().out.strip() == str(Path("album", expected))
    assert names(folder / "album") == {"photo.png", "photo_painting.png", "photo_painting-2.png"}
    assert names(folder) == {"album", "painting.png"}


def test_a_file_that_exists_is_left_alone_without_force(folder, capsys):
    (folder / "out.png").write_bytes(b"precious")
    assert stylize("-o", "out.png") == 1
    message = complaint(capsys)
    assert "out.png exists" in message and "--force" in message
    assert (folder / "out.png").read_bytes() == b"precious"
    assert stylize("-o", "out.png", "--force", "-q") == 0
    assert impasto.read_image("out.png").shape == (32, 48, 3)


def test_an_early_picture_that_exists_is_left_alone_without_force(folder, capsys):
    (folder / "out_at_iteration_4.png").write_bytes(b"precious")
    assert stylize("-o", "out.png", "--save-every", "2") == 1
    assert "out_at_iteration_4.png exists" in complaint(capsys)
    assert "out.png" not in names(folder)


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_quiet_shows_nothing_but_the_path(capsys, option):
    assert stylize("-o", "out.png", option) == 0
    assert capsys.readouterr() == ("out.png\n", "")


@pytest.mark.filterwarnings("default")
def test_warnings_are_said_in_one_line_and_not_when_quiet(folder, capsys):
    PIL.open("photo.png").save("odd.png", icc_profile=b"nonsense")
    assert stylize("-o", "a.gif", content="odd.png") == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("impasto: warning: the colour profile is ignored")
    assert "a.gif" in second
    assert stylize("-o", "a.gif", "-q", content="odd.png") == 1
    assert "a.gif" in complaint(capsys)


def test_save_every_writes_the_picture_after_every_so_many_evaluations(folder, capsys):
    assert stylize("-o", "out.jpg", "--save-every", "2", "-q") == 0
    assert capsys.readouterr().out == "out.jpg\n"
    early = {"out_at_iteration_2.png", "out_at_iteration_4.png"}
    assert names(folder) == {"photo.png", "painting.png", "out.jpg", *early}
    assert impasto.read_record("out_at_iteration_2.png")["iterations"] == 2
    assert impasto.read_image("out_at_iteration_2.png").shape == (32, 48, 3)


def test_classic_writes_a_picture_after_each_round_with_loss_and_time(folder, capsys):
    words = ["stylize", "photo.png", "painting.png", "--preset", "classic", "-o", "out.png"]
    assert main([*words, "--height", "32", "--rounds", "2", "--iterations", "4"]) == 0
    out, err = capsys.readouterr()
    assert out == "out.png\n"
    early = ["out_at_iteration_0.png", "out_at_iteration_1.png"]
    assert names(folder) == {"photo.png", "painting.png", "out.png", *early}
    for number, name in enumerate(early, 1):
        assert re.search(rf"round {number}: loss \S+, \d+\.\d s, saved as {name}", err)
        assert impasto.read_image(name).shape == (32, 48, 3)
    losses = [float(loss) for loss in re.findall(r"round \d: loss (\S+),", err)]
    assert losses[1] <= losses[0]
    assert np.array_equal(impasto.read_image("out.png"), impasto.read_image(early[1]))


@pytest.mark.parametrize(
    ("name", "options", "kind", "mode"),
    [
        ("out.jpg", ["--jpeg-quality", "80"], "JPEG", "RGB"),
        ("out.webp", [], "WEBP", "RGB"),
        ("out.TIFF", [], "TIFF", "RGB"),
        ("out.tif", ["--bits", "16"], "TIFF", None),
    ],
)
def test_every_format_comes_out(name, options, kind, mode):
    assert stylize("-o", name, "-q", *options) == 0
    assert impasto.read_image(name).shape == (32, 48, 3)
    assert impasto.read_record(name)["content"] == "photo.png"
    with PIL.open(name) as image:
        assert image.format == kind
        assert mode is None or image.mode == mode


def test_sixteen_bits_hold_more_than_eight():
    assert stylize("-o", "out.tif", "--bits", "16", "-q") == 0
    values = impasto.read_image("out.tif") * 255
    assert np.abs(values - np.round(values)).mean() > 0.1


def test_transparency_of_the_content_is_kept(folder):
    image = PIL.open("photo.png").convert("RGBA")
    mask = np.zeros((32, 48), np.uint8)
    mask[:, 24:] = 255
    image.putalpha(PIL.fromarray(mask))
    image.save("cut.png")
    assert stylize("-o", "out.png", "-q", content="cut.png") == 0
    alpha = impasto.read_picture("out.png").alpha
    assert np.array_equal(alpha, mask / np.float32(255))


def test_a_grey_content_is_painted_in_color(folder):
    PIL.open("photo.png").convert("L").save("grey.png")
    assert stylize("-o", "out.png", "-q", content="grey.png") == 0
    assert np.ptp(impasto.read_image("out.png"), axis=2).max() > 0.01


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("absent/out.png", "no folder absent"),
        ("out.gif", ".png, .jpg"),
        ("out", ".png, .jpg"),
        (".", "expected one of"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(folder, capsys, output, hint):
    before = names(folder)
    assert stylize("-o", output) == 1
    assert hint in complaint(capsys)
    assert names(folder) == before


def test_a_folder_in_the_place_of_the_output_is_refused(folder, capsys):
    (folder / "out.png").mkdir()
    assert stylize("-o", "out.png", "--force") == 1
    assert "is a folder" in complaint(capsys)


@pytest.mark.parametrize("missing", ["content", "style"])
def test_a_missing_file_is_named(capsys, missing):
    assert stylize(**{missing: "absent.jpg"}) == 1
    assert "no file absent.jpg" in complaint(capsys)


def test_a_missing_starting_picture_is_named(capsys):
    assert stylize("--init", "absent.jpg", "-q") == 1
    assert "no file absent.jpg" in complaint(capsys)


def test_a_file_that_is_no_picture_is_named(folder, capsys):
    (folder / "diary.jpg").write_text("Dear diary, this is no picture.")
    assert stylize(content="diary.jpg") == 1
    message = complaint(capsys)
    assert "diary.jpg" in message and "is text, not a picture" in message


@pytest.mark.parametrize("which", ["content", "style"])
def test_a_picture_too_thin_is_refused_with_the_size_it_would_have(capsys, which):
    PIL.new("RGB", (480, 40), "red").save("thin.png")
    assert stylize(**{which: "thin.png"}) == 1
    message = complaint(capsys)
    assert "48x4" in message and "16 pixels" in message and "crop" in message


def test_a_picture_above_the_limit_names_the_option(capsys):
    assert stylize("--max-pixels", "100") == 1
    assert "--max-pixels" in complaint(capsys)
    assert stylize("--max-pixels", "10000", "-o", "out.png", "-q") == 0


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ("--size 3", "size: input should be greater than or equal to 16, got 3"),
        ("--iterations -1", "iterations"),
        ("--iterations 2 --rounds 3", "rounds is 3"),
        ("--style-scale 99", "style_scale"),
        ("--content-weight -1", "content_weight"),
        ("--style-layer-weights 1 2", "style_layer_weights has 2 values"),
        ("--content-layers block4_conv2 block4_conv2", "twice"),
        ("--jpeg-quality 0", "--jpeg-quality must be from 1 to 100"),
        ("--save-every -1", "--save-every"),
        ("--bits 16", "--bits 16 needs a .tif"),
        ("--threads 0", "--threads must be at least 1"),
        ("--device gpu", "--device must be cpu, cuda, cuda:1"),
        ("--budget soon", "budget: must be a duration such as 90s, 2m or 1m30s"),
        ("--budget 0", "budget: must be longer than 0 s"),
        ("--print-mm wide", "print_mm: "),
        ("--print-mm 420 --size 600", "leave out one of them"),
        ("--print-mm 420 --height 600", "leave out one of them"),
        ("--dpi 150", "print_mm is missing"),
        ("--memory 0", "memory"),
        ("--tile 100", "tile: input should be a multiple of 16"),
    ],
)
def test_a_value_out_of_range_is_wrong_usage(folder, capsys, options, hint):
    before = names(folder)
    assert main(["stylize", "photo.png", "painting.png", *options.split()]) == 2
    assert hint in complaint(capsys)
    assert names(folder) == before


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("stylize photo.png painting.png --wrong 3", "--wrong"),
        ("stylize photo.png", "STYLE"),
        ("stylize photo.png painting.png --size big", "--size"),
        ("stylize photo.png painting.png --optimizer newton", "'lbfgs', 'adam', 'scipy'"),
        ("stylize photo.png painting.png --preset grand", "'default', 'classic'"),
        ("stylize photo.png painting.png --bits 12", "'8', '16'"),
        ("score photo.png --content photo.png", "--style"),
        ("draw photo.png painting.png", "styles, learn, train, make-pairs"),
    ],
)
def test_words_that_mean_nothing_are_wrong_usage(capsys, words, hint):
    assert main(words.split()) == 2
    assert hint in refusal(capsys)


@pytest.mark.parametrize(
    ("words", "time"),
    [
        ([], r"about \d+ (s|min)"),
        (["--iterations", "200"], r"at most about \d+ (s|min)"),
        (["--budget", "2m"], "at most 2 min"),
    ],
)
def test_the_plan_has_size_precision_memory_and_time(capsys, words, time):
    assert stylize("-o", "out.png", "--precision", "float32", *words) == 0
    assert re.search(
        rf"48x32 in 1 scale\(s\), computed in float32, memory about \d\.\d GB, {time}\n",
        capsys.readouterr().err,
    )


@pytest.mark.parametrize(
    ("words", "pixels", "iterations"),
    [
        ("--print-mm 420 --dpi 300", 4961, 107),
        ("--print-mm=420", 4961, 107),
        ("--print_mm 254 --dpi=100 --quality draft", 1000, 60),
        ("--preset classic --print-mm 254", 3000, 400),
        ("--print-mm None --size 300", 300, 107),
    ],
)
def test_a_print_sets_the_size(words, pixels, iterations):
    from impasto.cli import main

    settings = main.parse(["stylize", "photo.png", "painting.png", *words.split()]).settings
    assert (settings.size, settings.height) == (pixels, None)
    assert settings.iterations == iterations


def test_a_preset_may_be_given_with_a_style_loss_that_its_normalization_excludes():
    from impasto.cli import main

    words = "--preset classic --style-loss moments --normalization relative"
    settings = main.parse(["stylize", "photo.png", "painting.png", *words.split()]).settings
    assert (settings.preset, settings.normalization) == ("classic", "relative")
    assert settings.changed(size=300) == settings.changed(size=200).changed(size=300)
    assert settings.changed(style_loss="gram", normalization="none").normalization == "none"


def test_a_print_is_written_with_its_resolution(folder, capsys):
    words = ["stylize", "photo.png", "painting.png", "--quality", "draft", "-o", "out.png"]
    assert main([*words, "--print-mm", "8.128", "--dpi", "150", *SHALLOW_OPTIONS]) == 0
    assert "8x5 mm at 150 dpi, 48x32 in 1 scale(s)" in capsys.readouterr().err
    with PIL.open("out.png") as image:
        assert image.size == (48, 32)
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.02)


def test_a_picture_that_does_not_fit_into_memory_is_refused_with_what_to_do(folder, capsys):
    assert stylize("-o", "out.png", "-q", "--memory", "0.1") == 1
    assert "raise memory" in complaint(capsys)
    assert "out.png" not in names(folder)


def test_tiles_paint_what_the_whole_does(folder):
    words = ["stylize", "photo.png", "painting.png", *DEEP, "-q"]
    words += ["--size", "144", "--precision", "float32"]
    assert main([*words, "-o", "whole.png"]) == 0
    assert main([*words, "-o", "tiled.png", "--tile", "64"]) == 0
    whole, tiled = (impasto.read_image(name) for name in ("whole.png", "tiled.png"))
    assert np.abs(whole - tiled).mean() < 1e-3
    assert np.abs(whole - tiled).max() < 0.05


@pytest.mark.parametrize("word", ["--budget=2h", "--budget 2h", "--quality best"])
def test_a_budget_or_a_quality_changes_the_iterations(monkeypatch, word):
    from impasto.cli import main

    command = main.parse(["stylize", "photo.png", "painting.png", *word.split()])
    assert command.settings.iterations == impasto.Settings(quality="best").iterations
    command = main.parse(["stylize", "a", "b", *word.split(), "--iterations", "7"])
    assert command.settings.iterations == 7


def test_a_run_within_a_budget_reaches_its_size(folder):
    words = ["stylize", "photo.png", "painting.png", "-o", "out.png", "-q", "--size", "48"]
    assert main([*words, "--budget", "3s", "--quality", "draft"]) == 0
    assert impasto.read_image("out.png").shape == (32, 48, 3)


def test_weights_that_are_none_name_the_ways_out(folder, capsys):
    (folder / "weights.h5").write_bytes(b"nonsense")
    for name, hint in (("weights.h5", "damaged or of another kind"), ("absent.h5", "no weights")):
        assert stylize("--weights", name, "-o", "out.png", "-q") == 1
        message = complaint(capsys)
        assert hint in message and name in message and "--weights" in message


def test_a_loss_that_is_not_finite_is_said(folder, capsys):
    options = ("--style-weight", "1e36", "--normalization", "none")
    assert stylize("-o", "out.png", "-q", *options) == 1
    assert "not finite" in complaint(capsys)
    assert "out.png" not in names(folder)


def test_debug_adds_the_traceback_and_keeps_the_exit_code(capsys):
    assert stylize("--debug", content="absent.png") == 1
    err = capsys.readouterr().err
    assert "Traceback" in err and "PictureError" in err
    assert err.splitlines()[-1].startswith("impasto: there is no file absent.png")
    assert main(["stylize", "photo.png", "painting.png", "--size", "3", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_writes_the_picture_so_far(folder, capsys, monkeypatch):
    real = os.fsync

    def interrupt_once(descriptor):
        monkeypatch.setattr(os, "fsync", real)
        os.kill(os.getpid(), signal.SIGINT)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", interrupt_once)
    assert stylize("-o", "out.png", "--save-every", "2", "-q") == 130
    message = complaint(capsys)
    assert "interrupted at evaluation 2 of 4" in message
    assert "48x32" in message and "out.png" in message
    assert impasto.read_image("out.png").shape == (32, 48, 3)
    assert names(folder) == {"photo.png", "painting.png", "out.png"}


def test_an_interrupt_while_the_result_is_written_does_not_lose_it(folder, capsys, monkeypatch):
    real = os.fsync

    def interrupt(descriptor):
        os.kill(os.getpid(), signal.SIGINT)
        real(descriptor)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(os, "fsync", interrupt)
    assert stylize("-o", "out.png", "-q") == 0
    assert capsys.readouterr() == ("out.png\n", "")
    assert impasto.read_record("out.png")["iterations"] == 4
    assert signal.getsignal(signal.SIGINT) is before


def test_a_full_disk_is_said_and_leaves_nothing(folder, capsys, monkeypatch):
    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    assert stylize("-o", "out.png", "-q") == 1
    assert "No space left on device" in complaint(capsys)
    assert names(folder) == {"photo.png", "painting.png"}


def score(capsys, *options, picture="photo.png"):
    words = ["score", picture, "--content", "photo.png", "--style", "painting.png", "--json"]
    assert main([*words, *options]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_score_has_its_keys_and_the_content_scores_best(capsys):
    scored = score(capsys)
    losses = ["content", "style", "tv", "total"]
    assert list(scored) == [*losses, "layers", "distances", "ssim", "width", "height"]
    assert scored["content"] == 0
    assert scored["ssim"] == 1
    assert (scored["width"], scored["height"]) == (48, 32)
    assert list(scored["layers"]["style"]) == list(scored["distances"]["style"]) == LAYERS
    assert list(scored["layers"]["content"]) == ["block4_conv2"]


@pytest.mark.parametrize("preset", ["default", "classic"])
def test_the_losses_of_a_score_add_up(capsys, preset):
    scored = score(capsys, "--preset", preset, picture="painting.png")
    assert scored["content"] > 0
    assert scored["content"] + scored["style"] + scored["tv"] == pytest.approx(
        scored["total"], rel=1e-5
    )
    for kind in ("content", "style"):
        assert sum(scored["layers"][kind].values()) == pytest.approx(scored[kind], rel=1e-5)


@pytest.mark.parametrize("preset", ["default", "classic"])
def test_at_the_height_that_the_pictures_have_nothing_is_resampled(capsys, preset):
    noise = np.random.default_rng(1).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    PIL.fromarray(noise).save("noise.png")
    own = score(capsys, "--preset", preset, picture="noise.png")
    assert score(capsys, "--preset", preset, "--height", "32", picture="noise.png") == own
    other = score(capsys, "--preset", preset, "--height", "40", picture="noise.png")
    assert (other["width"], other["height"]) == (60, 40)
    assert other["total"] != own["total"]


def test_score_prints_a_table(capsys):
    assert main(["score", "photo.png", "--content", "photo.png", "--style", "painting.png"]) == 0
    out = capsys.readouterr().out
    for word in ("48x32", "content", "style", "block5_conv1", "tv", "total", "ssim"):
        assert word in out


def test_score_refuses_a_picture_too_small(capsys):
    PIL.new("RGB", (15, 40)).save("small.png")
    words = ["score", "small.png", "--content", "photo.png", "--style", "painting.png"]
    assert main(words) == 1
    assert "15x40" in complaint(capsys)


def test_the_doctor_says_what_there_is(capsys):
    assert main(["doctor"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for word in ("impasto", "Python", "backend", "device", "weights", "speed", "no problems found"):
        assert word in out


def test_the_doctor_speaks_json(capsys):
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == [
        "system", "python", "versions", "places", "backend", "device", "devices", "threads",
        "weights", "timing", "problems", "advice",
    ]  # fmt: skip
    assert report["problems"] == []
    assert set(report["weights"]) == {"path", "source", "md5", "known"}
    assert report["timing"]["seconds_per_evaluation"] > 0
    assert report["versions"]["impasto"] == version("impasto")


@pytest.mark.parametrize("name", ["absent.h5", "photo.png"])
def test_the_doctor_says_what_to_do_about_wrong_weights(capsys, name):
    assert main(["doctor", "--weights", name]) == 1
    out, err = capsys.readouterr()
    assert re.search(rf"problem .*{name}.*--weights or IMPASTO_VGG19", out)
    assert "no problems found" not in out
    assert err == "impasto: 1 problem(s) found, see above\n"
    assert main(["doctor", "--json", "--weights", name]) == 1
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 1


@pytest.mark.parametrize("kind", ["swirls", "mosaic", "woodcut"])
def test_a_sample_style_is_drawn(folder, capsys, kind):
    assert main(["sample-style", kind, "--size", "64"]) == 0
    assert capsys.readouterr() == (f"{kind}.png\n", "")
    assert impasto.read_image(f"{kind}.png").shape == (48, 64, 3)
    assert main(["sample-style", kind, "--size", "64"]) == 1
    assert "--force" in complaint(capsys)
    assert main(["sample-style", kind, "--size", "64", "--seed", "3", "-o", "other.webp"]) == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("fresco", "swirls, mosaic, woodcut"),
        ("swirls --size 3", "64..4096"),
        ("swirls --size 99999", "64..4096"),
        ("swirls --seed -1", "seed"),
    ],
)
def test_a_sample_style_that_there_is_not_is_wrong_usage(folder, capsys, words, hint):
    before = names(folder)
    assert main(["sample-style", *words.split()]) == 2
    assert hint in complaint(capsys)
    assert names(folder) == before


@pytest.mark.parametrize(("style", "painting"), [("wave", "wave.jpg"), ("woodcut", "woodcut.png")])
def test_the_demo_paints_by_both_routes_and_puts_all_on_one_sheet(folder, capsys, style, painting):
    words = ["demo", "--size", "24", "--style", style, "--budget", "1s", "-o", "deep/demo"]
    assert main(words) == 0
    made = [f"chelsea_{style}{ending}.png" for ending in ("_at_once", "", "_sheet")]
    assert capsys.readouterr().out.splitlines() == [str(Path("deep/demo") / name) for name in made]
    assert names(folder / "deep/demo") == {"chelsea.png", painting, *made}
    at_once, painted, sheet = (impasto.read_image(folder / "deep/demo" / name) for name in made)
    assert at_once.shape == painted.shape == (16, 24, 3)
    records = [impasto.read_record(folder / "deep/demo" / name) for name in made[:2]]
    assert [record["command"] for record in records] == ["paint", "stylize"]
    assert Path(records[1]["settings"]["init"]).name == made[0]
    assert sheet.shape[0] == 8 + 16 + 8
    assert main(words) == 1
    assert "--force" in complaint(capsys)


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        ("demo --style fresco", 2, "swirls, mosaic, woodcut, "),
        ("demo --size 3", 2, "size"),
        ("demo --budget soon", 2, "budget"),
        ("demo -o photo.png", 1, "cannot create the folder photo.png"),
    ],
)
def test_a_demo_that_cannot_be_is_refused_before_work(folder, capsys, words, code, hint):
    before = names(folder)
    assert main(words.split()) == code
    assert hint in complaint(capsys)
    assert names(folder) == before


@pytest.mark.parametrize("words", ["", "--help", "-h"])
def test_help_names_the_commands(capsys, words):
    assert main(words.split()) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for command in ("stylize", "score", "doctor", "demo", "sample-style"):
        assert command in out


@pytest.mark.parametrize("command", ["stylize", "score", "doctor", "demo", "sample-style"])
def test_each_command_has_help(capsys, command):
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"usage: impasto {command}" in out and "--backend" in out


def test_help_shows_every_setting_with_the_defaults_of_the_preset(capsys):
    assert main(["stylize", "--help"]) == 0
    out = capsys.readouterr().out
    for name in impasto.Settings.model_fields:
        assert f"--{name.replace('_', '-')}" in out
    assert main(["stylize", "--preset", "classic", "--help"]) == 0
    assert "(default: scipy)" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_that_of_the_package(capsys, word):
    assert main([word]) == 0
    assert capsys.readouterr() == (f"impasto {version('impasto')}\n", "")


def test_every_error_is_a_message_without_a_traceback(capsys, monkeypatch):
    def fail(*args, **options):
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(os, "access", fail)
    assert stylize("-o", "out.png") == 1
    message = complaint(capsys)
    assert "RuntimeError: first line" in message and "--debug" in message


def test_too_little_memory_is_said_with_what_to_do(capsys, monkeypatch):
    def fail(*args, **options):
        raise MemoryError

    monkeypatch.setattr(os, "access", fail)
    assert stylize("-o", "out.png") == 1
    assert "out of memory; take a smaller --size" in complaint(capsys)


def test_arguments_come_from_the_process_when_none_are_given(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["impasto", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("impasto ")


@pytest.mark.parametrize("name", ["a\nb.png", "a\x1b[31mb.png", "a\u202eb.png", "a\r.png"])
def test_names_that_a_terminal_would_obey_are_shown_as_escapes(name, capsys):
    assert stylize("-o", "out.png", content=name) == 1
    message = complaint(capsys)
    assert repr(name)[1:-1] in message and name not in message


def test_what_the_system_says_of_a_file_is_said_in_a_sentence(capsys):
    assert main(["make-pairs", ".", "painting.png", "-o", "x" * 300]) == 1
    assert "File name too long; choose another name or folder" in complaint(capsys)


def test_a_very_long_name_does_not_fill_the_screen_with_a_message(capsys):
    assert stylize("-o", "out.png", content="x" * 5000) == 1
    message = complaint(capsys)
    assert len(message) < 1600 and "File name too long" in message


def test_the_colours_of_a_palette_are_planned_as_one_scale(capsys):
    words = ["stylize", "photo.png", "painting.png", "-o", "out.png", "--color", "palette"]
    assert main([*words, "--size", "256", *SHALLOW_OPTIONS]) == 0
    assert "in 1 scale(s)" in capsys.readouterr().err
