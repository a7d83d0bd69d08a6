"""The network's layers on PyTorch against its stock operators, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from impasto.backend import BACKEND

if BACKEND != "torch":
    pytest.skip("layers of PyTorch", allow_module_level=True)

from impasto.backend import _nnpack as nnpack
from impasto.backend import _torch_choice as choice
from impasto.backend import _torch_convolutions as convolutions
from impasto.backend import _torch_layers as layers
from impasto.backend._torch_convolutions import NCHW, NHWC, OPERATORS, prepare_kernel
from impasto.backend._torch_products import gram, mix

CLOSE = 1e-4  # of the largest value
FORMATS = {"first": NCHW, "last": NHWC}


def assert_close(ours, theirs, tolerance=CLOSE):
    ours, theirs = ours.detach().double(), theirs.detach().double()
    assert ours.shape == theirs.shape
    assert float((ours - theirs).abs().max()) <= tolerance * float(theirs.abs().max())


def kernel_of(rng, inputs, outputs):
    weights = rng.standard_normal((3, 3, inputs, outputs)) / (3 * np.sqrt(inputs))
    return prepare_kernel(np.float32(weights), np.float32(rng.standard_normal(outputs)))


def features(rng, channels, height, width, memory_format=NCHW):
    x = torch.from_numpy(np.float32(rng.standard_normal((1, channels, height, width))))
    return x.contiguous(memory_format=memory_format)


def stock(x, kernel, padding):
    """The layer in float64 by stock operators."""
    x = functional.pad(x, (1, 1, 1, 1), mode="replicate" if padding == "replicate" else "constant")
    return functional.conv2d(x, kernel.weight.double(), kernel.bias.double()).relu()


@pytest.mark.parametrize("zeros", [0, 1, 2])
@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize(
    ("inputs", "outputs", "height", "width"), [(3, 64, 18, 21), (64, 32, 33, 17), (128, 160, 5, 9)]
)
def test_every_operator_agrees_with_the_stock_one(rng, name, inputs, outputs, height, width, zeros):
    kernel = kernel_of(rng, inputs, outputs)
    for back, channels in ((False, inputs), (True, outputs)):
        x = features(rng, channels, height, width, OPERATORS[name].memory_format)
        if name == "nnpack" and name not in choice._candidates(x, min(inputs, outputs)):
            pytest.skip("NNPACK is not for so few channels, or not here")
        weight = (kernel.transposed if back else kernel.weight).double()
        theirs = functional.conv2d(
            x.double(), weight, None if back else kernel.bias.double(), padding=zeros
        )
        assert_close(OPERATORS[name].run(x, kernel, back, zeros), theirs)


@pytest.mark.skipif(not nnpack.is_available(), reason="NNPACK is not here")
@pytest.mark.parametrize("zeros", [0, 1, 2])
@pytest.mark.parametrize(("inputs", "outputs", "size"), [(64, 128, (9, 20)), (512, 256, (5, 3))])
def test_kernels_transformed_once_give_the_same_bits(rng, inputs, outputs, size, zeros):
    kernel = kernel_of(rng, inputs, outputs)
    keeping = kernel._replace(keep_transformed=True, forms={})
    for back, channels in ((False, inputs), (True, outputs)):
        x = torch.cat([features(rng, channels, *size), features(rng, channels, *size)])
        for _ in range(2):
            ours = OPERATORS["nnpack"].run(x, keeping, back, zeros)
            assert torch.equal(ours, OPERATORS["nnpack"].run(x, kernel, back, zeros))
    assert {name for _, name, _ in keeping.forms} == {"plain", "transformed"}
    assert {name for _, name, _ in kernel.forms} == {"plain"}


@pytest.mark.skipif(not nnpack.is_available(), reason="NNPACK is not here")
def test_a_larger_picture_takes_no_memory_for_transformed_kernels(rng):
    kernel = kernel_of(rng, 16, 16)._replace(keep_transformed=True)
    key = (False, "transformed", torch.float32)
    for side, kept in ((32, True), (33, False), (32, True)):
        OPERATORS["nnpack"].run(features(rng, 16, side, side), kernel, False, 1)
        assert (key in kernel.forms) == kept


@pytest.mark.parametrize("name", [name for name in OPERATORS if name != "nnpack"])
def test_operators_take_one_row_or_column(rng, name):
    kernel = kernel_of(rng, 32, 48)
    for size in ((1, 1), (1, 12), (7, 1)):
        x = features(rng, 32, *size, OPERATORS[name].memory_format)
        theirs = functional.conv2d(
            x.double(), kernel.weight.double(), kernel.bias.double(), padding=1
        )
        assert_close(OPERATORS[name].run(x, kernel, False, 1), theirs)


@pytest.mark.parametrize("small", [False, True], ids=["own border", "wider copy"])
@pytest.mark.parametrize("padding", ["zeros", "replicate"])
@pytest.mark.parametrize(
    ("forward", "backward"),
    [("stock", "stock"), ("packed", "channels_last")],
)
def test_a_layer_and_its_gradient_agree_with_stock(
    rng, monkeypatch, forward, backward, padding, small
):
    kernel = kernel_of(rng, 24, 40)
    x = features(rng, 24, 13, 18)
    chosen = choice.Choice(forward, backward)
    monkeypatch.setattr(layers, "choose", lambda x, kernel: chosen)
    monkeypatch.setattr(layers, "_is_small", lambda x, kernel: small)
    ours, theirs = x.clone().requires_grad_(), x.double().requires_grad_()
    y, expected = layers.conv3x3_relu(ours, kernel, padding), stock(theirs, kernel, padding)
    assert_close(y, expected)
    weight = features(rng, 40, 13, 18)
    (gradient,) = torch.autograd.grad((y * weight).sum(), ours)
    (expected,) = torch.autograd.grad((expected * weight).sum(), theirs)
    assert_close(gradient, expected)


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("size", [(8, 10), (7, 9), (8, 9)])
@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("edge", ["same", "valid"])
def test_pooling_and_its_gradient_agree_with_stock(rng, memory_format, size, kind, edge):
    x = features(rng, 6, *size, FORMATS[memory_format])
    x[:, :, ::3] = x[:, :, ::3].round()  # with values that are equal
    x[:, 0] = 2.0
    ours, theirs = x.clone().requires_grad_(), x.double().requires_grad_()
    y = layers.pool2x2(ours, kind, edge)
    if kind == "max":
        expected = functional.max_pool2d(theirs, 2, ceil_mode=edge == "same")
    else:
        expected = functional.avg_pool2d(
            theirs, 2, ceil_mode=edge == "same", count_include_pad=False
        )
    assert_close(y, expected)
    weight = torch.from_numpy(np.float32(rng.standard_normal(expected.shape)))
    (gradient,) = torch.autograd.grad((y * weight).sum(), ours)
    (expected,) = torch.autograd.grad((expected * weight).sum(), theirs)
    assert_close(gradient, expected)


@pytest.mark.parametrize("by_onednn", [False, True])
@pytest.mark.parametrize("memory_format", FORMATS)
def test_products_agree_with_numpy(rng, monkeypatch, memory_format, by_onednn):
    from impasto.backend import _torch_products

    monkeypatch.setattr(_torch_products, "_by_onednn", lambda device: by_onednn)
    x = features(rng, 20, 9, 14, FORMATS[memory_format])
    rows = x.numpy().reshape(20, -1).astype(np.float64)
    assert_close(gram(x), torch.from_numpy(rows @ rows.T))
    matrix = np.float32(rng.standard_normal((20, 20)))
    matrix += matrix.T
    mixed = (np.float64(matrix) @ rows).reshape(x.shape)
    assert_close(mix(x, torch.from_numpy(matrix)), torch.from_numpy(mixed))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("memory_format", FORMATS)
def test_gram_and_features_pass_their_gradients_on_together(rng, memory_format, count):
    x = torch.cat([features(rng, 12, 7, 5) for _ in range(count)])
    x = x.contiguous(memory_format=FORMATS[memory_format])
    weight = torch.from_numpy(np.float32(rng.standard_normal((12, 12))))
    ours, theirs = x.clone().requires_grad_(), x.double().requires_grad_()
    y, second = layers.with_gram(ours)
    rows = theirs.transpose(0, 1).reshape(12, -1)
    assert_close(second, rows @ rows.T)
    (gradient,) = torch.autograd.grad((second * weight).sum() + (y**3).sum(), ours)
    (expected,) = torch.autograd.grad(((rows @ rows.T) * weight).sum() + (theirs**3).sum(), theirs)
    assert_close(gradient, expected)


def test_bfloat16_comes_near(rng):
    kernel = kernel_of(rng, 32, 32)
    x = features(rng, 32, 24, 24)
    y = layers.conv3x3_relu(x.bfloat16(), kernel, "replicate")
    assert y.dtype == torch.bfloat16
    assert_close(y.float(), stock(x.double(), kernel, "replicate"), tolerance=0.02)


def test_an_operator_that_fails_is_not_chosen(rng, monkeypatch, nothing_known):
    def broken(x, kernel, back, zeros):
        raise RuntimeError("updateOutput failed")

    for name in ("nnpack", "packed", "channels_last"):
        broken_operator = OPERATORS[name]._replace(run=broken)
        monkeypatch.setitem(choice.OPERATORS, name, broken_operator)
    chosen = choice.choose(features(rng, 160, 12, 12), kernel_of(rng, 160, 128))
    assert chosen == choice.Choice("stock", "stock")
    assert chosen.memory_format == NCHW


@pytest.fixture
def nothing_known(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("IMPASTO_MEASURE", raising=False)
    monkeypatch.setattr(choice, "_CHOICES", {})
    monkeypatch.setattr(choice, "_OTHERS", {})
    table = choice.Table("test", 1)
    monkeypatch.setattr(choice, "speeds", lambda: table)


def test_layers_of_one_kind_are_measured_once(rng, monkeypatch, nothing_known):
    asked = []

    def time(ways, wait=None):
        asked.append(set(ways))
        return choice.Timing({name: 0.5 if name == "channels_last" else 1.0 for name in ways}, True)

    monkeypatch.setattr(choice, "measure", time)
    x, kernel = features(rng, 64, 32, 32), kernel_of(rng, 64, 128)
    x = x.contiguous(memory_format=NHWC)
    assert choice.choose(x, kernel) == choice.Choice("channels_last", "channels_last")
    convolutions = [ways for ways in asked if "stock" in ways]
    assert len(convolutions) == 1  # forth and back, all channels alike
    choice.choose(features(rng, 128, 32, 32), kernel_of(rng, 128, 128))
    assert [ways for ways in asked if "stock" in ways] == convolutions


@pytest.mark.parametrize(("favours", "first"), [(True, "nnpack"), (False, "channels_last")])
def test_without_measuring_the_processor_decides(rng, monkeypatch, nothing_known, favours, first):
    monkeypatch.setenv("IMPASTO_MEASURE", "0")
    monkeypatch.setattr(choice, "measure", lambda ways, wait=None: pytest.fail("measured"))
    monkeypatch.setattr(choice, "favours_nnpack", lambda: favours)
    monkeypatch.setattr(choice, "_candidates", lambda x, channels: list(OPERATORS))
    x = features(rng, 64, 32, 32)
    assert choice.choose(x, kernel_of(rng, 64, 128)) == choice.Choice(first, first)
    assert choice.choose_other("products", dict) == "blas"


def test_bfloat16_is_not_tried_on_a_processor_without_it(rng, monkeypatch, nothing_known):
    monkeypatch.setattr(convolutions, "has_bfloat16", lambda: False)
    monkeypatch.setattr(choice, "measure", lambda ways, wait=None: pytest.fail("measured"))
    assert choice.resolve_precision("auto") == "float32"
    assert choice.resolve_precision("bfloat16") == "bfloat16"
    monkeypatch.setattr(
        choice, "measure", lambda ways, wait=None: choice.Timing(dict.fromkeys(ways, 1.0), True)
    )
    x, kernel = features(rng, 64, 8, 8), kernel_of(rng, 64, 64)
    assert choice.choose(x.bfloat16(), kernel) == choice.Choice("stock", "stock")
    y = layers.conv3x3_relu(x.bfloat16(), kernel, "replicate")
    assert y.dtype == torch.bfloat16
    assert_close(y.float(), stock(x.double(), kernel, "replicate"), tolerance=0.02)


def test_the_precision_is_chosen_once_and_named(monkeypatch, nothing_known):
    times = {torch.float32: 2.0, torch.bfloat16: 1.0}
    monkeypatch.setattr(choice, "is_emulated", lambda x: False)
    monkeypatch.setattr(choice, "_seconds", lambda x, *_: {"stock": times[x.dtype]})
    assert choice.resolve_precision("auto") == "bfloat16"
    assert choice.operators() == {"precision": "bfloat16"}
    times[torch.float32] = 1.0
    assert choice.resolve_precision("auto") == "bfloat16"
    choice.use_operators({"precision": "float32"})
    assert choice.resolve_precision("auto") == "float32"
    choice.use_operators({"precision": "odd"})
    assert choice.resolve_precision("auto") == "float32" != "odd"


def test_chosen_operators_are_named_and_used_again(rng, nothing_known):
    x, kernel = features(rng, 32, 12, 12), kernel_of(rng, 32, 32)
    choice.choose(x, kernel)
    (layer,) = choice.operators()
    choice.use_operators({layer: "stock stock", "products": "blas"})
    assert choice.choose(x, kernel) == choice.Choice("stock", "stock")
    assert choice.operators() == {layer: "stock stock", "products": "blas"}


@pytest.mark.parametrize("names", ["", "stock", "stock nothing", "stock packed", "stock " * 3])
def test_missing_operators_are_chosen_again(rng, nothing_known, names):
    x, kernel = features(rng, 3, 12, 12), kernel_of(rng, 3, 32)
    chosen = choice.choose(x, kernel)
    (layer,) = choice.operators()
    choice.use_operators({layer: names})
    assert choice.choose(x, kernel).memory_format == chosen.memory_format
    choice.use_operators({layer: "nnpack nnpack"})  # too few channels for it
    assert "nnpack" not in choice.choose(x, kernel)
