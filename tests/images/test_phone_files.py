"""Pictures as phones and browsers make them: HEIC, AVIF, JPEG XL, wide gamut, HDR, extra parts."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image as PIL
from PIL import ImageCms
from tests.images.odd_files import many_scans, save

from impasto.errors import PictureError
from impasto.images import jpeg_xl, opening
from impasto.images.files import read_image, read_picture, read_record, write_image
from impasto.images.wide_gamut import CodedColors, coded_to_srgb

SMOOTH = np.stack(np.meshgrid(np.linspace(30, 220, 64), np.linspace(220, 30, 48)), -1)
SMOOTH = np.concatenate([SMOOTH, SMOOTH[..., :1] / 2], -1).astype(np.uint8)  # (48, 64, 3)
MUTED = np.clip(0.4 * SMOOTH + 70, 0, 255).astype(np.uint8)  # within sRGB as Display P3 too
P3 = 12, 13
PQ, HLG = (9, 16), (9, 18)
# Columns of Apple's Display P3 profile, adapted to D50 as in every ICC profile.
P3_COLUMNS = (0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)


@pytest.fixture(autouse=True, scope="module")
def _jxl():
    pytest.importorskip("pillow_jxl")  # registers itself with Pillow


def write(path, array, **options):
    """Write by other libraries than the package does, where there are any."""
    image = PIL.fromarray(array)
    if path.suffix in (".heic", ".heif", ".hif"):
        image.info.update({key: options.pop(key) for key in ["icc_profile"] if key in options})
        pillow_heif.from_pillow(image).save(path, quality=95, **options)
    else:
        image.save(path, {".avif": "AVIF", ".jxl": "JXL"}[path.suffix], quality=95, **options)
    return path


def p3_profile() -> bytes:
    """Return the profile of sRGB with the columns of Display P3."""
    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    raw = raw.replace(b"s\0R\0G\0B", b"t\0e\0s\0t").replace(b"sRGB", b"test")
    (count,) = struct.unpack_from(">I", raw, 128)
    columns = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), P3_COLUMNS, strict=True))
    for at in range(132, 132 + 12 * count, 12):
        column = columns.get(bytes(raw[at : at + 4]))
        if column:
            (offset,) = struct.unpack_from(">I", raw, at + 4)
            struct.pack_into(">3i", raw, offset + 8, *(round(value * 65536) for value in column))
    return bytes(raw)


def code(path, colors):
    """Set the code points of a written file."""
    raw = bytearray(path.read_bytes())
    at = raw.index(b"colrnclx")
    struct.pack_into(">HH", raw, at + 8, *colors)
    path.write_bytes(raw)
    return path


def coded_png(path, array, colors):
    save(path, array)
    raw = path.read_bytes()
    chunk = b"cICP" + bytes([*colors, 0, 1])
    chunk = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    end = raw.index(b"IDAT") - 4
    path.write_bytes(raw[:end] + chunk + raw[end:])
    return path


@pytest.mark.parametrize("suffix", [".heic", ".heif", ".hif", ".avif", ".jxl"])
def test_phone_formats_are_read(tmp_path, suffix):
    image = read_image(write(tmp_path / f"a{suffix}", SMOOTH))
    assert image == pytest.approx(SMOOTH / 255, abs=0.04)


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_a_wrong_name_does_not_matter(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}", SMOOTH).rename(tmp_path / "b.jpg")
    assert read_image(path) == pytest.approx(SMOOTH / 255, abs=0.03)


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_alpha_is_kept_aside(tmp_path, suffix):
    alpha = np.full((48, 64, 1), 255, np.uint8)
    alpha[:, :32] = 0
    picture = read_picture(write(tmp_path / f"a{suffix}", np.concatenate([SMOOTH, alpha], -1)))
    assert picture.alpha[:, 4:28].max() < 0.05
    assert picture.alpha[:, 36:60].min() > 0.95


@pytest.mark.parametrize("suffix", [".heic", ".avif", ".jxl"])
@pytest.mark.parametrize("turn", [3, 6, 8])
def test_they_are_set_upright_and_keep_their_metadata(tmp_path, suffix, turn):
    exif = PIL.Exif()
    exif[0x010F], exif[0x0112] = "Maker", turn
    # The decoder of JPEG XL turns a picture by its own header, and EXIF's does not count.
    rotation = 0 if suffix == ".jxl" else {3: 2, 6: 1, 8: -1}[turn]
    path = write(tmp_path / f"a{suffix}", np.rot90(SMOOTH, rotation).copy(), exif=exif.tobytes())
    picture = read_picture(path)
    assert picture.image == pytest.approx(SMOOTH / 255, abs=0.04)
    kept = PIL.Exif()
    kept.load(picture.exif)
    assert (kept[0x010F], kept[0x0112]) == ("Maker", 1)


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_the_profile_of_display_p3_is_converted(tmp_path, suffix):
    image = read_image(write(tmp_path / f"a{suffix}", MUTED, icc_profile=p3_profile()))
    png = read_image(save(tmp_path / "a.png", MUTED, icc_profile=p3_profile()))
    assert np.abs(png - MUTED / 255).max() > 0.05
    assert image == pytest.approx(png, abs=0.02)


@pytest.mark.parametrize("kind", ["heic", "avif", "png"])
def test_coded_display_p3_is_converted_as_its_profile_is(tmp_path, kind):
    by_profile = read_image(save(tmp_path / "p.png", MUTED, icc_profile=p3_profile()))
    path = tmp_path / f"a.{kind}"
    coded = coded_png(path, MUTED, P3) if kind == "png" else code(write(path, MUTED), P3)
    assert read_image(coded) == pytest.approx(by_profile, abs=0.004 if kind == "png" else 0.03)


def pq_code(light):
    """Return the PQ signal of cd/m2, from the inverse of BT.2100's table 4, by itself."""
    y = (light / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)


