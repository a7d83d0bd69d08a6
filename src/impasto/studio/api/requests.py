"""Parse and validate API requests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import SettingsError
from ...paint_settings import PaintSettings
from ...settings import Settings, format_error
from ...types import Size
from ...workflows.setting_files import ROLES, names_a_file
from ..page.previews import read_reduced, style_names
from ..page.selection import LARGEST, Selection

MOST_STYLES = 8
MOST_ITERATIONS, MOST_SECONDS = 10_000, 24 * 3600
_FILES = tuple(name for name in ROLES if name != "init")
_OWNERS = ("weights", "memory")  # set only by the owner of the studio
_UPLOAD = "pass it as gradio_client.handle_file(...), which uploads it"


class Kind(TypedDict):
    """Marker of a file in Gradio."""

    _type: Literal["gradio.FileData"]


class File(TypedDict):
    """A file as Gradio clients send and receive it.

    Attributes:
        path: Path in the studio's temporary folder; clients upload and download it automatically.
        meta: Marks the object as a file.
    """

    path: str
    meta: Kind


class _Request(BaseModel):
    """Untrusted names, files and shares."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    styles: Annotated[list[str], Field(max_length=MOST_STYLES)]
    paintings: list[Any]
    shares: list[Annotated[float, Field(ge=0)]]


def file_for(path: str | Path) -> File:
    """Return a file for a client to download.

    Args:
        path: Path of the file, in the studio's temporary folder.

    Example:
        >>> file_for("a.png")["path"]
        'a.png'
    """
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def path_of(file: object, role: str) -> str:
    """Return the path of an uploaded file.

    Args:
        file: File as Gradio clients send it. Middleware has checked that it is in the temporary
            folder and belongs to the user.
        role: Role of the file, for the message.

    Raises:
        SettingsError: It is not a file.

    Example:
        >>> path_of(file_for("a.png"), "photograph")
        'a.png'
    """
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str) or not path:
        raise SettingsError(f"the {role} must be an uploaded file; {_UPLOAD}")
    return path


def text_of(value: object, name: str) -> str:
    """Return a value that must be a string.

    Raises:
        SettingsError: It is not a string.

    Example:
        >>> text_of("0a1b", "run")
        '0a1b'
    """
    if not isinstance(value, str):
        raise SettingsError(f"{name} must be a string, got {type(value).__name__}")
    return value


def parse_selection(
    photograph: object, styles: object, paintings: object, shares: object, max_pixels: int | None
) -> Selection:
    """Parse the photograph and the styles of a request.

    Args:
        photograph: A file.
        styles: List of names of learned styles, or None.
        paintings: List of files, or None.
        shares: Shares of the styles, then of the paintings; None for equal ones.
        max_pixels: Largest picture that is read, pixels.

    Raises:
        SettingsError: A value is missing, of the wrong type, or out of range.
        PictureError: A painting cannot be read.
    """
    photo = path_of(photograph, "photograph")
    request = _parse(styles=styles or [], paintings=paintings or [], shares=shares or [])
    for name in request.styles:
        if name not in style_names():
            raise SettingsError(
                f"there is no style {name!r}; the styles are {', '.join(style_names())}"
            )
    files = [path_of(file, "painting") for file in request.paintings]
    chosen = [*request.styles, *files]
    if not 1 <= len(chosen) <= MOST_STYLES:
        raise SettingsError(
            f"expected 1 to {MOST_STYLES} styles and paintings in all, got {len(chosen)}"
        )
    if request.shares and len(request.shares) != len(chosen):
        raise SettingsError(
            f"there are {len(request.shares)} shares for {len(chosen)} styles and paintings; "
            "pass one for each, or none"
        )
    for file in files:
        read_reduced(file, max_pixels)
    parts: dict[str, float] = {}
    for name, share in zip(chosen, request.shares or [1.0] * len(chosen), strict=True):
        parts[name] = parts.get(name, 0.0) + share
    return Selection(photo, parts)


