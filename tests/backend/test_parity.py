"""PyTorch, JAX and TensorFlow agree, and their gradient is that of the oracle."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from skimage import data
from tests import oracle
from tests.backend import parity_case

from impasto.backend import BACKEND
from impasto.images.sample_styles import sample_style
from impasto.images.scales import resize
from impasto.presets import STYLE_LOSSES
from impasto.settings import Settings

SIZE = (45, 62)  # odd at two of the four poolings
BACKENDS = ("torch", "jax", "tensorflow")
PRESETS = ("classic", "default")
by_backend = pytest.mark.parametrize("backend", BACKENDS)
by_preset = pytest.mark.parametrize("preset", PRESETS)
others = pytest.mark.parametrize("backend", BACKENDS[1:])


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(11)
    content = resize(np.float32(data.astronaut()) / 255, SIZE)
    noise = rng.normal(0, 0.1, content.shape)
    return {
        "content": content,
        "style": resize(sample_style("swirls", 96), SIZE),
        "picture": np.clip(content + noise, 0, 1).astype(np.float32),
    }


@pytest.fixture(scope="module")
def results(pictures, tmp_path_factory):
    """The results of each framework: of that of the tests here, of others in their processes."""
    folder = tmp_path_factory.mktemp("parity")
    for name, picture in pictures.items():
        np.save(folder / f"{name}.npy", picture)
    found = {}
    for backend in BACKENDS:
        if importlib.util.find_spec(backend) is None:
            continue
        output = folder / f"{backend}.npz"
        if backend == BACKEND:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parity_case.main(folder, output)
        else:
            run_elsewhere(backend, folder, output)
        with np.load(output) as arrays:
            found[backend] = dict(arrays)
    return found


def run_elsewhere(backend, folder, output):
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "GOMP_SPINCOUNT": "0",
    }
    run = subprocess.run(
        [sys.executable, parity_case.__file__, str(folder), str(output)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"{backend}:\n{run.stdout}\n{run.stderr}"


def of(results, backend):
    if backend not in results:
        pytest.skip(f"{backend} is not installed")
    return results[backend]


def totals(pictures, layers, preset):
    """The oracle's loss of the preset, as a function of the picture, and all its parts."""
    content, style = pictures["content"], pictures["style"]
    if preset == "classic":
        return lambda x: oracle.classic_objective(x, content, style, layers)
    knobs = Settings()
    return lambda x: oracle.relative_objective(
        x,
        content,
        style,
        layers,
        content_weight=knobs.content_weight,
        style_weight=knobs.style_weight,
        tv_weight=knobs.tv_weight,
        padding="replicate",
    )


def parts(result, preset):
    prefix = f"{preset}/parts/"
    return {
        name.removeprefix(prefix): float(value)
        for name, value in result.items()
        if name.startswith(prefix)
    }


def check_gradient(ours, wanted):
    """Compare two gradients, (H, W, 3).

    Where two values that are pooled are equal but for their last bits, frameworks may pick
    different ones, and the gradient of a few pixels moves over to their neighbours: one such place
    of 6x6 pixels, in a picture of 48x64, made 1.8e-3, all else together 2e-6.
    """
    errors = np.sort(np.linalg.norm(ours - wanted, axis=-1).ravel())
    size = np.linalg.norm(wanted)
    assert np.linalg.norm(errors[: int(0.95 * errors.size)]) <= 1e-4 * size
    assert np.linalg.norm(errors) <= 1e-3 * size


@others
@pytest.mark.parametrize("style_loss", STYLE_LOSSES)
def test_regions_and_style_losses_are_pytorchs(results, backend, style_loss):
    name = f"region {style_loss}"
    ours, wanted = parts(of(results, backend), name), parts(of(results, "torch"), name)
    assert ours == pytest.approx(wanted, rel=1e-3, abs=1e-6)
    gradients = [of(results, each)[f"{name}/gradient"] for each in (backend, "torch")]
    difference = np.linalg.norm(gradients[0] - gradients[1])
    assert difference <= 1e-2 * np.linalg.norm(gradients[1])


@by_backend
def test_each_run_was_on_its_own_framework(results, backend):
    assert str(of(results, backend)["backend"]) == backend


@by_backend
@by_preset
def test_every_part_of_the_loss_agrees_with_the_oracle(
    results, pictures, exact_layers, backend, preset
):
    ours = parts(of(results, backend), preset)
    assert ours == pytest.approx(totals(pictures, exact_layers, preset)(pictures["picture"]), 1e-4)


@by_backend
def test_tiles_add_up_to_the_whole(results, backend):
    ours = of(results, backend)
    assert parts(ours, "tiled") == pytest.approx(parts(ours, "whole"), rel=1e-4)
    check_gradient(ours["tiled/gradient"], ours["whole/gradient"])  # measured: 7e-7


