"""`impasto export` from the command line."""

import importlib.util
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
ON_A_PHONE = """
import warnings; warnings.simplefilter("ignore")
import sys, numpy as np, tensorflow as tf
path, picture, painted = sys.argv[1:]
interpreter = tf.lite.Interpreter(path)
picture = np.load(picture)
place = interpreter.get_input_details()[0]["index"]
interpreter.resize_tensor_input(place, picture.shape)
interpreter.allocate_tensors()
interpreter.set_tensor(place, picture)
interpreter.invoke()
np.save(painted, interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
"""


@pytest.fixture
def model(tmp_path, rng, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    architecture = getattr(request, "param", None) or Architecture((4, 6, 8, 8), blocks=1)
    shapes = [tuple(w.shape) for w in make_network(architecture).weights]
    trunk = [np.float32(rng.standard_normal(s) / np.sqrt(np.prod(s[:-1]))) for s in shapes]
    vector = np.float32(1 + rng.standard_normal(style_size(architecture)) / 4)
    path = save_model(
        PaintingModel(architecture, tuple(trunk), {"sea": vector, "sky": -vector}), "toy.impasto"
    )
    return load_model(path)


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


@pytest.mark.parametrize(
    ("model", "kind"),
    [(None, "float32"), (None, "float16"), (None, "int8"), (RICH, "float32"), (RICH, "int8")],
    indirect=["model"],
)
def test_a_phone_paints_what_keras_paints(model, tmp_path, rng, kind):
    if importlib.util.find_spec("tensorflow") is None:  # never import it beside PyTorch
        pytest.skip("needs tensorflow")
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}

    def run(*words):
        return subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, env=environment, check=False
        )

    start = "from impasto.cli.main import main; raise SystemExit(main())"
    words = ["toy.impasto", "--style", "sky", "--kind", kind, "-o", "sky.tflite"]
    done = run("-c", start, "export", *words)
    assert (done.returncode, done.stdout) == (0, "sky.tflite\n"), done.stderr
    picture = rng.random((1, *SIZE, 3), np.float32)
    np.save("picture.npy", picture)
    done = run("-c", ON_A_PHONE, "sky.tflite", "picture.npy", "painted.npy")
    assert done.returncode == 0, done.stderr
    theirs = ops.convert_to_numpy(load_network(model)((picture, model.styles["sky"][None])))
    assert np.ptp(theirs) > 0.2
    assert np.abs(np.load("painted.npy") - theirs).max() < BOUNDS[kind]