def _parse(**values: Any) -> _Request:
    try:
        return _Request(**values)
    except ValidationError as error:
        raise SettingsError(format_error(error, _Request.model_fields)) from None


def settings_of_paint(photo: Size, *, size: Any, **values: Any) -> PaintSettings:
    """Validate settings for painting with the network.

    Args:
        photo: Height and width of the photograph.
        size: Long side of the result; None for that of the photograph.
        **values: The other settings.

    Raises:
        SettingsError: A setting is out of range.

    Example:
        >>> settings_of_paint((5000, 3000), size=None, strength=0.5).size
        4096
    """
    if size is None and max(photo) > LARGEST:
        size = LARGEST
    settings = PaintSettings(size=size, **values)
    _check_side(settings.size or 0)
    return settings


def parse_settings(settings: object) -> dict[str, Any]:
    """Parse settings in a JSON object; they must not name files.

    Args:
        settings: The object, or None.

    Raises:
        SettingsError: It is not an object, or a setting is not allowed.

    Example:
        >>> parse_settings({"size": 640, "init": "noise"})
        {'size': 640, 'init': 'noise'}
    """
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise SettingsError(
            f'settings must be an object such as {{"size": 640}}, got {type(settings).__name__}'
        )
    for name, value in settings.items():
        given = value not in (None, "", [])
        if given and (name in _FILES or (name == "init" and names_a_file(name, value))):
            raise SettingsError(f"{name} names a file of the server; omit it")
        if given and name in _OWNERS:
            raise SettingsError(f"{name} can only be set by the owner of the studio; omit it")
    return {str(name): value for name, value in settings.items()}


def check_size(settings: Settings, photo: Size) -> None:
    """Check the size of a result.

    Args:
        settings: Settings of the job.
        photo: Height and width of the photograph.

    Raises:
        SettingsError: The long side has more than `LARGEST` pixels.

    Example:
        >>> check_size(Settings(size=640), (480, 640))
    """
    if settings.height is None:
        _check_side(settings.size)
    else:
        _check_side(round(settings.height * max(1.0, photo[1] / photo[0])))


def check_length(settings: Settings) -> None:
    """Check the length of a job, since all others wait for it.

    Args:
        settings: Settings of the job.

    Raises:
        SettingsError: It exceeds `MOST_ITERATIONS` or `MOST_SECONDS`.

    Example:
        >>> check_length(Settings(iterations=400, budget="2m"))
    """
    if settings.iterations > MOST_ITERATIONS:
        raise SettingsError(
            f"iterations is {settings.iterations}, and the limit of the studio is "
            f"{MOST_ITERATIONS}; use fewer"
        )
    if settings.seconds is not None and settings.seconds > MOST_SECONDS:
        raise SettingsError(
            f"budget is {settings.seconds:g} s, and the limit of the studio is one day "
            f"({MOST_SECONDS} s); use less"
        )


def check_weights(settings: Settings, styles: int) -> None:
    """Check the number of style weights before the job starts.

    Args:
        settings: Settings of the job.
        styles: Number of styles.

    Raises:
        SettingsError: The numbers of weights and styles differ.

    Example:
        >>> check_weights(Settings(style_weights=(1, 3)), 2)
    """
    given = len(settings.style_weights)
    if given not in (0, styles):
        raise SettingsError(f"style_weights has {given} values for {styles} styles; pass one each")


def _check_side(side: int) -> None:
    if side > LARGEST:
        raise SettingsError(
            f"the result would be {side} pixels long, and the limit of the studio is {LARGEST}; "
            "use a smaller size"
        )


def without_files(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings for a client, without file paths.

    Args:
        settings: Settings as JSON values.

    Example:
        >>> without_files({"size": 640, "init": "a.png", "protect": "b.png#red"})
        {'size': 640}
    """
    return {
        name: value
        for name, value in settings.items()
        if name not in (*_FILES, *_OWNERS) and not (name == "init" and names_a_file(name, value))
    }
