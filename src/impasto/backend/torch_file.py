"""Read files written by `torch.save`, with any backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_torch_file(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read a file of named tensors without running code from it.

    Args:
        path: A file written by `torch.save({name: tensor, ...})`.

    Returns:
        The tensors as NumPy arrays.

    Raises:
        ImportError: PyTorch is not installed.
        ValueError: The file is damaged or holds other data.
    """
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler may raise anything on a damaged file
        raise ValueError(f"{path} is not a file of tensors: {error}") from error
    if not isinstance(content, dict) or not all(
        isinstance(tensor, torch.Tensor) for tensor in content.values()
    ):
        raise ValueError(f"{path} does not hold named tensors")
    return {str(name): tensor.numpy() for name, tensor in content.items()}
