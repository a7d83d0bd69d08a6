"""The examples run as they stand."""

import subprocess
import sys
from pathlib import Path

import pytest

import impasto

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_makes_a_picture(example, tmp_path):
    output = tmp_path / "painted.png"
    subprocess.run([sys.executable, example, output, "64"], check=True, timeout=300)
    assert max(impasto.read_image(output).shape) == 64
