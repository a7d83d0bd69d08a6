"""Cheap stand-ins: settings of a run in two blocks of VGG19, and a small painting network."""

import numpy as np

SHALLOW = {
    "style_layers": ("block1_conv1", "block2_conv1"),
    "content_layers": ("block2_conv2",),
}
SHALLOW_OPTIONS = tuple(
    word for name, layers in SHALLOW.items() for word in (f"--{name.replace('_', '-')}", *layers)
)


def toy_network(seed=1):
    """A network of random weights that has the styles `wave` and `scream`."""
    from impasto.engines.network.model import Architecture, PaintingModel, neutral_style, style_size
    from impasto.engines.network.trunk import make_network  # loads the framework

    architecture, rng = Architecture((4, 4, 6, 8), blocks=1), np.random.default_rng(seed)
    size = style_size(architecture)
    styles = {
        name: (neutral_style(architecture) + rng.standard_normal(size)).astype(np.float32)
        for name in ("photograph", "wave", "scream")
    }
    weights = tuple(make_network(architecture).get_weights())
    return PaintingModel(architecture, weights, styles, None, {})
