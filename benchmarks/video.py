"""How steady painted clips are, and how fast they are painted.

    python benchmarks/video.py CLIPS [--style starry-night ...] [--seconds 2] [--truth FOLDER]

CLIPS is a folder of clips (video files, or folders of frames). Each is painted frame by frame
(`firmness=0`), steadily, and with `--iterations`, by the iterative route. Prints JSON with, for
each clip and way:

- `warping`: mean absolute difference, 0..1, between a frame and the one before moved along the
  optical flow, over the pixels that can be followed (Lai et al. 2018, "Learning blind video
  temporal consistency"). The flow is OpenCV's DIS at its preset `medium`, not the one that paints.
  `photograph` is that of the clip itself.
- `style`: distances of `impasto score` from the painting, by layer, mean of three frames.
- `rate`: frames a second, without the first, which waits for compilation.

With `--truth`, the end-point error of the flow on pairs `NAME_frame_1.*`, `NAME_frame_2.*` and
`NAME_flow_1to2.npz`, which holds `flow`, (H, W, 2), and `valid`, (H, W). With `--sheets FOLDER`,
pictures of consecutive frames, one way above another.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import cv2
import machine
import numpy as np

import impasto

impasto.tune_process()

from impasto.images.listing import list_pictures  # noqa: E402
from impasto.video.clip import open_clip, read_frames, to_floats  # noqa: E402
from impasto.video.flow import DisFlow  # noqa: E402

SCORED = (0.3, 0.6, 0.9)  # of the frames, the first being 0 and the last 1
SAME = 25  # largest difference of brightness, of 255, of a pixel that is followed


def frames_of(clip, seconds):
    """Return the frames of a clip, (H, W, 3), uint8."""
    return [
        frame.image
        for frame in itertools.takewhile(
            lambda f: f.seconds < seconds, read_frames(open_clip(clip))
        )
    ]


def motions(photographs):
    """Return the flow of each frame since the one before, and the pixels that can be followed."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in photographs]
    for before, now in itertools.pairwise(greys):
        back, forth = flow.calc(now, before, None), flow.calc(before, now, None)
        apart = np.square(back + moved(forth, back)).sum(-1)
        same = np.abs(moved(before.astype(np.float32), back) - now) < SAME
        yield back, same & (apart < 0.01 * 2 * np.square(back).sum(-1) + 0.5)


def moved(image, flow):
    """Return an image moved along a flow."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(image, x + flow[..., 0], y + flow[..., 1], cv2.INTER_CUBIC)


def warping_error(frames, flows):
    """Return the mean difference of frames from the ones before, moved."""
    errors = []
    for (before, now), (flow, followed) in zip(itertools.pairwise(frames), flows, strict=True):
        difference = np.abs(to_floats(now) - moved(to_floats(before), flow)).mean(-1)
        errors.append(difference[followed].mean())
    return float(np.mean(errors))


def style_distance(frames, photographs, style):
    """Return the style distances by layer, and the content distance, means of some frames."""
    painting = impasto.read_image(impasto.style_painting(style))
    size = max(frames[0].shape[:2])
    settings = impasto.Settings(size=size, style_scale=512 / size)
    found = []
    for place in SCORED:
        number = round(place * (len(frames) - 1))
        score = impasto.score(
            to_floats(frames[number]), to_floats(photographs[number]), painting, settings=settings
        )
        content = sum(score.distances["content"].values())
        found.append({**score.distances["style"], "content": content})
    return {name: round(statistics.fmean(each[name] for each in found), 4) for name in found[0]}


def paint(clip, style, seconds, **settings):
    """Paint a clip, and return its frames and the frames per second."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        result = impasto.stylize_video(
            clip,
            style,
            Path(folder) / "out.mkv",
            end=seconds,
            codec="ffv1",
            on_frame=lambda progress: times.append(time.perf_counter()),
            **settings,
        )
        frames = frames_of(result.path, float("inf"))
    return frames, (len(times) - 1) / (times[-1] - times[0])


def compare(clip, style, seconds, iterations, sheets):
    """Paint a clip in each way, and measure it."""
    photographs = frames_of(clip, seconds)
    flows = list(motions(photographs))
    report = {"photograph": {"warping": round(warping_error(photographs, flows), 4)}}
    ways = {"frame by frame": {"firmness": 0}, "each frame": {"every": 1}, "steady": {}}
    if iterations:
        ways[f"{iterations} iterations"] = {"iterations": iterations}
    rows = [photographs]
    for name, settings in ways.items():
        frames, rate = paint(clip, style, seconds, **settings)
        rows.append(frames)
        report[name] = {
            "warping": round(warping_error(frames, flows), 4),
            "style": style_distance(frames, photographs, style),
            "rate": round(rate, 2),
        }
        print(clip.name, style, name, report[name], file=sys.stderr, flush=True)
    if sheets:
        sheets.mkdir(exist_ok=True)
        middle = len(photographs) // 2
        sheet = np.vstack([np.hstack(row[middle : middle + 4]) for row in rows])
        impasto.write_image(sheets / f"{clip.stem}_{style}.png", to_floats(sheet))
    return report


def end_point_errors(folder):
    """Return the mean distance of the flow from the truth, pixels, by pair."""
    found = {}
    for truth in sorted(folder.glob("*_flow_1to2.npz")):
        name = truth.name.removesuffix("_flow_1to2.npz")
        first, second = (
            next(path for path in list_pictures(folder) if path.stem == f"{name}_frame_{number}")
            for number in (1, 2)
        )
        images = [
            np.rint(255 * impasto.read_image(path)).astype(np.uint8) for path in (first, second)
        ]
        with np.load(truth) as arrays:
            expected, known = arrays["flow"].astype(np.float32), arrays["valid"]
        error = np.hypot(*np.moveaxis(DisFlow()(*images) - expected, -1, 0))
        found[name] = round(float(error[known].mean()), 2)
    return found


def main() -> None:
    """Measure all clips, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("--style", action="append")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--iterations", type=int, default=0)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    clips = [
        path
        for path in sorted(arguments.clips.iterdir())
        if path.suffix in (".mp4", ".mkv", ".mov") or (path.is_dir() and path != arguments.truth)
    ]
    report = {"machine": machine.describe(), "clips": {}}
    if arguments.truth:
        report["end_point_error"] = end_point_errors(arguments.truth)
        print(report["end_point_error"], file=sys.stderr)
    for clip, style in itertools.product(clips, arguments.style or ["starry-night"]):
        found = compare(clip, style, arguments.seconds, arguments.iterations, arguments.sheets)
        report["clips"][f"{clip.name}, {style}"] = found
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
