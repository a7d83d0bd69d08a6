"""`paint`, `styles`, `train` and `learn` from the command line, with toy networks."""

import os
import signal
import stat

import numpy as np
import pytest
import skimage.data

import impasto
from impasto.cli.main import main
from impasto.cli.paint import parse_styles
from impasto.engines.network.model import Architecture, PaintingModel, neutral_style, style_size
from impasto.engines.network.model_file import load_model, save_model
from impasto.engines.network.trunk import make_network
from impasto.errors import SettingsError
from impasto.workflows import paint as workflow
from impasto.workflows import train

TINY = Architecture((4, 4, 6, 8), blocks=1)


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((3, style_size(TINY))).astype(np.float32)
    names = ("photograph", "wave", "scream")
    styles = {name: neutral_style(TINY) + 0.5 * n for name, n in zip(names, noise, strict=True)}
    about = {"title": "A title", "painter": "A painter", "year": 1900}
    card = {"styles": {"wave": about, "scream": about}}
    return PaintingModel(TINY, tuple(make_network(TINY).get_weights()), styles, None, card)


@pytest.fixture
def folder(tmp_path, monkeypatch, model):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workflow, "shipped_model", lambda: model)
    astronaut = skimage.data.astronaut() / np.float32(255)
    (tmp_path / "photos").mkdir()
    for name, top in (("a", 0), ("b", 60)):
        impasto.write_image(f"photos/{name}.png", astronaut[top : top + 40, 160:220])
    impasto.write_image("photo.png", astronaut[60:100, 160:210])
    impasto.write_image("painting.png", impasto.sample_style("woodcut", 64))
    return tmp_path


def test_paint_writes_beside_the_photograph_and_prints_the_path(folder, capsys):
    assert main(["paint", "photo.png", "--style", "wave"]) == 0
    out, err = capsys.readouterr()
    assert out == "photo_wave.png\n" and "1/1 50x40" in err
    assert impasto.read_record("photo_wave.png")["style"] == "wave"
    assert main(["paint", "photo.png", "--style", "wave", "-o", "x.jpg", "--size", "30", "-q"]) == 0
    out, err = capsys.readouterr()
    assert out == "x.jpg\n" and not err
    assert impasto.read_image("x.jpg").shape == (24, 30, 3)


def test_stroke_size_is_an_option(folder, capsys):
    photograph = skimage.data.coffee() / np.float32(255)
    impasto.write_image("large.png", photograph[:220, :340])
    words = ["paint", "large.png", "--style", "wave", "-q", "--stroke-size"]
    assert main([*words, "4", "-o", "x.png"]) == 0
    assert impasto.read_record("x.png")["settings"]["stroke_size"] == 4
    expected = impasto.paint("large.png", "wave", stroke_size=4).image
    assert np.abs(impasto.read_image("x.png") - expected).max() < 0.01
    assert main([*words, "9", "-o", "y.png"]) == 2
    assert "stroke_size" in capsys.readouterr().err.replace("-", "_")


def test_paint_takes_folders_and_continues_after_a_bad_picture(folder, capsys):
    (folder / "photos" / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    assert main(["paint", "photos", "photo.png", "--style", "scream", "-o", "done"]) == 1
    out, err = capsys.readouterr()
    written = sorted(path.name for path in (folder / "done").iterdir())
    assert written == ["a_scream.png", "b_scream.png", "photo_scream.png"]
    assert len(out.splitlines()) == 3
    assert "c.png" in err and "1 of 4 pictures could not be painted" in err


def test_each_is_painted_once_and_keeps_its_sub_folder(folder, capsys):
    (folder / "photos" / "deeper").mkdir()
    (folder / "photos" / "a.png").rename(folder / "photos" / "deeper" / "b.png")
    (folder / "list.txt").write_text("photos/b.png\nphoto.png\n")
    words = ["paint", "photos", "list.txt", "--style", "wave", "-o", "done", "-q"]
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"done/{name}_wave.png" for name in ("b", "deeper/b", "photo")
    ]


