"""Painting in one pass, with a toy network of random weights in place of the shipped one."""

import numpy as np
import pytest
import skimage.data

import impasto
from impasto.engines.network.model import (
    Architecture,
    PaintingModel,
    Predictor,
    neutral_style,
    style_size,
)
from impasto.engines.network.model_file import save_model
from impasto.engines.network.predict import paint_image
from impasto.engines.network.trunk import make_network
from impasto.errors import ModelError, PictureError, SettingsError
from impasto.images.faces import face_mask, find_faces
from impasto.images.files import write_image
from impasto.images.oklab import to_oklab
from impasto.images.scales import resize
from impasto.images.toning import find_tone
from impasto.workflows import paint as workflow
from impasto.workflows.paint import paint

TINY = Architecture((4, 4, 6, 8), blocks=1)
NUMBERS = 2 * (64 + 128 + 256 + 512 + 512)


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(1)
    size = style_size(TINY)

    def vector():
        return (neutral_style(TINY) + 0.5 * rng.standard_normal(size)).astype(np.float32)

    predictor = Predictor(
        np.ones(NUMBERS, np.float32),
        np.ones(NUMBERS, np.float32),
        (rng.standard_normal((NUMBERS, 4)) / NUMBERS).astype(np.float32),
        np.ones(4, np.float32),
        rng.standard_normal((4, size)).astype(np.float32),
        np.zeros(size, np.float32),
    )
    styles = {name: vector() for name in ("photograph", "wave", "scream")}
    trunk = tuple(make_network(TINY).get_weights())
    return PaintingModel(TINY, trunk, styles, predictor, {"styles": {}})


@pytest.fixture
def ships(model, monkeypatch):
    monkeypatch.setattr(workflow, "shipped_model", lambda: model)


@pytest.fixture(scope="module")
def photo():
    return (skimage.data.astronaut()[20:148, 120:320] / 255).astype(np.float32)


def test_a_style_by_name_is_one_pass_of_the_network(model, ships, photo):
    result = paint(photo, "wave")
    expected = paint_image(photo, model.styles["wave"], model)
    np.testing.assert_array_equal(result.image, expected)
    assert result.image.shape == photo.shape and result.image.dtype == np.float32
    assert result.record["style"] == "wave" and result.record["settings"]["strength"] == 1.0
    assert not np.allclose(result.image, paint(photo, "scream").image, atol=0.01)


def test_size_is_the_long_side(ships, photo):
    assert paint(photo, "wave", size=50).image.shape == (32, 50, 3)


def test_strength_goes_from_the_photograph_to_the_style_and_beyond(model, ships, photo):
    np.testing.assert_array_equal(paint(photo, "wave", strength=0).image, photo)
    start, end = model.styles["photograph"], model.styles["wave"]
    plain = paint_image(photo, start, model)
    for strength, mixture, back in ((0.5, 0.28, 0.72), (1.5, 1.5, 0.0)):
        expected = paint_image(photo, start + mixture * (end - start), model)
        expected = np.clip(expected + back * (photo - plain), 0, 1)
        found = paint(photo, "wave", strength=strength).image
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(paint(photo, "wave", strength=0.01).image - photo).mean() < 0.02
    with pytest.raises(SettingsError, match="strength"):
        paint(photo, "wave", strength=2.1)


def test_strokes_have_the_size_that_is_asked_for(model, ships, photo):
    large = paint(photo, "wave", stroke_size=8)
    assert large.image.shape == photo.shape and large.record["settings"]["stroke_size"] == 8
    at_its_size = [paint(photo, "wave", stroke_size=size).image for size in (0, 1)]
    np.testing.assert_array_equal(*at_its_size)  # 100 pixels are fewer than 800
    for wrong in (-0.1, 8.1, float("nan"), "large"):
        with pytest.raises(SettingsError, match="stroke_size"):
            paint(photo, "wave", stroke_size=wrong)


