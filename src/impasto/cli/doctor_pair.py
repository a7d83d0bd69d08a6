"""`impasto doctor PHOTO PAINTING`: say what to expect of a pair, without painting it."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

from ..images.files import read_picture
from ..images.memory import GIGABYTE, fit_scales
from ..images.photograph_checks import describe_photograph
from ..images.scales import plan
from ..images.toning import find_tone
from ..settings import Settings
from ..types import Picture
from ..workflows.expectations import describe_inputs
from ..workflows.style_paintings import style_file
from ..workflows.time_left import roughly

if TYPE_CHECKING:
    from .commands import Doctor


def print_pair(command: Doctor) -> None:
    """Print what to expect of a photograph and paintings with the default settings.

    Raises:
        ImpastoError: A picture cannot be read or used.
    """
    paths = [command.pictures[0], *map(style_file, command.pictures[1:])]
    photograph, *paintings = map(read_picture, paths)
    report = describe_pair(photograph, paintings)
    sys.stdout.write(json.dumps(report, indent=2) + "\n" if command.json else _text(report))


def describe_pair(photograph: Picture, paintings: list[Picture]) -> dict[str, Any]:
    """Describe what to expect of a photograph and its paintings.

    Args:
        photograph: The photograph.
        paintings: None of them if only the photograph is to be described.

    Returns:
        `photograph` and `paintings` (`name`, `size`), `result` (`size`, `memory_gb`, `seconds`)
        if there are paintings, and the sentences in `advice`.

    Raises:
        ImpastoError: A picture cannot be used.
    """
    advice = describe_photograph(photograph)
    report: dict[str, Any] = {
        "photograph": _describe(photograph),
        "paintings": [_describe(painting) for painting in paintings],
    }
    if paintings:
        report["result"] = _result(photograph, paintings)
        advice += describe_inputs(photograph, paintings, Settings())
        advice += [
            f"{painting.name} has one ink, so the result will have it, too"
            for painting in paintings
            if find_tone(painting.image) is not None
        ]
    return {**report, "advice": advice}


def _describe(picture: Picture) -> dict[str, Any]:
    height, width = picture.image.shape[:2]
    return {"name": picture.name, "size": [width, height]}


def _result(photograph: Picture, paintings: list[Picture]) -> dict[str, Any]:
    from ..engines.iterative.forecast import forecast_seconds
    from ..engines.iterative.state import resolve_settings

    settings = Settings()
    sizes = (
        photograph.image.shape[:2],
        max((each.image.shape[:2] for each in paintings), key=math.prod),
    )
    height, width = plan(*sizes, settings)[-1].size
    needed = max(fit.bytes for fit in fit_scales(*sizes, resolve_settings(settings)))
    return {
        "size": [width, height],
        "memory_gb": round(needed / GIGABYTE, 1),
        "seconds": round(forecast_seconds(*sizes, settings, styles=len(paintings))),
    }


def _text(report: dict[str, Any]) -> str:
    def line(title: str, about: dict[str, Any]) -> str:
        return f"{title:<11}{about['name']}, {about['size'][0]}x{about['size'][1]} pixels\n"

    text = line("photograph", report["photograph"])
    text += "".join(line("painting", each) for each in report["paintings"])
    if result := report.get("result"):
        width, height = result["size"]
        text += (
            f"{'stylize':<11}{width}x{height}, memory about {result['memory_gb']} GB, about "
            f"{roughly(result['seconds'])}\n"
        )
    text += "".join(f"{'expect':<11}{sentence}\n" for sentence in report["advice"])
    return text if report["advice"] else f"{text}nothing stands against a good result\n"
