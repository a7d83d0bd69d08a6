"""Pictures to files and back, and arrays to pictures."""

from __future__ import annotations

import hashlib
import io
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image as PIL
from PIL import ImageCms

from impasto.errors import PictureError
from impasto.images import files
from impasto.images.files import (
    check_output,
    free_path,
    read_image,
    read_picture,
    read_record,
    write_image,
)

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
RECORD = {"style": "밤 “night”.png", "size": 512, "losses": {"total": 1.5}, "none": None}
SMALL = np.linspace(0, 1, 8 * 6 * 3, dtype=np.float32).reshape(8, 6, 3)
images = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 17), st.integers(1, 17), st.just(3)),
    elements=st.floats(0, 1, width=32),
)
in_tmp = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def camera_exif(orientation: int = 1) -> bytes:
    exif = PIL.Exif()
    exif[0x010F], exif[0x0110], exif[0x8298] = "Maker", "Model 1", "(c) Someone"
    exif[0x0112], exif[0x0100], exif[0x0101] = orientation, 4000, 3000
    exif.get_ifd(0x8769).update({0x9003: "2020:01:02 03:04:05", 0xA002: 4000, 0xA003: 3000})
    exif.get_ifd(0x8825).update({1: "N"})
    return exif.tobytes()


def profile_name(profile: bytes) -> str:
    return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))


def load_exif(block: bytes | None) -> PIL.Exif:
    exif = PIL.Exif()
    exif.load(block or b"")
    return exif


@in_tmp
@given(image=images, suffix=st.sampled_from([".png", ".tif"]))
def test_lossless_formats_return_within_half_a_step(tmp_path, image, suffix):
    back = read_image(write_image(tmp_path / f"a{suffix}", image))
    assert back.dtype == np.float32
    assert back.shape == image.shape
    assert np.abs(back - image).max() <= 0.5 / 255 + 1e-6


@in_tmp
@given(image=images)
def test_sixteen_bits_return_within_half_of_their_step(tmp_path, image):
    path = write_image(tmp_path / "a.tif", image, bits=16)
    assert np.abs(read_image(path) - image).max() <= 0.5 / 65535 + 1e-7


@in_tmp
@given(value=st.integers(0, 255))
def test_eight_bit_values_return_unchanged(tmp_path, value):
    array = np.full((2, 3, 3), value, np.uint8)
    assert np.array_equal(np.asarray(PIL.open(write_image(tmp_path / "a.png", array / 255))), array)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_formats_return_something_close(tmp_path, suffix):
    smooth = np.zeros((64, 48, 3), np.float32)
    smooth[..., 0] = np.linspace(0, 1, 48)
    smooth[..., 1] = np.linspace(0, 1, 64)[:, None]
    assert np.abs(read_image(write_image(tmp_path / f"a{suffix}", smooth)) - smooth).mean() < 0.02


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 2000, 3), (1, 7, 3)])
def test_extreme_shapes_are_written_and_read(tmp_path, suffix, shape):
    path = write_image(tmp_path / f"a{suffix}", np.full(shape, 0.5, np.float32))
    assert read_image(path).shape == shape


def test_values_outside_the_range_are_clipped(tmp_path):
    image = np.array([[[-0.5, 0.5, 1.5]]], np.float32)
    assert read_image(write_image(tmp_path / "a.png", image)).ravel() == pytest.approx(
        [0, 128 / 255, 1]
    )


def test_values_that_are_not_finite_become_black_with_a_warning(tmp_path):
    image = np.array([[[np.nan, 0.5, np.inf]]], np.float32)
    with pytest.warns(UserWarning, match="2 values"):
        path = write_image(tmp_path / "a.png", image)
    assert read_image(path).ravel() == pytest.approx([0, 128 / 255, 0])


def test_the_picture_written_is_not_modified(tmp_path):
    image, alpha = SMALL * 2 - 0.5, np.full((8, 6), 0.5, np.float32)
    before = image.copy(), alpha.copy()
    write_image(tmp_path / "a.png", image, alpha=alpha)
    assert np.array_equal(image, before[0])
    assert np.array_equal(alpha, before[1])


