"""Dense optical flow between two frames, and where it can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendError, ModelError
from ..images.opening import locate
from ..types import Size
from .clip import FrameImage
from .extras import load_opencv

Flow: TypeAlias = NDArray[np.float32]  # (H, W, 2), pixels, x before y
Share: TypeAlias = NDArray[np.float32]  # (H, W), 0..1
Kernel: TypeAlias = Literal["linear", "cubic", "lanczos"]

# Forward and backward flow agree if |f + b|^2 < 0.01 (|f|^2 + |b|^2) + 0.5 (Sundaram, Brox and
# Keutzer 2010, "Dense point trajectories by GPU-accelerated large displacement optical flow").
_RELATIVE, _ABSOLUTE = 0.01, 0.5
_SAME_BRIGHTNESS = 30  # largest difference, of 255, of a pixel from where it came from
_SMALLEST_SIDE = 16  # pixels, of a frame that OpenCV's flow accepts


class Motion(NamedTuple):
    """The motion of each pixel since another frame.

    Attributes:
        flow: Where the pixel was in the other frame, relative to where it is now.
        followed: Whether the pixel can be found there, 1 or 0: forward and backward flow agree,
            and the brightness does.
    """

    flow: Flow
    followed: Share


class FlowEstimator(Protocol):
    """Anything that estimates dense optical flow."""

    def __call__(self, first: FrameImage, second: FrameImage) -> Flow:
        """Return where each pixel of the first frame is in the second, relative to the first."""
        ...


class DisFlow:
    """Dense inverse search of OpenCV (Kroeger, Timofte, Dai and Van Gool 2016).

    Example:
        >>> frame = np.zeros((32, 48, 3), np.uint8)
        >>> float(abs(DisFlow()(frame, frame)).max())
        0.0
    """

    def __init__(self) -> None:
        cv2 = load_opencv()
        self._dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def __call__(self, first: FrameImage, second: FrameImage) -> Flow:
        """Return where each pixel of the first frame is in the second, relative to the first."""
        if min(first.shape[:2]) < _SMALLEST_SIDE:
            return np.zeros((*first.shape[:2], 2), np.float32)
        flow: Flow = self._dis.calc(grey(first), grey(second), None)
        return flow


class OnnxFlow:
    """Optical flow by a network in an ONNX file, such as RAFT.

    The network takes two pictures (1, 3, H, W), 0..255, red, green, blue, and returns the flow
    (1, 2, H, W) as its last output. Frames are enlarged to multiples of 8, or to the file's own
    size.

    Args:
        path: The file.

    Raises:
        ModelError: The file is missing, damaged, or takes other inputs.
        BackendError: ONNX Runtime is not installed.
    """

    def __init__(self, path: str | Path):
        try:
            import onnxruntime
        except ImportError as error:
            raise BackendError(
                'flow by a file needs ONNX Runtime; install it with pip install "impasto[onnx]"'
            ) from error
        self._cv2, self._path = load_opencv(), locate(path)
        if not self._path.is_file():
            raise ModelError(f"there is no file {self._path}; give an ONNX file of optical flow")
        try:
            self._session = onnxruntime.InferenceSession(str(self._path))
        except Exception as error:  # it has no common base class
            raise ModelError(f"{self._path} is not an ONNX file that can be used") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 2 or any(len(each.shape) != 4 for each in inputs):
            raise ModelError(
                f"{self._path} has {len(inputs)} inputs, expected two pictures (1, 3, H, W)"
            )
        self._names = [each.name for each in inputs]
        self._fixed = [side if isinstance(side, int) else None for side in inputs[0].shape[2:]]

    def __call__(self, first: FrameImage, second: FrameImage) -> Flow:
        """Return where each pixel of the first frame is in the second, relative to the first."""
        height, width = first.shape[:2]
        rows, columns = (
            fixed or -(-side // 8) * 8
            for fixed, side in zip(self._fixed, (height, width), strict=True)
        )
        given = {
            name: self._cv2.resize(frame.astype(np.float32), (columns, rows)).transpose(2, 0, 1)[
                None
            ]
            for name, frame in zip(self._names, (first, second), strict=True)
        }
        found = np.asarray(self._session.run(None, given)[-1], np.float32)
        if found.ndim != 4 or found.shape[1] != 2:
            raise ModelError(
                f"{self._path} returns an array {found.shape}, expected a flow (1, 2, H, W)"
            )
        scale = np.array([width / found.shape[3], height / found.shape[2]], np.float32)
        flow: Flow = self._cv2.resize(found[0].transpose(1, 2, 0), (width, height)) * scale
        return flow


def estimate_motion(flow: FlowEstimator, now: FrameImage, other: FrameImage) -> Motion:
    """Return the motion of each pixel of a frame since another.

    Args:
        flow: The estimator.
        now: The frame, (H, W, 3).
        other: The other frame, earlier or later, of the same size.
    """
    there, back = flow(now, other), flow(other, now)
    returned = warp(back, there, "linear")
    apart = _squared_length(there + returned)
    length = _squared_length(there) + _squared_length(returned)
    agree = apart < _RELATIVE * length + _ABSOLUTE
    brightness = [grey(frame).astype(np.float32) for frame in (now, other)]
    same = np.abs(warp(brightness[1], there, "linear") - brightness[0]) < _SAME_BRIGHTNESS
    return Motion(there, (agree & same & _lands_inside(there)).astype(np.float32))


def _squared_length(flow: Flow) -> NDArray[np.float32]:
    x, y = flow[..., 0], flow[..., 1]
    squared: NDArray[np.float32] = x * x + y * y
    return squared


def grey(frame: FrameImage) -> NDArray[np.uint8]:
    """Return the brightness of a frame, (H, W)."""
    cv2 = load_opencv()
    brightness: NDArray[np.uint8] = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return brightness


def warp(image: NDArray[Any], flow: Flow, kernel: Kernel = "cubic") -> NDArray[Any]:
    """Fetch each pixel from where the flow points; beyond the border the image is mirrored.

    Args:
        image: (H, W) or (H, W, C), uint8 or float32.
        flow: (H, W, 2).
        kernel: Interpolation; `lanczos` keeps the most detail and takes five times as long.

    Example:
        >>> image = np.arange(20, dtype=np.float32).reshape(4, 5)
        >>> warp(image, np.float32(np.broadcast_to([1, 0], (4, 5, 2))))[0].tolist()
        [1.0, 2.0, 3.0, 4.0, 3.0]
    """
    return sample(image, flow + positions(flow.shape[:2]), kernel)


def sample(image: NDArray[Any], places: Flow, kernel: Kernel = "cubic") -> NDArray[Any]:
    """Fetch pixels from places, (h, w, 2), x before y; see `warp`."""
    cv2 = load_opencv()
    flags = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}
    found: NDArray[Any] = cv2.remap(
        image, places, None, flags[kernel], borderMode=cv2.BORDER_REFLECT_101
    )
    return found


def positions(size: Size) -> Flow:
    """Return the position of each pixel, x before y, (H, W, 2)."""
    height, width = size
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    return np.stack(np.meshgrid(x, y), axis=-1)


def _lands_inside(flow: Flow) -> NDArray[np.bool_]:
    """Return whether each pixel is inside the other frame."""
    height, width = flow.shape[:2]
    x, y = np.moveaxis(flow + positions((height, width)), -1, 0)
    inside: NDArray[np.bool_] = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return inside
