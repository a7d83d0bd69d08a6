"""Plots of losses."""

import numpy as np

from impasto.images.plot import plot_losses


def columns_with_ink(image):
    """Where the plot's own area, right of the axis, has coloured lines."""
    colourful = np.ptp(image, axis=2) > 0.3
    return colourful.any(axis=0)


def test_a_loss_that_falls_is_drawn_falling():
    steps = list(range(1, 201))
    image = plot_losses(steps, {"style": np.geomspace(10, 0.1, 200)})
    assert image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1
    ink = np.ptp(image, axis=2) > 0.3
    ink[:, 500:] &= np.arange(450)[:, None] > 80  # the legend stands in that corner
    columns = np.flatnonzero(ink.any(axis=0))
    heights = [np.flatnonzero(ink[:, x]).mean() for x in columns[:: len(columns) // 8]]
    assert np.all(np.diff(heights) > 0)


def test_a_loss_that_is_always_0_is_left_out_and_nothing_is_an_empty_plot():
    nothing = plot_losses([], {})
    assert not columns_with_ink(nothing).any()
    assert not columns_with_ink(plot_losses([1, 2], {"pixels": [0.0, 0.0]})).any()
    assert columns_with_ink(plot_losses([1, 2], {"style": [0.5, 0.4]})).any()
