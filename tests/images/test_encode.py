"""Writing to a full disk."""

import os

import numpy as np
import pytest

from impasto.errors import PictureError
from impasto.images.files import write_image


@pytest.mark.skipif(os.name == "nt", reason="needs limits of processes")
@pytest.mark.parametrize(
    ("suffix", "bits"), [(".png", 8), (".jpg", 8), (".webp", 8), (".tif", 8), (".tif", 16)]
)
def test_a_file_that_lacks_one_byte_of_room_is_not_written(tmp_path, rng, suffix, bits):
    import resource

    image = rng.random((64, 64, 3), np.float32)
    path = write_image(tmp_path / f"a{suffix}", image, bits=bits)
    whole = path.read_bytes()
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) - 1, former[1]))
    try:
        with pytest.raises(PictureError, match=r"cannot write .*: File too large; free"):
            write_image(path, image, bits=bits)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert path.read_bytes() == whole
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
