"""Find the files that a record names, and check that they are unchanged.

A record may come from an untrusted file. Its paths are only resolved relative to the folder of the
result, files are used only if their SHA-256 is the recorded one, and VGG19's weights only if their
checksum is known.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ..errors import PictureError, WeightsError
from ..images.checksum import file_digest
from ..images.files import read_picture
from ..types import Picture
from .record import Input, Record, quote
from .result import PictureLike
from .setting_files import ROLES, named_files, with_paths
from .style_paintings import style_file, style_painting

_SHOWN = 12  # characters of a SHA-256 quoted in an error


class RecordedResult(NamedTuple):
    """A result and its record.

    Attributes:
        path: Path of the result.
        record: Its record.
        max_pixels: Largest picture, pixels; Pillow's limit if None.
    """

    path: Path
    record: Record
    max_pixels: int | None = None

    def inputs(self, role: str) -> list[Input]:
        """Return the inputs of one role."""
        return [entry for entry in self.record.inputs if entry.role == role]


def find_file(entry: Input, origin: RecordedResult, option: str) -> Path:
    """Find an input by its recorded path, else by its name beside the result.

    A shipped painting is taken from the package.

    Args:
        entry: The input.
        origin: The result.
        option: Option that sets another file, for the error message.

    Raises:
        PictureError: The file is missing, or has another SHA-256.
    """
    advice, shipped = f"give it with {option}", _shipped(entry)
    if shipped is not None and file_digest(shipped) == entry.sha256:
        return shipped
    if shipped is not None and entry.path is None:
        raise PictureError(
            f"the painting of {entry.name} shipped with this version is not the one that "
            f"{origin.path} was made from; {advice}"
        )
    if entry.path is None or entry.sha256 is None:
        raise PictureError(
            f"the {entry.role} of {origin.path} was not a file, so it cannot be found; {advice}"
        )
    found = {path: file_digest(path) for path in _candidates(entry, origin.path.parent)}
    for path, sha256 in found.items():
        if sha256 == entry.sha256:
            return path
    name = f"'{quote(entry.name)}'"
    for path, sha256 in found.items():
        raise PictureError(
            f"{path} is not the {entry.role} {name} that {origin.path} was made from: expected a "
            f"SHA-256 of {entry.sha256[:_SHOWN]}..., got {sha256[:_SHOWN]}...; {advice}"
        )
    raise PictureError(
        f"the {entry.role} {name} of {origin.path} (SHA-256 {entry.sha256[:_SHOWN]}...) is neither "
        f"at the recorded place '{quote(entry.path)}' nor beside the result; {advice}"
    )


def _shipped(entry: Input) -> Path | None:
    """Return the shipped painting of the style that an input names, or None."""
    is_painting = entry.role == "style" and entry.sha256 is not None
    return style_painting(entry.name) if is_painting else None


def _candidates(entry: Input, folder: Path) -> Iterator[Path]:
    """Yield the existing files that an input may be."""
    place = _resolve(entry.path, folder)
    named = folder / entry.name if PurePosixPath(entry.name).name == entry.name else None
    yield from filter(_is_nonempty_file, dict.fromkeys(filter(None, (place, named))))


def _is_nonempty_file(path: Path) -> bool:
    """Return whether a path is a file that is not empty."""
    try:
        return path.is_file() and path.stat().st_size > 0
    except (OSError, ValueError):  # not a valid name on this system
        return False


def _resolve(path: str | None, folder: Path) -> Path | None:
    """Resolve a recorded path; None unless it has a form that `relative_record` writes."""
    if not path:
        return None
    drive = os.name == "nt" and re.match(r"[A-Za-z]:/", path)  # result and input on two drives
    if path[0] in "/\\" and not drive:
        return None
    return folder.resolve() / path


def find_pictures(
    role: str, given: Sequence[PictureLike] | None, origin: RecordedResult, option: str
) -> list[Picture]:
    """Find the pictures of one role, or read the given replacements.

    Raises:
        PictureError: A picture is missing, has changed or cannot be read, or the number of
            replacements is wrong.
    """
    entries = origin.inputs(role)
    if not entries:
        raise PictureError(f"the record of {origin.path} is damaged: it names no {role}")
    check_number(role, given, origin, option)
    if given is None:
        return [find_picture(entry, origin, option) for entry in entries]
    return [
        read_replacement(source, entry, origin)
        for source, entry in zip(given, entries, strict=True)
    ]


def check_number(
    role: str, given: Sequence[PictureLike] | None, origin: RecordedResult, option: str
) -> None:
    """Refuse replacements whose number is not that of the recorded inputs.

    Raises:
        PictureError: The numbers differ.
    """
    number = len(origin.inputs(role))
    if given is not None and len(given) != number:
        raise PictureError(
            f"{origin.path} was made with {number} input(s) as {role}, got {len(given)}; "
            f"give {option} {number} time(s)"
        )


def find_picture(entry: Input, origin: RecordedResult, option: str) -> Picture:
    """Find and read a picture; see `find_file`."""
    return read_picture(find_file(entry, origin, option), max_pixels=origin.max_pixels)


def read_replacement(source: PictureLike, entry: Input, origin: RecordedResult) -> Picture:
    """Read a replacement for an input, and warn if it is not the same picture."""
    if entry.role == "style" and isinstance(source, str | Path):
        source = style_file(source)
    picture = (
        source
        if isinstance(source, Picture)
        else read_picture(source, max_pixels=origin.max_pixels)
    )
    warn_if_different(picture.sha256, picture.name or "the given picture", entry, origin)
    return picture


def warn_if_different(sha256: str | None, name: str, entry: Input, origin: RecordedResult) -> None:
    """Warn if a given or shipped file is not the recorded one."""
    if sha256 != entry.sha256:
        warnings.warn(
            f"{name} has another SHA-256 than the {entry.role} '{quote(entry.name)}' that "
            f"{origin.path} was made from, so the picture may differ",
            stacklevel=2,
        )


def find_setting_files(
    values: Mapping[str, Any], changes: Collection[str], origin: RecordedResult
) -> dict[str, Any]:
    """Return recorded settings with the paths of their files resolved; see `find_file`.

    Args:
        values: The settings.
        changes: Names of settings to be replaced, whose files are not needed.
        origin: The result.

    Raises:
        PictureError: A file is missing or has changed.
    """

    def place(entry: Input, name: str) -> str:
        return str(find_file(entry, origin, f"--set {name}=PATH"))

    kept = {name: value for name, value in values.items() if name not in changes}
    roles = {role for name, role in ROLES.items() if name not in changes}
    inputs = [entry for entry in origin.record.inputs if entry.role in roles]
    try:
        found = with_paths(kept, inputs, place)
    except ValueError as error:
        raise PictureError(
            f"the record of {origin.path} is damaged: {error}; give it with --set"
        ) from None
    for name in ROLES.keys() - {*changes}:
        for entry in origin.inputs(ROLES[name])[len([*named_files(name, kept)]) :]:
            found[name] = place(entry, name)  # given as an argument, not in the settings
    return found


def find_weights(values: dict[str, Any], origin: RecordedResult) -> dict[str, Any]:
    """Return recorded settings with the path of VGG19's weights resolved.

    Raises:
        WeightsError: The recorded checksum is unknown; such files are not read unless given.
    """
    from ..perceptual import weights

    named, used = values.get("weights"), origin.record.weights
    if named is None:
        return values
    if used is None or used.md5 not in weights.KNOWN:
        raise WeightsError(
            f"{origin.path} was made with unknown weights; if you trust the file, give it with "
            "--set weights=PATH"
        )
    path = _resolve(named, origin.path.parent) if isinstance(named, str) else None
    here = path is not None and _is_nonempty_file(path) and weights.find(path).md5 == used.md5
    return {**values, "weights": str(path) if here else None}
