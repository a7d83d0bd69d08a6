"""The notebook among the examples runs from top to bottom, and its cells show what they should."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import impasto

NOTEBOOK = Path(__file__).parents[1] / "examples" / "notebook.ipynb"

# Runs cells as a notebook does: the value of a last expression is shown.
RUN = """
import ast, json, sys
names, shown = {}, []
for source in json.load(sys.stdin):
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if last:
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        png = getattr(value, "_repr_png_", lambda: b"")()
        shown.append([repr(value), len(png) if png.startswith(b"\\x89PNG") else 0])
json.dump(shown, sys.stdout)
"""


def cells(kind):
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    sources = ["".join(cell["source"]) for cell in cells("code")]
    assert "size = 512" in sources[0]
    small = [source.replace("size = 512", "size = 48") for source in sources]
    small = [source.replace("iterations=20", "iterations=2") for source in small]
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(small),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=folder,
        timeout=300,
    )
    return folder, json.loads(ran.stdout)


def test_every_cell_shows_a_value_and_pictures_show_a_preview(ran):
    _, shown = ran
    assert len(shown) == len(cells("code"))
    pictures = [text for text, preview in shown if preview]
    assert [text.partition("(")[0] for text in pictures[:4]] == [
        "Picture",
        "Result",
        "Result",
        "Result",
    ]
    assert "48x32 RGB" in pictures[1]


def test_it_saves_a_picture_with_its_record(ran):
    folder, _ = ran
    assert impasto.read_record(folder / "painted.png")["settings"]["iterations"] == 2


def test_it_is_kept_without_outputs():
    for cell in cells("code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
