"""Reading unusual files: all modes, orientations, profiles, damaged and huge files."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import threading
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image as PIL
from tests.images.odd_files import (
    BYTES,
    LENGTH,
    OFFSET,
    RAMP,
    TILE_LENGTH,
    TILE_WIDTH,
    WIDTH,
    bomb,
    gamma_profile,
    grey_profile,
    ink_profile,
    lzw_tiff,
    many_scans,
    mutate,
    save,
    seeds,
    set_tag,
    swap_red_and_blue,
    to_srgb,
)

from impasto.errors import PictureError
from impasto.images.files import read_image, read_picture, read_record

LOSSLESS = (".png", ".tif", ".bmp")


@pytest.mark.parametrize("suffix", LOSSLESS)
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_common_modes_are_read_exactly(tmp_path, suffix, mode):
    image = PIL.fromarray(RAMP).convert(mode)
    expected = np.asarray(image.convert("RGB")) / 255
    picture = read_picture(save(tmp_path / f"a{suffix}", image))
    assert picture.image == pytest.approx(expected, abs=1e-6)
    assert picture.alpha is None
    assert picture.name == f"a{suffix}"
    assert picture.image.dtype == np.float32


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".gif"])
def test_lossy_formats_are_read(tmp_path, suffix):
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    image = read_image(save(tmp_path / f"a{suffix}", flat))
    assert image == pytest.approx(flat / 255, abs=0.03)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_kept_aside(tmp_path, suffix, mode):
    image = PIL.fromarray(RAMP).convert(mode)
    alpha = np.arange(120, dtype=np.uint8).reshape(12, 10) + 100
    image.putalpha(PIL.fromarray(alpha))
    picture = read_picture(save(tmp_path / f"a{suffix}", image))
    assert picture.alpha == pytest.approx(alpha / 255, abs=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_opaque_alpha_is_none(tmp_path, suffix):
    picture = read_picture(save(tmp_path / f"a{suffix}", PIL.fromarray(RAMP).convert("RGBA")))
    assert picture.alpha is None


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_a_palette_with_a_transparent_color_has_alpha(tmp_path, suffix):
    image = PIL.new("P", (4, 2), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((0, 0), 0)
    picture = read_picture(save(tmp_path / f"a{suffix}", image, transparency=0))
    assert picture.alpha[0].tolist() == [0, 1, 1, 1]
    assert picture.image[0, 0] == pytest.approx([0, 0, 1])  # the mean visible color


def test_a_palette_with_shades_of_transparency_has_alpha(tmp_path):
    image = PIL.new("P", (2, 1), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((0, 0), 0)
    picture = read_picture(save(tmp_path / "a.png", image, transparency=bytes([51, 255])))
    assert picture.alpha[0] == pytest.approx([0.2, 1])


@pytest.mark.parametrize(("mode", "key"), [("RGB", (0, 0, 0)), ("L", 0)])
def test_a_color_declared_transparent_has_alpha(tmp_path, mode, key):
    image = PIL.new(mode, (2, 1), "white")
    image.putpixel((0, 0), key)
    picture = read_picture(save(tmp_path / "a.png", image, transparency=key))
    assert picture.alpha[0].tolist() == [0, 1]


def test_a_deep_grey_declared_transparent_has_alpha(tmp_path):
    image = PIL.fromarray(np.array([[0, 40000]], np.uint16))
    picture = read_picture(save(tmp_path / "a.png", image, transparency=0))
    assert picture.alpha[0].tolist() == [0, 1]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_grey_keeps_its_low_bits(tmp_path, suffix):
    array = np.arange(60000, 60120, dtype=np.uint16).reshape(12, 10)
    image = read_image(save(tmp_path / f"a{suffix}", PIL.fromarray(array)))
    assert image[..., 1] == pytest.approx(array / 65535, abs=1e-7)


@pytest.mark.parametrize("channels", ["grey", "rgb"])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16])
def test_floats_in_a_file_are_scaled_by_a_stated_rule(tmp_path, channels, kind):
    unit = (RAMP if channels == "rgb" else RAMP[..., :1]).astype(kind) / kind(255)
    expected = np.broadcast_to(unit, RAMP.shape).astype(np.float64)

    def read(scale):
        options = {"photometric": "rgb" if channels == "rgb" else "minisblack"}
        values = unit if channels == "rgb" else unit[..., 0]
        tifffile.imwrite(tmp_path / "a.tif", values * kind(scale), **options)
        return read_image(tmp_path / "a.tif")

    assert read(1) == pytest.approx(expected, abs=1e-6)
    with pytest.warns(UserWarning, match=r"a\.tif: values over 1, up to \S*, are clipped"):
        assert read(4) == pytest.approx(np.minimum(4 * expected, 1), abs=1e-3)
    with pytest.warns(UserWarning, match=r"up to \S*, are divided by 255"):
        assert read(255) == pytest.approx(expected, abs=1e-3)
    with pytest.warns(UserWarning, match=r"are divided by 65535"):
        assert read(60000) == pytest.approx(expected * 60000 / 65535, abs=1e-3)
    with pytest.raises(PictureError, match=r"a\.tif has values from -\S* to -?0"):
        read(-1)
    with np.errstate(invalid="ignore"), pytest.raises(PictureError, match="from nan to nan"):
        read(np.nan)


@pytest.mark.parametrize(
    ("kind", "largest", "scale"),
    [(np.int32, 200, 255), (np.int32, 65535, 65535), (np.int32, 70_000, 2**31 - 1),
     (np.uint32, 2**32 - 1, 2**32 - 1), (np.int16, 30_000, 65535)],
)  # fmt: skip
def test_wide_integers_in_a_file_are_scaled_by_a_stated_rule(tmp_path, kind, largest, scale):
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0, largest]], kind), photometric="minisblack")
    with pytest.warns(UserWarning, match=f"divided by {scale}"):
        image = read_image(tmp_path / "a.tif")
    assert image[0, :, 1] == pytest.approx([0, largest / scale], abs=1e-7)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_sixteen_bit_color_tiff_keeps_its_low_bits(
    tmp_path, byteorder, planar, channels, compression
):
    array = np.arange(50000, 50000 + 12 * 10 * channels, dtype=np.uint16).reshape(12, 10, channels)
    tifffile.imwrite(
        tmp_path / "a.tif",
        array if planar == "contig" else array.transpose(2, 0, 1),
        photometric="rgb",
        planarconfig=planar,
        byteorder=byteorder,
        compression=compression,
        extrasamples=["unassalpha"] if channels == 4 else None,
    )
    picture = read_picture(tmp_path / "a.tif")
    values = array / 65535
    if channels == 3:
        assert picture.alpha is None
        assert picture.image == pytest.approx(values, abs=1e-7)
    else:
        weight = values[..., 3:]
        mean = (values[..., :3] * weight).sum((0, 1)) / weight.sum()
        assert picture.alpha == pytest.approx(values[..., 3], abs=1e-7)
        assert picture.image == pytest.approx(
            values[..., :3] * weight + mean * (1 - weight), abs=1e-6
        )


def test_colors_multiplied_by_alpha_are_divided_again(tmp_path):
    array = np.full((2, 2, 4), (16384, 8192, 0, 32768), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", extrasamples=["assocalpha"])
    picture = read_picture(tmp_path / "a.tif")
    assert picture.image[0, 0] == pytest.approx([0.5, 0.25, 0], abs=1e-4)
    assert picture.alpha[0, 0] == pytest.approx(0.5, abs=1e-4)


def test_sixteen_bit_grey_with_alpha_is_read(tmp_path):
    array = np.full((2, 3, 2), (1001, 32768), np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif",
        array,
        photometric="minisblack",
        planarconfig="contig",
        extrasamples=["unassalpha"],
    )
    picture = read_picture(tmp_path / "a.tif")
    assert picture.image == pytest.approx(np.full((2, 3, 3), 1001 / 65535), abs=1e-7)
    assert picture.alpha == pytest.approx(np.full((2, 3), 32768 / 65535), abs=1e-7)


def test_extra_channels_of_a_deep_tiff_are_left_out(tmp_path):
    array = np.zeros((4, 4, 7), np.uint16)
    array[..., :3] = 6553, 13107, 65535
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", planarconfig="contig")
    with pytest.warns(UserWarning, match="4 extra channel"):
        picture = read_picture(tmp_path / "a.tif")
    assert picture.alpha is None
    assert picture.image[0, 0] == pytest.approx([0.1, 0.2, 1], abs=1e-4)


def test_a_deep_tiff_packed_by_lzw_is_read(tmp_path):
    path = lzw_tiff(tmp_path / "a.tif", RAMP.astype(np.uint16) * 257)
    assert read_image(path) == pytest.approx(RAMP / 255, abs=1e-6)


def pages(path, *sizes, sub=None, **options):
    """Write a TIFF with a grey page for each (height, width, NewSubfileType, level)."""
    with tifffile.TiffWriter(path, **options) as writer:
        for number, (height, width, kind, level) in enumerate(sizes):
            mask = kind == 4
            writer.write(
                np.full((height, width), level, bool if mask else np.uint8),
                photometric="mask" if mask else "minisblack",
                subfiletype=kind,
                subifds=1 if sub == number else 0,
            )
    return path


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_preview_before_the_picture_is_passed_over(tmp_path, big, order):
    previews = pages(
        tmp_path / "a.tif", (4, 5, 1, 9), (40, 50, 0, 204), byteorder=order, bigtiff=big
    )
    with pytest.warns(UserWarning, match=r"a\.tif: page 2 \(50x40\) is read; not used: page 1"):
        image = read_image(previews)
    assert image.shape == (40, 50, 3)
    assert image == pytest.approx(204 / 255)


def test_a_small_page_that_is_not_declared_a_preview_is_passed_over(tmp_path):
    with pytest.warns(UserWarning, match="page 2"):
        assert read_image(pages(tmp_path / "a.tif", (4, 5, 0, 9), (40, 50, 0, 9))).shape[0] == 40


def test_a_picture_in_a_sub_image_is_found(tmp_path):
    path = pages(tmp_path / "a.tif", (4, 5, 1, 9), (40, 50, 0, 102), sub=0)
    with pytest.warns(UserWarning, match=r"the sub-image of page 1 \(50x40\) is read"):
        assert read_image(path)[0, 0] == pytest.approx(102 / 255)


def test_of_pages_of_like_size_the_first_is_read(tmp_path):
    path = pages(tmp_path / "a.tif", (40, 50, 0, 51), (44, 50, 0, 9), (40, 50, 0, 9))
    with pytest.warns(UserWarning, match=r"page 1 .*not used: page 2 \(50x44\), page 3"):
        assert read_image(path)[0, 0] == pytest.approx(51 / 255)


def test_previews_and_masks_after_the_picture_are_no_news(tmp_path):
    path = pages(tmp_path / "a.tif", (40, 50, 0, 51), (20, 25, 1, 9), (80, 100, 4, 9))
    assert read_image(path).shape == (40, 50, 3)  # a warning would be an error


def test_of_many_deep_pages_the_full_one_is_read(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(np.zeros((4, 4, 3), np.uint16), photometric="rgb", subfiletype=1)
        writer.write(np.full((9, 8, 3), 65535, np.uint16), photometric="rgb")
    with pytest.warns(UserWarning, match="page 2"):
        image = read_image(tmp_path / "a.tif")
    assert image.shape == (9, 8, 3)
    assert image.min() == 1


@pytest.mark.parametrize("kind", ["sensor", "DNG", "name"])
def test_raw_files_that_are_tiffs_are_refused(tmp_path, kind):
    path = pages(tmp_path / ("a.nef" if kind == "name" else "a.tif"), (40, 50, 1, 51))
    if kind == "sensor":
        set_tag(path, struct.pack("<H", 262), 32803)
    if kind == "DNG":
        tifffile.imwrite(path, RAMP, extratags=[(50706, "B", 4, (1, 4, 0, 0), True)])
    with pytest.raises(PictureError, match="RAW file; export it as JPEG or TIFF"):
        read_image(path)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("colors", [1, 3])
def test_an_extra_channel_that_is_not_declared_alpha_is_ignored(tmp_path, kind, colors):
    whole = np.iinfo(kind).max
    array = np.concatenate([np.full((5, 6, colors), whole // 5), np.zeros((5, 6, 1))], axis=2)
    tifffile.imwrite(
        tmp_path / "a.tif",
        array.astype(kind),
        photometric="rgb" if colors == 3 else "minisblack",
        planarconfig="contig",
        extrasamples=["unspecified"],
    )
    with pytest.warns(UserWarning, match="1 extra channel"):
        picture = read_picture(tmp_path / "a.tif")
    assert picture.alpha is None
    assert picture.image == pytest.approx(0.2, abs=1e-3)


def test_alpha_beside_other_extra_channels_is_found(tmp_path):
    array = np.full((5, 6, 6), 65535, np.uint16)
    array[..., 4] = 32768
    tifffile.imwrite(
        tmp_path / "a.tif",
        array,
        photometric="rgb",
        planarconfig="contig",
        extrasamples=["unspecified", "unassalpha", "unspecified"],
    )
    with pytest.warns(UserWarning, match="2 extra channel"):
        assert read_picture(tmp_path / "a.tif").alpha == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_white_is_zero(tmp_path, kind):
    ramp = np.linspace(0, np.iinfo(kind).max, 30).astype(kind).reshape(5, 6)
    tifffile.imwrite(tmp_path / "a.tif", ramp, photometric="miniswhite")
    expected = 1 - ramp / np.iinfo(kind).max
    assert read_image(tmp_path / "a.tif")[..., 0] == pytest.approx(expected, abs=1e-6)


def test_cmyk_is_read_in_the_right_direction(tmp_path):
    for suffix in (".jpg", ".tif"):
        for ink, expected in [((0, 0, 0, 0), 1), ((0, 0, 0, 255), 0)]:
            path = save(tmp_path / f"a{suffix}", PIL.new("CMYK", (8, 8), ink))
            assert read_image(path) == pytest.approx(np.full((8, 8, 3), expected), abs=0.02)
    path = save(tmp_path / "cyan.jpg", PIL.new("CMYK", (8, 8), (255, 0, 0, 0)))
    assert read_image(path)[0, 0] == pytest.approx([0, 1, 1], abs=0.03)


def test_cmyk_with_a_profile_of_another_kind_is_read_with_a_warning(tmp_path):
    image = PIL.new("CMYK", (8, 8), (0, 0, 0, 255))
    path = save(tmp_path / "a.jpg", image, icc_profile=gamma_profile(1.0))
    with pytest.warns(UserWarning, match="profile"):
        assert read_image(path).max() < 0.02


def test_ycbcr_is_read(tmp_path):
    image = PIL.fromarray(RAMP).convert("YCbCr")
    expected = np.asarray(image.convert("RGB")) / 255
    assert read_image(save(tmp_path / "a.tif", image)) == pytest.approx(expected, abs=0.01)
    assert read_image(image) == pytest.approx(expected, abs=1e-6)


def test_lab_is_read(tmp_path):
    lab = PIL.merge("LAB", [PIL.new("L", (4, 4), value) for value in (128, 128, 128)])
    expected = to_srgb(((128 / 255 * 100 + 16) / 116) ** 3)
    for source in (lab, save(tmp_path / "a.tif", lab)):
        assert read_image(source) == pytest.approx(np.full((4, 4, 3), expected), abs=0.03)


@pytest.mark.parametrize("mode", ["HSV", "RGBX", "RGBa", "PA", "La"])
def test_rare_modes_of_pillow_are_read(mode):
    through = {"RGBa": "RGBA", "PA": "P", "La": "LA"}.get(mode)
    image = PIL.fromarray(RAMP)
    image = (image.convert(through) if through else image).convert(mode)
    assert np.abs(read_image(image).mean() - RAMP.mean() / 255) < 0.02


UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.rot90(np.fliplr(a), 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.fliplr(a), -1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".deep.tif"])
def test_pictures_are_set_upright(tmp_path, orientation, suffix):
    path = tmp_path / f"a{suffix}"
    if suffix == ".deep.tif":
        tags = [(274, "H", 1, orientation, True)]
        deep = RAMP.astype(np.uint16) * 257
        tifffile.imwrite(path, deep, photometric="rgb", extratags=tags, metadata=None)
    else:
        exif = PIL.Exif()
        exif[0x0112] = orientation
        save(path, RAMP, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    picture = read_picture(path)
    assert picture.image == pytest.approx(UPRIGHT[orientation](RAMP) / 255, abs=1e-6)
    block = PIL.Exif()
    block.load(picture.exif)
    assert block[0x0112] == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpegs_are_set_upright(tmp_path, orientation):
    exif = PIL.Exif()
    exif[0x0112] = orientation
    blocks = np.kron(np.arange(6).reshape(2, 3) * 50, np.ones((16, 16))).astype(np.uint8)
    path = save(tmp_path / "a.jpg", blocks, exif=exif, quality=95)
    expected = UPRIGHT[orientation](blocks) / 255
    assert read_image(path)[..., 0] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("orientation", [0, 9, 60000])
def test_impossible_turns_turn_nothing(tmp_path, orientation):
    exif = PIL.Exif()
    exif[0x0112] = orientation
    assert read_image(save(tmp_path / "a.png", RAMP, exif=exif)) == pytest.approx(
        RAMP / 255, abs=1e-6
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"x"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_broken_exif_block_is_no_reason_to_refuse(tmp_path, suffix, exif):
    path = save(tmp_path / f"a{suffix}", RAMP, exif=exif)
    assert read_image(path).shape == RAMP.shape


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_profile_is_converted_to_srgb(tmp_path, suffix):
    path = save(tmp_path / f"a{suffix}", RAMP, icc_profile=gamma_profile(1.0))
    assert read_image(path) == pytest.approx(to_srgb(RAMP / 255), abs=0.02)


def test_the_profile_of_a_jpeg_is_converted_to_srgb(tmp_path):
    flat = np.full((16, 16, 3), 64, np.uint8)
    path = save(tmp_path / "a.jpg", flat, icc_profile=gamma_profile(1.0))
    assert read_image(path) == pytest.approx(np.full((16, 16, 3), to_srgb(64 / 255)), abs=0.02)


def test_the_profile_of_a_picture_with_alpha_is_converted_to_srgb(tmp_path):
    image = PIL.new("RGBA", (4, 4), (64, 64, 64, 128))
    path = save(tmp_path / "a.png", image, icc_profile=gamma_profile(1.0))
    assert read_image(path) == pytest.approx(np.full((4, 4, 3), to_srgb(64 / 255)), abs=0.02)


def test_the_profile_of_a_deep_tiff_is_converted_to_srgb(tmp_path):
    array = np.full((4, 4, 3), 16384, np.uint16)
    profile = gamma_profile(1.0)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", iccprofile=profile)
    assert read_image(tmp_path / "a.tif") == pytest.approx(
        np.full((4, 4, 3), to_srgb(0.25)), abs=0.02
    )


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_profile_of_grey_is_converted_to_srgb(tmp_path, mode):
    if mode == "I;16":
        image = PIL.fromarray(np.full((4, 4), 64 * 257, np.uint16))
    else:
        image = PIL.new(mode, (4, 4), 64 if mode == "L" else (64, 128))
    path = save(tmp_path / "a.png", image, icc_profile=grey_profile(1.0))
    assert read_image(path) == pytest.approx(np.full((4, 4, 3), to_srgb(64 / 255)), abs=0.02)


@pytest.mark.parametrize("gamma", [1.0, 1.8])
def test_a_smooth_ramp_in_a_deep_tiff_stays_smooth_through_a_profile(tmp_path, gamma):
    ramp = np.repeat(np.linspace(0, 65535, 4096).round().reshape(64, 64, 1), 3, axis=2)
    profile = gamma_profile(gamma)
    tifffile.imwrite(
        tmp_path / "a.tif", ramp.astype(np.uint16), photometric="rgb", iccprofile=profile
    )
    image = read_image(tmp_path / "a.tif")
    expected = to_srgb((ramp / 65535) ** (round(gamma * 256) / 256))
    assert image == pytest.approx(expected, abs=0.6 / 255)
    steps = np.diff(image[..., 1].ravel())
    assert steps.min() > -1e-6  # never darker
    assert image.min() >= 0 and image.max() <= 1
    assert steps.max() < 2 * np.diff(expected[..., 1].ravel()).max()  # no steps


@pytest.mark.parametrize("suffix", [".png", ".deep.tif"])
def test_a_profile_with_other_primaries_is_converted_to_srgb(tmp_path, suffix):
    profile = swap_red_and_blue(gamma_profile(1.0))
    colors = np.full((4, 4, 3), (200, 100, 20), np.uint8)
    path = tmp_path / f"a{suffix}"
    if suffix == ".png":
        save(path, colors, icc_profile=profile)
    else:
        tifffile.imwrite(
            path, colors.astype(np.uint16) * 257, photometric="rgb", iccprofile=profile
        )
    expected = to_srgb(colors[..., ::-1] / 255)
    assert read_image(path) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("black", "lightness"), [(0, 100), (255, 0), (128, 50)])
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_the_profile_of_inks_is_converted_to_srgb(tmp_path, suffix, black, lightness):
    image = PIL.new("CMYK", (16, 16), (10, 200, 30, black))
    path = save(tmp_path / f"a{suffix}", image, icc_profile=ink_profile())
    luminance = ((lightness + 16) / 116) ** 3 if lightness > 8 else 0  # CIE 1976
    expected = np.full((16, 16, 3), to_srgb(np.float64(luminance)))
    assert read_image(path) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("profile", [b"nonsense", gamma_profile(1.0)[:200]])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_a_broken_profile_is_ignored_with_a_warning(tmp_path, suffix, profile):
    flat = np.full((16, 16, 3), 64, np.uint8)
    path = save(tmp_path / f"a{suffix}", flat, icc_profile=profile)
    with pytest.warns(UserWarning, match="profile is ignored"):
        assert read_image(path) == pytest.approx(flat / 255, abs=0.02)


def test_the_kind_is_known_by_the_content_not_the_name(tmp_path):
    save(tmp_path / "a.png", RAMP)
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert read_image(tmp_path / "a.jpg").shape == RAMP.shape


@pytest.mark.parametrize("side", [10_000, 30_000])
def test_a_bomb_is_refused_with_its_size_the_limit_and_the_option(tmp_path, side):
    path = bomb(tmp_path / "a.png", side, side)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PictureError) as caught:
            read_picture(path)
    message = str(caught.value)
    assert f"{side * side:,}" in message
    assert f"{PIL.MAX_IMAGE_PIXELS:,}" in message
    assert "--max-pixels" in message and "max_pixels" in message and "a.png" in message


@pytest.mark.parametrize("kind", ["jpg", "bmp", "gif", "tif", "deep.tif"])
def test_a_file_that_claims_60000x60000_is_refused_before_it_is_unpacked(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "deep.tif":
        tifffile.imwrite(path, RAMP.astype(np.uint16), photometric="rgb", metadata=None)
    else:
        save(path, RAMP)
    raw = bytearray(path.read_bytes())
    if kind == "jpg":
        struct.pack_into(">HH", raw, raw.index(b"\xff\xc0") + 5, 60_000, 60_000)
    elif kind == "bmp":
        struct.pack_into("<ii", raw, 18, 60_000, 60_000)
    elif kind == "gif":
        struct.pack_into("<HH", raw, 6, 60_000, 60_000)
    path.write_bytes(raw)
    if kind.endswith("tif"):
        set_tag(path, WIDTH, 60_000)
        set_tag(path, LENGTH, 60_000)
    with pytest.raises(PictureError, match="3,600,000,000 pixels"):
        read_picture(path)


def test_a_jpeg_of_very_many_scans_is_refused(tmp_path):
    assert read_image(many_scans(tmp_path / "a.jpg", 20)).shape == (400, 400, 3)
    with pytest.raises(PictureError, match="scans and the limit is 500"):
        read_image(many_scans(tmp_path / "a.jpg", 1000))


def peak_memory(read):
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_deep_tiff_whose_strip_unpacks_to_far_more_than_it_says_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    deep = RAMP.astype(np.uint16)
    tifffile.imwrite(path, deep, photometric="rgb", compression="zlib", metadata=None)
    packer = zlib.compressobj(1)
    strip = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    start = path.stat().st_size
    path.write_bytes(path.read_bytes() + strip)
    set_tag(path, OFFSET, start)
    set_tag(path, BYTES, len(strip))

    def read():
        with pytest.raises(PictureError, match="more data than its size"):
            read_picture(path)

    assert peak_memory(read) < 20e6


def test_a_deep_tiff_with_an_absurd_tile_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    deep = np.zeros((16, 16, 3), np.uint16)
    tifffile.imwrite(
        path, deep, photometric="rgb", compression="zlib", tile=(16, 16), metadata=None
    )
    assert read_image(path, max_pixels=256).shape == (16, 16, 3)
    set_tag(path, TILE_WIDTH, 60_000)
    set_tag(path, TILE_LENGTH, 60_000)

    def read():
        with pytest.raises(PictureError, match=r"tile of .*3,600,000,000"):
            read_picture(path)

    assert peak_memory(read) < 20e6


@pytest.mark.parametrize("shape", [(8, 8), (512, 512)])
def test_a_small_deep_picture_in_a_large_tile_is_read_under_a_low_limit(tmp_path, shape):
    deep = np.arange(300, dtype=np.uint16).reshape(10, 10, 3)
    tile = tuple(max(16, side) for side in shape)
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", compression="zlib", tile=tile)
    assert read_image(tmp_path / "a.tif", max_pixels=100) == pytest.approx(deep / 65535, abs=1e-7)


_WITHOUT = """
import sys, warnings
sys.modules["imagecodecs"] = None
from impasto.errors import PictureError
from impasto.images.files import read_image
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    print(read_image(sys.argv[1]).mean(), *(each.message for each in seen))
try:
    read_image(sys.argv[2])
