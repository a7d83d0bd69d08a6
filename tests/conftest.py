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
# Nor must speeds: on a busy machine two processes would choose different operators, and their
# pictures would differ in the last bits. Inherited by child processes.
os.environ["XDG_CACHE_HOME"] = os.environ["KERAS_HOME"] + "/cache"
os.environ["IMPASTO_MEASURE"] = "0"
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's threads and the framework's fight
# Tests compile small graphs and run each a few times: with fewer passes XLA takes half the time.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:  # several processes share the cores
    _THREADS = max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    for _name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC"):
        os.environ.setdefault(_name, str(_THREADS))

# A shell starts background jobs deaf to interrupts, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

import hypothesis  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from impasto.process import tune_process  # noqa: E402

tune_process()  # the tests own their process, and evaluate the network many times

hypothesis.settings.register_profile("impasto", deadline=None, derandomize=True)
hypothesis.settings.load_profile("impasto")


_STUDIO_PAGE = "test_browser"  # what the names of its files begin with
_LONGEST = (  # files that take over half a minute; the first are those of the studio's page
    _STUDIO_PAGE,
    "test_memory",
    "test_parity",
    "test_examples",
    "test_train",
    "test_training_parity",
    "test_main",
    "test_cluster",
    "test_paint",
    "test_resume",
    "test_service",
    "test_device",
    "test_stage",
    "test_resuming",
    "test_load",
    "test_restart",
    "test_faults",
    "test_export",
    "test_optimize",
    "test_restarts",
)


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
    """Skip slow tests unless asked, mark those that need a browser, and start long files first."""
    skip = pytest.mark.skip(reason="slow; runs with --slow")
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(skip)
        if item.path.stem.startswith("test_browser"):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: _rank(item.path.stem))


def _rank(file):
    if file.startswith(_STUDIO_PAGE):
        return 0
    return _LONGEST.index(file) if file in _LONGEST else len(_LONGEST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of a file together, and all that share the studio's page and its browser."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = Path(nodeid.partition("::")[0])
            of_page = file.parent.name == "studio" and file.stem.startswith("test_browser")
            return _STUDIO_PAGE if of_page else str(file)

    return ByFile(config, log)


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