def test_an_interrupt_says_how_many_pictures_there_are(folder, capsys, monkeypatch):
    replace = os.fsync

    def interrupt_the_second(descriptor):  # while writing; the first's folder is synced, too
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if is_file and (folder / "done" / "a_wave.png").exists():
            raise KeyboardInterrupt
        replace(descriptor)

    monkeypatch.setattr(os, "fsync", interrupt_the_second)
    assert main(["paint", "photos", "--style", "wave", "-o", "done"]) == 130
    assert "interrupted; 1 of 2 are painted" in capsys.readouterr().err
    assert [path.name for path in (folder / "done").iterdir()] == ["a_wave.png"]


def test_styles_mix_on_the_command_line(folder, capsys):
    words = ["paint", "photo.png", "--style", "wave:0.6", "--style", "scream:0.4", "-o", "m.png"]
    assert main(words) == 0
    assert impasto.read_record("m.png")["style"] == "wave:0.6, scream:0.4"


def test_learn_does_not_write_a_model_into_a_picture(folder, capsys):
    assert main(["learn", "painting.png", "-o", "photo.png", "-f"]) == 2
    assert "must end in .impasto" in capsys.readouterr().err
    assert impasto.read_image("photo.png").shape == (40, 50, 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["photo.png"], "--style is missing"),
        (["--style", "wave"], "give at least one photograph"),
        (["photo.png", "--style", "waves"], "no style 'waves'"),
        (["photo.png", "--style", "wave:much"], "expected a share after the colon"),
        (["photo.png", "--style", "wave", "--strength", "3"], "strength"),
        (["photo.png", "--style", "wave", "--jpeg-quality", "0"], "--jpeg-quality"),
        (["photos", "--style", "wave", "-o", "one.png"], "several results need a folder"),
        (["photos", "--style", "wave", "-o", "photos"], "among the photographs"),
    ],
)
def test_wrong_usage_is_named(folder, capsys, words, message):
    assert main(["paint", *words]) == 2
    err = " ".join(capsys.readouterr().err.split())
    assert message in err and "Traceback" not in err


def test_nothing_is_overwritten_unasked(folder, capsys):
    words = ["paint", "photo.png", "--style", "wave", "-o", "photo.png"]
    assert main(words) == 1
    assert "exists already" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0


def test_styles_lists_names_and_painters(folder, capsys):
    assert main(["styles", "-o", "sheet.png"]) == 0
    out = capsys.readouterr().out
    facts = impasto.styles()["wave"]
    place = impasto.style_painting("wave")
    for word in (*" ".join(facts[key] for key in ("title", "painter", "year")).split(), "yes"):
        assert word in out
    assert f"The paintings are in {place.parent}" in out and out.endswith("sheet.png\n")
    assert impasto.read_image("sheet.png").shape[1] > 900


def test_the_sheet_shows_the_painting_of_each_style(folder, capsys):
    assert main(["styles", "-o", "sheet.png"]) == 0
    sheet = impasto.read_image("sheet.png")
    scream = impasto.read_image(impasto.style_painting("scream"))
    shown = sheet[8 + 320 - 40 : 8 + 320 - 4, 8 + 3 * 328 - 8 - 40 : 8 + 3 * 328 - 8 - 4]
    corner = scream[-int(0.34 * scream.shape[0]) :, -int(0.44 * scream.shape[1]) :]
    assert np.abs(shown.mean((0, 1)) - corner.mean((0, 1))).max() < 0.06


def test_styles_of_one_s_own_network_have_no_paintings(folder, capsys, model):
    save_model(model, "own.impasto")
    assert main(["styles", "--model", "own.impasto", "-o", "own.png"]) == 0
    out = capsys.readouterr().out
    for word in ("A title", "A painter", "1900", "no"):
        assert word in out
    assert "The paintings" not in out
    assert main(["styles", "-o", "shipped.png"]) == 0
    plain, shown = impasto.read_image("own.png"), impasto.read_image("shipped.png")
    assert plain.shape == shown.shape and np.abs(plain - shown).mean() > 0.01


