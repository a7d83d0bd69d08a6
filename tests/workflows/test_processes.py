"""Painting in several processes and threads."""

import json
import os
import subprocess
import sys
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
from tests.toy import SHALLOW, toy_network

import impasto

FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
TINY = impasto.Settings(size=32, scales=1, iterations=3, init="content", **SHALLOW)

# A program of its own, since forking the process of the tests would copy their threads.
PROGRAM = """
import json, multiprocessing, sys
import numpy as np
import impasto

GREY = np.linspace(0, 1, 24 * 32 * 3, dtype=np.float32).reshape(24, 32, 3)
SETTINGS = impasto.Settings(**json.loads(sys.argv[1]))

def paint():
    return impasto.paint(GREY, "wave").image

def stylize():
    return impasto.stylize(GREY, impasto.sample_style("mosaic", 64), settings=SETTINGS).image

def use_gpu():
    from impasto.backend import _torch
    _torch.devices = lambda: ["cuda:0 a GPU", "cpu"]

def failure(work):
    try:
        return str(work())
    except impasto.BackendError as error:
        return str(error)

def run(method, *calls):
    with multiprocessing.get_context(method).Pool(1) as pool:
        return [pool.apply_async(*call).get(timeout=60) for call in calls]

if __name__ == "__main__":
    import torch
    torch.rand(500, 500) @ torch.rand(500, 500)  # starts PyTorch's threads, but not impasto's use
    made = run("fork", (paint,)) + [paint(), stylize()]
    made += run("fork", (paint,), (stylize,))
    _, *refused = run("fork", (use_gpu,), (failure, (paint,)), (failure, (stylize,)))
    made += run("spawn", (paint,), (stylize,))
    expected = [made[1], *made[1:3], *made[1:3], *made[1:3]]
    far = [float(np.abs(one - other).max()) for one, other in zip(made, expected, strict=True)]
    print(json.dumps({"refused": refused, "far": far}))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("processes") / "program.py"
    path.write_text(PROGRAM)
    words = [sys.executable, path, TINY.model_dump_json(exclude_defaults=True)]
    return json.loads(subprocess.check_output(words, timeout=200))


@FORKS
def test_a_forked_copy_of_a_process_that_uses_a_gpu_says_what_to_do(made):
    assert made["refused"] == 2 * [
        "this process was forked after torch was loaded, and cannot use it; start processes with "
        "multiprocessing.get_context('spawn')"
    ]


@FORKS
def test_forked_and_spawned_processes_paint_the_same_pictures(made):
    assert len(made["far"]) == 7
    assert max(made["far"]) < 1e-4  # forked ones compute with one thread


def test_two_threads_paint_the_same_pictures_as_one(rng):
    model, photographs = toy_network(), list(rng.random((6, 24, 32, 3), np.float32))
    styles = [impasto.sample_style(kind, 64) for kind in ("mosaic", "swirls")]

    def paint(number):
        return impasto.paint(photographs[number], ("wave", "scream")[number % 2], model=model).image

    def stylize(number):
        return impasto.stylize(photographs[number], styles[number % 2], settings=TINY).image

    tasks = [(work, number) for number in range(6) for work in (paint, stylize)]
    expected = [work(number) for work, number in tasks]
    with ThreadPool(2) as pool:
        made = pool.map(lambda task: task[0](task[1]), tasks, chunksize=1)
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_array_equal(one, other)
