"""Reproducing a result from its record."""

import json
import shutil

import numpy as np
import PIL.Image
import pytest
import skimage.data
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.toy import SHALLOW

import impasto
from impasto.engines.network.model import (
    Architecture,
    PaintingModel,
    Predictor,
    neutral_style,
    style_size,
)
from impasto.engines.network.model_file import save_model
from impasto.engines.network.trunk import make_network
from impasto.errors import ImpastoError, ModelError, PictureError, SettingsError, WeightsError
from impasto.images.files import read_image, read_record, write_image
from impasto.perceptual import weights
from impasto.workflows import reproduce as workflow
from impasto.workflows.paint import paint, shipped_model
from impasto.workflows.reproduce import PaintAgain, again, prepare_again
from impasto.workflows.stylize import stylize
from impasto.workflows.texture import texture

TINY = impasto.Settings(size=32, scales=1, iterations=2, **SHALLOW)
ARCHITECTURE = Architecture((4, 4, 6, 8), blocks=1)
NUMBERS = 2 * (64 + 128 + 256 + 512 + 512)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    PIL.Image.fromarray(skimage.data.coffee()[::8, ::8]).save(folder / "photo.png")
    write_image(folder / "painting.png", impasto.sample_style("mosaic", 64))
    write_image(folder / "other.png", impasto.sample_style("swirls", 64))
    result = stylize(folder / "photo.png", folder / "painting.png", settings=TINY)
    result.save(folder / "out.png")
    paint(folder / "photo.png", "wave").save(folder / "wave.png")
    return folder


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "work")


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(1)
    size = style_size(ARCHITECTURE)
    predictor = Predictor(
        np.ones(NUMBERS, np.float32),
        np.ones(NUMBERS, np.float32),
        (rng.standard_normal((NUMBERS, 4)) / NUMBERS).astype(np.float32),
        np.ones(4, np.float32),
        rng.standard_normal((4, size)).astype(np.float32),
        np.zeros(size, np.float32),
    )
    styles = {
        name: (neutral_style(ARCHITECTURE) + 0.5 * rng.standard_normal(size)).astype(np.float32)
        for name in ("photograph", "wave", "scream")
    }
    trunk = tuple(make_network(ARCHITECTURE).get_weights())
    return PaintingModel(ARCHITECTURE, trunk, styles, predictor, {"styles": {}})


def rewrite(path, change):
    """Tamper with the record of a result."""
    record = read_record(path)
    change(record)
    write_image(path, read_image(path), record=record)


def test_without_changes_the_picture_is_the_same_to_the_bit(folder):
    made = again(folder / "out.png").save(folder / "anew.png")
    with PIL.Image.open(folder / "out.png") as first, PIL.Image.open(made) as second:
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second))
    records = [read_record(folder / name) for name in ("out.png", "anew.png")]
    for record in records:
        del record["made_at"], record["seconds"]
    assert records[0] == records[1]


def test_it_is_computed_by_the_operators_that_made_it(folder):
    from impasto.backend import operators, use_operators

    recorded = read_record(folder / "out.png")["operators"]
    use_operators(dict.fromkeys(recorded, "stock stock"))
    own = operators()
    assert own
    seen = []
    again(folder / "out.png", on_step=lambda step: seen.append(operators()))
    assert all(recorded.items() <= chosen.items() for chosen in seen)
    assert operators() == own
    use_operators(recorded)


@pytest.mark.parametrize(("suffix", "bits"), [(".jpg", 8), (".webp", 8), (".tif", 8), (".tif", 16)])
def test_every_format_can_be_made_again(folder, suffix, bits):
    image = read_image(folder / "out.png")
    result = workflow.Result(image, None, None, TINY, (), 0.0, read_record(folder / "out.png"))
    result.record["inputs"][0]["path"] = str(folder / "photo.png")
    result.record["inputs"][1]["path"] = str(folder / "painting.png")
    path = result.save(folder / f"x{suffix}", bits=bits)
    remake = prepare_again(path)
    assert remake.settings == TINY and remake.record.bits == bits


def test_a_side_file_serves(folder):
    record = {**read_record(folder / "out.png"), "note": "y" * 70_000}
    write_image(folder / "out.jpg", read_image(folder / "out.png"), record=record)
    assert (folder / "out.jpg.json").exists()
    assert prepare_again(folder / "out.jpg").settings == TINY


