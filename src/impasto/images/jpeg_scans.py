"""Count the scans of a JPEG, which bound the time to decode it."""

from __future__ import annotations

import re

# In the coded data of a scan, FF is followed by 00, or by D0 to D7 at restarts; 01 has no segment.
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\x01\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def count_scans(data: bytes) -> int:
    """Count the scans of the first image of a JPEG file.

    Segments such as comments, thumbnails and profiles are passed over, and so is all that follows
    the end of the image: a phone's film, depth map or second picture.

    Args:
        data: The file.

    Returns:
        The number of scans; of a damaged file, those before the damage.

    Source:
        ITU-T T.81 (1992), annex B.
    """
    scans, at = 0, 2
    while (found := _NEXT_MARKER.search(data, at)) is not None:
        marker = data[found.end() - 1]
        if marker == _END_OF_IMAGE:
            return scans
        scans += marker == _START_OF_SCAN
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        at = found.end() + max(length, 2)
    return scans
