"""The picture so far is saved when a run fails."""

import numpy as np
import pytest

import impasto
from impasto.cli import stylize
from impasto.cli.main import main
from impasto.errors import DivergedError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "out of memory; take a smaller --size"),
        (DivergedError("the loss is not finite"), "the loss is not finite"),
        (RuntimeError("a bug"), "unexpected RuntimeError: a bug"),
    ],
    ids=["memory", "diverged", "bug"],
)
def test_picture_so_far_is_kept_after_every_failure(error, words, tmp_path, monkeypatch, capsys):
    paths = [str(tmp_path / name) for name in ("photo.png", "style.png", "out.png")]
    for path in paths[:2]:
        impasto.write_image(path, np.random.default_rng(0).random((40, 40, 3), dtype=np.float32))
    stylizer_of = stylize.make_stylizer

    def failing(style, settings, **options):
        def paint(content):
            yield from list(stylizer_of(style, settings)(content))[:2]
            raise error

        return paint

    monkeypatch.setattr(stylize, "make_stylizer", failing)
    words_given = ["stylize", *paths[:2], "-o", paths[2], "--size", "32", "--iterations", "4"]
    assert main(words_given) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert words in message
    assert message.endswith(f"the picture so far is in {paths[2]}")
    assert impasto.read_image(paths[2]).shape == (32, 32, 3)