def test_a_folder_can_move_and_inputs_may_lie_beside_the_result(folder, tmp_path, monkeypatch):
    deep = folder / "made"
    deep.mkdir()
    result = stylize(folder / "photo.png", folder / "painting.png", settings=TINY, iterations=1)
    result.save(deep / "out.png")
    moved = folder.rename(tmp_path / "elsewhere")
    assert prepare_again(moved / "made" / "out.png").content.path == moved / "photo.png"
    monkeypatch.chdir(moved / "made")
    assert prepare_again("out.png").content.name == "photo.png"
    for name in ("photo.png", "painting.png"):
        (moved / name).rename(moved / "made" / name)
    assert prepare_again("out.png").content.path == moved / "made" / "photo.png"


@pytest.mark.parametrize(
    ("name", "option", "given"),
    [
        ("photo.png", "--content", {"content": "new.png"}),
        ("painting.png", "--style", {"styles": ["new.png"]}),
    ],
)
def test_a_renamed_input_is_asked_for_and_taken(folder, monkeypatch, name, option, given):
    monkeypatch.chdir(folder)
    (folder / name).rename(folder / "new.png")
    with pytest.raises(PictureError, match=rf"'{name}'.*{option} PATH"):
        prepare_again("out.png")
    remake = prepare_again("out.png", **given)
    assert "new.png" in (remake.content.name, remake.styles[0].name)


def test_a_changed_input_is_refused_and_another_one_taken_with_a_warning(folder):
    shutil.copy(folder / "other.png", folder / "painting.png")
    message = r"painting\.png is not the style.*expected a SHA-256 of .*--style PATH"
    with pytest.raises(PictureError, match=message):
        prepare_again(folder / "out.png")
    with pytest.warns(UserWarning, match=r"other\.png has another SHA-256 than the style"):
        remake = prepare_again(folder / "out.png", styles=[folder / "other.png"])
    assert remake.styles[0].name == "other.png"
    with pytest.raises(PictureError, match=r"1 input\(s\) as style, got 2"):
        prepare_again(folder / "out.png", styles=[folder / "other.png"] * 2)


def test_the_unchanged_copy_beside_wins_over_the_changed_file_at_its_place(folder):
    (folder / "made").mkdir()
    result = stylize(folder / "photo.png", folder / "painting.png", settings=TINY, iterations=1)
    result.save(folder / "made" / "out.png")
    shutil.copy(folder / "photo.png", folder / "made")
    shutil.copy(folder / "other.png", folder / "photo.png")
    found = prepare_again(folder / "made" / "out.png").content
    assert found.path == folder / "made" / "photo.png"


def test_arrays_are_asked_for(folder):
    photo = read_image(folder / "photo.png")
    stylize(photo, folder / "painting.png", settings=TINY, iterations=1).save(folder / "a.png")
    with pytest.raises(PictureError, match=r"not a file, so it cannot be found.*--content"):
        prepare_again(folder / "a.png")
    assert prepare_again(folder / "a.png", content=photo).content.path is None
    with pytest.warns(UserWarning, match="another SHA-256"):
        prepare_again(folder / "a.png", content=photo[1:])


def test_changes_are_settings(folder):
    changed = prepare_again(
        folder / "out.png",
        changes={
            "size": "48",
            "tv_weight": "1e-3",
            "style_layers": '["block1_conv1", "block2_conv1"]',
            "pooling": "average",
            "budget": "1m30s",
            "seed": 7,
        },
    ).settings
    expected = TINY.changed(
        size=48,
        tv_weight=1e-3,
        style_layers=("block1_conv1", "block2_conv1"),
        pooling="average",
        budget="1m30s",
        seed=7,
    )
    assert changed == expected
    image = again(folder / "out.png", changes={"size": 24}).image
    assert max(image.shape) == 24


def test_a_name_that_looks_like_a_number_is_a_name(folder):
    shutil.copy(folder / "photo.png", folder / "2024")
    found = prepare_again(folder / "out.png", changes={"init": "2024"})
    assert found.settings.init == "2024"


