"""Records: contents, and errors for unusable ones."""

import copy
import hashlib
import json
import platform
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keras
import numpy as np
import PIL
import pytest
import skimage.data

import impasto
from impasto.images.files import write_image
from impasto.perceptual import weights
from impasto.types import Step
from impasto.workflows.build_record import relative_record, relative_settings
from impasto.workflows.record import FORMAT, Input, Record, WeightsUsed, parse_record, quote
from impasto.workflows.setting_files import setting_inputs
from impasto.workflows.stylize import finish, stylize

TINY = impasto.Settings(size=32, scales=1, iterations=2)
DOCUMENT = Path(__file__).parents[2] / "docs" / "records.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secret") / "album"
    folder.mkdir()
    PIL.Image.fromarray(skimage.data.coffee()[::8, ::8]).save(folder / "photo.png")
    write_image(folder / "painting.png", impasto.sample_style("mosaic", 64))
    return folder


@pytest.fixture(scope="module")
def result(folder):
    return stylize(folder / "photo.png", folder / "painting.png", settings=TINY)


def saved(result, path):
    return impasto.read_record(result.save(path))


def test_a_record_says_what_made_the_picture(result, folder):
    record = saved(result, folder / "out.png")
    assert record["format"] == FORMAT and record["command"] == "stylize"
    assert impasto.Settings(**record["settings"]) == TINY
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("photo.png", "painting.png")
    }
    assert record["inputs"] == [
        {"role": role, "name": name, "sha256": digests[name], "path": name}
        for role, name in (("content", "photo.png"), ("style", "painting.png"))
    ]
    source = weights.find()
    assert record["weights"] == {"kind": source.kind, "md5": source.md5, "known": source.known}
    assert record["backend"] == keras.backend.backend()
    versions = record["versions"]
    assert versions["python"] == platform.python_version()
    assert (versions["numpy"], versions["pillow"]) == (np.__version__, PIL.__version__)
    assert versions["keras"] == keras.__version__ and record["backend"] in versions
    assert record["precision"] in ("float32", "bfloat16") and record["threads"] >= 1
    made_at = datetime.fromisoformat(record["made_at"])
    assert abs(datetime.now(UTC) - made_at) < timedelta(hours=1)
    assert record["iterations"] == 2 and record["losses"]["total"] > 0
    assert record["made_with"].startswith("impasto ")


def test_no_folder_is_named_if_all_lie_in_one(result, folder):
    settings = TINY.changed(init=str(folder / "painting.png"))
    begun = stylize(folder / "photo.png", folder / "painting.png", settings=settings)
    for made in (result, begun):
        text = json.dumps(saved(made, folder / "out.png"))
        assert "secret" not in text and "album" not in text
    assert saved(begun, folder / "out.png")["settings"]["init"] == "painting.png"
    for path in (folder / "out.png", folder.parent / "out.png"):  # as batches compare them
        assert saved(begun, path)["settings"] == relative_settings(begun.settings, path)


def test_paths_are_seen_from_the_folder_of_the_result(result, folder, monkeypatch):
    (folder / "made").mkdir()
    (folder / "link").symlink_to(folder / "made")
    for place in ("made", "link"):
        record = saved(result, folder / place / "out.png")
        assert [entry["path"] for entry in record["inputs"]] == ["../photo.png", "../painting.png"]
    monkeypatch.chdir(folder / "made")
    assert saved(result, "out.png")["inputs"][0]["path"] == "../photo.png"


def test_arrays_have_a_checksum_and_no_path(folder):
    photo = impasto.read_image(folder / "photo.png")
    made = stylize(photo, folder / "painting.png", settings=TINY, init=photo)
    content, style, init = saved(made, folder / "array.png")["inputs"]
    expected = hashlib.sha256(b"<f4 (50, 75, 3)" + photo.tobytes()).hexdigest()
    assert content == {"role": "content", "name": "", "sha256": expected}
    assert init == {"role": "init", "name": "", "sha256": expected}
    assert style["path"] == "painting.png"