@pytest.mark.parametrize(("suffix", "bits"), [(".png", 8), (".webp", 8), (".tif", 8), (".tif", 16)])
def test_alpha_returns(tmp_path, suffix, bits):
    alpha = np.linspace(0, 1, 48, dtype=np.float32).reshape(8, 6)
    path = write_image(tmp_path / f"a{suffix}", SMALL, alpha=alpha, bits=bits)
    back = read_picture(path).alpha
    assert np.abs(back - alpha).max() <= 1 / 255


def test_alpha_of_another_size_is_resized(tmp_path):
    alpha = np.zeros((40, 60), np.float32)
    alpha[:, 30:] = 1
    back = read_picture(write_image(tmp_path / "a.png", SMALL, alpha=alpha)).alpha
    assert back.shape == (8, 6)
    assert back.min() >= 0 and back.max() <= 1
    assert back[:, 0].max() < 0.1 and back[:, -1].min() > 0.9


def test_jpeg_gets_white_behind_transparency(tmp_path):
    alpha = np.zeros((8, 6), np.float32)
    assert read_image(write_image(tmp_path / "a.jpg", SMALL, alpha=alpha)).min() > 0.99


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_exif_is_kept_without_what_became_untrue(tmp_path, suffix):
    path = write_image(tmp_path / f"a{suffix}", SMALL, exif=camera_exif(orientation=6))
    picture = read_picture(path)
    exif = load_exif(picture.exif)
    assert picture.image.shape == SMALL.shape
    assert (exif[0x010F], exif[0x8298], exif[0x0112]) == ("Maker", "(c) Someone", 1)
    details = exif.get_ifd(0x8769)
    assert details[0x9003] == "2020:01:02 03:04:05"
    assert 0xA002 not in details and 0xA003 not in details
    assert exif.get_ifd(0x8825)[1] == "N"


@pytest.mark.parametrize("alpha", [None, np.full((8, 6), 0.5, np.float32)])
def test_sixteen_bit_tiff_keeps_exif(tmp_path, alpha):
    path = write_image(
        tmp_path / "a.tif", SMALL, exif=camera_exif(6), bits=16, record=RECORD, alpha=alpha
    )
    picture = read_picture(path)
    exif = load_exif(picture.exif)
    assert picture.image.shape == SMALL.shape
    assert (exif[0x010F], exif[0x0110], exif[0x8298]) == ("Maker", "Model 1", "(c) Someone")
    assert exif.get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"
    assert exif.get_ifd(0x8825)[1] == "N"
    assert read_record(path) == RECORD
    with tifffile.TiffFile(path) as file:
        assert file.pages.first.tags["ExifTag"].value["DateTimeOriginal"] == "2020:01:02 03:04:05"


def photograph_of_72_dpi() -> bytes:
    exif = PIL.Exif()
    exif[0x010F], exif[0x011A], exif[0x011B], exif[0x0128] = "Maker", 72.0, 72.0, 2
    return exif.tobytes()


@pytest.mark.parametrize("exif", [None, photograph_of_72_dpi()])
@pytest.mark.parametrize("record", [None, RECORD])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_resolution_of_a_print_returns(tmp_path, suffix, record, exif):
    path = write_image(tmp_path / f"a{suffix}", SMALL, exif=exif, record=record, dpi=150.0)
    with PIL.open(path) as image:
        if suffix == ".webp":  # has no field of its own for it
            assert "dpi" not in image.info or image.info["dpi"] == pytest.approx((150, 150))
        else:
            # A PNG counts whole pixels per metre.
            assert image.info["dpi"] == pytest.approx((150, 150), abs=0.02)
        block = image.getexif()
    if suffix == ".webp" or exif:
        assert (block[0x011A], block[0x011B], block[0x0128]) == (150, 150, 2)
    if exif:
        assert block[0x010F] == "Maker"


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_resolution_need_not_be_whole(tmp_path, suffix):
    path = write_image(tmp_path / f"a{suffix}", SMALL, dpi=299.7)
    with PIL.open(path) as image:
        assert image.info["dpi"] == pytest.approx((299.7, 299.7), abs=0.02)


