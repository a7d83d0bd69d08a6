"""What a run keeps throughout."""

from __future__ import annotations

from impasto.engines.iterative import state
from impasto.settings import Settings


def test_on_a_gpu_its_own_memory_counts(monkeypatch):
    monkeypatch.setattr(state, "device_memory", lambda: 80e9)
    sizes = (4096, 4096), (1000, 1000)
    whole = state.set_up_run(*sizes, Settings(size=4096, precision="float32"), 0.0)
    assert whole.fits[-1].tile is None and 8e9 < whole.fits[-1].bytes < 64e9
    tiles = state.set_up_run(*sizes, Settings(size=4096, precision="float32", memory=8), 0.0)
    assert tiles.fits[-1].tile is not None