def test_a_quality_and_a_preset_bring_their_values(folder):
    settings = impasto.Settings(size=32)
    rewrite(folder / "out.png", lambda r: r.update(settings=settings.model_dump(mode="json")))
    best = prepare_again(folder / "out.png", changes={"quality": "best"}).settings
    assert best == impasto.Settings(size=32, quality="best")
    classic = prepare_again(folder / "out.png", changes={"preset": "classic"}).settings
    assert classic == impasto.Settings(size=32, preset="classic")
    rewrite(folder / "out.png", lambda r: r.update(settings=classic.model_dump(mode="json")))
    sized = prepare_again(folder / "out.png", changes={"size": "40"}).settings
    assert (sized.size, sized.height) == (40, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sise": "5"}, "no setting named sise"),
        ({"self": "5"}, "no setting named self"),
        ({"size": "5"}, "size: .*greater than or equal to 16"),
        ({"size": "large"}, "size: .*integer.*'large'"),
        ({"style_layers": "block1"}, "style_layers"),
        ({"seed": "1" * 5000}, r"seed: .{,400}$"),
        ({"quality": "[" * 5000}, r"quality: .{,400}$"),
    ],
)
def test_bad_changes_are_refused(folder, changes, message):
    with pytest.raises(SettingsError, match=message):
        prepare_again(folder / "out.png", changes=changes)


def test_the_starting_picture_is_found_and_checked(folder, monkeypatch):
    begun = TINY.changed(init=str(folder / "other.png"), iterations=1)
    stylize(folder / "photo.png", folder / "painting.png", settings=begun).save(folder / "a.png")
    assert prepare_again(folder / "a.png").settings == begun
    shutil.copy(folder / "photo.png", folder / "other.png")
    with pytest.raises(PictureError, match=r"other\.png is not the init.*--set init=PATH"):
        prepare_again(folder / "a.png")
    assert prepare_again(folder / "a.png", changes={"init": "noise"}).settings.init == "noise"


def test_a_starting_picture_without_a_checksum_is_not_read(folder):
    for path in ("/etc/passwd", "other.png", "evil.impasto", ["other.png"]):
        rewrite(folder / "out.png", lambda r, path=path: r["settings"].update(init=path))
        with pytest.raises(PictureError, match="init names a file without a SHA-256"):
            prepare_again(folder / "out.png")
    for value in (None, 5, {"a": "other.png"}):
        rewrite(folder / "out.png", lambda r, value=value: r["settings"].update(init=value))
        with pytest.raises(SettingsError, match="init: input should be a valid string"):
            prepare_again(folder / "out.png")


def test_a_mask_without_a_checksum_is_not_read(folder):
    for name, value in (("masks", ["all", "other.png"]), ("protect", "/etc/passwd")):
        rewrite(
            folder / "out.png",
            lambda r, name=name, value=value: r["settings"].update({name: value}),
        )
        with pytest.raises(PictureError, match=f"{name} names a file without a SHA-256"):
            prepare_again(folder / "out.png")
        none = {"masks": "[]", "protect": "null"}[name]
        assert prepare_again(folder / "out.png", changes={name: none}).settings == TINY
        rewrite(folder / "out.png", lambda r: r["settings"].update(masks=[], protect=None))


@pytest.fixture
def masked(folder):
    """Create a folder with masks, and a picture of two styles made with them."""
    colors = np.zeros((50, 75, 3), np.uint8)
    colors[:, 40:], colors[30:, :20] = (255, 0, 0), (0, 0, 255)
    PIL.Image.fromarray(colors).save(folder / "regions.png")
    PIL.Image.fromarray(np.full((48, 64), 255, np.uint8)).save(folder / "white.png")
    mask = f"{folder}/regions.png#red"
    settings = TINY.changed(
        style_layers=("block1_conv1", "block2_conv1"),
        masks=(mask, "rest"),
        style_masks=("all", str(folder / "white.png")),
        protect=f"{folder}/regions.png#0000ff",
    )
    paintings = [folder / "painting.png", folder / "other.png"]
    stylize(folder / "photo.png", paintings, settings=settings).save(folder / "masked.png")
    return folder


