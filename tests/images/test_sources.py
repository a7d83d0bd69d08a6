"""Arrays of other libraries, the messages about arrays that are no pictures, and file objects.

`test_parity` reads tensors of JAX and TensorFlow.
"""

from __future__ import annotations

import io
import os
import re
import urllib.request
import zipfile

import numpy as np
import PIL.Image
import pytest
import skimage.data

from impasto import PictureError, read_image, read_picture
from impasto.images.masks import read_mask

torch = pytest.importorskip("torch")

BYTES = skimage.data.chelsea()[::10, ::10]  # (30, 46, 3), uint8
FLOATS = BYTES.astype(np.float32) / np.float32(255)


class OnlyDLPack:
    """An array that offers nothing but DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Unseekable(io.RawIOBase):
    """A stream, as of a connection, that can be read only once."""

    def __init__(self, data):
        self.rest = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.rest.readinto(buffer)


SAME = {
    "torch": torch.tensor,
    "torch with gradients": lambda array: torch.tensor(array).requires_grad_(),
    "torch batch of one": lambda array: torch.tensor(array)[None],
    "torch view of channels first": lambda a: torch.tensor(a.transpose(2, 0, 1)).permute(1, 2, 0),
    "only DLPack": OnlyDLPack,
    "numpy batch of one": lambda array: array[None],
}


@pytest.mark.parametrize("convert", SAME.values(), ids=SAME)
def test_arrays_of_any_library_are_the_picture(convert):
    np.testing.assert_array_equal(read_image(convert(FLOATS)), FLOATS)


@pytest.mark.parametrize("convert", [torch.tensor, OnlyDLPack])
def test_so_are_bytes(convert):
    np.testing.assert_array_equal(read_image(convert(BYTES)), FLOATS)


def test_bfloat16_keeps_its_values():
    rounded = torch.tensor(FLOATS).to(torch.bfloat16)
    np.testing.assert_array_equal(read_image(rounded), rounded.float().numpy())


def test_a_picture_shares_no_memory_with_a_tensor():
    tensor = torch.tensor(FLOATS)
    image = read_image(tensor)
    tensor.zero_()
    np.testing.assert_array_equal(image, FLOATS)


FIRST = FLOATS.transpose(2, 0, 1)
REFUSED = {
    "channels first": (FIRST, "array.transpose(1, 2, 0)"),
    "channels first, batch": (FIRST[None], "array[0].transpose(1, 2, 0)"),
    "grey, channels first": (FIRST[:1], "array.transpose(1, 2, 0)"),
    "0..255": (FLOATS * 255, "array / 255"),
    "0..65535": (FLOATS * 65535, "array / 65535"),
    "-1..1": (FLOATS * 2 - 1, "(array + 1) / 2"),
    "overshoot": (FLOATS / FLOATS.max() * 1.05, "array.clip(0, 1)"),
    "integers": (BYTES.astype(np.int64), 'array.astype("uint8")'),
    "16-bit integers": (BYTES.astype(np.int64) * 257, 'array.astype("uint16")'),
    "bool": (BYTES > 127, 'array.astype("float32")'),
    "torch": (torch.tensor(FIRST), "tensor.permute(1, 2, 0)"),
    "torch, batch": (torch.tensor(FIRST)[None], "tensor[0].permute(1, 2, 0)"),
    "torch 0..255": (torch.tensor(FLOATS * 255).requires_grad_(), "tensor / 255"),
    "torch integers": (
        torch.tensor(BYTES.astype(np.int64)),
        'tensor.numpy(force=True).astype("uint8")',
    ),
}


@pytest.mark.parametrize(("array", "call"), REFUSED.values(), ids=REFUSED)
def test_the_message_has_the_call_that_mends_an_array(array, call):
    with pytest.raises(PictureError, match=re.escape(call) + "$"):
        read_image(array)
    mended = eval(call, {}, {"array": array, "tensor": array})
    assert read_image(mended).shape == (30, 46, 3)


def test_a_mended_array_is_the_picture():
    np.testing.assert_array_equal(read_image(torch.tensor(FIRST).permute(1, 2, 0)), FLOATS)
    np.testing.assert_allclose(read_image(torch.tensor(FLOATS * 255) / 255), FLOATS, atol=1e-6)


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.zeros((2, 8, 8, 3)), r"a batch of 2 pictures; pass them one by one: array\[0\]"),
        (np.zeros((8, 8, 2)), r"\(8, 8, 2\), expected \(H, W\)"),
        (np.float32(1), r"shape \(\), expected"),
        (np.zeros((0, 8, 3)), "holds no pixels"),
        (np.full((8, 8, 3), np.nan), "not finite"),
        (np.full((8, 8, 3), 1e6), "scale them"),
        (np.zeros((8, 8, 3), complex), "complex128"),
        (torch.zeros((8, 8, 3), device="meta"), "Tensor cannot be copied into a NumPy array"),
        (b"\xff\xd8\xff", r"got bytes; pass io.BytesIO\(data\)$"),
        (read_picture(BYTES), r"got Picture; pass its attribute .image$"),
        (3, "got int$"),
    ],
)
def test_other_values_are_refused_with_advice(array, text):
    with pytest.raises(PictureError, match=text):
        read_image(array)


def test_masks_are_taken_from_tensors():
    inside = BYTES[..., 0] > 127
    for mask in (torch.tensor(inside), torch.tensor(inside * 1.0)):
        np.testing.assert_array_equal(read_mask(mask), inside)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "cat.png"
    PIL.Image.fromarray(BYTES).save(path)
    return path


def test_file_objects_are_read_and_stay_open(photo, tmp_path):
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(photo, "inner/cat.png")
    with (
        photo.open("rb") as file,
        zipfile.ZipFile(archive) as packed,
        packed.open("inner/cat.png") as member,
        urllib.request.urlopen(photo.as_uri()) as response,
    ):
        for source in (file, member, response, Unseekable(photo.read_bytes())):
            np.testing.assert_array_equal(read_image(source), FLOATS)
        file.seek(0)


def test_a_buffer_is_read_from_its_beginning():
    buffer = io.BytesIO()
    PIL.Image.fromarray(BYTES).save(buffer, "PNG")  # leaves the position at the end
    np.testing.assert_array_equal(read_image(buffer), FLOATS)
    np.testing.assert_array_equal(read_image(buffer), FLOATS)


def test_its_name_and_checksum_are_those_of_the_file(photo):
    with photo.open("rb") as file:
        picture = read_picture(file)
    assert (picture.name, picture.path) == ("cat.png", None)
    assert picture.sha256 == read_picture(photo).sha256
    assert read_picture(io.BytesIO(photo.read_bytes())).name == ""


def test_a_file_of_a_descriptor_has_no_name(photo):
    with os.fdopen(os.open(photo, os.O_RDONLY), "rb") as file:
        assert read_picture(file).name == ""


def test_pixels_are_limited_as_for_files(photo):
    with photo.open("rb") as file, pytest.raises(PictureError, match=r"^cat\.png has 1,380 pixels"):
        read_picture(file, max_pixels=100)


def test_errors_name_no_temporary_file():
    with pytest.raises(PictureError, match=r"^the file object is ") as caught:
        read_image(io.BytesIO(b"hello"))
    assert "impasto-" not in str(caught.value)


def test_files_that_are_not_open_for_reading_bytes_are_refused(photo, tmp_path):
    closed = photo.open("rb")
    closed.close()
    with photo.open() as text, (tmp_path / "new").open("wb") as written:
        for source, reason in (
            (closed, "closed file"),
            (written, "read"),
            (io.StringIO("text"), r"returned str, expected bytes; .*open\(path, 'rb'\)"),
            (text, r"open\(path, 'rb'\)"),
        ):
            with pytest.raises(PictureError, match=reason):
                read_image(source)


def test_nothing_is_left_in_the_temporary_folder(photo, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read_image(io.BytesIO(photo.read_bytes()))
    with pytest.raises(PictureError):
        read_image(io.BytesIO(b"hello"))
    assert list(tmp_path.iterdir()) == []
