"""Show what steady strokes are: a clip, painted frame by frame, and steadily, side by side.

    python benchmarks/motion.py OUT.webp [--clip CLIP] [--style starry-night] [--side 208]

Without a clip, a camera moves over a photograph of scikit-image. OUT is an animation (.webp, .gif)
or a video file.
"""

from __future__ import annotations

import argparse
import tempfile
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import skimage.data

import impasto

impasto.tune_process()

from impasto.video.clip import Frame, open_clip, read_frames  # noqa: E402
from impasto.video.excerpt import make_excerpt  # noqa: E402
from impasto.video.writer import write_clip  # noqa: E402

FRAMES = 36


def camera(side):
    """Yield squares of a photograph, seen by a camera that moves and comes nearer."""
    photograph = skimage.data.coffee()
    for number in range(FRAMES):
        share = 0.5 - 0.5 * np.cos(np.pi * number / (FRAMES - 1))
        width = 360 - 60 * share
        place = np.array([[20 + 170 * share, 20 + 30 * share]])
        corners = place + width * np.array([[0, 0], [1, 0], [0, 1]])
        matrix = cv2.getAffineTransform(
            np.float32(corners), np.float32([[0, 0], [side, 0], [0, side]])
        )
        yield cv2.warpAffine(photograph, matrix, (side, side), flags=cv2.INTER_AREA)


def main() -> None:
    """Paint the clip both ways, and write them side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--side", type=int, default=208)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        clip = arguments.clip or Path(temporary) / "camera"
        if arguments.clip is None:
            clip.mkdir()
            for number, image in enumerate(camera(arguments.side)):
                impasto.write_image(clip / f"{number}.png", image / np.float32(255))
        rows = [open_clip(clip)]
        for name, settings in (("alone", {"firmness": 0}), ("steady", {"every": 1})):
            output = Path(temporary) / f"{name}.mkv"
            impasto.stylize_video(clip, arguments.style, output, codec="ffv1", **settings)
            rows.append(open_clip(output))
        frames = (
            Frame(np.hstack([frame.image for frame in frames]), frames[0].seconds / Fraction(1, 2))
            for frames in zip(*map(read_frames, rows), strict=True)
        )
        silent = make_excerpt(rows[-1], impasto.VideoSettings())
        write_clip(arguments.output, frames, silent)


if __name__ == "__main__":
    main()