def test_shares_and_drives_are_distinguished():
    assert parse_styles(("wave",)) == "wave"
    assert parse_styles(("wave:2",)) == {"wave": 2.0}
    assert parse_styles(("wave", "scream:3")) == {"wave": 1.0, "scream": 3.0}
    assert parse_styles(("C:/pictures/a.jpg",)) == "C:/pictures/a.jpg"
    with pytest.raises(SettingsError, match="share"):
        parse_styles(("wave:x", "scream"))


def test_an_interrupted_training_is_resumed_exactly(folder, capsys, monkeypatch):
    toy = ["--widths", "4", "4", "6", "8", "--blocks", "1", "--crop", "32", "--batch", "1"]
    toy += ["--steps", "4", "--preview-every", "2", "-q"]
    write = train.write_image

    def interrupt(path, image):
        os.kill(os.getpid(), signal.SIGINT)  # in the middle of the second step's work
        return write(path, image)

    monkeypatch.setattr(train, "write_image", interrupt)
    former = signal.getsignal(signal.SIGINT)
    assert main(["train", "photos", "painting.png", "-o", "parts", *toy]) == 130
    assert "interrupted after step 2; add --resume to continue" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is former
    monkeypatch.setattr(train, "write_image", write)
    assert main(["train", "photos", "painting.png", "-o", "parts", "--resume", *toy]) == 0
    assert main(["train", "photos", "painting.png", "-o", "whole", *toy]) == 0
    assert (folder / "parts/losses.csv").read_text() == (folder / "whole/losses.csv").read_text()


def test_a_predictor_is_taught_from_the_command_line(folder, capsys, model):
    save_model(model, "toy.impasto")
    words = ["train", "photos", "-o", "run", "--model", "toy.impasto", "--others", "paintings"]
    words += ["--crop", "32", "--batch", "1", "--steps", "2", "--others-share", "0"]
    (folder / "paintings").mkdir()
    impasto.write_image("paintings/a.png", impasto.sample_style("mosaic", 64))
    impasto.write_image("paintings/b.png", impasto.sample_style("swirls", 64))
    assert main(words) == 0
    assert "a predictor from 2 paintings" in capsys.readouterr().err
    assert load_model("run/model.impasto").predictor is not None
    words = ["paint", "photo.png", "--model", "run/model.impasto", "--style", "painting.png"]
    assert main(words) == 0
    (folder / "run" / "state.npz").unlink()
    again = ["train", "photos", "painting.png", "-o", "run", "--model", "run/model.impasto"]
    assert main(again) == 1
    assert "the training would replace it" in capsys.readouterr().err


def test_train_then_paint_then_learn(folder, capsys, model):
    toy = ["--widths", "4", "4", "6", "8", "--blocks", "1", "--crop", "32", "--batch", "1"]
    words = ["train", "photos", "painting.png", "-o", "run", "--steps", "2", *toy]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out == "run/model.impasto\n" and "step 2/2" in err and "1 style(s)" in err
    assert main(words) == 1
    assert "holds a training already" in capsys.readouterr().err
    assert main(["paint", "photo.png", "--style", "run/model.impasto", "-o", "p.png"]) == 0
    assert main(["styles", "--model", "run/model.impasto"]) == 0
    assert "painting" in capsys.readouterr().out
    save_model(model, "toy.impasto")
    learn = ["learn", "painting.png", "--model", "toy.impasto", "--steps", "1"]
    assert main([*learn, "--photographs", "photos", "-q"]) == 1  # smaller than its crops
    assert "smaller than the crops of 256" in capsys.readouterr().err
    assert main([*learn, "-q"]) == 0
    assert capsys.readouterr().out == "painting.impasto\n"
    assert list(load_model("painting.impasto").styles) == ["photograph", "painting"]
    assert impasto.read_image("painting_preview.png").ndim == 3
    assert main([*learn, "-q"]) == 1
    assert "exists already" in capsys.readouterr().err
