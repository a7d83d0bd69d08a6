"""Export a painting network as ONNX or LiteRT, checked against Keras.

ONNX Runtime runs ONNX files on most devices and in browsers, and LiteRT runs its files on phones,
both without Impasto and Keras.
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
from ...images.files import atomic_write
from ...types import Image, Kind, Size, Tensor
from .model import Array, PaintingModel, neutral_style, style_size
from .onnx_graph import painting_graph
from .trunk import load_network

BOUNDS = {"float32": 2 / 255, "float16": 2 / 255, "int8": 16 / 255}
LITERT = ".tflite"
CHECKED_SIZES = ((64, 64), (97, 130), (101, 301))  # height, width; the last is wider than FINE


Run = Callable[[Mapping[str, Array]], Array]


class Exported(NamedTuple):
    """An exported file, checked against Keras.

    Attributes:
        path: The file.
        kind: Its number format.
        style: The style baked in; None if the style is an input.
        difference: The largest difference from a picture painted by Keras, in units of an image
            (0..1); one level of 8 bits is 1/255.
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
    """Write a network as an ONNX file, and check its pictures against Keras.

    The file takes `picture`, float32 (1, height, width, 3), sRGB, 0..1, of any height and width
    from 16 (17 for networks of five sizes), and returns `painted` of the same shape. The check
    paints synthetic pictures of three sizes, some odd, and in each style of the model if the style
    is an input. If it fails, nothing is written, and an existing file is unchanged.

    Args:
        model: The network, see `load_model`.
        path: Usually ends in .onnx; an existing file is replaced.
        style: The style to bake in. With None the file has a second input `style`, float32
            (1, style size), which takes a vector of `model.styles` or a weighted mean of several;
            the file's metadata `impasto`, JSON, has them under `styles`.
        kind: `float32`; `float16`, half as large, weights and arithmetic in 16 bits; or `int8`,
            about a quarter, where nearly all weights have 8 bits, and the arithmetic 32.

    Returns:
        The file, and its difference from Keras.

    Raises:
        BackendError: The packages onnx and onnxruntime are not installed.
        ModelError: The model has no such style, or a pixel differs by more than 2/255 (int8:
            16/255).
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
    """Write a network as a LiteRT file, for phones, and check its pictures against Keras.

    The file has the same inputs and output as that of `export_onnx`; set the picture's size with
    `resize_tensor_input`.

    Args:
        model: The network, see `load_model`.
        path: Usually ends in .tflite; an existing file is replaced.
        style: The style to bake in; None makes it an input.
        kind: As for `export_onnx`; with `int8` all large weights have 8 bits.

    Returns:
        The file, and its difference from Keras.

    Raises:
        BackendError: Keras does not run on TensorFlow, which LiteRT files need.
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
            f"ONNX export needs the packages onnx and onnxruntime ({error}); "
            'run pip install "impasto[onnx]"'
        ) from error


def _check(model: PaintingModel, style: str | None, kind: Kind) -> Array | None:
    """Return the vector to bake in."""
    if kind not in get_args(Kind):
        raise SettingsError(f"kind must be one of {', '.join(get_args(Kind))}, not {kind!r}")
    if style is not None and style not in model.styles:
        raise ModelError(
            f"the model has no style {style!r}; it has {', '.join(model.styles) or 'none'}"
        )
    load_network(model)  # raises if the weights do not fit the architecture
    return None if style is None else model.styles[style]


def _write(
    path: Path, data: bytes, run: Run, model: PaintingModel, style: str | None, kind: Kind
) -> Exported:
    """Check an exported network, and write it."""
    difference = _difference(run, model, None if style is None else model.styles[style])
    if not difference <= BOUNDS[kind]:  # true for NaN, too
        raise ModelError(
            f"{kind} pictures differ from those of Keras by {255 * difference:.1f} of 255 levels, "
            f"{255 * BOUNDS[kind]:.0f} are allowed, so {path} was not written; "
            + ("use a kind with more bits" if kind != "float32" else "check the model's weights")
        )
    with atomic_write(path) as file:
        file.write(data)
    return Exported(path, kind, style, difference, len(data))


def _run_onnx(data: bytes) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return lambda feed: session.run(["painted"], dict(feed))[0]


def _difference(run: Run, model: PaintingModel, vector: Array | None) -> float:
    """Return the largest difference between the pictures of another runtime and of Keras."""
    network = load_network(model)
    differences = []
    for feed, styles in _feeds(model, vector):
        theirs = ops.convert_to_numpy(network((feed["picture"], styles)))
        differences.append(np.abs(run(feed) - theirs).max())
    return float(np.max(differences))


def _feeds(model: PaintingModel, vector: Array | None) -> Iterator[tuple[dict[str, Array], Array]]:
    """Yield inputs of the runtime, and vectors (1, style size), covering all sizes and styles."""
    styles = [vector] if vector is not None else list(model.styles.values())
    styles = styles or [neutral_style(model.architecture)]
    count = max(len(CHECKED_SIZES), len(styles))
    for seed, size, style in zip(range(count), cycle(CHECKED_SIZES), cycle(styles), strict=False):
        feed = {"picture": _synthetic_picture(size, seed)[None]}
        if vector is None:
            feed["style"] = style[None]
        yield feed, style[None]


def _synthetic_picture(size: Size, seed: int) -> Image:
    """Return smooth random colours with detail at several scales, (H, W, 3), 0..1."""
    noise = np.random.default_rng(seed).standard_normal((6, *size, 3))
    widths = [2.0**i for i in range(6)]  # pixels
    layers = zip(widths, noise, strict=True)
    picture = sum(s * gaussian_filter(layer, (s, s, 0), mode="wrap") for s, layer in layers)
    low, high = np.min(picture), np.max(picture)
    scaled: Image = np.asarray((picture - low) / (high - low), np.float32)
    return scaled
