"""Validate the settings of a record, and parse changes to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from ..errors import SettingsError
from ..paint_settings import PaintSettings
from ..settings import Settings, complete_recorded
from .inputs import RecordedResult

_Kind = TypeVar("_Kind", Settings, PaintSettings)


def recorded_settings(
    kind: type[_Kind], values: Mapping[str, Any], origin: RecordedResult
) -> _Kind:
    """Validate the settings of a record, which may come from an untrusted file.

    A record of `paint` without `stroke_size` means one pass at full size.
    """
    values = {"stroke_size": 0.0, **values} if kind is PaintSettings else complete_recorded(values)
    try:
        return kind(**values)
    except (SettingsError, RecursionError) as error:
        why = str(error) if isinstance(error, SettingsError) else "they are nested too deeply"
        raise SettingsError(
            f"the settings in the record of {origin.path} cannot be used: {why}"
        ) from None


def read_changes(
    kind: type[Settings | PaintSettings], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Parse changes given as text: as JSON if that is valid for the setting, else as a string.

    Example:
        >>> read_changes(Settings, {"scales": "2", "budget": "90s"})
        {'scales': 2, 'budget': '90s'}
    """
    wanted = {name: _read_change(kind, name, value) for name, value in changes.items()}
    if kind is Settings and "print_mm" in wanted:
        return {"height": None, **wanted}
    if kind is Settings and "size" in wanted:
        return {"height": None, "print_mm": None, **wanted}  # a new size replaces both
    return wanted


def _read_change(kind: type[Settings | PaintSettings], name: str, value: object) -> object:
    field = kind.model_fields.get(name)
    if field is None or not isinstance(value, str):
        return value
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
        return adapter.validate_json(value)
    except ValidationError:
        return value