@pytest.mark.parametrize("exif", [None, photograph_of_72_dpi(), camera_exif()])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_carries_the_resolution_of_a_print(tmp_path, bits, exif):
    path = write_image(tmp_path / "a.tif", SMALL, bits=bits, exif=exif, dpi=300.0)
    with tifffile.TiffFile(path) as file:
        tags = file.pages.first.tags
        assert file.pages.first.get_resolution(unit="inch") == pytest.approx((300, 300))
        assert int(tags["ResolutionUnit"].value) == 2
    assert read_image(path).shape == SMALL.shape


def test_without_a_print_the_resolution_of_the_photograph_stays(tmp_path):
    path = write_image(tmp_path / "a.jpg", SMALL, exif=photograph_of_72_dpi())
    with PIL.open(path) as image:
        assert image.getexif()[0x011A] == 72


def test_the_thumbnail_of_the_old_photograph_is_dropped(tmp_path):
    exif = load_exif(camera_exif())
    thumbnail = PIL.new("RGB", (16, 16), "red")
    PIL.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif)
    marker = b"THUMBNAIL-OF-BEFORE"
    raw = bytearray(exif.tobytes())
    raw += marker
    thumbnail.save(tmp_path / "t.jpg", exif=bytes(raw))
    out = write_image(tmp_path / "b.jpg", SMALL, exif=read_picture(tmp_path / "t.jpg").exif)
    assert marker not in out.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_srgb_profile_is_embedded(tmp_path, suffix):
    with PIL.open(write_image(tmp_path / f"a{suffix}", SMALL)) as image:
        assert profile_name(image.info["icc_profile"]).startswith("sRGB")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_picture_gives_the_same_bytes(tmp_path, suffix):
    first = write_image(tmp_path / f"a{suffix}", SMALL, exif=camera_exif(), record=RECORD)
    second = write_image(tmp_path / f"b{suffix}", SMALL, exif=camera_exif(), record=RECORD)
    assert first.read_bytes() == second.read_bytes()


def test_sixteen_bit_tiff_has_the_tags_it_should(tmp_path):
    path = write_image(tmp_path / "a.tif", SMALL, alpha=np.full((8, 6), 0.5), bits=16)
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        assert page.dtype == np.uint16
        assert page.extrasamples == (2,)  # unassociated alpha
        assert profile_name(page.tags[34675].value).startswith("sRGB")


@pytest.mark.parametrize(("quality", "sampling"), [(92, (1, 1)), (90, (1, 1)), (89, (2, 2))])
def test_good_jpegs_keep_colors_at_full_resolution(tmp_path, quality, sampling):
    with PIL.open(write_image(tmp_path / "a.jpg", SMALL, quality=quality)) as image:
        assert image.layer[0][1:3] == sampling


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("exif", [None, camera_exif()])
def test_the_record_returns(tmp_path, suffix, exif):
    assert (
        read_record(write_image(tmp_path / f"a{suffix}", SMALL, record=RECORD, exif=exif)) == RECORD
    )


def test_the_record_of_a_sixteen_bit_tiff_returns(tmp_path):
    assert read_record(write_image(tmp_path / "a.tif", SMALL, record=RECORD, bits=16)) == RECORD


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_without_a_record_there_is_none(tmp_path, suffix):
    assert read_record(write_image(tmp_path / f"a{suffix}", SMALL, exif=camera_exif())) is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_record_of_an_earlier_run_is_not_handed_on(tmp_path, suffix):
    first = write_image(tmp_path / f"a{suffix}", SMALL, record=RECORD, exif=camera_exif())
    second = write_image(tmp_path / f"b{suffix}", SMALL, exif=read_picture(first).exif)
    assert read_record(second) is None


def test_json_of_other_programs_is_no_record(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 4), np.uint8))  # describes itself in JSON
    exif = PIL.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + json.dumps({"prompt": "cat"}).encode()
    PIL.new("RGB", (4, 4)).save(tmp_path / "a.jpg", exif=exif)
    assert read_record(tmp_path / "a.tif") is None
    assert read_record(tmp_path / "a.jpg") is None


