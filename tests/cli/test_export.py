"""`impasto export` from the command line."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from impasto.backend import ops
from impasto.cli.main import main
from impasto.engines.network.model import Architecture, PaintingModel, style_size
from impasto.engines.network.model_file import load_model, save_model
from impasto.engines.network.trunk import load_network, make_network

SIZE = (50, 41)
RICH = Architecture((4, 5, 6, 7, 9), blocks=1, up_blocks=(2, 1, 0, 1), noise=True)
BOUNDS = {"float32": 1e-4, "float16": 2 / 255, "int8": 16 / 255}
EXPORT = """
import json, sys
from impasto.cli.main import main
raise SystemExit(max([main(words) for words in json.loads(sys.argv[1])]))
"""
PAINT_ON_A_PHONE = """
import warnings; warnings.simplefilter("ignore")
import sys, numpy as np, tensorflow as tf
picture = np.load(sys.argv[1])
for name in sys.argv[2:]:
    interpreter = tf.lite.Interpreter(f"{name}.tflite")
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, picture.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, picture)
    interpreter.invoke()
    np.save(f"{name}.npy", interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
"""
MODELS = {"plain": Architecture((4, 6, 8, 8), blocks=1), "rich": RICH}
EXPORTS = [
    ("plain", "float32"),
    ("plain", "float16"),
    ("plain", "int8"),
    ("rich", "float32"),
    ("rich", "int8"),
]


def toy_model(architecture):
    rng = np.random.default_rng(20240607)
    shapes = [tuple(w.shape) for w in make_network(architecture).weights]
    trunk = [np.float32(rng.standard_normal(s) / np.sqrt(np.prod(s[:-1]))) for s in shapes]
    vector = np.float32(1 + rng.standard_normal(style_size(architecture)) / 4)
    return PaintingModel(architecture, tuple(trunk), {"sea": vector, "sky": -vector})


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return load_model(save_model(toy_model(MODELS["plain"]), "toy.impasto"))


def test_it_writes_what_it_is_asked_for_and_says_how_far_it_is_from_keras(model, capsys):
    onnxruntime = pytest.importorskip("onnxruntime", reason='needs pip install "impasto[onnx]"')
    assert main(["export", "toy.impasto", "--style", "sea", "--kind", "float16"]) == 0
    told = capsys.readouterr()
    assert told.out == "sea.onnx\n"
    assert "float16, differs from Keras by at most 0." in told.err and "of 255" in told.err
    session = onnxruntime.InferenceSession("sea.onnx", providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == ["picture"]
    assert main(["export", "toy.impasto", "-o", "any.onnx"]) == 0
    session = onnxruntime.InferenceSession("any.onnx", providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == ["picture", "style"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["-o", "toy.pb"], 2, "must end in .onnx or .tflite"),
        (["-o", "toy.tflite"], 1, "LiteRT export needs TensorFlow"),
        (["--style", "sun"], 1, "no style 'sun'; it has sea, sky"),
        (["-o", "there.onnx"], 1, "exists already"),
        (["-o", "no/where.onnx"], 1, "no/where.onnx"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(model, capsys, tmp_path, words, code, told):
    (tmp_path / "there.onnx").write_text("kept")
    assert main(["export", "toy.impasto", *words]) == code
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1
    assert (tmp_path / "there.onnx").read_text() == "kept"


@pytest.fixture(scope="module")
def phone(tmp_path_factory):
    """A folder with a picture and what every exported network makes of it.

    One process exports all, and another, without Keras, runs all: TensorFlow starts slowly.
    """
    if importlib.util.find_spec("tensorflow") is None:  # never import it beside PyTorch
        pytest.skip("needs tensorflow")
    folder = tmp_path_factory.mktemp("phone")
    for name, architecture in MODELS.items():
        save_model(toy_model(architecture), folder / f"{name}.impasto")
    picture = np.random.default_rng(1).random((1, *SIZE, 3), np.float32)
    np.save(folder / "picture.npy", picture)
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}

    def run(*words):
        return subprocess.run(
            [sys.executable, "-c", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )

    names = [f"{model}-{kind}" for model, kind in EXPORTS]
    orders = [
        ["export", f"{model}.impasto", "--style", "sky", "--kind", kind, "-o", f"{name}.tflite"]
        for (model, kind), name in zip(EXPORTS, names, strict=True)
    ]
    done = run(EXPORT, json.dumps(orders))
    written = "".join(f"{name}.tflite\n" for name in names)
    assert (done.returncode, done.stdout) == (0, written), done.stderr
    done = run(PAINT_ON_A_PHONE, "picture.npy", *names)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(("name", "kind"), EXPORTS)
def test_a_phone_paints_what_keras_paints(phone, name, kind):
    model = load_model(phone / f"{name}.impasto")
    picture = np.load(phone / "picture.npy")
    theirs = ops.convert_to_numpy(load_network(model)((picture, model.styles["sky"][None])))
    assert np.ptp(theirs) > 0.2
    assert np.abs(np.load(phone / f"{name}-{kind}.npy") - theirs).max() < BOUNDS[kind]
