"""What strength means for the iterative route."""

from __future__ import annotations

import numpy as np

from ..settings import Settings

# The weight of style and variation for which a picture is so many times as far from the photograph
# as with the default weights.
_STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
_FACTORS = (1e-3, 0.01, 0.05, 0.2, 1.0, 2.0, 5.0, 15.0, 50.0)


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