def hlg_code(light):
    """Return the HLG signal of the cd/m2 of a grey on a display of 1000 cd/m2 (BT.2100 table 5)."""
    scene = (light / 1000) ** (1 / 1.2)
    return (
        (3 * scene) ** 0.5
        if scene <= 1 / 12
        else 0.17883277 * np.log(12 * scene - 0.28466892) + 0.55991073
    )


@pytest.mark.parametrize(("colors", "to_code"), [(PQ, pq_code), (HLG, hlg_code)])
def test_hdr_keeps_the_greys_below_white_and_compresses_highlights(colors, to_code):
    lights = [0.2, 2, 20, 100, 160, 203, 400, 900]
    values = np.array([[[to_code(light)] * 3 for light in lights]], np.float32)
    greys = coded_to_srgb(values, CodedColors(*colors))[0]
    assert greys[:, 0] == pytest.approx(greys[:, 2], abs=1e-6)  # no tint
    for light, grey in zip(lights[:5], greys[:, 1], strict=False):
        linear = light / 203
        srgb = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
        assert grey == pytest.approx(srgb, abs=2e-3), light
    assert (np.diff(greys[:, 1]) > 0).all()
    assert 0.95 < greys[5, 1] < greys[7, 1] <= 1


def test_hdr_files_are_converted(tmp_path):
    white = np.full((48, 64, 3), round(255 * pq_code(100)), np.uint8)
    expected = 1.055 * (100 / 203) ** (1 / 2.4) - 0.055
    assert read_image(coded_png(tmp_path / "a.png", white, PQ)).mean() == pytest.approx(
        expected, abs=0.02
    )
    heic = code(write(tmp_path / "a.heic", white), PQ)
    assert read_image(heic).mean() == pytest.approx(expected, abs=0.03)


def test_saturated_colors_keep_their_hue_and_range():
    values = np.random.default_rng(0).uniform(0, 1, (40, 50, 3)).astype(np.float32)
    for colors in (P3, PQ, HLG, (1, 8), (9, 1)):
        image = coded_to_srgb(values, CodedColors(*colors))
        assert image.min() >= 0
        assert image.max() <= 1
        assert image.dtype == np.float32
    assert coded_to_srgb(values, CodedColors(1, 13)) is values