@by_backend
def test_features_of_average_pooling_agree_with_the_oracle(
    results, pictures, exact_layers, backend
):
    ours = of(results, backend)["average/block3_conv1"]
    options = {"pooling": "average", "padding": "replicate", "deepest": "block3_conv1"}
    wanted = oracle.vgg19(pictures["picture"], exact_layers, **options)["block3_conv1"]
    assert ours.shape == wanted.shape
    assert np.linalg.norm(ours - wanted) <= 1e-4 * np.linalg.norm(wanted)


@others
@by_preset
def test_losses_agree_between_the_frameworks(results, backend, preset):
    ours, torchs = (parts(of(results, name), preset) for name in (backend, "torch"))
    assert ours == pytest.approx(torchs, rel=1e-4)


@others
@by_preset
def test_gradients_agree_between_the_frameworks(results, backend, preset):
    ours, torchs = (of(results, name)[f"{preset}/gradient"] for name in (backend, "torch"))
    check_gradient(ours, torchs)  # measured: 1e-6


@others
def test_a_second_picture_of_the_same_size_is_not_compiled_again(results, backend):
    first, second, tiled, tiled_again = of(results, backend)["traces"]
    # Targets are computed outside of the compiled function, one pass per picture.
    assert second == 2 < first
    assert tiled_again == 0 < tiled


@pytest.fixture(scope="module", params=PRESETS)
def slopes(request, pictures, exact_layers):
    """The oracle's central differences along random directions and in single values.

    Taken in float64 with a step of 1e-7: small enough to cross next to no kinks of ReLU and
    pooling, large enough to leave seven digits of the difference. What remains between them and a
    gradient is the gradient's float32 error.
    """
    loss = totals(pictures, exact_layers, request.param)
    picture = np.float64(pictures["picture"])
    rng = np.random.default_rng(12)
    directions = [rng.standard_normal(picture.shape) for _ in range(3)]
    for i, j, c in [(0, 0, 0), (20, 30, 1), (44, 61, 2)]:
        single = np.zeros_like(picture)
        single[i, j, c] = 1
        directions.append(single)
    step = 1e-7
    differences = [
        (loss(picture + step * d)["total"] - loss(picture - step * d)["total"]) / (2 * step)
        for d in directions
    ]
    return request.param, directions, differences


@by_backend
def test_gradient_agrees_with_central_differences_of_the_oracle(results, slopes, backend):
    preset, directions, differences = slopes
    gradient = np.float64(of(results, backend)[f"{preset}/gradient"])
    for direction, difference in zip(directions, differences, strict=True):
        # Pixels near a tie of the pooling are off (see above), which every random direction meets;
        # a single value is off by less than this share of a usual value.
        spread = 5e-3 * np.linalg.norm(gradient) * np.linalg.norm(direction)
        spread /= np.sqrt(gradient.size)
        assert np.sum(gradient * direction) == pytest.approx(difference, rel=1e-3, abs=spread)


@by_backend
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_three_evaluations_lower_the_loss(results, backend, optimizer):
    losses = of(results, backend)[f"{optimizer}/losses"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@others
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_short_runs_end_in_the_same_picture(results, backend, optimizer):
    ours, torchs = (of(results, name)[f"{optimizer}/image"] for name in (backend, "torch"))
    assert np.abs(ours - torchs).mean() < 5e-3  # measured: 1e-4


@others
@pytest.mark.parametrize("name", ["plain trunk", "rich trunk"])
def test_a_trunk_paints_alike_on_every_framework(results, backend, name):
    for where in ("whole", "moved"):
        ours, torchs = (of(results, each)[f"{name}/{where}"] for each in (backend, "torch"))
        assert ours.shape == (*SIZE, 3) and np.ptp(torchs) > 0.2
        assert np.abs(ours - torchs).max() <= 1e-4


@by_backend
def test_noise_moves_with_its_beginning(results, backend):
    ours = of(results, backend)
    moved, whole = ours["rich trunk/moved"], ours["rich trunk/whole"]
    assert np.abs(moved - whole).max() > 0.05
    np.testing.assert_array_equal(ours["plain trunk/moved"], ours["plain trunk/whole"])


@by_backend
def test_tensors_are_pictures(pictures, results, backend):
    read, content = of(results, backend), pictures["content"]
    np.testing.assert_array_equal(read["read/batch of one"], content)
    np.testing.assert_array_equal(read["read/bfloat16"], read["read/bfloat16 expected"])
    np.testing.assert_array_equal(read["read/mask"], content[..., 0] > 0.5)
    for mended in ("channels first", "0..255"):
        np.testing.assert_allclose(read[f"read/{mended}"], content, atol=1e-6)
