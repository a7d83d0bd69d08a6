"""Choose the page of a TIFF that holds the picture."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import NamedTuple

import tifffile

from .file_kind import RAW_SUFFIXES

_RAW_SENSOR = (32803, 34892)  # photometric interpretations: colour filter array, linear raw
_DNG_VERSION = 50706
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_MOST_PAGES = 500  # that are looked at
_FULL = 0.5  # of the largest page's pixels: smaller pages are previews


class Page(NamedTuple):
    """A page and its place: number from 1 on, and whether it is a sub-image of that page."""

    page: tifffile.TiffPage
    number: int
    is_sub_image: bool

    def __str__(self) -> str:
        size = f"{self.page.imagewidth}x{self.page.imagelength}"
        return f"{'the sub-image of ' if self.is_sub_image else ''}page {self.number} ({size})"


def list_pages(file: tifffile.TiffFile) -> list[Page]:
    """List the pages of a file, each followed by its sub-images."""
    found = []
    for number, page in enumerate(itertools.islice(file.pages, _MOST_PAGES), 1):
        whole = page if isinstance(page, tifffile.TiffPage) else page.aspage()
        found.append(Page(whole, number, False))
        found.extend(
            Page(each, number, True)
            for each in whole.pages or ()
            if isinstance(each, tifffile.TiffPage)
        )
    return [each for each in found if each.page.imagewidth and each.page.imagelength] or found[:1]


def choose_page(pages: list[Page]) -> Page:
    """Choose the first page that is neither a preview nor a mask."""

    def pixels(each: Page) -> int:
        return int(each.page.imagewidth * each.page.imagelength)

    pictures = [each for each in pages if not each.page.subfiletype & _MASK] or pages
    full = [each for each in pictures if not each.page.subfiletype & _REDUCED] or pictures
    least = _FULL * max(map(pixels, full))
    return next(each for each in full if pixels(each) >= least)


def warn_of_others(path: Path, pages: list[Page], chosen: Page) -> None:
    """Warn which pages are not read, unless only previews and masks follow."""
    others = [each for each in pages if each is not chosen]
    further = [each for each in others if not each.page.subfiletype & (_REDUCED | _MASK)]
    if chosen is pages[0] and not further:
        return  # only previews and masks follow
    left_out = ", ".join(map(str, others[:3])) + (", ..." if len(others) > 3 else "")
    warnings.warn(f"{path.name}: {chosen} is read; not used: {left_out}", stacklevel=2)


def is_raw(path: Path, pages: list[Page]) -> bool:
    """Return whether a TIFF is a camera's RAW file."""
    named = path.suffix.lower() in RAW_SUFFIXES
    return named or any(
        each.page.photometric in _RAW_SENSOR or _DNG_VERSION in each.page.tags for each in pages
    )
