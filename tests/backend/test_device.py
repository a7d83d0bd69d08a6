"""Selecting the device."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from impasto.backend._device import check_device, choose_device
from impasto.errors import BackendError
from impasto.process import DEVICE_VARIABLE

CHANGED = (DEVICE_VARIABLE, "CUDA_VISIBLE_DEVICES", "KERAS_TORCH_DEVICE", "JAX_PLATFORMS")
DEVICES = """
import sys, impasto
impasto.tune_process(backend=sys.argv[1], device=sys.argv[2])
from impasto import backend
print(backend.devices()[0])
"""


@pytest.fixture
def environment(monkeypatch):
    for name in CHANGED:
        monkeypatch.setenv(name, "")  # so that changes in the test are undone
        monkeypatch.delenv(name)
    return monkeypatch


def chosen():
    return choose_device(), os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ[DEVICE_VARIABLE]


@pytest.mark.parametrize(
    ("asked", "visible", "expected"),
    [
        ("cpu", None, ("cpu", "-1", "cpu")),
        ("cpu", "0,1", ("cpu", "-1", "cpu")),
        ("cuda", None, ("cuda", None, "cuda")),
        ("cuda", "2,3", ("cuda", "2,3", "cuda")),
        ("cuda:1", None, ("cuda", "1", "cuda")),
        ("cuda:1", "2,3", ("cuda", "3", "cuda")),
        ("mps", None, ("mps", "-1", "mps")),
    ],
)
def test_all_others_are_hidden(environment, asked, visible, expected):
    environment.setenv(DEVICE_VARIABLE, asked)
    if visible is not None:
        environment.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert chosen() == expected
    assert chosen() == expected  # as in a child process
    assert os.environ["KERAS_TORCH_DEVICE"] == expected[0]


def test_without_the_variable_nothing_changes(environment):
    assert choose_device() is None
    assert not any(name in os.environ for name in CHANGED)


def test_an_unknown_device_is_an_error(environment):
    environment.setenv(DEVICE_VARIABLE, "gpu")
    with pytest.raises(BackendError, match="IMPASTO_DEVICE is 'gpu'; it must be cpu, cuda"):
        choose_device()
    environment.setenv(DEVICE_VARIABLE, "cuda:2")
    environment.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    with pytest.raises(BackendError, match=r"no device cuda:2 \(CUDA_VISIBLE_DEVICES is 4,5"):
        choose_device()


@pytest.mark.parametrize(
    ("kind", "devices"),
    [("cuda", ["cuda:0 H200", "cpu"]), ("cuda", ["gpu:0 H200"]), ("cpu", ["CPU:0"])],
)
def test_a_device_that_the_framework_found_passes(kind, devices):
    check_device(kind, devices, kind)


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_every_framework_takes_the_cpu_and_misses_a_gpu_that_is_not_there(backend):
    def run(device):
        words = [sys.executable, "-W", "ignore", "-c", DEVICES, backend, device]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)

    assert run("cpu").stdout.lower().startswith("cpu")
    missing = run("cuda:63")
    assert "BackendError: there is no device cuda:63" in missing.stderr
