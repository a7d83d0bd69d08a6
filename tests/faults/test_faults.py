"""A short run of `make faults`, and that it knows every command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.child import Outcome
from tests.faults.kills import ENDURANCES
from tests.faults.places import BAD, PLACES
from tests.faults.rights import READERS_ALONE, WRITERS
from tests.faults.verdict import crashes, halves, left_behind, losses, snapshot

SECONDS = 20

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork")


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """Run it in a process of its own: it forks, which a process with many threads cannot."""
    folder = tmp_path_factory.mktemp("faults") / "found"
    words = ["--seconds", str(SECONDS), "--seed", "20240607", "--folder", str(folder), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *words],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@needs_fork
@pytest.mark.parametrize(
    "figure", ["crashes", "files_lost", "files_left_behind", "resumed_differently"]
)
def test_what_must_be_0_is_0(figures, figure):
    assert figures[figure] == 0, figures["faults"]


@needs_fork
def test_every_part_has_been_tried(figures):
    assert figures["parts"]["full_disk"]["tried"]
    closed = figures["parts"]["no_permission"]
    assert closed["tried"] or closed["skipped"]
    assert figures["parts"]["inputs"]["of_them_tried"] and figures["parts"]["inputs"]["mutants"]
    assert figures["resumed_identically"] or not any(e.needs == "resume" for e in ENDURANCES)
    assert figures["ok"]


def test_every_command_has_places_for_bad_input():
    from impasto.cli.main import DESCRIPTIONS, HANDLERS

    assert len(DESCRIPTIONS) == len(HANDLERS)
    assert {*DESCRIPTIONS} <= {*PLACES}
    assert {*DESCRIPTIONS} <= {*WRITERS, *READERS_ALONE}
    for command, places in PLACES.items():
        for place in places:
            assert place.words[0] == command
            assert place.at or any(BAD in word for word in place.words)


def outcome(code, err="", **changes):
    return Outcome(code, "", err, 1.0, 1.0, 0, False, False)._replace(**changes)


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (outcome(0), None),
        (outcome(1, "impasto: there is no file a.png; check the name\n"), None),
        (outcome(2, "╭─ Parsing error ─╮\n│ x │\n╰───╯\n"), None),
        (outcome(130, "impasto: warning: odd\nimpasto: interrupted\n"), None),
        (outcome(0, hung=True), "hung"),
        (outcome(-11), "signal 11"),
        (outcome(3), "exit code is 3"),
        (outcome(1, "Traceback (most recent call last):\n  ...\nimpasto: x\n"), "traceback"),
        (outcome(1, "impasto: unexpected KeyError: 'x' (run again)\n"), "unexpected KeyError"),
        (outcome(1), "without a message"),
        (outcome(1, "impasto: warning: odd\n"), "no sentence"),
        (outcome(1, "impasto: a\x1b[31m is damaged\n"), "no sentence"),
        (outcome(1, "impasto: there is no a\nb.png\n"), "no sentence"),
        (outcome(1, "impasto: One. Two. Three.\n"), "too many"),
        (outcome(1, f"impasto: {'x' * 5000}\n"), "5009 characters"),
        (outcome(0, "libpng warning: x\n"), "something else speaks up"),
        (outcome(0, "LZWDecode: Not enough data at scanline 3\n"), None),
        (outcome(0, "PIL: LZWDecode: x\n"), "something else speaks up"),
    ],
)
def test_what_a_crash_is(ended, expected):
    found = crashes(ended, quiet=True)
    assert len(found) == (expected is not None)
    assert expected is None or expected in found[0]


def test_what_is_lost_and_left(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(b"precious")
    before = snapshot(tmp_path)
    (tmp_path / "a.png").unlink()
    (tmp_path / "b.png").write_bytes(b"half")
    (tmp_path / "new.png").write_bytes(b"half")
    (tmp_path / ".impasto-1.tmp").write_bytes(b"")
    after = snapshot(tmp_path)
    failed, done = outcome(1), outcome(0)
    assert len(losses(before, after, failed)) == 2
    assert losses(before, after, done) == ["'a.png' has gone"]
    assert losses(before, after, failed, replaces=["?.png"]) == []
    assert left_behind(before, after, done) == ["'.impasto-1.tmp' is left"]
    (tmp_path / ".impasto-1.tmp").unlink()
    after = snapshot(tmp_path)
    assert left_behind(before, after, failed) == ["'new.png' is there though the command failed"]
    assert left_behind(before, after, failed, leaves=["new*"]) == []
    assert len(halves(tmp_path, before, after)) == 2
