"""Settings: presets, validation, and error messages."""

from __future__ import annotations

import json
import pickle

import pytest

from impasto.errors import ImpastoError, SettingsError
from impasto.presets import CLASSIC, PRESETS
from impasto.settings import LAYER_NAMES, STYLE_LAYERS, Settings


def refused(**values):
    with pytest.raises(SettingsError) as caught:
        Settings(**values)
    return str(caught.value)


def test_the_classic_preset_is_the_reference_procedure():
    settings = Settings(preset="classic")
    assert settings.height == 400
    assert (settings.content_layers, settings.content_weight) == (("block5_conv2",), 0.025)
    assert (settings.style_layers, settings.style_weight) == (STYLE_LAYERS, 1.0)
    assert settings.tv_weight == 1e-4
    assert (settings.optimizer, settings.rounds, settings.iterations) == ("scipy", 20, 400)
    assert (settings.init, settings.scales, settings.normalization) == ("content", 1, "none")
    assert (settings.padding, settings.pooling) == ("zeros", "max")
    assert (settings.style_fit, settings.resampling) == ("stretch", "nearest")


def test_presets_name_only_settings_and_valid_values():
    for name, values in PRESETS.items():
        assert set(values) <= set(Settings.model_fields)
        assert Settings(preset=name).preset == name


def test_a_value_beats_its_preset():
    settings = Settings(preset="classic", height=64, optimizer="adam")
    assert (settings.height, settings.optimizer) == (64, "adam")
    assert settings.content_weight == CLASSIC["content_weight"]


def test_there_are_sixteen_layers_and_style_takes_the_first_of_each_block():
    assert len(LAYER_NAMES) == 16
    assert [name for name in LAYER_NAMES if name.endswith("conv1")] == list(STYLE_LAYERS)


def test_every_knob_has_a_help_text():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 15),
        ("size", 32769),
        ("height", 0),
        ("style_scale", 0.01),
        ("content_weight", -0.1),
        ("style_weight", float("nan")),
        ("tv_weight", "much"),
        ("print_mm", -1),
        ("print_mm", "wide"),
        ("dpi", 0),
        ("scales", 0),
        ("scales", 9),
        ("iterations", -1),
        ("rounds", 0),
        ("history", 0),
        ("learning_rate", 0),
        ("seed", -1),
        ("init", ""),
        ("optimizer", "sgd"),
        ("pooling", "min"),
        ("padding", "mirror"),
        ("preset", "modern"),
        ("size", None),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_name_and_itself(name, value):
    text = refused(**{name: value})
    assert text.startswith(f"{name}: ")
    assert text.endswith(f"got {value!r}")


def test_an_unknown_layer_is_refused_with_those_there_are():
    text = refused(style_layers=("block1_conv1", "block9_conv1"))
    assert "style_layers" in text
    assert "block9_conv1" in text
    assert "block5_conv4" in text


def test_an_unknown_setting_is_refused_with_those_there_are():
    text = refused(colour=True)
    assert "no setting named colour" in text
    assert all(name in text for name in Settings.model_fields)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"style_layers": ()}, "at least one layer"),
        ({"content_layers": ()}, "at least one layer"),
        ({"style_layers": ("block1_conv1",) * 2}, "style_layers names a layer twice"),
        ({"style_layer_weights": (1, 2)}, "has 2 values, but needs one for each of the 5"),
        ({"style_layer_weights": (0,) * 5}, "not all of them zero"),
        ({"size": 600, "print_mm": 420}, "4961 pixels, but size is 600; leave out one"),
        ({"height": 600, "print_mm": 420}, "4961 pixels, but height is 600; leave out one"),
        ({"print_mm": 1}, "12 pixels, expected 16 to 32768; change print_mm or dpi"),
        ({"print_mm": 9000}, "106299 pixels, expected 16 to 32768"),
        ({"dpi": 150}, "print_mm is missing"),
        ({"iterations": 5, "rounds": 6}, "rounds is 6 but there are only 5 iterations"),
    ],
)
def test_values_that_contradict_each_other_are_refused(values, words):
    assert words in refused(**values)


