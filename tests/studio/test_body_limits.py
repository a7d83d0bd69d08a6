"""How much may be sent."""

import pytest
from tests.studio.asgi import ask, echo, scope, swallow

from impasto.studio.security.body_limits import limit_bodies

UPLOAD = "/gradio_api/upload"
MOST = 1_000_000


def post(path, parts, app=swallow, **headers):
    return ask(limit_bodies(app, MOST), scope(path, "POST", **headers), parts)


def test_what_is_small_comes_through():
    assert post(UPLOAD, [b"x" * MOST])[0] == 200
    assert post("/login", [b"x" * 1000], content_length="1000")[0] == 200
    assert post(UPLOAD, [b"a", b"b", b"c"], echo)[2] == b"abc"


@pytest.mark.parametrize(
    ("path", "length"),
    [(UPLOAD, 1_600_000), (UPLOAD + "/", 1_600_000), ("/login", 64_001), ("/x", 1_600_000)],
)
def test_what_says_that_it_is_large_is_refused_before_it_comes(path, length):
    status, headers, body = post(path, [b"x"], echo, content_length=str(length))
    assert status == 413
    assert b"MB, the limit" in body and headers[b"connection"] == b"close"


def test_what_does_not_say_is_refused_while_it_comes():
    asked = [b"x" * 100_000] * 100
    for app in (swallow, echo_late):
        assert post(UPLOAD, asked, app)[0] == 413


def test_the_limit_that_was_set_is_named():
    for parts, headers in (([b"x"], {"content_length": "60000000"}), ([b"x" * 10**6] * 60, {})):
        ends = ask(limit_bodies(swallow, 50_000_000), scope(UPLOAD, "POST", **headers), parts)
        assert ends[0] == 413 and b"larger than 50 MB, the limit" in ends[2]
    assert b"larger than 0.064 MB" in post("/login", [b"x"], content_length="64001")[2]


async def echo_late(request, receive, send):
    """Let an error of the reading through."""
    while (await receive()).get("more_body"):
        pass
    await echo(request, receive, send)


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "", "\xb2"])
def test_a_length_that_is_none_is_refused(length):
    assert post(UPLOAD, [b"x"], content_length=length)[0] == 400


def test_errors_of_the_application_stay_its_own():
    async def fail(request, receive, send):
        raise KeyError("x")

    with pytest.raises(KeyError):
        post(UPLOAD, [b"x"], fail)
