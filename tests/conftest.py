"""What all tests share. The environment is set here, before any framework is loaded."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

# A keras.json or cached weights in the user's home must not decide what the tests see.
os.environ["KERAS_HOME"] = tempfile.mkdtemp(prefix="impasto_keras_")
atexit.register(shutil.rmtree, os.environ["KERAS_HOME"], ignore_errors=True)
os.environ.pop("IMPASTO_VGG19", None)
# Speeds measured before, or elsewhere, must not decide either. Inherited by child processes.
os.environ["XDG_CACHE_HOME"] = os.environ["KERAS_HOME"] + "/cache"
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's threads and the framework's fight

# A shell starts background jobs deaf to interrupts, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

import hypothesis  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from impasto.process import tune_process  # noqa: E402

tune_process()  # the tests own their process, and evaluate the network many times

hypothesis.settings.register_profile("impasto", deadline=None, derandomize=True)
hypothesis.settings.load_profile("impasto")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")
    parser.addoption(
        "--screenshots", type=Path, metavar="FOLDER", help="write pictures of the studio's page"
    )


def pytest_configure(config):
    # Keras turns PyTorch's tensors into arrays in a way that NumPy 2 deprecates; not ours to fix.
    config.addinivalue_line(
        "filterwarnings",
        "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
    )


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow; runs with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def layers():
    """VGG19's kernels and biases, the real ones. Shared: do not write into them."""
    from impasto.perceptual import weights

    return weights.load(weights.find())


@pytest.fixture
def rng():
    """Random numbers that are the same in each run."""
    return np.random.default_rng(20240607)


@pytest.fixture(scope="session")
def exact_layers(layers):
    """The same in float64, converted once, for the oracle."""
    return {name: tuple(np.float64(array) for array in both) for name, both in layers.items()}
