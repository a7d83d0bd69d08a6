"""A tuned process starts without unneeded imports of Keras."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
import impasto
TUNE
from impasto.backend import keras
def state():
    return [name in sys.modules for name in ("torch._dynamo", "jax", "matplotlib")]
told = [state()]
keras.random.uniform((2,), seed=1)
import jax.numpy, matplotlib.pyplot, torch._dynamo
torch._dynamo.reset()
print(json.dumps([*told, state()]))
"""


def run(tune):
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    words = [sys.executable, "-W", "error", "-c", PROGRAM.replace("TUNE", tune)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_tuned_process_starts_without_compiler_and_other_framework_but_can_have_them():
    before, after = run("impasto.tune_process()")
    assert not any(before)
    assert all(after)


def test_a_process_of_others_gets_keras_as_it_is():
    pytest.importorskip("jax")
    before, _ = run("")
    assert all(before)


def test_the_stand_in_becomes_the_compiler_when_more_of_it_is_wanted():
    code = """
import sys, impasto
impasto.tune_process()
from impasto.backend._fast_import import fast_import
with fast_import():
    import torch._dynamo as dynamo
    assert dynamo.disable()(len) is len
    assert "torch._dynamo.eval_frame" not in sys.modules
    dynamo.reset()
assert "torch._dynamo.eval_frame" in sys.modules
import torch._dynamo
torch._dynamo.reset()
"""
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
