"""The API endpoints, called with Gradio's client."""

import re
from pathlib import Path

import numpy as np
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from httpx import HTTPStatusError
from tests.studio.whole import client, ended, squares, studio, until
from tests.toy import SHALLOW

import impasto

ANNA, EVA = "anna:correct horse", "eva:battery staple"
TINY = {"size": 48, "scales": 1, "iterations": 8, "tolerance": 0.0, **SHALLOW}
LONG = {**TINY, "size": 128, "iterations": 10_000}
DOCUMENTED = Path(__file__).parents[2] / "docs/studio.md"


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    with studio(tmp_path_factory.mktemp("studio"), "--auth", ANNA, "--auth", EVA) as it:
        yield it


@pytest.fixture(scope="module")
def anna(where, tmp_path_factory):
    with client(where, tmp_path_factory.mktemp("anna"), ANNA) as it:
        yield it


@pytest.fixture(scope="module")
def eva(where, tmp_path_factory):
    with client(where, tmp_path_factory.mktemp("eva"), EVA) as it:
        yield it


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A photograph and a painting."""
    folder = tmp_path_factory.mktemp("pictures")
    return squares(folder / "cat.png"), squares(folder / "sea.png", 1)


@pytest.fixture
def ask(anna, pictures):
    """Start a job with the photograph and the painting."""
    photo, painting = map(handle_file, pictures)

    def start(**values):
        values = {"photograph": photo, "paintings": [painting], "settings": TINY, **values}
        return anna.predict(**values, api_name="/stylize")

    return start


def refusal(call, *values, **named):
    """Return the error message of a refused call."""
    with pytest.raises(AppError) as caught:
        call(*values, **named)
    text = str(caught.value)
    assert "Traceback" not in text and "\n" not in text and ".py" not in text
    return text


def same(path, result, folder):
    """Return whether a file equals a result at 8 bits."""
    whole = result.save(folder / "whole.png")
    return np.array_equal(impasto.read_image(path), impasto.read_image(whole))


def test_all_endpoints_are_described_and_documented(anna):
    found = anna.view_api(return_format="dict")
    assert found["unnamed_endpoints"] == {}
    rows = re.findall(r"^\| `(/\w+)` \| (.*?) \|", DOCUMENTED.read_text("utf-8"), re.MULTILINE)
    assert {name for name, _ in rows} == {*found["named_endpoints"]}
    for name, about in found["named_endpoints"].items():
        words = " ".join(takes for row, takes in rows if row == name)
        assert set(re.findall(r"`(\w+)`", words)) == {
            each["parameter_name"] for each in about["parameters"]
        }
        assert about["description"].endswith(".")
        types = [each["python_type"]["type"] for each in (*about["parameters"], *about["returns"])]
        assert "Any" not in types


def test_learned_styles_are_listed(anna):
    assert {"name": "starry-night", "title": "Starry night"} in anna.predict(api_name="/styles")


def test_a_photograph_is_painted_at_once(anna, pictures, tmp_path):
    photo, painting = pictures
    path = anna.predict(handle_file(photo), ["wave"], api_name="/paint")
    assert Path(path).name == "cat_wave.png"
    assert same(path, impasto.paint(photo, "wave"), tmp_path)
    path = anna.predict(
        photograph=handle_file(photo),
        styles=["wave"],
        paintings=[handle_file(painting)],
        shares=[0.25, 0.75],
        strength=0.5,
        keep_colors=True,
        size=32,
        stroke_size=0.5,
        api_name="/paint",
    )
    shares = {"wave": 0.25, str(painting): 0.75}
    changes = {"strength": 0.5, "keep_colors": True, "size": 32, "stroke_size": 0.5}
    assert same(path, impasto.paint(photo, shares, **changes), tmp_path)
    record = impasto.read_record(path)
    assert record["settings"] == {**changes, "keep_faces": 0.0}
    assert [(each["name"], each.get("share")) for each in record["inputs"][2:]] == [
        ("wave", 0.25),
        ("sea.png", 0.75),
    ]


def test_a_job_equals_the_command_line(anna, ask, pictures, tmp_path, where):
    job = ask()
    view = until(anna, job, ended)
    assert view["status"] == "done" and view["picture"] == "cat_sea.png"
    assert (view["width"], view["height"], view["iteration"]) == (48, 36, 8)
    assert len(view["losses"]) > 1 and view["settings"]["size"] == 48
    assert view["id"] == job == anna.predict(api_name="/runs")[0]["id"]
    result = impasto.stylize(*pictures, settings=impasto.Settings(**TINY))
    for which in (job, "cat_sea.png"):
        assert same(anna.predict(which, api_name="/picture"), result, tmp_path)
    found = anna.predict("cat SEA", api_name="/gallery")
    assert [each["name"] for each in found] == ["cat_sea.png"]
    assert (found[0]["width"], found[0]["height"], found[0]["command"]) == (48, 36, "stylize")
    assert anna.predict("dog", api_name="/gallery") == []
    assert (where.gallery / "anna/cat_sea.png").exists()
    for kind in ("jpg", "tif", "webp"):
        path = Path(anna.predict(job, kind, api_name="/picture"))
        assert path.name == f"cat_sea.{kind}"
        assert impasto.read_record(path)["settings"]["size"] == 48


def test_a_job_accepts_learned_styles_and_shares(anna, ask, pictures, tmp_path):
    job = ask(styles=["wave"], settings={**TINY, "style_weights": [1, 3]})
    view = until(anna, job, ended)
    assert (view["status"], view["styles"]) == ("done", ["Wave", "sea"]), view["error"]
    assert view["settings"]["style_weights"] == [1, 3]
    settings = impasto.Settings(**TINY, style_weights=(1, 3))
    result = impasto.stylize(pictures[0], ["wave", pictures[1]], settings=settings)
    assert same(anna.predict(job, api_name="/picture"), result, tmp_path)
    record = impasto.read_record(anna.predict(job, api_name="/picture"))
    painting = next(each for each in record["inputs"] if each["role"] == "style")
    assert {*painting} == {"role", "name", "sha256"} and painting["name"] == "wave"
    assert ended(
        until(anna, ask(settings={**TINY, "preset": "classic", "height": 40, "rounds": 1}), ended)
    )


def test_jobs_are_controlled(anna, ask):
    job, next_ = ask(settings=LONG), ask(settings=LONG)
    until(anna, job, lambda view: view["iteration"] > 2)
    assert anna.predict(next_, api_name="/run")["place"] == 1
    assert anna.predict(job, api_name="/pause")["status"] == "paused"
    until(anna, next_, lambda view: view["iteration"] > 2)
    assert anna.predict(next_, api_name="/drop")["id"] == next_
    assert "there is no such job" in refusal(anna.predict, next_, api_name="/run")
    view = anna.predict(job, {"strength": 0.5, "iterations": 2_000}, api_name="/change")
    assert (view["settings"]["strength"], view["settings"]["iterations"]) == (0.5, 2_000)
    assert anna.predict(job, api_name="/go_on")["status"] in ("waiting", "running")
    until(anna, job, lambda view: view["iterations"] < 10_000 and view["status"] == "running")
    refused = refusal(anna.predict, job, api_name="/picture")
    assert "the job is running and has no picture in the gallery yet" in refused
    anna.predict(job, api_name="/stop")
    view = until(anna, job, ended)
    assert view["status"] == "stopped" and view["picture"]
    refused = refusal(anna.predict, job, {"strength": 1}, api_name="/change")
    assert "has ended" in refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"masks": ["/etc/passwd#red"]}, "masks names a file"),
        ({"style_masks": ["a.png"]}, "style_masks names a file"),
        ({"protect": "a.png"}, "protect names a file"),
        ({"init": "/etc/passwd"}, "init names a file"),
        ({"weights": "a.h5"}, "weights can only be set by the owner of the studio"),
        ({"memory": 1000}, "memory can only be set by the owner of the studio"),
        ({"size": 4097}, "4097 pixels long, and the limit of the studio is 4096"),
        ({"height": 3100}, "4133 pixels long"),
        ({"iterations": 10_001}, "iterations is 10001, and the limit of the studio is 10000"),
        ({"budget": "25h"}, "budget"),
        ({"budget": 86_401}, "budget is 86401 s, and the limit of the studio is one day"),
        ({"print_mm": 500, "size": None}, "5906 pixels long"),
        ({"strenght": 1}, "no setting named strenght"),
        ({"strength": "much"}, "strength"),
        ({"style_weights": [1, 2]}, "style_weights"),
        ({"self": 1, "user": 2}, "no setting named"),
    ],
)
def test_settings_are_checked(anna, ask, changes, words):
    settings = {name: value for name, value in {**TINY, **changes}.items() if value is not None}
    assert words in refusal(ask, settings=settings)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"settings": [1]}, "settings must be an object"),
        ({"settings": "size"}, "settings must be an object"),
        ({"photograph": "/etc/passwd"}, "photograph must be an uploaded file"),
        ({"photograph": None}, "photograph must be an uploaded file"),
        ({"paintings": ["/etc/passwd"]}, "painting must be an uploaded file"),
        ({"paintings": []}, "expected 1 to 8 styles and paintings in all, got 0"),
        ({"styles": ["wave"] * 8}, "got 9"),
        ({"styles": ["/etc/passwd"]}, "there is no style '/etc/passwd'"),
        ({"styles": "wave"}, "styles"),
        ({"styles": [3]}, "styles"),
    ],
)
def test_invalid_jobs_are_refused(ask, values, words):
    assert words in refusal(ask, **values)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"size": 4097}, "the limit of the studio is 4096"),
        ({"size": 3}, "size"),
        ({"size": "large"}, "size"),
        ({"strength": 3}, "strength"),
        ({"keep_colors": "perhaps"}, "keep_colors"),
        ({"shares": [1, 2]}, "2 shares for 1 styles"),
        ({"shares": [-1]}, "shares"),
        ({"shares": ["all"]}, "shares"),
        ({"shares": [0]}, "not all 0"),
        ({"styles": ["nobody"]}, "no style 'nobody'; the styles are"),
        ({"styles": None}, "got 0"),
    ],
)
def test_invalid_paint_requests_are_refused(anna, pictures, values, words):
    values = {"photograph": handle_file(pictures[0]), "styles": ["wave"], **values}
    assert words in refusal(anna.predict, **values, api_name="/paint")


def test_a_file_that_is_not_a_picture_is_refused(anna, ask, tmp_path):
    path = tmp_path / "words.jpg"
    path.write_text("just words")
    file = handle_file(path)
    assert "words.jpg" in refusal(anna.predict, file, ["wave"], api_name="/paint")
    assert "words.jpg" in refusal(ask, photograph=file)
    assert "words.jpg" in refusal(ask, paintings=[file])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (("none.png",), "none.png"),
        (("../eva/x.png",), ""),
        (("/etc/passwd",), ""),
        ((3,), "picture must be a string, got int"),
        (("0" * 32,), "there is no such job"),
        (("none.png", "exe"), ""),
    ],
)
def test_a_missing_picture_is_refused(anna, values, words):
    assert words in refusal(anna.predict, *values, api_name="/picture")


def test_invalid_job_and_gallery_requests_are_refused(anna):
    for name in ("run", "pause", "go_on", "stop", "drop"):
        for job, words in (("", "no such job"), ("../x", "no such job"), ([1], "must be a string")):
            assert words in refusal(anna.predict, job, api_name=f"/{name}")
    assert "must be a string" in refusal(anna.predict, {"a": 1}, api_name="/gallery")
    for most in (0, 1001, "all", None):
        assert "most must be 1 to 1000" in refusal(anna.predict, "", most, api_name="/gallery")


def test_users_cannot_access_each_other(anna, eva, ask):
    job = ask()
    name = until(anna, job, ended)["picture"]
    for endpoint in ("run", "pause", "go_on", "stop", "drop", "picture"):
        assert "there is no such job" in refusal(eva.predict, job, api_name=f"/{endpoint}")
    assert "no such job" in refusal(eva.predict, job, {"strength": 1}, api_name="/change")
    assert name in refusal(eva.predict, name, api_name="/picture")
    assert eva.predict(api_name="/runs") == eva.predict(api_name="/gallery") == []


def test_a_file_that_was_not_uploaded_is_refused(anna, eva, pictures, where):
    eva.download_files = False
    made = eva.predict(handle_file(pictures[0]), ["wave"], api_name="/paint")
    for path in (made["path"], "/etc/passwd", "https://example.com/x.png"):
        file = {"path": path, "meta": {"_type": "another"}}  # not uploaded by the client
        with pytest.raises(HTTPStatusError, match=r"40[03]"):
            anna.predict(file, ["wave"], api_name="/paint")


def test_login_needs_the_password(where, tmp_path):
    for who in (None, "anna:wrong password"):
        with pytest.raises(Exception, match=r"401|[Ll]ogin"), client(where, tmp_path, who):
            pass


@pytest.fixture(scope="module")
def long_job(anna, pictures):
    """A long job."""
    photo, painting = map(handle_file, pictures)
    job = anna.predict(photo, [painting], LONG, api_name="/stylize")
    yield job
    anna.predict(job, api_name="/drop")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"protect": "/etc/passwd"}, "protect names a file"),
        ({"init": "/etc/passwd"}, "init names a file"),
        ({"memory": 1000}, "memory can only be set by the owner of the studio"),
        ({"size": 4097}, "4097 pixels long, and the limit of the studio is 4096"),
        ({"height": 3100}, "4133 pixels long"),
        ({"iterations": 1_000_000}, "the limit of the studio is 10000"),
        ({"budget": 1e9}, "the limit of the studio is one day"),
        ({"strength": 3}, "strength"),
        ({"style_weights": [1, 2]}, "style_weights has 2 values"),
        ({"self": 1, "user": 2, "run": 3}, "no setting named"),
        ([1], "settings must be an object"),
    ],
)
def test_changes_are_checked(anna, long_job, changes, words):
    assert words in refusal(anna.predict, long_job, changes, api_name="/change")
    assert anna.predict(long_job, api_name="/run")["settings"]["strength"] == 1
