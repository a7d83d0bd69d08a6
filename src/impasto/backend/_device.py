"""Select the device: hide all others from the framework before it is loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..errors import BackendError
from ..process import DEVICE_VARIABLE, DEVICES, is_device


def choose_device() -> str | None:
    """Hide all devices but the one in `IMPASTO_DEVICE`.

    A GPU selected by number becomes the only visible one, and `IMPASTO_DEVICE` becomes `cuda`, so
    child processes use the same GPU.

    Returns:
        `cpu`, `cuda`, `mps`, or None to let the framework choose.

    Raises:
        BackendError: The device is unknown, or `CUDA_VISIBLE_DEVICES` has no such number.
    """
    asked = os.environ.get(DEVICE_VARIABLE)
    if not asked:
        return None
    if not is_device(asked):
        raise BackendError(f"{DEVICE_VARIABLE} is {asked!r}; it must be {DEVICES}")
    kind, _, number = asked.partition(":")
    if number:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        shown = visible.split(",") if visible else [str(n) for n in range(int(number) + 1)]
        if int(number) >= len(shown):
            raise _no_device(asked, f"CUDA_VISIBLE_DEVICES is {visible}")
        os.environ["CUDA_VISIBLE_DEVICES"] = shown[int(number)]
    elif kind != "cuda":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ[DEVICE_VARIABLE] = os.environ["KERAS_TORCH_DEVICE"] = kind
    if kind == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
    return kind


def check_device(kind: str, devices: Sequence[str], asked: str) -> None:
    """Check that the framework found the device.

    Args:
        kind: From `choose_device`.
        devices: Names of the devices that the framework found.
        asked: The device as the user named it, for the message.

    Raises:
        BackendError: The device was not found.
    """
    names = {"cpu": ("cpu",), "cuda": ("cuda", "gpu"), "mps": ("mps",)}
    if not any(name.lower().startswith(names[kind]) for name in devices):
        raise _no_device(asked, f"the framework finds {', '.join(devices)}")


def _no_device(asked: str, why: str) -> BackendError:
    return BackendError(
        f"there is no device {asked} ({why}); `impasto doctor` lists the available ones"
    )
