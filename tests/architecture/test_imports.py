"""The shape of the package: public names, the length of files and functions, tables of choices."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import get_args

import pytest

import impasto
from impasto import settings

SOURCE = Path(impasto.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
LONGEST_FILE, LONGEST_BODY = 300, 40
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = [name for name in impasto.__all__ if inspect.isfunction(getattr(impasto, name))]


def test_the_public_names_are_those_that_are_loaded_when_used():
    assert sorted(impasto.__all__) == sorted(impasto._HOME_OF)
    assert list(impasto.__all__) == sorted(set(impasto.__all__))
    assert {*impasto.__all__} <= {*dir(impasto)}


@pytest.mark.parametrize("name", impasto.__all__)
def test_a_public_name_resolves_and_is_described(name):
    value = getattr(impasto, name)
    assert value.__name__ == name
    assert inspect.getdoc(value)


@pytest.mark.parametrize("name", [*FUNCTIONS, "Settings"])
def test_what_is_called_shows_an_example(name):
    assert "Example:" in inspect.getdoc(getattr(impasto, name))


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError, match="'impasto' has no attribute 'draw'"):
        _ = impasto.draw


def test_for_type_checkers_the_public_names_are_imported_from_the_same_homes():
    tree = ast.parse((SOURCE / "__init__.py").read_text("utf-8"))
    imported = {
        name.name: f".{node.module}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for name in node.names
    }
    assert imported == impasto._HOME_OF


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_and_bodies_are_short(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            assert body_lines(node) <= LONGEST_BODY, node.name


def body_lines(function):
    """Count the lines from the first statement to the last; the docstring is not one."""
    statements = function.body[ast.get_docstring(function) is not None :]
    return statements[-1].end_lineno - statements[0].lineno + 1 if statements else 0


def test_every_file_says_what_it_is():
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_tables_of_choices_offer_what_the_settings_allow():
    from impasto.engines.iterative.optimizers import OPTIMIZERS

    assert list(OPTIMIZERS) == list(get_args(settings.Optimizer))
    assert list(settings.PRESETS) == list(get_args(settings.Preset))


def test_presets_change_settings_that_there_are():
    for preset, changes in settings.PRESETS.items():
        assert {*changes} <= {*impasto.Settings.model_fields}
        made = impasto.Settings(preset=preset)
        assert {name: getattr(made, name) for name in changes} == changes
