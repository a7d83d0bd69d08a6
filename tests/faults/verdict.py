"""What is wrong with how a run ended, and with what it left on the disk."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PIL import Image as PIL
from tests.faults.child import Outcome

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
LONGEST_MESSAGE = 1600  # characters
# libtiff writes what it minds past Python, as the file or one of its functions, and Pillow cannot
# tell it not to.
LIBTIFF = re.compile(r"(?:tempfile\.tif|TIFF[A-Z]\w+|[A-Z]\w*Decode\w*): ")
TEMPORARY = ".impasto-*.tmp"
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
_SENTENCE = re.compile(r"impasto: (?!warning: )[^\x00-\x1f\x7f]*[^\x00-\x20\x7f]")

Snapshot = Mapping[str, tuple[str, str]]  # path in the folder: kind, and checksum or target


def crashes(outcome: Outcome, *, quiet: bool) -> list[str]:
    """Say in which ways a run crashed; none if it was carried out, or refused in a sentence.

    Args:
        outcome: How it ended.
        quiet: Whether the command was told to show no progress, so that all that it writes to
            standard error must be its own messages.
    """
    if outcome.hung:
        return [f"it hung: ended after {outcome.seconds:.0f} s, {outcome.cpu:.0f} s of processor"]
    if outcome.code < 0:
        return [f"it was ended by signal {-outcome.code}"]
    found = []
    if outcome.code not in (DONE, FAILED, WRONG_USAGE, INTERRUPTED):
        found.append(f"its exit code is {outcome.code}")
    if "Traceback (most recent" in outcome.err:
        found.append("it shows a traceback")
    unexpected = re.search(r"impasto: unexpected .*", outcome.err)
    if unexpected:
        found.append(unexpected.group())
    if not found and outcome.code != DONE:
        found += _faults_of_message(outcome)
    return found or (_other_voices(outcome) if quiet else [])


def _other_voices(outcome: Outcome) -> list[str]:
    strange = [
        line
        for line in outcome.err.splitlines()
        if not line.startswith("impasto: ") and not LIBTIFF.match(line)
    ]
    if not strange or _is_from_parser(outcome):
        return []
    return [f"something else speaks up: {strange[0]!r}"]


def _is_from_parser(outcome: Outcome) -> bool:
    return outcome.code == WRONG_USAGE and "╭" in outcome.err


def _faults_of_message(outcome: Outcome) -> list[str]:
    if _is_from_parser(outcome):
        return []
    if not outcome.err.endswith("\n"):
        return ["it failed without a message"]
    message = outcome.err.removesuffix("\n").rpartition("\n")[2]
    if not _SENTENCE.fullmatch(message):
        return [f"its message is no sentence: {message!r}"]
    if len(re.split(r"[.!?] [A-Z]", message)) > 2:
        return [f"its message has too many sentences: {message!r}"]
    if len(message) > LONGEST_MESSAGE:
        return [f"its message has {len(message)} characters: {message[:200]!r}"]
    return []


def snapshot(folder: Path) -> Snapshot:
    """Note what is in a folder: every file with its checksum."""
    found = {}
    for path in _walk(os.fsencode(folder)):
        mode = os.lstat(path).st_mode
        name = os.fsdecode(os.path.relpath(path, os.fsencode(folder)))
        if stat.S_ISLNK(mode):
            found[name] = "link", os.fsdecode(os.readlink(path))  # noqa: PTH115
        elif stat.S_ISREG(mode):
            with open(path, "rb") as file:  # noqa: PTH123  # a name in bytes
                found[name] = "file", hashlib.file_digest(file, "sha256").hexdigest()
        else:
            found[name] = "special", ""
    return found


def _walk(folder: bytes) -> Iterable[bytes]:
    for here, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(here, name))]  # noqa: PTH114, PTH118
        for name in [*files, *links]:
            yield os.path.join(here, name)  # noqa: PTH118


def losses(
    before: Snapshot, after: Snapshot, outcome: Outcome, *, replaces: Sequence[str] = ()
) -> list[str]:
    """Say which files a run has lost: changed or removed though they were not its result.

    Args:
        before: The folder before the run.
        after: The same, after it.
        outcome: How the run ended.
        replaces: Patterns of files that the run may replace even if it fails, as a command does
            that makes several pictures, or keeps the picture so far.
    """
    lost = []
    for name, was in before.items():
        now = after.get(name)
        if now == was or _matches(name, replaces):
            continue
        if now is None:
            lost.append(f"{name!r} has gone")
        elif outcome.code != DONE:
            lost.append(f"{name!r} has changed though the command failed")
    return lost


def left_behind(
    before: Snapshot, after: Snapshot, outcome: Outcome, *, leaves: Sequence[str] = ()
) -> list[str]:
    """Say which files a run has left that nobody asked for.

    Args:
        before: The folder before the run.
        after: The same, after it.
        outcome: How the run ended.
        leaves: Patterns of files that the run may leave even if it fails.
    """
    new = [name for name in after if name not in before]
    temporary = [name for name in new if fnmatch.fnmatch(os.path.basename(name), TEMPORARY)]  # noqa: PTH119
    if temporary:
        return [f"{name!r} is left" for name in temporary]
    if outcome.code == DONE:
        return []
    return [
        f"{name!r} is there though the command failed" for name in new if not _matches(name, leaves)
    ]


def halves(folder: Path, before: Snapshot, after: Snapshot) -> list[str]:
    """Say which pictures that are new, or have changed, cannot be read whole."""
    broken = []
    for name, now in after.items():
        if before.get(name) == now or now[0] != "file" or not name.lower().endswith(PICTURES):
            continue
        try:
            with PIL.open(os.path.join(folder, name)) as image:  # noqa: PTH118
                image.load()
        except Exception as error:
            broken.append(f"{name!r} is written by halves: {error}")
    return broken


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
