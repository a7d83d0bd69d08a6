"""ONNX files against the Keras network, at toy size with random weights."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from impasto.backend import ops
from impasto.engines.network import export
from impasto.engines.network.export import export_onnx
from impasto.engines.network.model import Architecture, PaintingModel, style_size
from impasto.engines.network.model_file import load_model, shipped_path
from impasto.engines.network.trunk import load_network, make_network
from impasto.errors import BackendError, ModelError, PictureError, SettingsError

onnx = pytest.importorskip("onnx", reason='needs pip install "impasto[onnx]"')
onnxruntime = pytest.importorskip("onnxruntime", reason='needs pip install "impasto[onnx]"')

SIZES = [(64, 64), (97, 130), (201, 151), (17, 18)]
CLOSE = 1e-4
TINY = Architecture((4, 6, 8, 8), blocks=1)
RICH = Architecture((4, 5, 6, 7, 9), blocks=1, up_blocks=(2, 1, 0, 1), noise=True)
ARCHITECTURES = [
    pytest.param(architecture, id=name)
    for name, architecture in {
        "tiny": TINY,
        "separable": TINY._replace(separable=True),
        "rich": RICH,
        "four sizes": RICH._replace(widths=(4, 6, 8, 8), up_blocks=(1,), separable=True),
    }.items()
]


def toy_model(rng, architecture=TINY):
    """A trunk whose styles differ, and whose pictures use most of the range."""
    shapes = [tuple(w.shape) for w in make_network(architecture).weights]
    trunk = [rng.standard_normal(s) / np.sqrt(np.prod(s[:-1])) for s in shapes]
    styles = {
        name: 1 + rng.standard_normal(style_size(architecture)) / 4 for name in ("sea", "sky")
    }
    return PaintingModel(
        architecture,
        tuple(np.float32(array) for array in trunk),
        {name: np.float32(vector) for name, vector in styles.items()},
        card={"licence": "CC0"},
    )


@pytest.fixture
def model(rng):
    return toy_model(rng)


def painted_by_onnx(path, picture, **others):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["painted"], {"picture": picture, **others})[0]


def painted_by_keras(model, picture, vector):
    return ops.convert_to_numpy(load_network(model)((picture, vector)))


def assert_paints_alike(exported, model, picture, within):
    names = [exported.style] if exported.style else list(model.styles)
    for vector in (model.styles[name] for name in names):
        given = {} if exported.style else {"style": vector[None]}
        ours = painted_by_onnx(exported.path, picture, **given)
        theirs = painted_by_keras(model, picture, vector[None])
        assert ours.shape == picture.shape and ours.dtype == np.float32
        assert np.ptp(theirs) > 0.2
        assert np.abs(ours - theirs).max() <= within


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("style", ["sky", None])
def test_it_paints_what_keras_paints_at_any_size(rng, tmp_path, style, architecture):
    model = toy_model(rng, architecture)
    exported = export_onnx(model, tmp_path / "sky.onnx", style=style)
    assert exported.difference <= CLOSE
    for height, width in SIZES:
        picture = rng.random((1, height, width, 3), np.float32)
        assert_paints_alike(exported, model, picture, CLOSE)


@pytest.mark.parametrize(("kind", "bound"), [("float16", 2 / 255), ("int8", 16 / 255)])
@pytest.mark.parametrize("style", ["sky", None])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_fewer_bits_stay_within_their_bound(rng, tmp_path, kind, style, bound, architecture):
    model = toy_model(rng, architecture)
    exported = export_onnx(model, tmp_path / "sky.onnx", style=style, kind=kind)
    assert 0 < exported.difference <= bound
    picture = rng.random((1, 97, 130, 3), np.float32)
    assert_paints_alike(exported, model, picture, bound)
    types = {array.data_type for array in onnx.load(exported.path).graph.initializer}
    few = onnx.TensorProto.FLOAT16 if kind == "float16" else onnx.TensorProto.INT8
    assert few in types


def test_weights_of_8_bits_and_their_sums_are_rounded_by_kernel(model, tmp_path):
    exported = export_onnx(model, tmp_path / "sky.onnx", style="sky", kind="int8")
    arrays = {
        a.name: onnx.numpy_helper.to_array(a) for a in onnx.load(exported.path).graph.initializer
    }
    kernel = model.trunk[4].transpose(3, 2, 0, 1)  # the first at an eighth
    whole, counts, factors = (
        arrays[f"block0_conv0/kernel/{part}"]
        for part in ("flat/whole", "steps/whole", "steps/factors")
    )
    assert whole.dtype == np.int8 and np.abs(whole).max() == 127
    assert counts.dtype == np.uint8 and (counts.max(axis=1) == 255).all()
    steps = (counts * factors[:, None])[..., None, None]
    error = whole.reshape(kernel.shape) - kernel / steps
    assert np.abs(error).max() <= 1
    assert np.abs(error).mean() < 0.3  # nearly all are rounded to the nearest
    assert np.abs(error.sum(axis=(2, 3))).max() <= 0.501  # what counts most
    assert "full/kernel/flat/whole" not in arrays


@pytest.mark.parametrize(("kind", "bound"), [("float32", CLOSE), ("int8", 3 / 255)])
def test_the_network_that_ships_is_exported(tmp_path, kind, bound):
    exported = export_onnx(load_model(shipped_path()), tmp_path / "a.onnx", style="wave", kind=kind)
    assert exported.difference <= bound


def test_8_bits_hold_the_layers_that_are_large(rng, tmp_path):
    exported = export_onnx(toy_model(rng, RICH), tmp_path / "rich.onnx", style="sea", kind="int8")
    names = [array.name for array in onnx.load(exported.path).graph.initializer]
    of_8_bits = "/kernel/flat/whole"
    few = {name.removesuffix(of_8_bits) for name in names if name.endswith(of_8_bits)}
    assert few == {
        *("sixteenth", "block0_conv0", "block0_conv1", "to_quarter"),
        *("to_eighth", *(f"to_eighth_block{i}_conv{j}" for i in range(2) for j in range(2))),
    }
    more = {name.removesuffix("/kernel/stored") for name in names if name.endswith("/stored")}
    at_a_quarter = {"to_quarter_block0_conv0", "to_quarter_block0_conv1"}
    assert more == {"quarter", "eighth", "to_half", *at_a_quarter}


@pytest.mark.parametrize("kind", ["float32", "float16"])
@pytest.mark.parametrize("size", [(290, 530), (20, 1100), (1100, 20)])
def test_noise_is_repeated_beyond_the_ends_of_its_fields(rng, tmp_path, kind, size):
    model = toy_model(rng, RICH._replace(widths=(4, 5, 6, 7), up_blocks=(1,)))
    exported = export_onnx(model, tmp_path / "rich.onnx", style="sea", kind=kind)
    picture = np.full((1, *size, 3), 0.5, np.float32)
    assert_paints_alike(exported, model, picture, CLOSE if kind == "float32" else 2 / 255)
    held = {a.name: a for a in onnx.load(exported.path).graph.initializer}
    for name, side in (("fine", 256), ("coarse", 128)):
        assert held[f"{name}/bytes"].data_type == onnx.TensorProto.UINT8
        assert tuple(held[f"{name}/bytes"].dims) == (side, side)


def test_fewer_bits_make_smaller_files(rng, tmp_path):
    wide = Architecture((4, 6, 24, 96), blocks=2)
    trunk = [np.float32(rng.normal(0, 0.05, w.shape)) for w in make_network(wide).weights]
    model = PaintingModel(wide, tuple(trunk), {"sea": np.ones(style_size(wide), np.float32)})
    sizes = [
        export_onnx(model, tmp_path / f"{kind}.onnx", style="sea", kind=kind).size
        for kind in ("float32", "float16", "int8")
    ]
    assert sizes[1] < 0.55 * sizes[0]
    assert sizes[2] < 0.35 * sizes[0]
    assert (tmp_path / "int8.onnx").stat().st_size == sizes[2]


def test_a_trunk_without_styles_takes_any(model, tmp_path):
    bare = replace(model, styles={})
    assert export_onnx(bare, tmp_path / "any.onnx").difference <= CLOSE
    with pytest.raises(ModelError, match="it has none"):
        export_onnx(bare, tmp_path / "sea.onnx", style="sea")


@pytest.mark.parametrize("kind", ["float32", "float16", "int8"])
@pytest.mark.parametrize("style", ["sea", None])
def test_nothing_is_printed_or_logged(model, tmp_path, kind, style, capfd, caplog):
    export_onnx(model, tmp_path / "sea.onnx", style=style, kind=kind)
    assert not "".join(capfd.readouterr())
    assert not caplog.records


def test_a_blend_of_styles_is_an_input_like_any(rng, model, tmp_path):
    exported = export_onnx(model, tmp_path / "any.onnx")
    (told,) = onnx.load(exported.path).metadata_props
    vectors = json.loads(told.value)["styles"]
    assert list(vectors) == ["sea", "sky"]
    blend = np.mean([np.float32(vector) for vector in vectors.values()], axis=0)[None]
    assert np.array_equal(vectors["sea"], model.styles["sea"])
    picture = rng.random((1, 33, 47, 3), np.float32)
    ours = painted_by_onnx(exported.path, picture, style=blend)
    assert np.abs(ours - painted_by_keras(model, picture, blend)).max() <= CLOSE


def test_the_file_describes_itself(model, tmp_path):
    exported = export_onnx(model, tmp_path / "sea.onnx", style="sea")
    (told,) = onnx.load(exported.path).metadata_props
    about = json.loads(told.value)
    assert told.key == "impasto"
    assert (about["style"], about["kind"]) == ("sea", "float32")
    assert about["card"] == {"licence": "CC0"}


def test_only_what_onnx_has_always_had(model, tmp_path):
    exported = export_onnx(model, tmp_path / "sea.onnx", style="sea")
    made = onnx.load(exported.path)
    onnx.checker.check_model(made, full_check=True)
    assert {opset.domain for opset in made.opset_import} == {""}
    kinds = [node.op_type for node in made.graph.node]
    assert kinds.count("Transpose") == 2


def test_an_unknown_style_names_those_there_are(model, tmp_path):
    with pytest.raises(ModelError, match="no style 'sun'; it has sea, sky"):
        export_onnx(model, tmp_path / "sun.onnx", style="sun")
    assert not list(tmp_path.iterdir())


def test_an_unknown_kind_names_those_there_are(model, tmp_path):
    with pytest.raises(SettingsError, match="float32, float16, int8, not 'int4'"):
        export_onnx(model, tmp_path / "sea.onnx", style="sea", kind="int4")


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_missing_packages_are_named_with_the_command(model, tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(BackendError, match=r'pip install "impasto\[onnx\]"'):
        export_onnx(model, tmp_path / "sea.onnx", style="sea")


def test_a_file_that_fails_its_check_is_not_kept(model, tmp_path, monkeypatch):
    wrong = replace(model, trunk=(*model.trunk[:-1], model.trunk[-1] + 1))
    monkeypatch.setattr(export, "load_network", lambda _: load_network(wrong))
    path = tmp_path / "sea.onnx"
    with pytest.raises(ModelError, match="of 255 levels, 2 are allowed"):
        export_onnx(model, path, style="sea")
    assert not list(tmp_path.iterdir())


def test_a_network_with_broken_weights_is_not_kept(model, tmp_path):
    broken = replace(model, trunk=(*model.trunk[:-1], model.trunk[-1] * np.nan))
    with pytest.raises(ModelError, match="check the model's weights"):
        export_onnx(broken, tmp_path / "sea.onnx", style="sea")
    assert not list(tmp_path.iterdir())


def test_a_file_that_was_there_stays_where_the_new_one_fails(model, tmp_path, monkeypatch):
    path = tmp_path / "sea.onnx"
    before = export_onnx(model, path, style="sea")
    monkeypatch.setitem(export.BOUNDS, "int8", 0.0)
    with pytest.raises(ModelError, match="use a kind with more bits"):
        export_onnx(model, path, style="sea", kind="int8")
    assert path.stat().st_size == before.size


def test_a_folder_that_is_not_there_is_named(model, tmp_path):
    with pytest.raises(PictureError, match=r"cannot write .*sea\.onnx: No such file"):
        export_onnx(model, tmp_path / "nowhere" / "sea.onnx", style="sea")
