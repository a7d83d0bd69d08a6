"""Settings as a command line and back, and settings of pictures."""

import json
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image as PIL
from PIL import PngImagePlugin
from tests.studio.results import made

from impasto.cli.main import parse
from impasto.cli.paint import parse_styles
from impasto.errors import PictureError, SettingsError
from impasto.paint_settings import PaintSettings
from impasto.settings import LAYER_NAMES, Settings
from impasto.studio.page.command_line import (
    command_line,
    file_settings,
    recorded_command,
    settings_of,
)

TINY = np.full((8, 8, 3), 0.5, np.float32)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
paths = texts.filter(lambda text: not text.startswith("-") and text != "None")
few = st.lists(paths, max_size=3).map(tuple)
shares = st.lists(st.floats(0, 1e6), min_size=1, max_size=3).map(tuple).filter(any)
layers = st.lists(st.sampled_from(LAYER_NAMES), min_size=1, max_size=4, unique=True).map(tuple)
positive = st.floats(1e-9, 1e12)
values = st.fixed_dictionaries(
    {},
    optional={
        "preset": st.sampled_from(["default", "classic"]),
        "quality": st.sampled_from(["draft", "good", "best"]),
        "size": st.integers(16, 32_768),
        "height": st.none() | st.integers(16, 32_768),
        "print_mm": st.none() | st.floats(10, 2000),
        "dpi": st.floats(20, 400),
        "strength": st.floats(0, 2),
        "color": st.sampled_from(["style", "keep", "luminance", "palette"]),
        "style_weights": shares,
        "masks": few,
        "style_masks": few,
        "protect": st.none() | paths,
        "feather": st.floats(0, 0.5),
        "seamless": st.booleans(),
        "style_fit": st.sampled_from(["keep", "stretch"]),
        "content_weight": st.floats(0, 1e9),
        "tv_weight": st.floats(0, 1e-3),
        "content_layers": layers,
        "style_layers": layers,
        "style_loss": st.sampled_from(["gram", "moments", "patches"]),
        "normalization": st.sampled_from(["relative", "none"]),
        "precision": st.sampled_from(["auto", "float32"]),
        "memory": st.none() | positive,
        "tile": st.none() | st.integers(4, 100).map(lambda number: number * 16),
        "init": paths,
        "scales": st.none() | st.integers(1, 8),
        "iterations": st.integers(20, 1_000_000),
        "tolerance": st.floats(0, 0.99),
        "budget": st.none() | positive | st.sampled_from(["90s", "1m30s", "2m"]),
        "rounds": st.integers(1, 20),
        "optimizer": st.sampled_from(["lbfgs", "adam", "scipy"]),
        "learning_rate": positive,
        "seed": st.integers(0, 10**30),
        "weights": st.none() | paths,
    },
)


def as_settings(given):
    try:
        return Settings(**given)
    except SettingsError:
        assume(False)


def words_of(line):
    program, *words = split(line)
    assert program == "impasto"
    return words


def split(line):
    """Split a line like a shell, including `$'...'`."""
    if "$'" not in line:
        return shlex.split(line)
    command = f"printf '%s\\0' {line}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


@given(values)
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_a_command_line_gives_the_same_settings_back(given):
    wanted = as_settings(given)
    command = parse(words_of(command_line(wanted, "photo.jpg", ["wave.jpg"])))
    assert command.settings == wanted
    assert (command.content, command.styles) == (Path("photo.jpg"), (Path("wave.jpg"),))


@given(paths, st.lists(paths, min_size=1, max_size=3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_path_survives_the_shell(content, styles):
    command = parse(words_of(command_line(Settings(), content, styles)))
    assert command.content == Path(content)
    assert command.styles == tuple(map(Path, styles))


@given(
    st.builds(
        PaintSettings,
        size=st.none() | st.integers(16, 32_768),
        strength=st.floats(0, 2),
        keep_colors=st.booleans(),
    ),
    st.dictionaries(paths.filter(lambda text: len(text) > 1), st.floats(0, 1e9), min_size=1),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_command_that_paints_at_once_gives_the_same_back(wanted, blend):
    line = command_line(wanted, "photo.jpg", [*blend], shares=[*blend.values()])
    command = parse(words_of(line))
    assert command.settings == wanted
    assert parse_styles(command.style) == blend


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, ""),
        ({"size": 800, "strength": 0.6}, " --size 800 --strength 0.6"),
        ({"preset": "classic"}, " --preset classic"),
        ({"preset": "classic", "height": None}, " --preset classic --size 512"),
        ({"preset": "classic", "scales": None}, " --preset classic --scales None"),
        ({"quality": "best"}, " --quality best"),
        ({"quality": "best", "iterations": 135}, " --quality best --iterations 135"),
        ({"budget": "1m30s"}, " --budget 90s"),
        ({"budget": 90, "quality": "good"}, " --budget 90s --quality good"),
        ({"print_mm": 420, "dpi": 150}, " --dpi 150 --print-mm 420"),
        ({"style_loss": "patches"}, " --style-loss patches"),
        ({"masks": ("a b.png#red", "rest")}, " --masks 'a b.png#red' rest"),
        ({"init": "-x.png", "protect": "None"}, " --protect ./None --init ./-x.png"),
        ({"seamless": True, "style_weights": (1, 0.5)}, " --style-weights 1 0.5 --seamless"),
    ],
)
def test_defaults_are_omitted(given, options):
    line = command_line(Settings(**given), "photo.jpg", ["wave.jpg"])
    assert line == f"impasto stylize photo.jpg wave.jpg{options}"