def test_the_record_goes_beside_a_jpeg_that_holds_not_both(tmp_path):
    exif = load_exif(camera_exif())
    exif.get_ifd(0x8769)[0x927C] = b"x" * 40_000
    record = {"long": "y" * 40_000}
    path = write_image(tmp_path / "a.jpg", SMALL, exif=exif.tobytes(), record=record)
    assert read_record(path) == record
    assert {each.name for each in tmp_path.iterdir()} == {"a.jpg", "a.jpg.json"}
    with PIL.open(path) as image:
        assert image.getexif().get_ifd(0x8769)[0x927C] == b"x" * 40_000


def test_a_record_too_long_for_a_jpeg_goes_beside_it_and_leaves_with_it(tmp_path):
    record = {"long": "y" * 70_000}
    path, side = tmp_path / "a.jpg", tmp_path / "a.jpg.json"
    assert read_record(write_image(path, SMALL, record=record)) == record
    assert json.loads(side.read_text()) == {"impasto": record}
    assert read_record(write_image(path, SMALL, record=RECORD)) == RECORD
    assert not side.exists()
    write_image(path, SMALL, record=record)
    assert read_record(write_image(path, SMALL)) is None
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"[1]", b"precious", b"", b"{" * 100_000, b'{"a": 1}'])
def test_another_programs_file_beside_a_jpeg_is_left_alone(tmp_path, content):
    path, side = tmp_path / "a.jpg", tmp_path / "a.jpg.json"
    side.write_bytes(content)
    with pytest.warns(UserWarning, match=r"a\.jpg\.json exists and is not a record"):
        write_image(path, SMALL, record={"long": "y" * 70_000})
    write_image(path, SMALL)
    assert side.read_bytes() == content
    assert read_record(path) is None


def test_a_side_file_is_whole_or_not_there(tmp_path, monkeypatch):
    real, calls = os.fsync, []

    def fail_at_the_third(descriptor):
        calls.append(descriptor)
        if len(calls) == 3:  # file and folder of the picture come before
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fail_at_the_third)
    with pytest.raises(PictureError, match=r"a\.jpg\.json: No space left"):
        write_image(tmp_path / "a.jpg", SMALL, record={"long": "y" * 70_000})
    assert [each.name for each in tmp_path.iterdir()] == ["a.jpg"]


def test_a_file_is_known_by_its_bytes_and_an_array_by_its_values(tmp_path):
    values = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    PIL.fromarray(values).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    assert picture.sha256 == hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert picture.path == tmp_path.resolve() / "a.png"
    colors = b"<f4 (4, 6, 3)" + (values / np.float32(255)).tobytes()
    for source in (values, PIL.fromarray(values)):
        read = read_picture(source)
        assert read.path is None
        assert read.sha256 == hashlib.sha256(colors).hexdigest()
    alpha = np.full((4, 6, 1), 128, np.uint8)
    read = read_picture(np.dstack([values, alpha]))
    opacity = b"<f4 (4, 6)" + read.alpha.tobytes()
    together = b"<f4 (4, 6, 3)" + read.image.tobytes() + opacity
    assert read.sha256 == hashlib.sha256(together).hexdigest()
    assert read_picture(values.reshape(6, 4, 3)).sha256 != picture.sha256


def test_a_path_leads_through_no_linked_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    write_image(tmp_path / "real" / "a.png", SMALL)
    (tmp_path / "real" / "b.png").symlink_to(tmp_path / "real" / "a.png")
    found = read_picture(tmp_path / "linked" / "b.png")
    assert found.path == (tmp_path / "real").resolve() / "b.png" and found.name == "b.png"


def test_a_record_that_json_cannot_hold_is_refused(tmp_path):
    with pytest.raises(PictureError, match="JSON"):
        write_image(tmp_path / "a.png", SMALL, record={"path": tmp_path})


