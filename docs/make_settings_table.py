"""Write the table of settings into README.md, from `impasto.settings`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from impasto.presets import CLASSIC
from impasto.settings import LayerName, Settings

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- settings -->", "<!-- end of settings -->"


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


def updated(text: str) -> str:
    """Return README's text with the table in its place."""
    before, rest = text.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n{settings_table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(updated(README.read_text("utf-8")), "utf-8")
