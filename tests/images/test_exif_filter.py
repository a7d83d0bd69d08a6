"""Metadata of photographs in results."""

import io

import numpy as np
import pytest
from PIL import Image as PIL

from impasto.errors import SettingsError
from impasto.images.exif_filter import filter_exif
from impasto.images.files import read_picture, read_record
from impasto.settings import Settings
from impasto.workflows.result import Result

GPS, DETAILS, MAKER, LENS, NOTE = 0x8825, 0x8769, 0x010F, 0xA434, 0x927C


@pytest.fixture
def block():
    exif = PIL.Exif()
    exif[MAKER] = "Maker"
    exif.get_ifd(DETAILS).update({LENS: "A lens", NOTE: b"secret place"})
    exif.get_ifd(GPS).update({1: "N", 2: (47.0, 22.0, 36.0), 3: "E", 4: (8.0, 32.0, 24.0)})
    file = io.BytesIO()
    PIL.new("RGB", (20, 20)).save(file, "JPEG", exif=exif)
    return read_picture(PIL.open(file)).exif


def loaded(block):
    exif = PIL.Exif()
    exif.load(block)
    return exif


def test_the_place_is_left_out_and_nothing_else(block):
    assert loaded(block).get_ifd(GPS)[1] == "N"
    kept = loaded(filter_exif(block, "no-place"))
    assert not kept.get_ifd(GPS)
    assert (kept[MAKER], kept.get_ifd(DETAILS)[LENS]) == ("Maker", "A lens")
    assert b"secret" in block and b"secret" not in filter_exif(block, "no-place")


def test_everything_and_nothing(block):
    assert filter_exif(block, "keep") == block
    assert filter_exif(block, "none") is None
    assert filter_exif(None, "keep") is None
    with pytest.raises(SettingsError, match="expected one of keep, no-place, none"):
        filter_exif(block, "all")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".heic", ".avif"])
def test_results_follow_the_rule(block, tmp_path, suffix):
    image = np.full((32, 32, 3), 0.5, np.float32)
    result = Result(image, None, block, Settings(), (), 1.0, {"size": 32, "inputs": []})
    for rule, gps, maker, record in (
        ("keep", "N", "Maker", 32),
        ("no-place", None, "Maker", 32),
        ("none", None, None, None),
    ):
        path = result.save(tmp_path / f"{rule}{suffix}", metadata=rule)
        exif = read_picture(path).exif
        exif = PIL.Exif() if exif is None else loaded(exif)
        assert exif.get_ifd(GPS).get(1) == gps
        assert exif.get(MAKER) == maker
        assert (read_record(path) or {}).get("size") == record
