"""The state of a run."""

from __future__ import annotations

from impasto.backend import ops
from impasto.engines.iterative import state
from impasto.engines.iterative.points import OptimizerState, Point
from impasto.images.memory import Fit
from impasto.settings import Settings


def test_on_a_gpu_its_own_memory_counts(monkeypatch):
    monkeypatch.setattr(state, "device_memory", lambda: 80e9)
    sizes = (4096, 4096), (1000, 1000)
    whole = state.set_up_run(*sizes, Settings(size=4096, precision="float32"), 0.0)
    assert whole.fits[-1].tile is None and 8e9 < whole.fits[-1].bytes < 64e9
    tiles = state.set_up_run(*sizes, Settings(size=4096, precision="float32", memory=8), 0.0)
    assert tiles.fits[-1].tile is not None


def test_names_in_checkpoints_stay_those_of_earlier_versions():
    x = ops.zeros((1, 16, 16, 3))
    point = Point(x, ops.zeros(()), x, {"total": ops.zeros(())})
    setup = state.RunSetup("float32", (Fit(None, 5, 1e9),), None)
    progress = state.Progress(0, 1, 0, 10, 0)
    run = state.RunState(
        setup, x, progress, best=point, state=OptimizerState(point, 1, False, None)
    )
    snapshot = state.to_snapshot(run)
    tree = snapshot.about["stand"]
    kinds = [part["kind"] for part in tree["parts"] if isinstance(part, dict) and "kind" in part]
    assert [tree["kind"], *kinds] == ["Stand", "Course", "Progress", "Point", "State"]
    assert {"stand/start", "stand/best/x", "stand/state/point/x"} <= {*snapshot.arrays}
