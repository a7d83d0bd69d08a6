"""The examples run as they stand."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.studio.whole import studio

import impasto

EXAMPLES = Path(__file__).parents[1] / "examples"
ALONE = sorted(set(EXAMPLES.glob("*.py")) - {EXAMPLES / "studio_client.py"})


# Runs all in one process, since PyTorch starts slowly.
RUN = """
import runpy, sys
folder, size, *examples = sys.argv[1:]
for example in examples:
    sys.argv = [example, f"{folder}/{example.rpartition('/')[2]}.png", size]
    runpy.run_path(example, run_name="__main__")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    words = [sys.executable, "-c", RUN, folder, "64", *(path.as_posix() for path in ALONE)]
    subprocess.run(words, check=True, timeout=300)
    return folder


@pytest.mark.parametrize("example", ALONE, ids=lambda path: path.stem)
def test_example_makes_a_picture(example, folder):
    assert max(impasto.read_image(folder / f"{example.name}.png").shape) == 64


def test_a_client_of_the_studio_gets_its_pictures(tmp_path):
    output, who = tmp_path / "painted.png", "anna:correct horse"
    with studio(tmp_path, "--auth", who) as where:
        words = [sys.executable, EXAMPLES / "studio_client.py", output, "64", where.url, who]
        subprocess.run(words, check=True, timeout=300)
        assert max(impasto.read_image(output).shape) == 64
        assert impasto.read_record(output)["settings"]["quality"] == "draft"
        assert [path.name for path in where.gallery.glob("anna/*.png")] == ["cat_swirls.png"]