@pytest.mark.parametrize("suffix", [".avif", ".heic", ".heif"])
def test_results_in_phone_formats(tmp_path, suffix):
    alpha = np.ones((48, 64), np.float32)
    alpha[:10] = 0
    exif = PIL.Exif()
    exif[0x010F] = "Maker"
    path = write_image(
        tmp_path / f"a{suffix}", SMOOTH / np.float32(255), exif=exif.tobytes(),
        record={"size": 64}, quality=95, dpi=300, alpha=alpha,
    )  # fmt: skip
    picture = read_picture(path)
    assert picture.image[12:] == pytest.approx(SMOOTH[12:] / 255, abs=0.03)
    assert picture.alpha[0].max() < 0.05
    assert read_record(path) == {"size": 64}
    kept = PIL.Exif()
    kept.load(picture.exif)
    assert kept[0x010F] == "Maker"
    if suffix == ".avif":
        with PIL.open(path) as opened:
            assert opened.size == (64, 48)
    else:
        assert pillow_heif.open_heif(path).size == (64, 48)
    small = write_image(tmp_path / f"b{suffix}", SMOOTH / np.float32(255), quality=30)
    assert small.stat().st_size < path.stat().st_size


@pytest.mark.parametrize("part", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("suffix", [".heic", ".avif", ".jxl"])
def test_cut_off_files_are_refused(tmp_path, suffix, part):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    raw = write(tmp_path / f"a{suffix}", noise).read_bytes()
    (tmp_path / f"a{suffix}").write_bytes(raw[: int(part * len(raw))])
    with pytest.raises(PictureError, match="damaged or cut off"):
        read_image(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".heic", ".avif", ".jxl"])
def test_the_limit_of_pixels_holds(tmp_path, suffix):
    with pytest.raises(PictureError, match="3,072 pixels and the limit is 3,000"):
        read_image(write(tmp_path / f"a{suffix}", SMOOTH), max_pixels=3000)


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("size", [(8, 8), (100, 37), (1920, 1080), (256, 256), (12000, 10)])
def test_the_size_in_the_header_of_jpeg_xl(size, container):
    file = io.BytesIO()
    PIL.new("RGB", size, (9, 80, 7)).save(file, "JXL", use_container=container)
    assert jpeg_xl.declared_size(file.getvalue()) == size


def test_jpeg_xl_names_its_package(tmp_path):
    path = write(tmp_path / "a.jxl", SMOOTH)
    script = (
        "import sys; sys.modules['pillow_jxl'] = None\n"
        "from impasto.images.files import read_image\n"
        "from impasto.errors import PictureError\n"
        "try: read_image(sys.argv[1])\n"
        "except PictureError as error: print(error)"
    )
    said = subprocess.check_output([sys.executable, "-c", script, path], text=True)
    assert "a.jxl is a JPEG XL picture" in said
    assert "pip install 'impasto[formats]'" in said


def test_scans_behind_the_end_in_comments_and_thumbnails_do_not_count(tmp_path):
    path = save(tmp_path / "a.jpg", SMOOTH, comment=b"\xff\xda" * 3000, quality=95)
    path.write_bytes(path.read_bytes() + b"\xff\xda\0\x08" * 3000)
    assert read_image(path) == pytest.approx(SMOOTH / 255, abs=0.04)


def test_scans_before_the_end_count(tmp_path):
    with pytest.raises(PictureError, match="scans and the limit is 500"):
        read_image(many_scans(tmp_path / "a.jpg", 600))
    path = many_scans(tmp_path / "b.jpg", 600)
    path.write_bytes(path.read_bytes().replace(b"\xff\xda", b"\xff\xff\xff\xda"))  # fill bytes
    with pytest.raises(PictureError, match="scans and the limit is 500"):
        read_image(path)


def test_a_second_picture_in_a_jpeg_is_no_news(tmp_path):
    first, second = PIL.fromarray(SMOOTH), PIL.new("L", (16, 12), 40)
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second], quality=95)
    assert read_image(tmp_path / "a.jpg") == pytest.approx(SMOOTH / 255, abs=0.04)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".avif"])
