"""Say what a file is that is not a readable picture, and what to do about it."""

from __future__ import annotations

import re
from pathlib import Path

_RAW_HELP = "export it as JPEG or TIFF with the camera's program, darktable or RawTherapee"
_FRAME_HELP = "save one frame as a picture, or paint all with: impasto video"
_SAVE_HELP = "save it as PNG or JPEG first"
RAW_SUFFIXES = frozenset(
    (".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos",
     ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw",
     ".x3f")
)  # fmt: skip
_TIFF_LIKE_RAW = (b"IIU\0", b"IIRO", b"IIRS", b"MMOR")  # Panasonic, Olympus

# Pattern at the start of a file -> what it is, and the remedy. The first that matches counts.
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (rb"version https://git-lfs", "a Git LFS pointer, not the picture itself", "run: git lfs pull"),
    (rb"%PDF", "a PDF document", "export the page as PNG or JPEG first"),
    (rb"(?s).{4}ftypcrx", "a camera's RAW file", _RAW_HELP),
    (rb"FUJIFILMCCD-RAW|FOVb|II\x1a\0\0\0HEAPCCDR", "a camera's RAW file", _RAW_HELP),
    (rb"(?s).{4}ftyp(isom|iso\d|mp4|M4V|qt  |avc1|3gp|3g2|dash|mmp4)", "a video", _FRAME_HELP),
    (rb"(?s)\x1aE\xdf\xa3|RIFF.{4}AVI |\0\0\x01[\xba\xb3]|OggS|FLV\x01", "a video", _FRAME_HELP),
    (rb"(?s)RIFF.{4}WAVE|ID3|\xff[\xfb\xf3\xf2]|fLaC|(.{4}ftypM4A)", "a sound file", _SAVE_HELP),
    (rb"8BPS", "a Photoshop document", "export it as PNG, TIFF or JPEG first"),
    (rb"gimp xcf", "a GIMP document", "export it as PNG, TIFF or JPEG first"),
    (rb"(?is)\s*(<\?xml.{,900}?)?(<!--.{,900}?-->\s*)?(<!doctype svg.{,300}?>\s*)?<svg[\s>]",
     "an SVG drawing", "render it as PNG at the size that you want first"),
    (rb"(?is)\s*(<!--.{,900}?-->\s*)?(<!doctype html|<html|<head|<body)",
     "an HTML page: the address or login page of a picture was saved in its place",
     "open it in a browser and save the picture itself"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript file", "render it as PNG first"),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000 picture", _SAVE_HELP),
    (rb"\x76\x2f\x31\x01", "an OpenEXR picture", "tone-map it and save it as PNG or TIFF first"),
    (rb"#\?RADIANCE|#\?RGBE", "a Radiance HDR picture", "tone-map it and save it as PNG or TIFF"),
    (rb"\0\0[\x01\x02]\0", "an icon", _SAVE_HELP),
    (rb"P[1-7]\s", "a picture in the PNM format", _SAVE_HELP),
    (rb"DDS ", "a texture in the DDS format", _SAVE_HELP),
    (rb"\x89HDF", "an HDF5 file", "it holds data or a network, not a picture"),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd",
     "an archive or compressed file", "unpack it and give the picture inside"),
    (rb"bplist00", "a placeholder of a file in a cloud", "download the file itself first"),
    (rb"\0{64}", "filled with zeros, as a download that broke off or a placeholder of a cloud",
     "download it again"),
)  # fmt: skip
_MATCHERS = tuple((re.compile(pattern), what, help_) for pattern, what, help_ in _KINDS)
START = 2048  # bytes that `describe_kind` needs


def describe_kind(path: Path, start: bytes) -> str | None:
    """Say what a file is that cannot be read as a picture.

    Args:
        path: Its name, for the suffixes of RAW files.
        start: Its first bytes, up to `START`.

    Returns:
        What it is and what to do, as in "a PDF document; export the page as PNG or JPEG first", or
        None if unknown.

    Example:
        >>> describe_kind(Path("a.jpg"), b"%PDF-1.7")
        'a PDF document; export the page as PNG or JPEG first'
    """
    if path.suffix.lower() in RAW_SUFFIXES or start.startswith(_TIFF_LIKE_RAW):
        return f"a camera's RAW file; {_RAW_HELP}"
    for matcher, what, help_ in _MATCHERS:
        if matcher.match(start):
            return f"{what}; {help_}"
    if start and _is_text(start):
        return "text, not a picture; check what was saved under this name"
    return None


def raw_file(path: Path) -> str:
    """Return the error message for a camera's RAW file that is a TIFF as well."""
    return f"{path} is a camera's RAW file; {_RAW_HELP}"


def _is_text(start: bytes) -> bool:
    try:
        text = start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # not merely a character cut off at the end
            return False
        text = start[: error.start].decode("utf-8")
    return all(letter.isprintable() or letter.isspace() for letter in text)
