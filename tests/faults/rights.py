"""Runs without what they need of the disk: no space, no permission."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import resource
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.faults.cases import Bench, Case, attempt, seconds_left
from tests.faults.places import BAD, PLACES, QUICK, TRAINING, WAVE, commands

DISK = 1 << 20  # bytes
_HEADER = 0x20080522  # version 3 of Linux' capabilities
_OVERRIDES = 0b110  # of permission bits: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH

# Command lines that write, from the folder `there`, whose disk is small or closed.
WRITERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "stylize": (
        ("stylize", "photo.png", "style.png", "-o", "there/old.png", "-f", *QUICK),
        ("stylize", "photo.png", "style.png", "-o", "there/old.tif", "-f", "--bits", "16", *QUICK),
        ("stylize", "photo.png", "style.png", "-o", "there/new.jpg", "--save-every", "1", *QUICK),
        ("stylize", "photos", "style.png", "-o", "there/several", *QUICK),
        ("stylize", "photo.png", "style.png", "-o", "there/new.png", "--checkpoint", *QUICK),
    ),
    "paint": (
        ("paint", "photo.png", *WAVE, "-o", "there/old.png", "-f", "-q"),
        ("paint", "photos", *WAVE, "-o", "there/several", "-q"),
    ),
    "video": (("video", "photos", *WAVE, "-o", "there/new.mkv", "-q"),),
    "styles": (("styles", "--model", "model.impasto", "-o", "there/old.png", "-f"),),
    "learn": (
        (
            "learn",
            "style.png",
            "-o",
            "there/new.impasto",
            "--photographs",
            "large",
            "--model",
            "model.impasto",
            "--steps",
            "1",
            "--style-size",
            "32",
            "-q",
        ),
    ),
    "train": (("train", "photos", "style.png", "-o", "there/run", *TRAINING),),
    "make-pairs": (("make-pairs", "photos", "style.png", "-o", "there/pairs", *QUICK),),
    "export": (("export", "model.impasto", "-o", "there/new.onnx"),),
    "demo": (("demo", "-o", "there/demo", "--size", "32", "--budget", "1s"),),
    "sample-style": (("sample-style", "mosaic", "-o", "there/old.png", "-f", "--size", "64"),),
    "texture": (("texture", "style.png", "-o", "there/old.png", "-f", *QUICK),),
    "again": (("again", "out.png", "-o", "there/old.png", "-f", "-q"),),
}
READERS_ALONE = ("score", "doctor", "resume", "studio")  # these write nothing new
_SEVERAL = ("there/several/*", "there/run/*", "there/pairs/*", "there/demo/*", "there/.*")


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small file system on a folder, where that is allowed; say whether it was."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def try_full_disk(bench: Bench, rng: random.Random, deadline: float) -> None:
    """Run each command that writes on a disk that is full, or becomes so on the way."""
    tried = 0
    with small_disk(bench.work / "disk") as mounted:
        for free in [0, *(rng.randrange(1, 60) << 10 for _ in range(50))]:
            for words in _writers(bench.good):
                if seconds_left(deadline) <= 0:
                    break
                case = _case(words, f"{free >> 10} KB free", partial(_put_there, free=free))
                if mounted:
                    disk = bench.work / "disk"
                    case = case._replace(make=partial(_put_on, disk=disk, free=free))
                else:
                    case = case._replace(before=partial(_limit_files, free))
                attempt(case, bench)
                tried += 1
    how = "a small disk" if mounted else "a limit on the size of files; no disk could be mounted"
    bench.figures.parts["full_disk"] = {"tried": tried, "how": how}


def try_closed_folders(bench: Bench, deadline: float) -> None:
    """Run each command that writes in a folder where it may not, and read what it may not."""
    tried = 0
    problem = why_permissions_do_not_bind(bench.work)
    for words in () if problem else _writers(bench.good):
        if seconds_left(deadline) > 0:
            case = _case(words, "a folder without write permission", _close_there)
            attempt(case._replace(before=give_up_rights, must_fail=True), bench)
            tried += 1
    for case in () if problem else _unreadable(bench.good):
        if seconds_left(deadline) > 0:
            attempt(case, bench)
            tried += 1
    bench.figures.parts["no_permission"] = {"tried": tried, "skipped": problem}


def _writers(good: Path) -> list[tuple[str, ...]]:
    there = commands()
    return [words for command, lines in WRITERS.items() if command in there for words in lines]


def _case(words: tuple[str, ...], what: str, make: Callable[[Path], object]) -> Case:
    return Case(words[0], f"{' '.join(words[1:])} with {what}", words, make, _SEVERAL)


def _put_there(folder: Path, *, free: int) -> None:
    there = folder / "there"
    there.mkdir(exist_ok=True)
    for name in ("old.png", "old.tif"):
        (there / name).write_bytes((folder / "out.png").read_bytes())


def _put_on(folder: Path, *, disk: Path, free: int) -> None:
    """Let `there` be the small disk, with so many bytes free."""
    for path in disk.iterdir():
        subprocess.run(["rm", "-r", str(path)], check=True)
    (folder / "there").symlink_to(disk)
    _put_there(folder, free=free)
    with contextlib.suppress(OSError), (disk / "fill").open("wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()
    os.truncate(disk / "fill", max(0, (disk / "fill").stat().st_size - free))


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _close_there(folder: Path) -> None:
    _put_there(folder, free=0)
    (folder / "there").chmod(0o555)


def _unreadable(good: Path) -> Iterator[Case]:
    """Give each place of a file one that may not be read."""
    for command, places in PLACES.items():
        for place in places if command in commands() else ():
            name = place.at if Path(place.at).suffix else (place.good or "out.png")
            if place.kind == "name" or place.at.endswith("/bad") or not (good / name).exists():
                continue
            words = tuple(word.replace(BAD, name) for word in place.words)
            what = f"{place.name} without read permission"
            close = partial(_close, name=name)
            yield Case(command, what, words, close, place.leaves, give_up_rights)


def _close(folder: Path, *, name: str) -> None:
    (folder / name).chmod(0)


def give_up_rights() -> None:
    """Let permission bits bind this process, even if it is root's.

    Raises:
        OSError: The system does not do so.
    """
    if os.geteuid() != 0:
        return
    system = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_HEADER, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    if system.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    for number in range(3):
        sets[number] &= ~_OVERRIDES
    if system.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def why_permissions_do_not_bind(folder: Path) -> str | None:
    """Say why permission bits cannot be tried here; None if they can."""
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(OSError, AttributeError):
            give_up_rights()
            code = 2 if os.access(closed, os.W_OK) else 0
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    closed.rmdir()
    return None if code == 0 else "permission bits do not bind this user"
