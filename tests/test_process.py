"""What the process tells the allocator."""

from __future__ import annotations

import subprocess
import sys

import pytest

THREADS, MEGABYTES = 6, 64
CHURN = f"""
import sys, threading, time
import numpy as np
import psutil
from impasto.process import share_freed_memory, tune_process

tune_process()
if sys.argv[1:]:
    share_freed_memory()
before = psutil.Process().memory_info().rss
turn, all_done = threading.Lock(), threading.Barrier({THREADS} + 1)

def churn():
    with turn:  # one after the other, but all alive
        [np.ones(1 << 17) for _ in range({MEGABYTES})]
    all_done.wait()

for _ in range({THREADS}):
    threading.Thread(target=churn).start()
while all_done.n_waiting < {THREADS}:
    time.sleep(0.01)
print((psutil.Process().memory_info().rss - before) >> 20)
all_done.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_threads_share_the_memory_that_they_free():
    grown = subprocess.run(
        [sys.executable, "-c", CHURN, "shared"], capture_output=True, text=True, check=True
    )
    assert int(grown.stdout) < 3 * MEGABYTES


GAPS = f"""
import sys
from contextlib import nullcontext

import numpy as np
import psutil
from impasto.process import returning_freed_memory, tune_process

tune_process()
before = psutil.Process().memory_info().rss
with returning_freed_memory() if sys.argv[1:] else nullcontext():
    blocks = [np.ones(2 << 20) for _ in range({MEGABYTES} // 8)]  # of 16 MB
    blocks = blocks[::2]
print((psutil.Process().memory_info().rss - before) >> 20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
@pytest.mark.parametrize(("words", "held"), [([], 2), (["returning"], 1)])
def test_freed_blocks_go_back_only_where_memory_is_short(words, held):
    grown = subprocess.run(
        [sys.executable, "-c", GAPS, *words], capture_output=True, text=True, check=True
    )
    assert int(grown.stdout) == pytest.approx(held * MEGABYTES, abs=MEGABYTES / 4)