def test_of_an_animation_the_first_frame_with_contrast_is_read(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    frames = [PIL.new("RGB", (64, 48)), PIL.fromarray(SMOOTH), PIL.fromarray(SMOOTH[:, ::-1])]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    with pytest.warns(UserWarning, match="frame 2 of 3 is read, as those before have one colour"):
        image = read_image(path)
    assert image == pytest.approx(SMOOTH / 255, abs=0.2)
    assert np.corrcoef(image[..., 0].ravel(), SMOOTH[..., 0].ravel())[0, 1] > 0.95
    frames[1].save(path, save_all=True, append_images=frames[2:], duration=100)
    with pytest.warns(UserWarning, match=r"frame 1 of 2 is read; the others are not used"):
        assert read_image(path) == pytest.approx(SMOOTH / 255, abs=0.2)


def test_of_an_animation_without_contrast_the_first_frame_is_read(tmp_path):
    white, black = PIL.new("RGB", (8, 8), "white"), PIL.new("RGB", (8, 8))
    white.save(tmp_path / "a.png", save_all=True, append_images=[black])
    with pytest.warns(UserWarning, match="frame 1 of 2"):
        assert read_image(tmp_path / "a.png").min() == 1


def test_of_a_heic_file_the_primary_picture_is_read(tmp_path):
    file = pillow_heif.from_pillow(PIL.new("RGB", (32, 24)))
    file.add_from_pillow(PIL.fromarray(SMOOTH))
    file.save(tmp_path / "a.heic", primary_index=0, quality=95)
    with pytest.warns(UserWarning, match="frame 1 of 2 is read; the others are not used"):
        assert read_image(tmp_path / "a.heic").shape == (24, 32, 3)


def test_a_jpeg_xl_is_not_decoded_beyond_the_limit_for_its_record(tmp_path, monkeypatch):
    path = write(tmp_path / "a.jxl", SMOOTH)
    assert read_record(path) is None
    monkeypatch.setattr(opening, "DEFAULT_LIMIT", 3000)
    with pytest.raises(PictureError, match="3,072 pixels and the limit is 3,000"):
        read_record(path)


def test_the_size_of_a_jpeg_xl_in_parts_is_not_that_of_its_boxes(tmp_path):
    file = io.BytesIO()
    PIL.new("RGB", (2000, 1000), (9, 80, 7)).save(file, "JXL")
    stream = file.getvalue()
    assert stream.startswith(b"\xff\x0a")

    def box(name, data):
        return struct.pack(">I", 8 + len(data)) + name + data

    parts = box(b"jxlp", bytes(4) + stream[:2]) + box(b"jxlp", b"\x80\0\0\1" + stream[2:])
    whole = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ") + parts
    assert jpeg_xl.declared_size(whole) == (2000, 1000)
    with pytest.raises(ValueError, match="no codestream"):
        jpeg_xl.declared_size(whole[:40])


def test_scans_hidden_by_markers_without_segments_count(tmp_path):
    path = many_scans(tmp_path / "a.jpg", 600)
    raw = path.read_bytes()
    first = raw.index(b"\xff\xda")
    second = raw.index(b"\xff\xda", first + 2)
    path.write_bytes(raw[:second] + b"\xff\x01\xff\xff" + raw[second:])
    with pytest.raises(PictureError, match="scans and the limit is 500"):
        read_image(path)


def test_code_points_in_other_formats_do_not_count(tmp_path):
    comment = b"colrnclx" + struct.pack(">HH", *PQ) + bytes(4)
    path = save(tmp_path / "a.jpg", SMOOTH, comment=comment, quality=95)
    assert read_image(path) == pytest.approx(SMOOTH / 255, abs=0.04)


def test_the_code_points_of_a_png_precede_its_profile(tmp_path):
    coded = read_image(coded_png(tmp_path / "a.png", MUTED, P3))
    save(tmp_path / "b.png", MUTED, icc_profile=p3_profile())
    raw = (tmp_path / "b.png").read_bytes()
    chunk = (tmp_path / "a.png").read_bytes()
    start = chunk.index(b"cICP") - 4
    end = raw.index(b"IDAT") - 4
    (tmp_path / "b.png").write_bytes(raw[:end] + chunk[start : start + 16] + raw[end:])
    assert read_image(tmp_path / "b.png") == pytest.approx(coded, abs=1e-6)
