"""Training on PyTorch: Adam equals Keras', and GPU code paths equal those of the CPU."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from impasto.backend import BACKEND  # noqa: E402

if BACKEND != "torch":
    pytest.skip("Keras runs on another framework", allow_module_level=True)

from impasto.backend import _torch_networks as networks  # noqa: E402
from impasto.backend import keras  # noqa: E402
from impasto.backend._torch_training import _adam  # noqa: E402
from impasto.engines.network.training import draw_batch  # noqa: E402
from impasto.engines.network.training_data import Batch  # noqa: E402
from impasto.images.files import write_image  # noqa: E402
from impasto.images.sample_styles import sample_style  # noqa: E402
from impasto.training_settings import TrainingSettings  # noqa: E402
from impasto.workflows import train  # noqa: E402
from impasto.workflows.training_plan import make_training  # noqa: E402


@pytest.mark.parametrize(("mode", "distance"), [("reflect", 1), ("replicate", 0)])
def test_padding_with_the_channels_last_is_pytorchs(mode, distance):
    x = torch.randn(2, 3, 6, 5, dtype=torch.float64, requires_grad=True)
    expected = functional.pad(x, (1, 1, 1, 1), mode=mode)
    torch.testing.assert_close(networks._Pad.apply(x, distance), expected)
    assert torch.autograd.gradcheck(lambda x: networks._Pad.apply(x, distance), x)


def test_normalising_the_whole_batch_is_normalising_each_picture():
    x, scale, shift = torch.randn(3, 4, 9, 7), torch.randn(3, 4), torch.randn(3, 4)
    each = networks.instance_norm(x.permute(0, 2, 3, 1), scale, shift).permute(0, 3, 1, 2)
    torch.testing.assert_close(networks._whole_batch_norm(x, scale, shift), each)


def test_adam_is_that_of_keras():
    weights = [torch.randn(4, 3), torch.randn(5)]
    ours, theirs = (
        [keras.Variable(w.numpy(), name=f"w{i}") for i, w in enumerate(weights)] for _ in range(2)
    )
    optimizers = [keras.optimizers.Adam(0.01, beta_2=0.99, global_clipnorm=1.0) for _ in range(2)]
    for optimizer, variables in zip(optimizers, (ours, theirs), strict=True):
        optimizer.build(variables)
    update = _adam(optimizers[0], [v.value for v in ours], torch.tensor(0.01))
    for step in range(5):
        gradients = [torch.randn_like(w) * 3.0 ** (step - 2) for w in weights]
        with torch.no_grad():
            update([g.clone() for g in gradients])
        optimizers[1].apply(gradients, theirs)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a.value, b.value, rtol=1e-5, atol=1e-6)


def test_a_gradient_that_is_not_finite_changes_nothing():
    variable = keras.Variable(np.ones(3, np.float32), name="w")
    optimizer = keras.optimizers.Adam(0.01, global_clipnorm=1.0)
    optimizer.build([variable])
    with torch.no_grad():
        _adam(optimizer, [variable.value], torch.tensor(0.01))([torch.tensor([1.0, np.nan, 0.0])])
    assert variable.numpy().tolist() == [1, 1, 1]


class _NewNumbers(TorchDispatchMode):
    """Records operators that copy a number between Python and the device."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = str(function)
        if any(word in name for word in ("lift_fresh", "scalar_tensor", "_local_scalar")):
            self.seen.append(name)
        return function(*args, **(kwargs or {}))


def test_a_step_can_be_recorded(tmp_path):
    """A recorded step is replayed without Python, so it must not take numbers from it."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "run").mkdir()
    rng = np.random.default_rng(0)
    write_image(tmp_path / "photos" / "a.png", rng.random((40, 44, 3), dtype=np.float32))
    write_image(tmp_path / "style.png", sample_style("swirls", 64))
    settings = TrainingSettings(
        widths=(4, 4, 6, 8), blocks=1, up_blocks=(1,), crop=32, batch=2, style_size=48,
        precision="float32",
    )  # fmt: skip
    training = make_training(
        tmp_path / "photos", [tmp_path / "style.png"], tmp_path / "run", settings
    )
    run = train._prepare(training, {})
    arrays = draw_batch(run.photographs, run.styles, settings, 0)
    batch = Batch(*map(torch.as_tensor, arrays))
    run.training_model.step_loss(batch)  # the first call chooses operators
    with _NewNumbers() as watch:
        total, _ = run.training_model.step_loss(batch)
        torch.autograd.grad(total, [v.value for v in run.training_model.trainable_variables])
    assert not watch.seen
