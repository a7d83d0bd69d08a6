"""Leave the place, or everything, out of a photograph's EXIF block."""

from __future__ import annotations

from typing import Literal, get_args

from PIL import Image as PIL

from ..errors import SettingsError
from .metadata import EXIF_IFD, GPS_IFD, MAKER_NOTE

MetadataRule = Literal["keep", "no-place", "none"]
RULES: tuple[str, ...] = get_args(MetadataRule)


def filter_exif(block: bytes | None, rule: MetadataRule) -> bytes | None:
    """Apply a rule to an EXIF block.

    Args:
        block: The block; None if there is none.
        rule: `keep`: as it is; `no-place`: without GPS data and the maker's note; `none`: nothing.

    Returns:
        The block that remains; None if nothing does.

    Raises:
        SettingsError: There is no such rule.

    Example:
        >>> filter_exif(None, "no-place") is None
        True
    """
    if rule not in RULES:
        raise SettingsError(f"metadata is {rule!r}, expected one of {', '.join(RULES)}")
    if block is None or rule == "none":
        return None
    if rule == "keep":
        return block
    exif = PIL.Exif()
    exif.load(block)
    kept = PIL.Exif()
    kept.update({tag: value for tag, value in exif.items() if tag not in (GPS_IFD, EXIF_IFD)})
    # The maker's note is in a format of its own, and may hold the place, too.
    details = {k: v for k, v in exif.get_ifd(EXIF_IFD).items() if k != MAKER_NOTE}
    if details:
        kept.get_ifd(EXIF_IFD).update(details)
    filtered: bytes = kept.tobytes()
    return filtered
