"""Style strength: even steps away from the photograph, as measured by VGG19.

On the iterative route a lower strength, down to one half, gives the content more weight. This alone
cannot go below a third of the full distance, since an optimised picture never equals the
photograph. Below one half, the picture of half strength is blended with the photograph. On the
feed-forward route style vectors are interpolated. `benchmarks/strength.py` and docs/decisions/0014
have the figures.
"""

from __future__ import annotations

import numpy as np

from ..settings import Settings

_MIXED_BELOW = 0.5
# Factor of the style and total variation weights relative to the content, by strength.
_STRENGTHS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
_FACTORS = (0.026, 0.125, 1.0, 1.5, 2.2, 3.5, 6.0)
# Share of the style's vector by strength; the rest is the photograph's vector.
_MIXED_AT, _MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0, 2.0), (0.0, 0.11, 0.28, 0.57, 1.0, 2.0)


def at_strength(settings: Settings) -> Settings:
    """Return the settings with weights adjusted to their strength.

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


def as_planned(settings: Settings) -> Settings:
    """Return the settings that determine how long a run takes and what memory it needs.

    The colours of a palette, and a strength of 0, need no optimisation: one look at one scale.

    Example:
        >>> as_planned(Settings(color="palette")).iterations, as_planned(Settings()) == Settings()
        (0, True)
    """
    if settings.color == "palette" and settings.strength > 0:
        return settings.changed(iterations=0, rounds=1, scales=1, strength=1.0)
    return at_strength(settings)


def painted_share(settings: Settings) -> float:
    """Return the share of the optimised picture in the result; the rest is the photograph.

    Example:
        >>> painted_share(Settings()), painted_share(Settings(strength=0.25))
        (1.0, 0.5)
    """
    return min(1.0, settings.strength / _MIXED_BELOW)


def style_mixture(strength: float) -> float:
    """Return the share of a style's vector for a strength, 0..2.

    Example:
        >>> style_mixture(0.0), style_mixture(1.0), style_mixture(2.0)
        (0.0, 1.0, 2.0)
    """
    return float(np.interp(strength, _MIXED_AT, _MIXTURES))