def test_styles_mix_by_their_shares(model, ships, photo):
    mixed = 0.25 * model.styles["wave"] + 0.75 * model.styles["scream"]
    result = paint(photo, {"wave": 1, "scream": 3})
    np.testing.assert_allclose(result.image, paint_image(photo, mixed, model), atol=1e-5)
    assert result.record["style"] == "wave:1, scream:3"
    for shares in ({}, {"wave": 0.0}, {"wave": -1.0, "scream": 2.0}):
        with pytest.raises(SettingsError, match="shares"):
            paint(photo, shares)


def test_the_photographs_colours_can_be_kept(ships, photo):
    painted, kept = (paint(photo, "wave", keep_colors=keep).image for keep in (False, True))
    lab, wanted = to_oklab(kept), to_oklab(photo)
    inside = (kept > 0.01).all(-1) & (kept < 0.99).all(-1)  # else the colour was out of range
    assert inside.mean() > 0.2
    np.testing.assert_allclose(lab[inside][:, 1:], wanted[inside][:, 1:], atol=2e-3)
    np.testing.assert_allclose(lab[inside][:, 0], to_oklab(painted)[inside][:, 0], atol=2e-3)


def test_any_painting_serves_by_its_statistics(ships, photo, tmp_path):
    style = impasto.sample_style("mosaic", 96)
    write_image(tmp_path / "mosaic.png", style)
    by_path = paint(photo, tmp_path / "mosaic.png")
    assert by_path.record["style"] == "mosaic.png"
    assert np.abs(by_path.image - paint(photo, style).image).mean() < 0.02  # 8 bits
    other = paint(photo, impasto.sample_style("swirls", 96)).image
    assert not np.array_equal(other, by_path.image)


def test_a_file_holds_one_style_or_several(model, photo, tmp_path):
    several = save_model(model, tmp_path / "several.impasto")
    wave = paint(photo, f"{several}/wave").image
    np.testing.assert_allclose(wave, paint_image(photo, model.styles["wave"], model), atol=0.02)
    with pytest.raises(SettingsError, match=r"holds the styles wave, scream; name one"):
        paint(photo, several)
    with pytest.raises(SettingsError, match="name one"):
        paint(photo, f"{several}/none")
    single = {name: model.styles[name] for name in ("photograph", "scream")}
    one = PaintingModel(TINY, model.trunk, single)
    path = save_model(one, tmp_path / "scream.impasto")
    assert paint(photo, path).record["style"] == "scream"
    with pytest.raises(SettingsError, match="different model files"):
        paint(photo, {str(path): 1, f"{several}/wave": 1})
    with pytest.raises(ModelError, match="no model file"):
        paint(photo, tmp_path / "none.impasto")


def test_a_file_that_changed_is_read_again(model, photo, tmp_path):
    path = tmp_path / "s.impasto"
    found = []
    for name in ("wave", "scream"):
        styles = {"photograph": model.styles["photograph"], name: model.styles[name]}
        save_model(PaintingModel(TINY, model.trunk, styles), path)
        found.append(paint(photo, path).record["style"])
    assert found == ["wave", "scream"]


def test_alpha_and_exif_are_kept(ships, photo, tmp_path):
    alpha = np.linspace(0, 1, photo.shape[1], dtype=np.float32)[None].repeat(photo.shape[0], 0)
    result = paint(np.dstack([photo, alpha]), "wave")
    np.testing.assert_allclose(result.alpha, alpha, atol=1e-3)
    path = result.save(tmp_path / "out.png")
    assert impasto.read_record(path)["style"] == "wave"
    assert impasto.read_picture(path).alpha is not None


def test_any_model_can_be_given(model, photo, tmp_path):
    path = save_model(model, tmp_path / "model.impasto")
    expected = paint(photo, f"{path}/wave").image
    np.testing.assert_array_equal(paint(photo, "wave", model=path).image, expected)
    ours = paint(photo, "wave", model=model)
    np.testing.assert_allclose(ours.image, expected, atol=0.02)
    assert list(impasto.styles(model)) == list(impasto.styles(path)) == ["wave", "scream"]
    blind = PaintingModel(TINY, model.trunk, model.styles)
    with pytest.raises(ModelError, match=r"no predictor.*impasto learn"):
        paint(photo, photo, model=blind)


