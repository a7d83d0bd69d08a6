"""A typed program, which mypy checks, by `make wheel` against the installed package.

python examples/typed.py painted.png [long side]
"""

import io
import sys
from multiprocessing.pool import ThreadPool
from pathlib import Path

from PIL import Image

import impasto


def repaint(size: int) -> impasto.Result:
    """Repaint one sample painting in the style of another, and say how it goes."""
    settings = impasto.Settings(size=size, quality="draft")

    def show(step: impasto.Step) -> None:
        if step.end_of_round:
            print(f"evaluation {step.iteration} of {step.iterations}: {step.losses['total']:.4f}")

    content, style = impasto.sample_style("woodcut", size), impasto.sample_style("swirls", size)
    return impasto.stylize(content, style, settings=settings, on_step=show, progress=True)


def thumbnail(path: Path) -> Image.Image:
    """Paint a file through an open file and a buffer, and return a small Pillow image."""
    with path.open("rb") as file:
        photograph: impasto.Picture = impasto.read_picture(file)
    buffer = io.BytesIO()
    photograph.to_pil().save(buffer, "PNG")
    small: Image.Image = impasto.paint(buffer, {"wave": 0.6, "scream": 0.4}, size=64).to_pil()
    return small


def thumbnails(paths: list[Path]) -> list[Image.Image]:
    """Paint several files in two threads."""
    with ThreadPool(2) as pool:
        return pool.map(thumbnail, paths)


if __name__ == "__main__":
    painted = repaint(int(sys.argv[2]) if len(sys.argv) > 2 else 256).save(sys.argv[1])
    print(painted, thumbnails([painted, painted])[0].size)
