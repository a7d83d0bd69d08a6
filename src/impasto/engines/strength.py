"""Style strength: even steps away from the photograph, as VGG19 sees them.

On the iterative route the content counts more and more down to half strength. The least that this
leaves is a third of the way: a picture that is optimised through the network never equals the
photograph. Below half strength, the picture of half strength is mixed with the photograph. On the
feed-forward route style vectors are mixed. `benchmarks/strength.py` and docs/decisions/0014 have
the figures.
"""

from __future__ import annotations

import numpy as np

from ..settings import Settings

_MIXED_BELOW = 0.5
# What style and variation are multiplied by, relative to the content.
_STRENGTHS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
_FACTORS = (0.026, 0.125, 1.0, 1.5, 2.2, 3.5, 6.0)
# How much of the style's vector makes so strong a picture; the photograph's is the rest.
_MIXED_AT, _MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0, 2.0), (0.0, 0.11, 0.28, 0.57, 1.0, 2.0)


def at_strength(settings: Settings) -> Settings:
    """Return the settings with the weights that their strength asks for.

    Example:
        >>> at_strength(Settings()) == Settings()
        True
        >>> at_strength(Settings(strength=0)).iterations
        0
    """
    if settings.strength == 0:
        return settings.changed(init="content", iterations=0, rounds=1, scales=1)
    factor = float(np.exp(np.interp(settings.strength, _STRENGTHS, np.log(_FACTORS))))
    if factor == 1.0:
        return settings
    return settings.changed(content_weight=settings.content_weight / factor)


def painted_share(settings: Settings) -> float:
    """Return how much of the result is the picture that was optimised; the photograph is the rest.

    Example:
        >>> painted_share(Settings()), painted_share(Settings(strength=0.25))
        (1.0, 0.5)
    """
    return min(1.0, settings.strength / _MIXED_BELOW)


def style_mixture(strength: float) -> float:
    """Return how much of a style's vector makes a picture of a strength, 0..2.

    Example:
        >>> style_mixture(0.0), style_mixture(1.0), style_mixture(2.0)
        (0.0, 1.0, 2.0)
    """
    return float(np.interp(strength, _MIXED_AT, _MIXTURES))