def test_painting_at_once_names_its_styles_and_network():
    settings = PaintSettings(size=800, strength=0.5, stroke_size=2, keep_colors=True)
    line = command_line(settings, "-p.jpg", ["wave"], model="my.impasto")
    assert line == (
        "impasto paint ./-p.jpg --style wave --model my.impasto "
        "--size 800 --strength 0.5 --stroke-size 2 --keep-colors"
    )
    odd = parse(words_of(command_line(PaintSettings(), "p.jpg", ["ab: c.jpg"])))
    assert parse_styles(odd.style) == {"ab: c.jpg": 1.0}


def test_a_texture_has_no_photograph():
    line = command_line(Settings(seamless=True), "", ["bark.jpg"], aspect=1.5)
    command = parse(words_of(line))
    assert (command.aspect, command.settings.seamless) == (1.5, True)


def test_control_characters_are_escaped():
    name = "a\n\x1b[201~rm 'x' \\ \u202e\udcff.jpg"
    line = command_line(Settings(), name, ["b.jpg"])
    assert line.isprintable()
    done = subprocess.run(
        ["bash", "-c", f"printf %s {line.split(' ', 2)[2].rpartition(' ')[0]}"],
        capture_output=True,
        check=True,
    )
    assert done.stdout == name.encode("utf-8", "surrogateescape")


def test_settings_are_read_from_the_record(tmp_path):
    wanted = Settings(size=800, strength=0.6, preset="classic", height=None, seed=7)
    record, found = settings_of(made(TINY, settings=wanted).save(tmp_path / "a.png"))
    assert found == wanted
    assert (record.content, record.style) == ("cat.jpg", "wave")
    path = made(TINY, settings=PaintSettings(strength=0.5)).save(tmp_path / "b.jpg")
    assert settings_of(path)[1] == PaintSettings(strength=0.5)


def test_settings_that_name_files_are_omitted(tmp_path):
    (tmp_path / "sky.png").write_bytes(b"sky")
    wanted = Settings(
        masks=(str(tmp_path / "sky.png"), "rest"),
        protect="/etc/passwd",
        init="../secret.png",
        weights="/etc/shadow",
        size=800,
    )
    path = made(TINY, settings=wanted).save(tmp_path / "a.png")
    record, found = settings_of(path)
    assert found == Settings(size=800, init="content", iterations=135)
    assert file_settings(record) == ("init", "masks", "protect", "weights")
    assert "--masks sky.png rest --protect " in recorded_command(path)


def test_the_command_of_a_picture_names_its_files(tmp_path):
    from impasto.workflows.record import Input

    result = made(TINY, settings=PaintSettings(size=64))
    inputs = [
        Input(role="model", name="shipped"),
        Input(role="style", name="wave", share=0.75),
        Input(role="style", name="night.jpg", sha256="0" * 64, path="x/night.jpg", share=0.25),
    ]
    record = {**result.record, "inputs": [entry.model_dump() for entry in inputs]}
    path = replace(result, record=record).save(tmp_path / "a.png")
    assert recorded_command(path) == (
        "impasto paint cat.jpg --style wave:0.75 --style night.jpg:0.25 --size 64"
    )


def test_the_command_of_a_texture_has_its_aspect(tmp_path):
    result = made(TINY, settings=Settings(content_weight=0, init="noise"), command="texture")
    record = {**result.record, "aspect": 2.0, "content": ""}
    path = replace(result, record=record).save(tmp_path / "a.png")
    assert recorded_command(path) == ("impasto texture --aspect 2 --content-weight 0 --init noise")


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"format": 2}, PictureError, "newer Impasto"),
        ({"command": "dream\x1b[2J"}, PictureError, r"made by 'dream\\x1b\[2J', which is none of"),
        ({"settings": {"size": 1}}, SettingsError, r"settings in the record of .*size"),
        ({"settings": {"magic": 1}}, SettingsError, "no setting named magic"),
        ({"settings": {"masks": {"a": [1]}}}, SettingsError, "masks"),
        ({"settings": {"init": 5}}, SettingsError, "init"),
        ({"inputs": "none"}, PictureError, "is damaged"),
    ],
)
def test_an_invalid_record_raises_an_error(tmp_path, change, error, match):
    record = {"format": 1, "made_with": "", "command": "stylize", "settings": {}, "inputs": []}
    info = PngImagePlugin.PngInfo()
    info.add_itxt("impasto", json.dumps({**record, **change}))
    PIL.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    with pytest.raises(error, match=match):
        settings_of(tmp_path / "a.png")


def test_a_picture_without_a_record_raises_an_error(tmp_path):
    PIL.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(PictureError, match="has no record"):
        settings_of(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_text("text")
    with pytest.raises(PictureError, match="is text, not a picture"):
        settings_of(tmp_path / "b.jpg")
    with pytest.raises(PictureError, match="there is no file"):
        settings_of(tmp_path / "c.jpg")
