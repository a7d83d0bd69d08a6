"""Theme, style sheet, script and translations of the page."""

from __future__ import annotations

from importlib import resources

import gradio as gr

from .controls import setting_texts
from .previews import style_names, title_of
from .strings import LANGUAGES, texts

_OURS = "impasto."  # prefix, since Gradio translates any text that equals a key
_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans KR", "sans-serif"]
_MONO = ["ui-monospace", "Consolas", "monospace"]


def translations() -> gr.I18n:
    """Return the texts of the page for Gradio, which selects the browser's language.

    Example:
        >>> sorted(translations().translations)
        ['en', 'ko']
    """
    found = {
        each: {
            **texts()[each],
            **setting_texts(each),
            **{f"style.{name}": title_of(name, each) for name in style_names()},
        }
        for each in LANGUAGES
    }
    return gr.I18n(
        **{
            language: {f"{_OURS}{key}": text for key, text in lines.items()}
            for language, lines in found.items()
        }
    )


def translate(key: str) -> gr.i18n.I18nData:
    """Return a text of the page by key, translated in the browser.

    Example:
        >>> translate("finer").key
        'impasto.finer'
    """
    return gr.i18n.I18nData(f"{_OURS}{key}")


def theme() -> gr.themes.Base:
    """Return the theme of the page: colours, and fonts without downloads."""
    ink, paper = gr.themes.colors.stone, gr.themes.colors.indigo
    return gr.themes.Base(
        primary_hue=paper, secondary_hue=ink, neutral_hue=ink, font=_FONTS, font_mono=_MONO
    ).set(
        body_background_fill="#faf8f4",
        body_background_fill_dark="#171513",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        input_placeholder_color="*neutral_600",
        input_placeholder_color_dark="*neutral_300",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_600",
        button_primary_text_color="white",
        color_accent="*primary_700",
        color_accent_soft_dark="*primary_900",
    )


def assets() -> dict[str, str]:
    """Return style sheet and script of the page: `css`, `js`.

    Example:
        >>> sorted(assets())
        ['css', 'js']
    """
    folder = resources.files(__package__)
    return {
        "css": (folder / "theme.css").read_text(encoding="utf-8"),
        "js": (folder / "page.js").read_text(encoding="utf-8"),
    }
