"""Write what the documentation takes from the code: the table of settings, and the layout.

With `--site` also what only the site has: `cli.md`, the help of each command, and `changelog.md`.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

import impasto
from impasto.presets import CLASSIC
from impasto.settings import LayerName, Settings

ROOT = Path(__file__).parents[1]
SETTINGS, LAYOUTS = ROOT / "docs/settings.md", ("CONTRIBUTING.md", "docs/architecture.md")
DECISIONS = ROOT / "docs/decisions"
_INDENT, _COLUMN = 2, 20  # of the layout


def settings_table() -> str:
    """Return the table as Markdown: name, default, classic's value, range, help."""
    rows = ["| setting | default | classic | range | what it does |", "|---|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        classic = _show(CLASSIC[name]) if name in CLASSIC else ""
        text = " ".join((field.description or "").split())
        rows.append(f"| `{name}` | {_show(field.default)} | {classic} | {_range(field)} | {text} |")
    return "\n".join(rows)


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return "" if value is None else f"`{value}`"


def _range(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(field.annotation))
    if LayerName in get_args(field.annotation):
        return "VGG19's layers"
    bounds = {"ge": "≥", "gt": ">", "le": "≤"}
    found = [
        f"{sign} {getattr(limit, kind):g}" if getattr(limit, kind) < 1e5 else ""
        for limit in field.metadata
        for kind, sign in bounds.items()
        if hasattr(limit, kind)
    ]
    return ", ".join(bound for bound in found if bound)


def layout() -> str:
    """Return the floors of the package from top to bottom, each with the first line about it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    lines = ["```", "src/impasto/"]
    for layer in layers:
        for name in layer.split(" | "):
            place = ROOT / "src" / name.replace(".", "/")
            lines += _described(place, 1) if place.is_dir() else _line(place.with_suffix(".py"), 1)
    return "\n".join([*lines, "```"])


def _described(folder: Path, depth: int) -> Iterator[str]:
    """Yield a line for a package, and for each package in it."""
    yield from _line(folder / "__init__.py", depth)
    for inner in sorted(path.parent for path in folder.glob("*/__init__.py")):
        yield from _described(inner, depth + 1)


def _line(file: Path, depth: int) -> Iterator[str]:
    about = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    name = f"{file.parent.name}/" if file.stem == "__init__" else file.name
    indented = " " * (_INDENT * depth) + name
    yield f"{indented:<{_COLUMN}} {about.splitlines()[0]}"


def decisions() -> str:
    """Return a link to each decision."""
    titles = {path.name: path.read_text("utf-8").splitlines()[0] for path in DECISIONS.glob("0*")}
    return "\n".join(f"- [{title[2:]}]({name})" for name, title in sorted(titles.items()))


def api() -> str:
    """Return what mkdocstrings fills in for each public name: functions, classes, exceptions."""

    def kind(name: str) -> int:
        value = getattr(impasto, name)
        return 0 if inspect.isfunction(value) else 2 if name.endswith("Error") else 1

    return "\n\n".join(f"::: impasto.{name}" for name in sorted(impasto.__all__, key=kind))


def commands() -> str:
    """Return the help of each command, as the parser gives it."""
    from impasto.cli.main import DESCRIPTIONS, parse

    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}
    pages = ["# Commands\n\n`impasto COMMAND --help`, made from the parser.\n"]
    for name in DESCRIPTIONS:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
            parse([name, "--help"])
        pages.append(f"## {name}\n\n```text\n{shown.getvalue().strip()}\n```\n")
    return "\n".join(pages)


def updated(text: str, part: str, new: str) -> str:
    """Return a document's text with a part, marked by comments, in its place."""
    start, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    before, rest = text.split(start)
    return f"{before}{start}\n{new}\n{end}{rest.split(end)[1]}"


def documents() -> dict[Path, str]:
    """Return the documents as they should be, by their paths."""
    layouts = {ROOT / name: ("layout", layout()) for name in LAYOUTS}
    parts = {
        SETTINGS: ("settings", settings_table()),
        DECISIONS / "README.md": ("decisions", decisions()),
        ROOT / "docs/api.md": ("names", api()),
        **layouts,
    }
    return {path: updated(path.read_text("utf-8"), *part) for path, part in parts.items()}


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, "utf-8")
    if "--site" in sys.argv:
        (ROOT / "docs/cli.md").write_text(commands(), "utf-8")
        shutil.copyfile(ROOT / "CHANGELOG.md", ROOT / "docs/changelog.md")