def test_no_iterations_are_allowed_in_both_presets():
    assert Settings(iterations=0).iterations == 0
    assert Settings(preset="classic", iterations=0).rounds == 20


def test_the_error_is_a_value_error_and_one_of_ours():
    assert issubclass(SettingsError, ValueError)
    assert issubclass(SettingsError, ImpastoError)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(preset="classic"),
        Settings(preset="classic", height=None, size=99),
        Settings(style_layer_weights=(1, 2, 3, 4, 0), init="start.png", weights="own.h5"),
    ],
    ids=["default", "classic", "no height", "all kinds"],
)
def test_settings_survive_json_and_pickling(settings):
    assert Settings(**json.loads(settings.model_dump_json())) == settings
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_changed_replaces_values_and_keeps_the_rest():
    settings = Settings(preset="classic", height=64)
    changed = settings.changed(rounds=2)
    assert (changed.rounds, changed.height, changed.preset) == (2, 64, "classic")
    assert settings.rounds == 20
    assert settings.changed() == settings


def test_changed_checks_like_a_new_one():
    with pytest.raises(SettingsError, match="rounds"):
        Settings().changed(rounds=0)
    with pytest.raises(SettingsError, match="no setting named colour"):
        Settings().changed(colour=1)
    with pytest.raises(SettingsError, match="only 10 iterations"):
        Settings(preset="classic").changed(iterations=10)


def test_settings_cannot_be_altered():
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.size = 100
    assert settings.size == 512


def test_equal_settings_are_one_key():
    assert len({Settings(), Settings(size=512), Settings(size=513)}) == 2


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(90, 90), (2.5, 2.5), ("90", 90), ("90s", 90), ("2m", 120), ("1m30s", 90), ("1h5m", 3900),
     (" 1 m 30 s ", 90), ("0.5s", 0.5), (None, None)],
)  # fmt: skip
def test_a_budget_is_a_number_of_seconds_or_a_time(given, seconds):
    assert Settings(budget=given).seconds == seconds


@pytest.mark.parametrize("given", ["", "soon", "-3s", "0s", 0, -1, "1m 2h", "nan"])
def test_a_budget_that_is_no_time_is_refused(given):
    assert "budget" in refused(budget=given)


def test_quality_sets_the_iterations_unless_they_are_given():
    draft, good, best = (Settings(quality=name).iterations for name in ("draft", "good", "best"))
    assert draft < good < best
    assert Settings().iterations == good
    assert Settings(quality="draft", iterations=7).iterations == 7
    assert Settings(budget=30).iterations == best
    assert Settings(budget=30, quality="draft").iterations == draft
    assert Settings(preset="classic", quality="draft").iterations == CLASSIC["iterations"]


def test_a_changed_quality_or_preset_brings_its_own_defaults():
    settings = Settings(size=640)
    assert settings.changed(quality="draft") == Settings(size=640, quality="draft")
    assert settings.changed(preset="classic") == Settings(size=640, preset="classic")
    assert settings.changed(quality="best").changed(size=512) == Settings(quality="best")
    assert Settings(iterations=7).changed(quality="best").iterations == 7
    assert Settings(budget=30).changed(budget=20) == Settings(budget=20)


def test_a_print_takes_the_place_of_the_size():
    assert Settings(print_mm=420).size == 4961
    assert Settings(print_mm=254, dpi=100).size == 1000
    classic = Settings(preset="classic", print_mm=254)
    assert (classic.size, classic.height) == (3000, None)


def test_settings_of_a_print_can_be_copied_changed_and_read_back():
    settings = Settings(print_mm=254, dpi=100)
    assert Settings(**json.loads(json.dumps(settings.model_dump(mode="json")))) == settings
    assert settings.changed(dpi=200).size == 2000
    assert settings.changed(history=3).size == 1000
    assert settings.changed(print_mm=None) == Settings()
    with pytest.raises(SettingsError, match="leave out one of them"):
        settings.changed(size=600)
    at_default = Settings(print_mm=512 * 25.4 / 300)
    assert at_default.changed(history=3).size == 512
