"""Thumbnails of the chosen paintings with their captions."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable

import gradio as gr

from ...images.files import read_image
from ...images.scales import at_long_side
from ...workflows.style_paintings import painting_facts, style_painting
from ..context import language
from .previews import data_url, shares_of, title_of
from .strings import say

_SIDE = 192  # pixels; long side, shown at half size


def show_originals(
    first: str | None, others: list[str] | None, share: float, request: gr.Request
) -> str:
    """Show the paintings of the selected styles.

    Args:
        first: The selected style.
        others: Styles to blend with.
        share: Total share of the others, 0..1.
        request: Request of the user.

    Returns:
        HTML; empty if no selected style has a painting.
    """
    return originals(shares_of(first, others or (), share), language(request)) if first else ""


def originals(styles: Iterable[str], lang: str) -> str:
    """Return the paintings of styles as HTML, each with title, painter and year.

    Args:
        styles: Names; styles without a shipped painting are skipped.
        lang: `en` or `ko`.

    Example:
        >>> "Katsushika Hokusai, c. 1831</figcaption>" in originals(["wave", "mine.png"], "en")
        True
    """
    return "".join(_figure(style, lang) for style in styles if style in painting_facts())


def _figure(style: str, lang: str) -> str:
    facts = painting_facts()[style]
    name = html.escape(title_of(style, lang))
    caption = html.escape(say("original", lang, **facts))
    return (
        f'<figure><img src="{_small(style)}" alt="{name}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


@functools.cache
def _small(style: str) -> str:
    """Return a thumbnail of a painting as a `data:` URL."""
    path = style_painting(style)
    if path is None:
        return ""
    image = read_image(path)
    return data_url(at_long_side(image, _SIDE))