@pytest.mark.parametrize("suffix", [".gif", ".bmp", ".txt", ""])
def test_unknown_suffixes_name_the_known_ones(tmp_path, suffix):
    with pytest.raises(PictureError, match=r"\.png, \.jpg.*\.tiff"):
        write_image(tmp_path / f"a{suffix}", SMALL)
    with pytest.raises(PictureError, match=r"\.png, \.jpg.*\.tiff"):
        check_output(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_sixteen_bits_need_a_tiff(tmp_path, suffix):
    with pytest.raises(PictureError, match="16 bits"):
        write_image(tmp_path / f"a{suffix}", SMALL, bits=16)


@pytest.mark.parametrize(
    ("image", "options", "hint"),
    [
        (SMALL[..., 0], {}, "shape"),
        (SMALL[:0], {}, "shape"),
        ((SMALL * 255).astype(np.uint8), {}, "uint8"),
        (SMALL, {"alpha": SMALL}, "alpha"),
        (SMALL, {"bits": 12}, "12 bits"),
        (SMALL, {"quality": 0}, "quality"),
        (SMALL, {"dpi": 0.5}, "dpi is 0.5"),
        (SMALL, {"dpi": float("nan")}, "dpi is nan"),
        (SMALL, {"exif": b"nonsense"}, "EXIF"),
    ],
)
def test_unusable_arguments_are_refused_and_leave_nothing(tmp_path, image, options, hint):
    with pytest.raises(PictureError, match=hint):
        write_image(tmp_path / "a.tif", image, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_too_long_for_webp_names_the_way_out(tmp_path):
    with pytest.raises(PictureError, match="16383"):
        write_image(tmp_path / "a.webp", np.zeros((20000, 3, 3), np.float32))


def test_a_very_tall_picture_returns(tmp_path):
    image = np.zeros((20000, 3, 3), np.float32)
    image[-1] = 1
    assert np.array_equal(read_image(write_image(tmp_path / "a.png", image)), image)


def test_suffixes_may_be_upper_case(tmp_path):
    assert read_image(write_image(tmp_path / "A.PNG", SMALL)).shape == SMALL.shape


def test_a_name_as_long_as_the_disk_allows_is_written(tmp_path):
    path = tmp_path / ("a" * 251 + ".png")
    assert write_image(path, SMALL).exists()


@pytest.mark.parametrize(
    "name", ["two words.png", "밤 “night”.png", "-x.png", "a.b..png", "#?*.png"]
)
def test_odd_names_are_written_and_read(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    check_output(name)
    assert write_image(name, SMALL, record=RECORD).name == name
    assert read_picture(name).name == name
    assert read_record(name) == RECORD


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_values_are_rounded_not_cut(tmp_path, suffix):
    path = write_image(tmp_path / f"a{suffix}", np.full((16, 16, 3), 100.6 / 255, np.float32))
    with PIL.open(path) as image:
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - 101).max() <= (
            0 if suffix in (".png", ".tif", ".tiff") else 1
        )


def test_values_of_16_bits_are_rounded_not_cut(tmp_path):
    image = np.full((4, 4, 3), 40000.6 / 65535, np.float64)
    path = write_image(tmp_path / "a.tif", image, bits=16)
    assert tifffile.imread(path).min() == 40001


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_long_exif_block_loses_the_maker_note_rather_than_the_picture(tmp_path, suffix):
    exif = load_exif(camera_exif())
    exif.get_ifd(0x8769)[0x927C] = b"x" * 90_000
    kept = load_exif(
        read_picture(write_image(tmp_path / f"a{suffix}", SMALL, exif=exif.tobytes())).exif
    )
    assert kept[0x010F] == "Maker"
    assert 0x927C not in kept.get_ifd(0x8769)


def test_a_name_may_begin_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image("~draft.png", SMALL)
    assert read_image("~draft.png").shape == SMALL.shape


def test_the_result_has_the_permissions_of_any_new_file(tmp_path):
    former = os.umask(0o027)
    try:
        path = write_image(tmp_path / "a.png", SMALL)
    finally:
        os.umask(former)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(("suffix", "bits"), [(".png", 8), (".jpg", 8), (".webp", 8), (".tif", 16)])
def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path, monkeypatch, suffix, bits):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(PictureError, match="No space left"):
        write_image(path, SMALL, bits=bits)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_replacement_leaves_the_old_file_and_no_temporary(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(self, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(PictureError, match="Permission denied"):
        write_image(path, SMALL)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_no_temporary(tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_image(tmp_path / "a.png", SMALL)
    assert list(tmp_path.iterdir()) == []


def test_every_error_of_an_encoder_becomes_a_picture_error(tmp_path, monkeypatch):
    def fail(*args, **options):
        raise SystemError("tile cannot extend outside image")

    monkeypatch.setattr(PIL.Image, "save", fail)
    with pytest.raises(PictureError, match="tile"):
        write_image(tmp_path / "a.png", SMALL)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "a.png").mkdir()
    for refuse in (
        lambda: write_image(tmp_path / "a.png", SMALL),
        lambda: check_output(tmp_path / "a.png"),
    ):
        with pytest.raises(PictureError, match=r"(?i)directory|folder"):
            refuse()
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_missing_folder_is_named_and_not_made(tmp_path):
    folder = tmp_path / "absent"
    with pytest.raises(PictureError, match=r"no folder .*absent"):
        check_output(folder / "a.png")
    with pytest.raises(PictureError, match="absent"):
        write_image(folder / "a.png", SMALL)
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="permission bits do not bind root")
def test_a_folder_without_write_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PictureError, match="cannot be written"):
            check_output(tmp_path / "a.png")
        with pytest.raises(PictureError, match="cannot write"):
            write_image(tmp_path / "a.png", SMALL)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_the_system_calls_read_only_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "access", lambda *args: False)
    with pytest.raises(PictureError, match="cannot be written"):
        check_output(tmp_path / "a.png")


