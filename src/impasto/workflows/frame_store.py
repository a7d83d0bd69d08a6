"""Painted frames on disk, so that a clip can be resumed frame by frame.

```
.out.mp4.impasto/        the folder of the run, see run_folder.py
  frame_000001.png       painted frames, each complete
  memory_0.npz           of the last frame and the one before it: in which frame each stroke was
  memory_1.npz           new, and where; see video/steady.py
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..errors import PictureError
from ..images.opening import reason
from ..video.clip import FrameImage
from ..video.extras import load_opencv
from ..video.flow import Flow
from ..video.sequence import Painted
from ..video.steady import Memory, Origins, Source
from ..video.writer import FRAME_NAME

_MEMORIES = ("memory_0.npz", "memory_1.npz")
_FAST_PNG = (16, 1, 17, 2)  # OpenCV: compression level 1, strategy Huffman only; as small, faster
_TEMPORARY = ".impasto-frame.tmp"  # `run_folder.lock_folder` removes what a killed run leaves


@dataclass(frozen=True, eq=False)
class Saved:
    """A painted frame as it was written.

    Attributes:
        index: Its index in the clip.
        key: As in `Painted`.
        origins: As in `Memory`.
        places: As in `Memory`.
    """

    index: int
    key: int
    origins: Origins
    places: Flow

    @property
    def sources(self) -> list[int]:
        """Indices of the frames whose strokes it shows."""
        return [int(each) for each in np.unique(self.origins)]


class FrameStore:
    """The painted frames of a run.

    Args:
        folder: Its folder, locked.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def add(self, painted: Painted) -> None:
        """Write a painted frame.

        Raises:
            PictureError: The disk is full, or the folder cannot be written.
        """
        # The memory first: a frame without one could not be continued.
        memory = self._folder / _MEMORIES[painted.index % 2]
        try:
            with (self._folder / _TEMPORARY).open("wb") as file:
                np.savez(
                    file,
                    index=painted.index,
                    key=painted.key,
                    origins=painted.memory.origins,
                    places=painted.memory.places,
                )
            (self._folder / _TEMPORARY).replace(memory)
            _, encoded = load_opencv().imencode(
                ".png", painted.memory.painted[..., ::-1], _FAST_PNG
            )
            (self._folder / _TEMPORARY).write_bytes(encoded)
            (self._folder / _TEMPORARY).replace(self._path(painted.index))
        except OSError as error:
            raise PictureError(
                f"cannot write frame {painted.index + 1} to {self._folder}: {reason(error)}; free "
                "some space and repeat the command, which goes on from here"
            ) from error

    def last(self) -> Saved | None:
        """Return the last painted frame, to go on from; None if there is none."""
        found = []
        for name in _MEMORIES:
            try:
                with np.load(self._folder / name) as memory:
                    saved = Saved(
                        int(memory["index"]),
                        int(memory["key"]),
                        memory["origins"],
                        memory["places"],
                    )
                self.read(saved.index)
            except (OSError, ValueError, KeyError, BadZipFile, PictureError):
                continue  # not written, or not completely
            found.append(saved)
        return max(found, key=lambda each: each.index, default=None)

    def restore(self, saved: Saved, photographs: Mapping[int, FrameImage]) -> Painted:
        """Return a painted frame with all that it hands on.

        Args:
            saved: From `last`.
            photographs: Frames of the clip, (H, W, 3), by index: those in `saved.sources`.
        """
        sources = {i: Source(self.read(i), photographs[i]) for i in saved.sources}
        memory = Memory(self.read(saved.index), saved.origins, saved.places, sources)
        return Painted(saved.index, memory, saved.key)

    def read(self, index: int) -> FrameImage:
        """Read a painted frame, (H, W, 3), uint8.

        Raises:
            PictureError: It is missing or damaged.
        """
        cv2, path = load_opencv(), self._path(index)
        data = np.frombuffer(path.read_bytes(), np.uint8) if path.exists() else None
        image = None if data is None or not data.size else cv2.imdecode(data, cv2.IMREAD_COLOR)
        if image is None:
            raise PictureError(f"the frame {path} is missing or damaged; start over with --force")
        return np.ascontiguousarray(image[..., ::-1])

    def _path(self, index: int) -> Path:
        return self._folder / FRAME_NAME.format(index + 1)