@pytest.mark.parametrize(
    ("suffix", "bits"), [(".png", 8), (".jpg", 8), (".webp", 8), (".tif", 8), (".tif", 16)]
)
def test_every_format_carries_it(result, tmp_path, suffix, bits):
    path = result.save(tmp_path / f"out{suffix}", bits=bits, quality=80)
    record = impasto.read_record(path)
    expected = {**relative_record(result.record, path), "bits": bits, "jpeg_quality": 80}
    assert record == json.loads(json.dumps(expected))
    assert parse_record(record, path).bits == bits


def test_saving_leaves_the_result_as_it_is(result, tmp_path):
    before = copy.deepcopy(result.record)
    result.save(tmp_path / "out.png")
    assert result.record == before


def test_a_starting_picture_that_has_gone_does_not_cost_the_result(folder):
    content = impasto.read_picture(folder / "photo.png")
    shutil.copy(folder / "photo.png", folder / "start.png")
    settings = TINY.changed(init=str(folder / "start.png"))
    assert setting_inputs(settings)[0].sha256 == content.sha256
    (folder / "start.png").unlink()
    step = Step(0, 1, (50, 75), 2, 2, 1, True, {"total": 1.0}, lambda: content.image)
    made = finish(step, content, [content], settings)
    (entry,) = (each for each in made.record["inputs"] if each["role"] == "init")
    assert "sha256" not in entry and entry["name"] == "start.png"


def test_a_start_that_a_network_paints_names_the_network(folder):
    content = impasto.read_picture(folder / "photo.png")
    step = Step(0, 1, (50, 75), 2, 2, 1, True, {"total": 1.0}, lambda: content.image)
    made = finish(step, content, [content], TINY.changed(init="paint"))
    shipped = Path(impasto.__file__).parent / "models" / "paintings.impasto"
    digest = hashlib.sha256(shipped.read_bytes()).hexdigest()
    assert made.record["inputs"][2] == {"role": "model", "name": "shipped", "sha256": digest}


def test_the_document_lists_every_key(result):
    text = DOCUMENT.read_text("utf-8")
    keys = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert keys == {*Record.model_fields, *Input.model_fields}
    for name in (*WeightsUsed.model_fields, *result.record["versions"], "total", "content", "tv"):
        assert f"`{name}`" in text, name


def test_every_key_of_a_record_is_described():
    for form in (Record, Input, WeightsUsed):
        assert all(field.description for field in form.model_fields.values())


OLD = {"made_with": "impasto 0.1.0", "settings": {}, "content": "a.png", "style": "b.png"}
WHOLE = {"format": 1, "made_with": "x", "command": "stylize", "settings": {}, "inputs": []}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "has no record"),
        ({}, r"damaged \(format: Field required"),
        (OLD, "older Impasto"),
        ({**WHOLE, "format": 2}, "newer Impasto"),
        ({**WHOLE, "format": 10**400}, "newer Impasto"),
        ({**WHOLE, "format": "1.5"}, r"damaged \(format"),
        ({**WHOLE, "format": [1]}, r"damaged \(format"),
        ({**WHOLE, "settings": [1]}, r"damaged \(settings"),
        ({**WHOLE, "inputs": {"role": "content"}}, r"damaged \(inputs"),
        ({**WHOLE, "inputs": [{"role": "evil"}]}, r"damaged \(inputs\.0\.role"),
        ({**WHOLE, "inputs": [{"role": "content", "sha256": "ab"}]}, r"inputs\.0\.sha256"),
        ({**WHOLE, "inputs": [{"role": "content"}] * 1000}, r"damaged \(inputs"),
        ({**WHOLE, "bits": 10**30}, r"damaged \(bits"),
        ({**WHOLE, "losses": {"\x1b[31m" * 100: "x"}}, r"damaged \(losses\.\\x1b"),
        ({**WHOLE, "weights": {"md5": 5}}, r"damaged \(weights"),
    ],
)
def test_records_that_cannot_be_used_say_why(record, message):
    with pytest.raises(impasto.PictureError, match=message) as caught:
        parse_record(record, "out.png")
    text = str(caught.value)
    assert "out.png" in text and len(text) < 300 and text.isprintable()


def test_what_a_record_says_is_quoted_harmlessly():
    assert quote("\x1b[2Jbell\a\n") == r"\x1b[2Jbell\x07\n"
    assert quote(3) == "3"