def test_mistakes_are_named(ships, photo):
    with pytest.raises(SettingsError, match=r"no style 'waves'; the styles are photograph, wave"):
        paint(photo, "waves")
    with pytest.raises(PictureError, match="12x128"):
        paint(photo[:, :12], "wave")
    with pytest.raises(PictureError, match="no file"):
        paint(photo, "no-such.jpg")


def test_the_slow_route_starts_from_a_painted_picture(model, ships, photo, tmp_path):
    style = impasto.sample_style("mosaic", 64)
    unchanged = {"size": 200, "scales": 1, "iterations": 0}  # what it starts from comes out
    started = impasto.stylize(photo, style, init="paint", **unchanged).image
    assert np.abs(started - paint(photo, style).image).max() < 1e-6
    path = save_model(model, tmp_path / "toy.impasto")
    started = impasto.stylize(photo, style, init=f"{path}/wave", **unchanged).image
    assert np.abs(started - paint(photo, "wave").image).max() < 2e-2  # 16 bits in the file
    assert np.abs(started - photo).max() > 0.1


def test_a_drawing_gives_a_picture_without_color(ships, photo):
    drawing = np.repeat(photo.mean(axis=-1, keepdims=True), 3, axis=-1)
    image = paint(photo, drawing).image
    assert np.ptp(image, axis=-1).max() < 2 / 255
    assert np.ptp(paint(photo, photo).image, axis=-1).max() > 0.05
    assert np.ptp(paint(photo, drawing, keep_colors=True).image, axis=-1).max() > 0.05
    half = np.ptp(paint(photo, drawing, strength=0.5).image, axis=-1).max()
    assert half > 0.02


def test_a_mixture_is_without_color_if_all_of_its_styles_are(model, monkeypatch, photo):
    monkeypatch.setattr(workflow, "shipped_model", lambda: model)
    grey = find_tone(np.repeat(photo.mean(axis=-1, keepdims=True), 3, axis=-1))
    monkeypatch.setattr(workflow, "shipped_tone", {"wave": grey, "scream": None}.get)
    assert np.ptp(paint(photo, "wave").image, axis=-1).max() < 2 / 255
    assert np.ptp(paint(photo, {"wave": 1, "scream": 1}).image, axis=-1).max() > 0.02
    monkeypatch.setattr(workflow, "shipped_tone", lambda name: grey)
    assert np.ptp(paint(photo, {"wave": 1, "scream": 1}).image, axis=-1).max() < 2 / 255


def test_a_painting_without_style_is_refused(ships, photo):
    with pytest.raises(PictureError, match="one colour only"):
        paint(photo, np.full((40, 50, 3), 0.3, np.float32))


def test_small_pictures_are_painted_large_and_reduced(ships, model, photo):
    icon = photo[:48, :64]
    large = np.clip(resize(icon, (144, 192)), 0, 1)
    expected = np.clip(resize(paint(large, "wave").image, (48, 64)), 0, 1)
    np.testing.assert_allclose(paint(icon, "wave").image, expected, atol=1e-4)
    own = paint(icon, "wave", stroke_size=0).image
    np.testing.assert_allclose(own, paint_image(icon, model.styles["wave"], model), atol=1e-4)


def test_faces_are_kept(ships):
    astronaut = (skimage.data.astronaut()[::2, ::2] / 255).astype(np.float32)
    (face,) = find_faces(astronaut)
    inside = face_mask(face, astronaut.shape[:2])
    plain, kept = (paint(astronaut, "wave", keep_faces=amount).image for amount in (0, 0.6))
    assert np.array_equal(plain[inside == 0], kept[inside == 0])

    def likeness(image):
        return np.corrcoef(image[inside > 0.9].ravel(), astronaut[inside > 0.9].ravel())[0, 1]

    assert likeness(kept) > likeness(plain)
