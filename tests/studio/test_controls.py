"""Controls of settings, and their conversion to settings."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio", reason='needs pip install "impasto[studio]"')

from impasto.errors import SettingsError
from impasto.settings import Settings
from impasto.studio.page.controls import (
    CONTROLS,
    control_values,
    make_control,
    not_restorable,
    settings_from,
)
from impasto.studio.page.theme import translate

NAMES = [name for name, _ in CONTROLS]


def controls(settings=None):
    return {spec.name: make_control(spec, translate, settings or Settings()) for spec in CONTROLS}


def test_controls_have_the_default_values():
    values = {name: made.value for name, made in controls().items()}
    assert settings_from(values) == Settings()


def test_sliders_have_the_range_of_their_setting():
    made = controls()
    assert (made["strength"].minimum, made["strength"].maximum) == (0, 2)
    assert made["size"].minimum >= 16
    assert made["size"].maximum == 4096
    for slider in (made[name] for name in ("strength", "size", "style_scale", "content_weight")):
        assert slider.minimum <= slider.value <= slider.maximum


def test_choices_are_those_of_the_setting():
    made = controls()
    assert [value for _, value in made["quality"].choices] == ["draft", "good", "best"]
    assert "luminance" in [value for _, value in made["color"].choices]


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(size=800, strength=0.6, color="keep"),
        Settings(quality="draft", style_scale=1.5),
        Settings(budget="2m"),
        Settings(preset="classic"),
        Settings(style_loss="patches", seed=3, init="noise"),
        Settings(seamless=True, content_weight=0.4),
    ],
    ids=str,
)
def test_control_values_round_trip(settings):
    values = dict(zip(NAMES, control_values(settings), strict=True))
    assert settings_from(values) == settings


def test_presets_apply_to_controls_at_their_default():
    values = dict(zip(NAMES, control_values(Settings()), strict=True))
    assert settings_from({**values, "preset": "classic"}) == Settings(preset="classic")
    assert settings_from({**values, "quality": "draft"}).iterations == 60
    assert settings_from({**values, "budget": "90s"}).quality == "best"


def test_floats_are_accepted_for_whole_numbers():
    assert settings_from({"size": 640.0}).size == 640


def test_a_starting_file_is_not_shown():
    values = dict(zip(NAMES, control_values(Settings(init="secret/file.png")), strict=True))
    assert values["init"] == "content"


def test_values_beyond_a_slider_are_clipped_and_named():
    far = Settings(size=8000, style_scale=9, history=3)
    values = dict(zip(NAMES, control_values(far), strict=True))
    assert (values["size"], values["style_scale"]) == (4096, 4)
    assert not_restorable(far) == ["size", "style_scale", "history"]
    assert not_restorable(Settings(size=800, quality="draft")) == []


@pytest.mark.parametrize(
    "values", [{"size": 7}, {"strength": 9}, {"budget": "soon"}, {"quality": "superb"}]
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(SettingsError, match=next(iter(values))):
        settings_from(values)
