"""Memory of a run, and fitting it into a limit."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from impasto.errors import PictureError
from impasto.images import memory
from impasto.images.memory import GIGABYTE, estimate, fit_memory, fit_scales, limit
from impasto.settings import Settings

PEAK = """
import json, sys
import impasto
impasto.tune_process()
import numpy as np
from impasto.engines.iterative.optimize import optimize_image
settings = impasto.Settings(**json.loads(sys.argv[1]))
rng = np.random.default_rng(0)
shape = (settings.size * 3 // 4, settings.size, 3)
pictures = [rng.random(shape, dtype=np.float32) for _ in range(2)]
for step in optimize_image(pictures[0], pictures[1:], settings):
    pass
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(1024 * int(status["VmHWM"].split()[0]))
"""


def peak(**changed):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PEAK, json.dumps(changed)],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return float(done.stdout.split()[-1])


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(
    "changed",
    [
        {"size": 256, "precision": "float32"},
        {"size": 512, "precision": "bfloat16"},
        {"size": 512, "precision": "float32"},
        {"size": 640, "precision": "float32", "tile": 256},
        {"size": 512, "precision": "float32", "style_loss": "patches"},
    ],
    ids=lambda changed: "-".join(map(str, changed.values())),
)
def test_the_estimate_is_within_a_fifth_of_the_peak(changed):
    settings = Settings(**changed, scales=1, iterations=3)
    size = (settings.size * 3 // 4, settings.size)
    expected = estimate(size, size, settings, tile=settings.tile)
    assert peak(**changed, scales=1, iterations=3) == pytest.approx(expected, rel=0.2)


def test_kernels_are_kept_transformed_where_memory_is_plenty_and_nnpack_the_fastest(monkeypatch):
    from impasto.images import memory

    size, plain = (192, 256), []
    for wide in (False, True):
        monkeypatch.setattr(memory, "favours_nnpack", lambda wide=wide: not wide)
        small, large = (estimate(size, size, Settings(memory=n)) for n in (3, 5))
        assert large - small == pytest.approx(0 if wide else 0.6e9, abs=0.1e9)
        plain.append(small)
    assert plain[0] == plain[1]


def test_more_pixels_more_history_and_no_tiles_need_more():
    settings = Settings(iterations=100)
    small, large = (600, 800), (1200, 1600)
    assert estimate(large, small, settings) > estimate(small, small, settings)
    assert estimate(large, small, settings, tile=256) < estimate(large, small, settings)
    short, long = (settings.changed(history=n) for n in (2, 20))
    assert estimate(large, small, short) < estimate(large, small, long)
    assert estimate(small, (4000, 6000), settings) > estimate(small, small, settings)


def test_what_fits_is_looked_at_whole():
    found = fit_memory(
        (480, 640),
        (600, 800),
        Settings(memory=16),
    )
    assert found.tile is None
    assert found.history == Settings().history
    assert found.bytes <= 16 * GIGABYTE


@pytest.mark.parametrize(("size", "memory"), [((1536, 2048), 8), ((3072, 4096), 12)])
def test_large_pictures_take_tiles_to_fit(size, memory):
    found = fit_memory(
        size, (1500, 2000), Settings(size=max(size), memory=memory, precision="float32")
    )
    assert found.tile is not None
    assert found.bytes <= memory * GIGABYTE


def test_less_memory_takes_smaller_tiles_then_less_history_then_an_error():
    def fitted(memory):
        return fit_memory((3072, 4096), (1500, 2000), Settings(memory=memory, precision="float32"))

    memories = (24, 12, 8, 6, 5.5)
    found = [fitted(memory) for memory in memories]
    ways = [(one.history, one.tile) for one in found]
    assert ways == sorted(ways, reverse=True)
    assert found[1].tile < found[0].tile
    assert found[-1].history < found[0].history
    assert all(one.bytes <= memory * GIGABYTE for one, memory in zip(found, memories, strict=True))
    with pytest.raises(PictureError, match=r"4096x3072 does not fit into 2.5 GB .* would fit"):
        fitted(2.5)
    with pytest.raises(PictureError, match="close other programs or raise memory"):
        fitted(0.1)


def test_the_size_that_would_fit_does():
    settings = Settings(memory=2.5, precision="float32")
    with pytest.raises(PictureError) as caught:
        fit_memory((3072, 4096), (1500, 2000), settings)
    side = int(str(caught.value).split("a size of ")[1].split()[0])
    assert fit_memory((side * 3 // 4, side), (1500, 2000), settings).bytes <= 2.5 * GIGABYTE


def test_tiles_that_are_asked_for_are_taken():
    assert fit_memory((480, 640), (480, 640), Settings(tile=128, memory=16)).tile == 128


def test_every_scale_has_its_own_fit():
    settings = Settings(size=2048, memory=8, precision="float32")
    fits = fit_scales((1536, 2048), (1500, 2000), settings)
    assert fits[0].tile is None
    assert fits[-1].tile is not None
    assert [one.bytes for one in fits] == sorted(one.bytes for one in fits)


def test_the_limit_is_never_more_than_is_free(monkeypatch):
    from impasto.images import memory

    monkeypatch.setattr(memory, "available_memory", lambda: 2e9)
    assert limit(Settings()) == pytest.approx(1.6e9)
    monkeypatch.setattr(memory, "available_memory", lambda: 100e9)
    assert limit(Settings()) == pytest.approx(8e9)
    assert limit(Settings(memory=20)) == pytest.approx(20e9)


def test_a_print_of_24_megapixels_fits_into_8_gigabytes():
    for precision in ("float32", "bfloat16"):
        settings = Settings(size=6000, memory=8, precision=precision)
        fits = fit_scales((4000, 6000), (1000, 1500), settings)
        assert all(fit.bytes <= 8e9 for fit in fits)
        assert fits[-1].tile is not None
        assert fits[-1].history >= 3


def test_no_more_steps_are_remembered_than_a_scale_takes():
    settings = Settings(size=3000, memory=64, precision="float32")
    fits = fit_scales((2000, 3000), (1000, 1500), settings)
    assert fits[-1].history == 10
    settings = Settings(size=6000, memory=64, precision="float32")
    assert fit_scales((4000, 6000), (1000, 1500), settings)[-1].history == 6


@pytest.mark.parametrize(
    ("framework", "peaks"), [("jax", (1.83e9, 3.15e9)), ("tensorflow", (1.73e9, 2.86e9))]
)
def test_other_frameworks_take_more(monkeypatch, framework, peaks):
    """Compare with peaks measured on two threads of an AMD EPYC with AVX2."""
    monkeypatch.setenv("KERAS_BACKEND", framework)
    monkeypatch.setattr(memory, "process_is_tuned", lambda: True)
    monkeypatch.setattr(memory, "find_spec", lambda name: None)
    settings = Settings(precision="float32", iterations=10, memory=8)
    for size, peak in zip(((192, 256), (384, 512)), peaks, strict=True):
        assert estimate(size, size, settings) == pytest.approx(peak, rel=0.2)