def test_several_styles_and_masks_are_found_again(masked, tmp_path):
    record = read_record(masked / "masked.png")
    assert record["style"] == "painting.png, other.png"
    roles = [(entry["role"], entry["path"], entry.get("part")) for entry in record["inputs"]]
    assert roles == [
        ("content", "photo.png", None),
        ("style", "painting.png", None),
        ("style", "other.png", None),
        ("mask", "regions.png", "#red"),
        ("style_mask", "white.png", None),
        ("protect", "regions.png", "#0000ff"),
    ]
    assert record["settings"]["masks"] == ["regions.png#red", "rest"]
    moved = masked.rename(tmp_path / "moved")
    assert str(tmp_path) not in json.dumps(record)
    again(moved / "masked.png").save(moved / "anew.png")
    np.testing.assert_array_equal(read_image(moved / "anew.png"), read_image(moved / "masked.png"))
    assert read_record(moved / "anew.png")["inputs"] == record["inputs"]
    swapped = ["other.png", "painting.png"]
    with pytest.warns(UserWarning, match="another SHA-256 than the style"):
        remake = prepare_again(moved / "masked.png", styles=[moved / name for name in swapped])
    assert [style.name for style in remake.styles] == swapped


def test_a_texture_is_the_same_again(folder):
    made = texture(folder / "painting.png", aspect=1.5, settings=TINY, seamless=True)
    made.save(folder / "tile.png")
    record = read_record(folder / "tile.png")
    assert (record["command"], record["aspect"]) == ("texture", 1.5) and "content" not in record
    anew = again(folder / "tile.png").save(folder / "anew.png")
    np.testing.assert_array_equal(read_image(anew), read_image(folder / "tile.png"))
    assert read_record(anew)["inputs"] == record["inputs"]
    assert again(folder / "tile.png", changes={"size": "48"}).image.shape == (32, 48, 3)
    rewrite(folder / "tile.png", lambda r: r.update(aspect=1e9))
    with pytest.raises(PictureError, match=r"damaged \(aspect"):
        prepare_again(folder / "tile.png")


def test_a_changed_mask_is_refused(masked):
    shutil.copy(masked / "white.png", masked / "regions.png")
    with pytest.raises(PictureError, match=r"not the mask 'regions\.png'.*--set masks=PATH"):
        prepare_again(masked / "masked.png")


def test_masks_handed_over_as_paths_are_settings_and_arrays_are_asked_for(folder):
    mask = np.zeros((50, 75), np.float32)
    mask[:, :30] = 1
    write_image(folder / "mask.png", np.dstack([mask] * 3))
    short = TINY.changed(iterations=1)
    for source, name in ((folder / "mask.png", "file.png"), (mask, "array.png")):
        made = stylize(
            folder / "photo.png",
            folder / "painting.png",
            settings=short,
            masks=impasto.Masks(protect=source),
        )
        made.save(folder / name)
    assert read_record(folder / "file.png")["settings"]["protect"] == "mask.png"
    np.testing.assert_array_equal(again(folder / "file.png").image, made.image)
    with pytest.raises(PictureError, match=r"protect.*not a file.*--set protect=PATH"):
        prepare_again(folder / "array.png")
    changes = {"protect": str(folder / "mask.png")}
    assert prepare_again(folder / "array.png", changes=changes).settings.protect


@pytest.mark.parametrize("part", ["/../../evil.impasto", "#red", "/..\\evil"])
def test_a_recorded_style_of_a_model_leads_to_no_other_file(folder, part):
    def change(record):
        style = record["inputs"][1]
        record["inputs"].append({**style, "role": "init", "part": part})
        record["settings"]["init"] = "a.impasto/../../evil.impasto"

    rewrite(folder / "out.png", change)
    assert prepare_again(folder / "out.png").settings.init == str(folder / "painting.png")


@pytest.mark.parametrize("place", ["absolute", "//server/photo.png", "\\\\server\\photo.png"])
def test_absolute_paths_are_not_followed(folder, place, tmp_path):
    (folder / "photo.png").rename(tmp_path / "away.png")
    path = str(tmp_path / "away.png") if place == "absolute" else place
    rewrite(folder / "out.png", lambda r: r["inputs"][0].update(path=path))
    with pytest.raises(PictureError, match="neither at the recorded place"):
        prepare_again(folder / "out.png")


@pytest.mark.parametrize("name", ["../photo.png", "a\0b", "x" * 5000, "..", "", "\ud800"])
def test_odd_names_are_not_found(folder, name):
    rewrite(folder / "out.png", lambda r: r["inputs"][0].update(path=name, name=name))
    with pytest.raises(PictureError):
        prepare_again(folder / "out.png")


def test_a_picture_above_the_limit_is_refused(folder):
    with pytest.raises(PictureError, match="limit is 100"):
        prepare_again(folder / "out.png", max_pixels=100)


