"""Draw loss curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..types import Image

Numbers = NDArray[np.float64]

_SIZE, _DPI = (8.0, 4.5), 100  # inches; pixels per inch
_WINDOW = 0.02  # window of the running mean, as a share of all steps


def plot_losses(steps: Sequence[int], losses: Mapping[str, Sequence[float]]) -> Image:
    """Plot losses over steps on a logarithmic scale, with their running means.

    Args:
        steps: Numbers of S steps.
        losses: S values of each loss by name; losses without positive values are left out.

    Returns:
        The picture, (450, 800, 3), 0..1.

    Example:
        >>> plot_losses([1, 2, 3], {"style": [1.0, 0.5, 0.4]}).shape
        (450, 800, 3)
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(_SIZE, _DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name, values in losses.items():
        shown = np.asarray(values, np.float64)
        if not (shown > 0).any():
            continue
        (faint,) = axes.plot(steps, shown, linewidth=0.5, alpha=0.3)
        axes.plot(steps, _running_mean(shown), color=faint.get_color(), label=name)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend()
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].astype(np.float32) / np.float32(255)


def _running_mean(values: Numbers) -> Numbers:
    """Return the mean of each value and a window before it."""
    window = max(1, round(_WINDOW * len(values)))
    sums = np.cumsum(np.concatenate([np.zeros(1), values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    mean: Numbers = (sums[ends] - sums[starts]) / (ends - starts)
    return mean
