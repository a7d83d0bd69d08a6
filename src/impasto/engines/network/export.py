"""Export a painting network as ONNX or LiteRT, checked against Keras.

ONNX Runtime runs such a file on most devices and in browsers, LiteRT on phones, without Impasto and
without Keras.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from scipy.ndimage import gaussian_filter

from ...backend import ops
from ...backend.litert import require_litert, run_litert, to_litert
from ...errors import BackendError, ModelError, SettingsError
from ...images.files import whole_or_not_at_all
from ...types import Image, Kind, Size, Tensor
from .model import Array, PaintingModel, neutral_style, style_size
from .onnx_graph import painting_graph
from .trunk import load_network

BOUNDS = {"float32": 2 / 255, "float16": 2 / 255, "int8": 16 / 255}
LITERT = ".tflite"
CHECKED_SIZES = ((64, 64), (97, 130), (101, 301))  # height, width; the last is wider than FINE


Run = Callable[[Mapping[str, Array]], Array]


class Exported(NamedTuple):
    """A file that was written and checked.

    Attributes:
        path: The file.
        kind: How its numbers are stored.
        style: The style that it paints in; None where the style is an input.
        difference: The largest difference between a picture that it painted and the same one
            painted by Keras, in the units of an image (0..1); a step of 8 bits is 1/255.
        size: Bytes of the file.
    """

    path: Path
    kind: Kind
    style: str | None
    difference: float
    size: int


def export_onnx(
    model: PaintingModel,
    path: str | Path,
    *,
    style: str | None = None,
    kind: Kind = "float32",
) -> Exported:
    """Write a network as an ONNX file, and check that it paints what Keras paints.

    The file takes `picture`, float32 (1, height, width, 3), sRGB, 0..1, of any height and width
    from 16, with five sizes 17, and returns `painted` of the same shape. The check paints made-up
    pictures of three sizes, odd sides among them, and where the style is an input in each style of
    the model. A file that fails is not kept, and the one that was there before stays.

    Args:
        model: The network, see `load_model`.
        path: Usually ends in .onnx; an existing file is replaced.
        style: The style to bake in. With None the file has a second input `style`, float32
            (1, style size), which takes a vector of `model.styles` or a weighted mean of several;
            the file's metadata `impasto`, JSON, has them under `styles`.
        kind: `float32`; `float16`, half as large, weights and arithmetic in 16 bits; or `int8`,
            about a quarter, where nearly all weights have 8 bits, and the arithmetic 32.

    Returns:
        The file, and how far it is from Keras.

    Raises:
        BackendError: The packages onnx and onnxruntime are not installed.
        ModelError: The model has no such style, or what the file paints differs by more than
            2/255 anywhere, for int8 by more than 16/255.
        PictureError: The file cannot be written.
        SettingsError: There is no such kind.

    Example:
        >>> from impasto.engines.network.model_file import load_model
        >>> model = load_model("trunk.impasto")  # doctest: +SKIP
        >>> export_onnx(model, "wave.onnx", style="wave").difference < 2 / 255  # doctest: +SKIP
        True
    """
    _require_packages()
    vector = _check(model, style, kind)
    made = painting_graph(model, vector, kind)
    about = {"style": style, "kind": kind, "card": model.card}
    if style is None:
        about["styles"] = {name: vector.tolist() for name, vector in model.styles.items()}
    made.metadata_props.add(key="impasto", value=json.dumps(about))
    data = made.SerializeToString()
    return _write(Path(path), data, _run_onnx(data), model, style, kind)


def export_litert(
    model: PaintingModel,
    path: str | Path,
    *,
    style: str | None = None,
    kind: Kind = "float32",
) -> Exported:
    """Write a network as a LiteRT file, for phones, and check that it paints what Keras paints.

    The file has the inputs and the output of `export_onnx`; a caller sets the picture's size with
    `resize_tensor_input`.

    Args:
        model: The network, see `load_model`.
        path: Usually ends in .tflite; an existing file is replaced.
        style: The style to bake in; None makes it an input.
        kind: As for `export_onnx`; with `int8` all large weights have 8 bits.

    Returns:
        The file, and how far it is from Keras.

    Raises:
        BackendError: Keras does not run on TensorFlow, which alone writes such files.
        ModelError: As for `export_onnx`.
        PictureError: The file cannot be written.
        SettingsError: There is no such kind.

    Example:
        >>> export_litert(load_model("run/model.impasto"), "wave.tflite")  # doctest: +SKIP
    """
    require_litert()
    vector = _check(model, style, kind)
    network = load_network(model)
    weights = [ops.convert_to_tensor(array) for array in model.trunk]
    shapes: dict[str, tuple[int | None, ...]] = {"picture": (1, None, None, 3)}
    if vector is None:
        shapes["style"] = (1, style_size(model.architecture))

    def painted(picture: Tensor, style: Tensor = None) -> Tensor:
        chosen = ops.convert_to_tensor(vector[None]) if vector is not None else style
        return network.stateless_call(weights, [], (picture, chosen))[0]

    data = to_litert(painted, shapes, kind)
    return _write(Path(path), data, partial(run_litert, data), model, style, kind)


def _require_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise BackendError(
            f"writing and checking ONNX files takes onnx and onnxruntime ({error}); "
            'run pip install "impasto[onnx]"'
        ) from error


def _check(model: PaintingModel, style: str | None, kind: Kind) -> Array | None:
    """Return the vector to bake in."""
    if kind not in get_args(Kind):
        raise SettingsError(f"kind is one of {', '.join(get_args(Kind))}, not {kind!r}")
    if style is not None and style not in model.styles:
        raise ModelError(
            f"the model has no style {style!r}; it has {', '.join(model.styles) or 'none at all'}"
        )
    load_network(model)  # refuses weights of another architecture
    return None if style is None else model.styles[style]


def _write(
    path: Path, data: bytes, run: Run, model: PaintingModel, style: str | None, kind: Kind
) -> Exported:
    """Check what was made, and write it."""
    difference = _difference(run, model, None if style is None else model.styles[style])
    if not difference <= BOUNDS[kind]:  # neither is a NaN
        raise ModelError(
            f"as {kind} the network paints pictures that are {255 * difference:.1f} of 255 from "
            f"those of Keras, {255 * BOUNDS[kind]:.0f} are allowed, so {path} was not written; "
            + ("use a kind of more bits" if kind != "float32" else "check the model's weights")
        )
    with whole_or_not_at_all(path) as file:
        file.write(data)
    return Exported(path, kind, style, difference, len(data))


def _run_onnx(data: bytes) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return lambda feed: session.run(["painted"], dict(feed))[0]


def _difference(run: Run, model: PaintingModel, vector: Array | None) -> float:
    """Return the largest difference between another runtime's pictures and Keras'."""
    network = load_network(model)
    differences = []
    for feed, styles in _feeds(model, vector):
        theirs = ops.convert_to_numpy(network((feed["picture"], styles)))
        differences.append(np.abs(run(feed) - theirs).max())
    return float(np.max(differences))


def _feeds(model: PaintingModel, vector: Array | None) -> Iterator[tuple[dict[str, Array], Array]]:
    """Yield what ONNX Runtime takes, and vectors (1, style size); no size or style is left out."""
    styles = [vector] if vector is not None else list(model.styles.values())
    styles = styles or [neutral_style(model.architecture)]
    count = max(len(CHECKED_SIZES), len(styles))
    for seed, size, style in zip(range(count), cycle(CHECKED_SIZES), cycle(styles), strict=False):
        feed = {"picture": _made_up_picture(size, seed)[None]}
        if vector is None:
            feed["style"] = style[None]
        yield feed, style[None]


def _made_up_picture(size: Size, seed: int) -> Image:
    """Return smooth random colours with details of several sizes, (H, W, 3), 0..1."""
    noise = np.random.default_rng(seed).standard_normal((6, *size, 3))
    widths = [2.0**i for i in range(6)]  # pixels
    layers = zip(widths, noise, strict=True)
    picture = sum(s * gaussian_filter(layer, (s, s, 0), mode="wrap") for s, layer in layers)
    low, high = np.min(picture), np.max(picture)
    scaled: Image = np.asarray((picture - low) / (high - low), np.float32)
    return scaled