def test_other_weights_are_a_warning_and_unknown_ones_not_read(folder):
    rewrite(folder / "out.png", lambda r: r["weights"].update(md5="0" * 32))
    with pytest.warns(UserWarning, match=r"md5 0000.*this machine uses"):
        prepare_again(folder / "out.png")
    (folder / "evil.h5").write_bytes(b"evil")
    rewrite(folder / "out.png", lambda r: r["settings"].update(weights="evil.h5"))
    with pytest.raises(WeightsError, match="--set weights=PATH"):
        prepare_again(folder / "out.png")
    known = str(weights.find().path)
    changed = prepare_again(folder / "out.png", changes={"weights": known})
    assert changed.settings.weights == known


def test_known_weights_are_used_where_they_are_named(folder):
    source = weights.find()
    for md5, expected in ((source.md5, str(source.path)), (weights.KERAS_MD5, None)):
        shutil.copy(source.path, folder / "w.bin")

        def change(record, md5=md5):
            record["settings"]["weights"], record["weights"]["md5"] = "w.bin", md5

        rewrite(folder / "out.png", change)
        if expected is None:
            with pytest.warns(UserWarning, match="md5"):
                assert prepare_again(folder / "out.png").settings.weights is None
        else:
            assert prepare_again(folder / "out.png").settings.weights == str(folder / "w.bin")


def test_a_different_environment_is_a_warning(folder):
    def change(record):
        record["versions"].update(numpy="1.0", python="2.7")
        record.update(backend="plaidml", threads=99, precision="tf32", device="abacus\x1b")

    rewrite(folder / "out.png", change)
    with pytest.warns(UserWarning) as caught:
        prepare_again(folder / "out.png")
    (warning,) = caught
    text = str(warning.message)
    for word in ("numpy 1.0", "plaidml", "threads 99", "precision tf32", r"abacus\x1b"):
        assert word in text
    assert "python" not in text and "keras" not in text
    prepare_again(folder / "out.png", changes={"size": 40})  # the picture differs anyway


def test_a_time_budget_is_a_warning(folder):
    rewrite(folder / "out.png", lambda r: r["settings"].update(budget=5))
    with pytest.warns(UserWarning, match="budget"):
        prepare_again(folder / "out.png")


def test_records_that_are_old_missing_or_of_other_commands_are_refused(folder):
    old = {"made_with": "impasto 0.1.0", "settings": TINY.model_dump(mode="json")}
    path = folder / "out.png"
    write_image(path, read_image(path), record=old)
    with pytest.raises(PictureError, match=r"out\.png was made by an older Impasto"):
        again(path)
    with pytest.raises(PictureError, match=r"photo\.png has no record"):
        again(folder / "photo.png")
    with pytest.raises(PictureError, match="no file"):
        again(folder / "none.png")


def test_a_record_of_another_command_is_refused(folder):
    rewrite(folder / "out.png", lambda r: r.update(command="film\n"))
    with pytest.raises(PictureError, match=r"made by 'film\\n'"):
        again(folder / "out.png")


@pytest.fixture
def painted(folder, model):
    """Create a folder with a model file and pictures painted with it."""
    save_model(model, folder / "m.impasto")
    photo = folder / "photo.png"
    paint(photo, "wave", model=folder / "m.impasto").save(folder / "named.png")
    paint(photo, f"{folder}/m.impasto/wave", strength=0.7).save(folder / "file.png")
    mixed = {"wave": 1.0, str(folder / "painting.png"): 3.0}
    paint(photo, mixed, model=folder / "m.impasto").save(folder / "mixed.png")
    return folder


def test_a_picture_painted_at_once_is_the_same_again(painted):
    for name in ("named.png", "file.png", "mixed.png"):
        made = again(painted / name).save(painted / "anew.png")
        np.testing.assert_array_equal(read_image(made), read_image(painted / name))
        records = [read_record(path) for path in (made, painted / name)]
        for record in records:
            del record["made_at"], record["seconds"]
        assert records[0] == records[1]
    record = read_record(painted / "mixed.png")
    shares = {entry["name"]: entry.get("share") for entry in record["inputs"]}
    assert shares == {"photo.png": None, "m.impasto": None, "wave": 1.0, "painting.png": 3.0}
    assert "weights" in record and "weights" not in read_record(painted / "named.png")
    changed = again(painted / "named.png", changes={"strength": "0.5", "keep_colors": "true"})
    assert changed.settings == impasto.PaintSettings(strength=0.5, keep_colors=True)