def test_a_good_output_passes_the_check_and_nothing_is_made(tmp_path):
    check_output(tmp_path / "a.png")
    check_output(str(tmp_path / "a.JPG"))
    assert list(tmp_path.iterdir()) == []


def test_an_impossible_name_is_refused(tmp_path):
    for refuse in (check_output, lambda path: write_image(path, SMALL), read_image):
        with pytest.raises(PictureError):
            refuse(tmp_path / ("a" * 300 + ".png"))


def test_a_free_path_counts_up(tmp_path):
    path = tmp_path / "a.b.png"
    assert free_path(path) == path
    for expected in ("a.b-2.png", "a.b-3.png"):
        free_path(path).touch()
        assert free_path(path).name == expected


def test_a_dangling_link_is_not_free(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "absent.png")
    assert free_path(str(tmp_path / "a.png")).name == "a-2.png"


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32, np.float64, np.float16])
@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_arrays_of_every_kind_become_the_same_picture(kind, channels):
    shape = (4, 5) if channels is None else (4, 5, channels)
    unit = np.linspace(0, 1, int(np.prod(shape))).reshape(shape)
    if channels == 4:
        unit[..., 3] = 1
    top = np.iinfo(kind).max if np.issubdtype(kind, np.integer) else 1
    array = (np.round(unit * top) if top > 1 else unit).astype(kind)
    before = array.copy()
    picture = read_picture(array)
    expected = unit[..., None] if channels is None else unit[..., :3]
    assert picture.image.dtype == np.float32
    assert picture.image.shape == (4, 5, 3)
    assert picture.alpha is None and picture.exif is None and picture.name == ""
    assert np.abs(picture.image - expected).max() < (0.003 if kind in (np.uint8,) else 0.001)
    assert np.array_equal(array, before)


@pytest.mark.parametrize("array", [SMALL, np.zeros((3, 3, 3), np.uint8), SMALL.transpose(1, 0, 2)])
def test_the_picture_of_an_array_has_its_own_memory_in_order(array):
    image = read_image(array)
    assert not np.shares_memory(image, array)
    assert image.flags.c_contiguous and image.flags.writeable


