"""What the documentation says is true."""

import doctest
import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest

import impasto

ROOT = Path(__file__).parents[1]
FRAMEWORK_FILES = ("impasto.backend._jax", "impasto.backend._tensorflow")  # see test_parity
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(impasto.__path__, "impasto.")
    if module.name not in FRAMEWORK_FILES
)


def test_what_documents_take_from_the_code_is_of_today():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for path, text in generate.documents().items():
        assert path.read_text("utf-8") == text, "run python docs/generate.py"


def test_links_and_pictures_in_the_documents_exist():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    import numpy as np

    extra = {"np": np, "impasto": impasto}
    failed, _ = doctest.testmod(module, extraglobs=extra, optionflags=doctest.ELLIPSIS)
    assert failed == 0