def test_an_older_record_without_stroke_size_was_painted_in_one_pass(painted):
    rewrite(painted / "named.png", lambda r: r["settings"].pop("stroke_size"))
    assert prepare_again(painted / "named.png").settings == impasto.PaintSettings(stroke_size=0)
    asked = prepare_again(painted / "named.png", changes={"stroke_size": "2"}).settings
    assert asked.stroke_size == 2


def test_the_network_is_checked(painted, model):
    other = PaintingModel(ARCHITECTURE, model.trunk, {**model.styles, "new": model.styles["wave"]})
    save_model(other, painted / "other.impasto")
    with pytest.warns(UserWarning, match="network has another SHA-256"):
        prepare_again(painted / "named.png", model=painted / "other.impasto")
    (painted / "m.impasto").unlink()
    with pytest.raises(PictureError, match=r"model 'm\.impasto'.*--model PATH"):
        prepare_again(painted / "named.png")
    remake = prepare_again(painted / "named.png", model=model)  # the same, in memory
    assert remake.style == "wave"


def test_a_style_that_the_network_has_not_is_never_taken_for_a_path(painted):
    for name in ("painting.png", "m.impasto/scream", "../x.png", "none"):
        rewrite(painted / "named.png", lambda r, name=name: r["inputs"][2].update(name=name))
        with pytest.raises(ModelError, match="the network has no style"):
            prepare_again(painted / "named.png")
    assert prepare_again(painted / "named.png", styles=["scream"]).style == "scream"
    with pytest.warns(UserWarning, match="another SHA-256 than the style"):
        given = prepare_again(painted / "named.png", styles=[painted / "other.png"])
    assert given.style.name == "other.png"


def test_the_network_that_ships_is_named_and_checked(folder):
    entry = read_record(folder / "wave.png")["inputs"][1]
    assert entry["name"] == "shipped" and "path" not in entry
    assert prepare_again(folder / "wave.png").model is None
    rewrite(folder / "wave.png", lambda r: r["inputs"][1].update(sha256="0" * 64))
    with pytest.warns(UserWarning, match="network of this version has another SHA-256"):
        prepare_again(folder / "wave.png")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value, path=()):
    """List the paths to all values of a record."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


@pytest.mark.parametrize("name", ["out.png", "wave.png"])
@given(data=st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mutated_records_are_used_or_refused_in_one_sentence(original, data, name, monkeypatch):
    record = json.loads(json.dumps(read_record(original / name)))
    for _ in range(data.draw(st.integers(1, 3))):
        ways = [way for way in places(record) if way]
        way = data.draw(st.sampled_from(ways))
        parent = record
        for key in way[:-1]:
            parent = parent[key]
        if data.draw(st.booleans()):
            parent[way[-1]] = data.draw(json_values | st.just(10**4000) | st.just("x" * 10_000))
        else:
            del parent[way[-1]]
    monkeypatch.setattr(workflow, "read_record", lambda path: record)
    try:
        remake = prepare_again(original / name)
    except ImpastoError as error:
        text = str(error)
        assert len(text) < 1500 and "\n" not in text
    else:
        assert remake.content.path == original / "photo.png"
        if isinstance(remake, PaintAgain):
            names = {remake.style} if isinstance(remake.style, str) else {*remake.style}
            assert remake.model is None and names <= {*shipped_model().styles}
        else:
            assert remake.styles[0].path == original / "painting.png"


def test_a_deeply_nested_record_is_refused(original, monkeypatch):
    deep = []
    for _ in range(50_000):
        deep = [deep]
    for place in ("settings", "inputs", "losses", "weights"):
        for value in (deep, {"a": deep}, {"size": deep}, {"init": deep}, [deep]):
            record = {**read_record(original / "out.png"), place: value}
            monkeypatch.setattr(workflow, "read_record", lambda path, record=record: record)
            with pytest.raises(ImpastoError):
                prepare_again(original / "out.png")


def test_the_original_is_not_touched(original):
    names = {path.name for path in original.iterdir()}
    assert names == {"photo.png", "painting.png", "other.png", "out.png", "wave.png"}
