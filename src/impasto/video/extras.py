"""Import the libraries of the extra `video`, which are optional."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import BackendError


def load_av() -> Any:
    """Import PyAV, which reads and writes video.

    Raises:
        BackendError: It is not installed.
    """
    return _load("av", "PyAV")


def load_opencv() -> Any:
    """Import OpenCV, which estimates motion.

    Raises:
        BackendError: It is not installed.
    """
    return _load("cv2", "OpenCV")


def convert_colors(frame: Any, pixel_format: str, **options: Any) -> Any:
    """Convert a frame of PyAV to another pixel format, rounding exactly.

    By default FFmpeg rounds down, and averages chroma, which darkens each copy by a value or two.

    Args:
        frame: The frame.
        pixel_format: FFmpeg's name of the format.
        **options: Other arguments of PyAV's `VideoFrame.reformat`.
    """
    flags = load_av().video.reformatter.Interpolation
    exact = flags.BICUBIC | flags.ACCURATE_RND | flags.FULL_CHR_H_INT | flags.FULL_CHR_H_INP
    return frame.reformat(format=pixel_format, interpolation=exact, **options)


def _load(module: str, name: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise BackendError(
            f'video needs {name}; install it with pip install "impasto[video]"'
        ) from error
