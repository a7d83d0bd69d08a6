"""The only package that imports Keras, PyTorch, JAX or TensorFlow.

All other packages write `from ..backend import keras, ops`. The framework is chosen at the first
import of this package: the one Keras already runs on, else `KERAS_BACKEND`, else the first
installed of PyTorch, JAX and TensorFlow.

For features missing in Keras 3 there is one function of the same name for each framework:

- `value_and_grad(fn, tf32=False)`: `fn(x, *rest) -> (value, parts)` becomes
  `(x, *rest) -> ((value, parts), gradient in x)`, compiled where the framework does that well.
- `compiled(fn, tf32=False)`: the function compiled, without gradients; waits for the result where
  the framework would run several calls concurrently.
- `recorded(fn)`: a function from tensors to tensors, for many calls with the same shapes; on CUDA,
  PyTorch records it as one program (a CUDA graph). It must not read the value of a tensor.
- `prepare_kernel(kernel, bias, keep_transformed=False)` and `conv3x3_relu(x, kernel, padding)`: a
  frozen convolution, bias and ReLU, in the framework's fast memory layout `DATA_FORMAT`;
  `keep_transformed` lets PyTorch spend memory on NNPACK's transformed kernels.
- `pool2x2(x, kind, edge)`: `max` or `average` pooling; the edge `same` keeps an odd last row or
  column, `valid` drops it.
- `with_gram(x) -> (x, gram)`: features and their Gram matrix; `gram_each(x)`: that of each picture.
- `resolve_precision(precision)`: replaces `auto` by the best precision on this device.
- `reflect_pad(x)`, `conv3x3(x, kernel, stride)`, `enlarge2x2(x)` and `instance_norm(x, scale,
  shift)`: for the trained networks; x (N, H, W, C), scale and shift (N, C). The norm adds
  `NORM_EPSILON` to variances. `enlarge_conv3x3(x, kernel)` upsamples x by 2 with nearest
  neighbours, repeats its border by one position, and convolves it, fused.
- `prepare_to_train()`: call it before training a Keras model.
- `make_update(model, averages)`: the training step, see `training_update.Update`. `model` is a
  compiled Keras model with `examples(batch) -> (x, y)` and `step_loss(batch) -> (loss, parts)`;
  `averages` are variables that average its weights, or empty.
- `on_gpu()`: whether training uses 16 bits and recorded steps: only PyTorch on CUDA.
- `free_memory()`, `devices()`, `threads()`; `device_memory()`: free bytes of the GPU in use, None
  if tensors are in host memory or the framework does not report it.
- `operators()` returns the names of the operators that this process has chosen, by layer;
  `use_operators(chosen)` sets them. Operators round differently, so a run that is resumed or
  reproduced must use the same ones. `processor()` names the machine.
- `check_process()`: call it before computing. A process forked from one that had loaded the
  framework lacks its threads, and the first operator would wait for them for ever. PyTorch on a
  CPU goes on with one thread, as in the workers of its `DataLoader`; others raise `BackendError`.
"""

from __future__ import annotations

import importlib.util
import os
import sys

from .. import forks
from ..errors import BackendError
from ..process import DEVICE_VARIABLE, process_is_tuned
from ._device import check_device, choose_device

FRAMEWORKS = ("torch", "jax", "tensorflow")


def _choose() -> str:
    """Return the name of the framework that Keras runs on."""
    if "keras" in sys.modules:
        return str(sys.modules["keras"].backend.backend())
    if named := os.environ.get("KERAS_BACKEND"):
        return named
    for name in FRAMEWORKS:
        if importlib.util.find_spec(name):
            return name
    raise BackendError(
        "impasto needs PyTorch, JAX or TensorFlow, and none is installed; "
        'run pip install torch, or pip install "impasto[jax]" or "impasto[tensorflow]"'
    )


BACKEND = _choose()
if BACKEND not in FRAMEWORKS:
    raise BackendError(
        f"the Keras backend {BACKEND!r} is not supported, as it has no gradients; "
        f"set KERAS_BACKEND to one of {', '.join(FRAMEWORKS)}"
    )
if importlib.util.find_spec(BACKEND) is None:
    raise BackendError(
        f"the backend {BACKEND} is not installed; run pip install {BACKEND}, "
        "or choose another with --backend or KERAS_BACKEND"
    )
os.environ["KERAS_BACKEND"] = BACKEND
_asked = os.environ.get(DEVICE_VARIABLE)
_device = choose_device()

if BACKEND == "torch" and process_is_tuned():
    import torch  # noqa: F401

    from ._fast_import import fast_import

    with fast_import():
        import keras
else:
    import keras
from keras import ops  # noqa: E402

from ._channels_last import NORM_EPSILON  # noqa: E402
from .measurements import processor  # noqa: E402

if BACKEND == "torch":
    from . import _torch as _framework
elif BACKEND == "jax":
    from . import _jax as _framework  # type: ignore[no-redef]
else:
    from . import _tensorflow as _framework  # type: ignore[no-redef]

if _device is not None:
    check_device(_device, _framework.devices(), _asked or _device)


def check_process() -> None:
    """Prepare the framework for use in a forked process.

    Raises:
        BackendError: This process was forked after the framework was loaded, and cannot use it.

    Example:
        >>> check_process()
    """
    if not forks.is_copied(BACKEND):
        return
    if not _framework.continue_after_fork():
        raise BackendError(
            f"this process was forked after {BACKEND} was loaded, and cannot use it; start "
            "processes with multiprocessing.get_context('spawn')"
        )
    forks.mark_usable(BACKEND)


DATA_FORMAT = _framework.DATA_FORMAT
VERSION = _framework.VERSION
value_and_grad = _framework.value_and_grad
compiled = _framework.compiled
prepare_kernel = _framework.prepare_kernel
prepare_to_train = _framework.prepare_to_train
recorded = _framework.recorded
conv3x3 = _framework.conv3x3
conv3x3_relu = _framework.conv3x3_relu
pool2x2 = _framework.pool2x2
operators = _framework.operators
use_operators = _framework.use_operators
resolve_precision = _framework.resolve_precision
with_gram = _framework.with_gram
enlarge2x2 = _framework.enlarge2x2
enlarge_conv3x3 = _framework.enlarge_conv3x3
free_memory = _framework.free_memory
gram_each = _framework.gram_each
instance_norm = _framework.instance_norm
make_update = _framework.make_update
on_gpu = _framework.on_gpu
reflect_pad = _framework.reflect_pad
device_memory = _framework.device_memory
devices = _framework.devices
threads = _framework.threads

__all__ = [
    "BACKEND",
    "DATA_FORMAT",
    "FRAMEWORKS",
    "NORM_EPSILON",
    "VERSION",
    "check_process",
    "compiled",
    "conv3x3",
    "conv3x3_relu",
    "device_memory",
    "devices",
    "enlarge2x2",
    "enlarge_conv3x3",
    "free_memory",
    "gram_each",
    "instance_norm",
    "keras",
    "make_update",
    "on_gpu",
    "operators",
    "ops",
    "pool2x2",
    "prepare_kernel",
    "prepare_to_train",
    "processor",
    "recorded",
    "reflect_pad",
    "resolve_precision",
    "threads",
    "use_operators",
    "value_and_grad",
    "with_gram",
]