except PictureError as error:
    print(error)
"""


def test_without_imagecodecs_deep_tiffs_lose_bits_and_others_are_refused(tmp_path):
    deep = RAMP.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", compression="lzw")
    tifffile.imwrite(tmp_path / "b.tif", RAMP, photometric="rgb", compression="webp")
    script = [sys.executable, "-c", _WITHOUT, tmp_path / "a.tif", tmp_path / "b.tif"]
    first, second = subprocess.check_output(script, text=True).splitlines()
    assert float(first.split()[0]) == pytest.approx(RAMP.mean() / 255, abs=1e-6)
    assert "read with 8 bits: its compression LZW needs the package imagecodecs" in first
    assert "the compression WEBP of" in second and "cannot be read" in second


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", ["lzw", "zstd", "lzma"])
def test_imagecodecs_reads_more_compressions(tmp_path, kind, compression):
    ramp = np.linspace(0, np.iinfo(kind).max, 60 * 50 * 3).astype(kind).reshape(60, 50, 3)
    tifffile.imwrite(tmp_path / "a.tif", ramp, photometric="rgb", compression=compression)
    assert read_image(tmp_path / "a.tif") == pytest.approx(ramp / np.iinfo(kind).max, abs=1e-6)


@pytest.mark.parametrize("compression", ["webp", "jpegxl", "jpeg2000", "png"])
def test_pictures_in_a_tiff_whose_own_size_nobody_checks_are_refused(tmp_path, compression):
    tifffile.imwrite(tmp_path / "a.tif", RAMP, photometric="rgb", compression=compression)
    with pytest.raises(PictureError, match=r"a\.tif cannot be read; or save it with LZW"):
        read_image(tmp_path / "a.tif")


def test_very_many_channels_are_refused(tmp_path):
    array = np.zeros((8, 8, 40), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", planarconfig="contig")
    with pytest.raises(PictureError, match="40 channels"):
        read_image(tmp_path / "a.tif")


def test_a_frame_that_enlarges_a_gif_is_limited(tmp_path):
    frames = [PIL.new("L", (8, 8)), PIL.new("L", (8, 8), 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], disposal=1)
    raw = bytearray((tmp_path / "a.gif").read_bytes())
    second = raw.index(b"\x2c", raw.index(b"\x2c") + 10)
    struct.pack_into("<HH", raw, second + 5, 4000, 4000)
    (tmp_path / "a.gif").write_bytes(raw)
    with pytest.raises(PictureError, match="limit is 1,000"):
        read_image(tmp_path / "a.gif", max_pixels=1000)


@pytest.mark.parametrize("kind", ["png", "bmp", "deep.tif"])
def test_a_lower_limit_binds_every_reader(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "deep.tif":
        tifffile.imwrite(path, RAMP.astype(np.uint16), photometric="rgb")
    else:
        save(path, RAMP)
    assert read_image(path, max_pixels=120).shape == RAMP.shape
    for limit in (119, 0):
        with pytest.raises(PictureError, match="--max-pixels"):
            read_image(path, max_pixels=limit)


@pytest.mark.parametrize("kind", ["png", "deep.tif"])
def test_a_higher_limit_holds_for_one_read_only(tmp_path, monkeypatch, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "deep.tif":
        tifffile.imwrite(path, RAMP.astype(np.uint16), photometric="rgb")
    else:
        save(path, RAMP)
    monkeypatch.setattr(PIL, "MAX_IMAGE_PIXELS", 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(path, max_pixels=120).shape == RAMP.shape
    assert PIL.MAX_IMAGE_PIXELS == 10
    with pytest.raises(PictureError, match="limit is 10"):
        read_image(path)


def test_the_guard_stays_up_for_other_threads_meanwhile(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", RAMP)
    monkeypatch.setattr(PIL, "MAX_IMAGE_PIXELS", 10)
    seen, done = set(), threading.Event()

    def watch():
        while not done.is_set():
            seen.add(PIL.MAX_IMAGE_PIXELS)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(50):
            read_image(path, max_pixels=120)
    finally:
        done.set()
        watcher.join()
    assert seen == {10}


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_an_empty_file_is_refused(tmp_path, suffix):
    (tmp_path / f"a{suffix}").touch()
    with pytest.raises(PictureError, match=r"a\.\w+ is empty"):
        read_picture(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp", ".deep.tif"])
@pytest.mark.parametrize("part", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.filterwarnings("ignore")
def test_a_truncated_file_is_refused(tmp_path, suffix, part):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"a{suffix}"
    if suffix == ".deep.tif":
        tifffile.imwrite(path, noise.astype(np.uint16), photometric="rgb", compression="zlib")
    else:
        save(path, noise)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(PictureError, match=r"a\.(deep\.)?\w+"):
        read_picture(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"Dear diary, this is no picture.\n", "text, not a picture"),
     ("Ein Tagebuch für später.".encode(), "text"),
     (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer.*git lfs pull"),
     (b"\n<!DOCTYPE html><html>", "HTML page"),
     (b"<!-- saved --><HTML lang=en>", "HTML page"),
     (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
     (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG.*render"),
     (b"P6 1 1 255 abc", "PNM"),
     (b"8BPS" + bytes(40), "Photoshop"),
     (b"%PDF-1.7\n%\xe2\xe3", "PDF document; export the page"),
     (b"\0\0\0 ftypisom\0\0\2\0isomiso2avc1mp41", "video.*impasto video"),
     (b"\0\0\0 ftypqt  " + bytes(20), "video"),
     (b"\x1aE\xdf\xa3" + bytes(40), "video"),
     (b"RIFF\0\0\0\0AVI LIST", "video"),
     (b"RIFF\0\0\0\0WAVEfmt ", "sound"),
     (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "RAW file; export it"),
     (b"FUJIFILMCCD-RAW 0201", "RAW file"),
     (b"IIRO\x08\0\0\0", "RAW file"),
     (b"PK\3\4" + bytes(30), "archive.*unpack"),
     (b"bplist00\xd1", "placeholder of a file in a cloud"),
     (bytes(200), "filled with zeros"),
     (b"\0\0\1\0\1\0\x20\x20", "icon"),
     (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
     (b"BMW", "expected a JPEG, PNG"), (b"II*\0", "expected a JPEG, PNG"),
     (b"GIF89a", "expected a JPEG, PNG"), (b"\0", "expected a JPEG, PNG"),
     (b"\x9d\x83\xe1\0" * 9, "not a picture that can be read; expected a JPEG, PNG, WebP, HEIC")],
)  # fmt: skip
def test_a_file_that_is_no_picture_is_refused_with_what_it_is(tmp_path, content, what):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(PictureError, match=rf"(?s)a\.jpg.*{what}"):
        read_image(tmp_path / "a.jpg")
    if what.startswith("RAW"):
        (tmp_path / "a.cr3").write_bytes(b"any\0thing")
        with pytest.raises(PictureError, match=r"a\.cr3 is a camera's RAW file"):
            read_image(tmp_path / "a.cr3")
    with pytest.raises(PictureError):
        read_record(tmp_path / "a.jpg")


@pytest.mark.parametrize("read", [read_picture, read_record])
def test_a_missing_file_and_a_folder_are_refused(tmp_path, read):
    with pytest.raises(PictureError, match="there is no file"):
        read(tmp_path / "absent.png")
    with pytest.raises(PictureError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(PictureError):
        read("a\0b.png")


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    for source in (tmp_path / "a.png", "/dev/zero"):
        with pytest.raises(PictureError, match="pipe or a device"):
            read_picture(source)


@pytest.mark.skipif(os.geteuid() == 0, reason="permission bits do not bind root")
def test_a_file_without_read_permission_is_refused(tmp_path):
    path = save(tmp_path / "a.png", RAMP)
    path.chmod(0)
    with pytest.raises(PictureError, match="Permission denied"):
        read_picture(path)


def test_a_picture_beyond_the_memory_is_refused(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", RAMP)

    def fail(self):
        raise MemoryError

    monkeypatch.setattr(PIL.Image, "copy", fail)
    with pytest.raises(PictureError, match="memory"):
        read_picture(path)


def test_the_record_of_a_picture_above_the_limit_is_read_without_its_pixels(tmp_path):
    path = bomb(tmp_path / "a.png", 30_000, 30_000)
    whole = path.read_bytes()
    assert read_record(path) is None
    path.write_bytes(whole[:100])  # without pixels
    assert read_record(path) is None


def test_the_record_in_the_exif_block_of_a_png_is_read(tmp_path):
    exif = PIL.Exif()
    exif.get_ifd(0x8769)[0x9286] = b'ASCII\0\0\0{"impasto": {"size": 5}}'
    assert read_record(save(tmp_path / "a.png", RAMP, exif=exif.tobytes())) == {"size": 5}


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_raise_only_picture_errors(tmp_path):
    (tmp_path / "seeds").mkdir()
    originals = seeds(tmp_path / "seeds")
    rng = random.Random(int(os.environ.get("FUZZ_SEED", "20240607")))
    path = tmp_path / "damaged.tif"
    outcomes = {"read": 0, "refused": 0}
    for turn in range(int(os.environ.get("FUZZ_FILES", "500"))):
        path.write_bytes(mutate(originals[turn % len(originals)], rng))
        for read in (lambda p: read_picture(p, max_pixels=1_000_000), read_record):
            try:
                result = read(path)
            except PictureError as error:
                assert "damaged.tif" in str(error)
                outcomes["refused"] += 1
            else:
                outcomes["read"] += 1
                if result is not None and not isinstance(result, dict):
                    assert np.isfinite(result.image).all()
                    assert result.image.min() >= 0 and result.image.max() <= 1
    assert min(outcomes.values()) > 0
