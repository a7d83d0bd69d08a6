"""Drive the PyPI package `pastiche` (MIT): its own code, its own defaults, timed step by step.

    python benchmarks/pastiche_port.py CONTENT STYLE --size 384 --steps 1000 -o FOLDER
    python benchmarks/pastiche_port.py CONTENT STYLE --size 384 --steps 5

With `-o` pictures are saved at `--save` steps, and every `--keep` steps what the run needs to go on
after an interruption; without, the steps are only timed. Prints JSON: the seconds of each step, of
the start (imports, weights, targets), and the pictures. A step is `PasticheArtist.draw`, one
evaluation of loss and gradient and one move of its L-BFGS, as its command line calls it.

What it keeps to go on is the state of its PyTorch optimizer and the picture, so a run in pieces
makes the same picture as one in one piece.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()

import machine  # noqa: E402
import torch  # noqa: E402
from pastiche.pastiche import PasticheArtist, save_image  # noqa: E402

DEFAULT_STEPS = 1000  # of its command line
SAVED_STEPS = (50, 100, 200, 400, 700, 1000)


def make_artist(content: Path, style: Path, size: int | None = None) -> PasticheArtist:
    """Prepare pastiche as its command line does when it is given pictures and a size.

    Args:
        content: The photograph.
        style: The painting; pastiche gives it as many pixels as the photograph.
        size: Long side, pixels; None keeps the photograph's own.
    """
    return PasticheArtist(str(content), [str(style)], size=size)


def timed_step(artist: PasticheArtist) -> float:
    """Make one step and return its seconds."""
    start = time.perf_counter()
    artist.draw()
    if artist.pastiche.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def run(artist: PasticheArtist, options: argparse.Namespace) -> list[float]:
    """Make all steps, saving pictures on the way, and return the seconds of each."""
    folder: Path = options.output
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state.pt"
    seconds = go_on(artist, state)
    for step in range(len(seconds) + 1, options.steps + 1):
        seconds.append(timed_step(artist))
        if step in options.save:
            save_image(artist.pastiche, str(picture(folder, step)))
        if step % options.keep == 0 and step < options.steps:
            keep(artist, seconds, state)
        if step % 10 == 0:
            machine.progress(f"pastiche {step} of {options.steps}, {sum(seconds):.0f} s")
    state.unlink(missing_ok=True)
    return seconds


def picture(folder: Path, step: int) -> Path:
    """Name the picture after so many steps."""
    return folder / f"step_{step:04d}.png"


def keep(artist: PasticheArtist, seconds: list[float], path: Path) -> None:
    """Write what is needed to go on, whole or not at all."""
    state = {
        "seconds": seconds,
        "pastiche": artist.pastiche.detach(),
        "optimizer": artist.optimizer.state_dict(),
    }
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def go_on(artist: PasticheArtist, path: Path) -> list[float]:
    """Take up a run that was interrupted; return the seconds of the steps it has made."""
    if not path.exists():
        return []
    state = torch.load(path)
    with torch.no_grad():
        artist.pastiche.copy_(state["pastiche"])
    artist.optimizer.load_state_dict(state["optimizer"])
    machine.progress(f"pastiche goes on after step {len(state['seconds'])}")
    return list(state["seconds"])


def report(seconds: list[float], start: float, options: argparse.Namespace) -> dict[str, Any]:
    """Put together what the run was."""
    steps = [step for step in options.save if step <= options.steps] if options.output else []
    return {
        **machine.describe(),
        "content": options.content.name,
        "style": options.style.name,
        "size": options.size,
        "start_seconds": start,
        "seconds": seconds,
        "pictures": {step: picture(options.output, step).name for step in steps},
        "peak_memory": machine.peak_memory(),
    }


def main() -> None:
    """Run pastiche on one pair."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--size", type=int, default=384, help="long side, pixels")
    parser.add_argument("--steps", type=int, default=DEFAULT_STEPS)
    parser.add_argument("--save", type=int, nargs="*", default=SAVED_STEPS, help="steps")
    parser.add_argument("--keep", type=int, default=50, help="steps between states kept")
    parser.add_argument("-o", "--output", type=Path, help="folder")
    options = parser.parse_args()
    artist = make_artist(options.content, options.style, options.size)
    start = time.perf_counter() - STARTED
    if options.output:
        seconds = run(artist, options)
    else:
        seconds = [timed_step(artist) for _ in range(options.steps)]
    print(json.dumps(report(seconds, start, options), indent=2))


if __name__ == "__main__":
    main()