def test_a_grey_array_with_one_row_is_not_taken_for_colors():
    assert read_image(np.zeros((1, 3), np.uint8)).shape == (1, 3, 3)


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (np.full((2, 2, 3), 255.0), r"from 255 to 255, expected 0\.\.1; divide"),
        (np.full((2, 2), -0.5), "-0.5"),
        (np.full((2, 2), 1.0000002, np.float32), r"1\.000000"),
        (np.full((2, 2), np.nan), "not finite"),
        (np.full((2, 2), np.inf), "not finite"),
        (np.zeros((2, 2), bool), "bool"),
        (np.zeros((2, 2), np.int64), "int64"),
        (np.zeros((2, 2), object), "object"),
        (np.zeros((2, 2), complex), "complex"),
        (np.zeros((2, 2, 2), np.uint8), "shape"),
        (np.zeros((2, 2, 5), np.uint8), "shape"),
        (np.zeros((2, 2, 2, 3), np.uint8), "shape"),
        (np.zeros((4,), np.uint8), "shape"),
        (np.zeros((0, 4, 3), np.uint8), "shape"),
        (np.zeros((4, 0), np.float32), "shape"),
    ],
)
def test_other_arrays_are_refused_with_the_reason(array, hint):
    with pytest.raises(PictureError, match=hint):
        read_picture(array)


@pytest.mark.parametrize("source", [None, 3, b"a.png", [[0, 1]]])
def test_sources_of_another_kind_are_refused(source):
    with pytest.raises(PictureError, match="expected a path"):
        read_picture(source)


def test_colors_under_transparency_become_the_mean_visible_color():
    array = np.zeros((2, 4, 4), np.float32)
    array[:, :2] = [0.2, 0.4, 0.6, 1]
    array[:, 2] = [1, 0, 0, 0]  # hidden garbage
    array[:, 3] = [0.8, 0.4, 0.2, 0.5]
    picture = read_picture(array)
    mean = (2 * np.array([0.2, 0.4, 0.6]) + 0.5 * np.array([0.8, 0.4, 0.2])) / 2.5
    assert picture.image[0, 0] == pytest.approx([0.2, 0.4, 0.6])
    assert picture.image[0, 2] == pytest.approx(mean)
    assert picture.image[0, 3] == pytest.approx((mean + np.array([0.8, 0.4, 0.2])) / 2)
    assert picture.alpha[0] == pytest.approx([1, 1, 0, 0.5])


def test_rounding_takes_no_value_out_of_the_range():
    array = np.ones((64, 64, 4), np.float32)
    array[..., 3] = np.linspace(0.001, 1, 64 * 64).reshape(64, 64)
    assert read_image(array).max() <= 1


def test_hidden_colors_leave_no_trace():
    first = np.random.default_rng(0).random((6, 6, 4))
    first[:3, :, 3] = 0
    second = first.copy()
    second[:3, :, :3] = 1 - second[:3, :, :3]
    assert np.array_equal(read_image(first), read_image(second))


def test_a_wholly_transparent_picture_is_read():
    picture = read_picture(np.zeros((3, 3, 4), np.uint8))
    assert np.isfinite(picture.image).all()
    assert np.ptp(picture.image) == 0
    assert picture.alpha.max() == 0


def test_a_pillow_image_is_read_and_not_modified():
    image = PIL.fromarray((SMALL * 255).astype(np.uint8))
    image.info["icc_profile"] = b"broken"
    before, info = image.tobytes(), dict(image.info)
    with pytest.warns(UserWarning, match="profile"):
        read = read_image(image)
    assert read == pytest.approx(np.asarray(image) / 255, abs=1e-6)
    assert (image.tobytes(), image.info) == (before, info)


def test_an_empty_pillow_image_is_refused():
    with pytest.raises(PictureError):
        read_picture(PIL.new("RGB", (0, 3)))


def test_reading_and_writing_are_silent(tmp_path, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for suffix in SUFFIXES:
            read_picture(
                write_image(tmp_path / f"a{suffix}", SMALL, exif=camera_exif(), record=RECORD)
            )
    assert capfd.readouterr() == ("", "")
