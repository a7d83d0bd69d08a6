"""Export of pictures in other formats."""

import numpy as np
import pytest
from PIL import ExifTags
from PIL import Image as PIL
from tests.studio.results import made

from impasto.errors import PictureError
from impasto.images.files import read_picture, read_record, write_image
from impasto.settings import Settings
from impasto.studio.gallery import gallery


def exif_block():
    exif = PIL.Exif()
    exif[ExifTags.Base.Artist] = "Vincent"
    exif[ExifTags.Base.Orientation] = 6
    return exif.tobytes()


@pytest.fixture
def kept(tmp_path, rng):
    from dataclasses import replace

    image, alpha = rng.random((48, 64, 3), np.float32), np.ones((48, 64), np.float32)
    alpha[:8], alpha[8:16] = 0, 0.5
    result = made(image, alpha=alpha, settings=Settings(print_mm=50, dpi=300))
    result = replace(result, exif=exif_block())
    return gallery.keep(tmp_path / "g", result, "cat_wave")


@pytest.mark.parametrize("kind", gallery.KINDS)
def test_a_copy_keeps_record_exif_transparency_and_resolution(kept, tmp_path, kind):
    path = gallery.export(kept.parent, kept.name, kind, tmp_path / "out")
    assert path == tmp_path / "out" / f"cat_wave.{kind}"
    assert read_record(path) == read_record(kept)
    with PIL.open(path) as copy, PIL.open(kept) as picture:
        assert copy.format == {"png": "PNG", "jpg": "JPEG", "tif": "TIFF", "webp": "WEBP"}[kind]
        assert copy.size == picture.size
        assert copy.getexif()[ExifTags.Base.Artist] == "Vincent"
        assert copy.getexif()[ExifTags.Base.Orientation] == 1
        resolution = float(copy.getexif()[ExifTags.Base.XResolution])
        assert resolution == float(picture.getexif()[ExifTags.Base.XResolution])
        if kind != "webp":  # has it only in the EXIF block
            assert copy.info["dpi"][0] == pytest.approx(resolution, abs=0.5)
        assert copy.info["icc_profile"] == picture.info["icc_profile"]
        if kind in ("png", "tif"):
            assert np.array_equal(np.asarray(copy), np.asarray(picture))
        if kind == "webp":
            alphas = [np.asarray(each.getchannel("A"), int) for each in (copy, picture)]
            assert np.abs(alphas[0] - alphas[1]).max() <= 1
        if kind == "jpg":
            assert np.asarray(copy)[:4].min() > 240


def test_a_copy_of_the_same_format_is_the_same_bytes(kept, tmp_path):
    path = gallery.export(kept.parent, kept.name, "png", tmp_path / "out")
    assert path.read_bytes() == kept.read_bytes()


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".jpeg", "jpg"), (".TIFF", "tif"), (".webp", "webp")]
)
def test_other_spellings_of_a_format_are_the_same(tmp_path, result, suffix, kind):
    path = result.save(tmp_path / f"cat{suffix}")
    copy = gallery.export(tmp_path, path.name, kind, tmp_path / "out")
    assert copy.name == f"cat.{kind}"
    assert copy.read_bytes() == path.read_bytes()


def test_copies_never_replace_each_other(kept, tmp_path):
    paths = [gallery.export(kept.parent, kept.name, "jpg", tmp_path) for _ in range(3)]
    assert [path.name for path in paths] == ["cat_wave.jpg", "cat_wave-2.jpg", "cat_wave-3.jpg"]
    assert len({path.read_bytes() for path in paths}) == 1


@pytest.mark.parametrize("kind", ["exe", "../png", "", None, "PNG", "x" * 9999])
def test_unknown_formats_are_refused(kept, tmp_path, kind):
    with pytest.raises(PictureError, match="expected png, jpg, tif, webp"):
        gallery.export(kept.parent, kept.name, kind, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_long_record_of_a_jpeg_is_exported_beside_it(tmp_path, rng):
    losses = {f"style/{number}": 1.0 for number in range(6000)}
    kept = gallery.keep(tmp_path, made(rng.random((8, 8, 3), np.float32), losses=losses), "cat")
    path = gallery.export(tmp_path, kept.name, "jpg", tmp_path / "out")
    assert len(read_record(path)["losses"]) == 6000
    again = gallery.export(path.parent, path.name, "jpg", tmp_path / "again")
    assert read_record(again) == read_record(path)


def test_a_picture_without_print_has_no_resolution(tmp_path, result):
    kept = gallery.keep(tmp_path, result, "cat")
    for kind in ("tif", "webp"):
        with PIL.open(gallery.export(tmp_path, kept.name, kind, tmp_path / "out")) as copy:
            assert ExifTags.Base.XResolution not in copy.getexif() or copy.info["dpi"] == (1, 1)


def test_a_grey_picture_with_a_palette_is_copied_too(tmp_path):
    image = PIL.new("P", (9, 7), 3)
    image.putpalette([10, 20, 30] * 256)
    image.save(tmp_path / "p.png", transparency=5)
    copy = gallery.export(tmp_path, "p.png", "tif", tmp_path / "out")
    assert np.allclose(read_picture(copy).image[0, 0] * 255, [10, 20, 30])


def test_a_picture_too_large_for_a_format_raises_a_picture_error(tmp_path):
    write_image(tmp_path / "long.png", np.zeros((1, 16_400, 3), np.float32))
    with pytest.raises(PictureError, match=r"a WEBP at most 16383"):
        gallery.export(tmp_path, "long.png", "webp", tmp_path / "out")
    assert [*(tmp_path / "out").iterdir()] == []
