"""Limits of request bodies."""

import pytest
from tests.studio.asgi import ask, echo, scope, swallow

from impasto.studio.security.body_limits import limit_bodies

UPLOAD = "/gradio_api/upload"
MOST = 1_000_000


def post(path, parts, app=swallow, **headers):
    return ask(limit_bodies(app, MOST), scope(path, "POST", **headers), parts)


def test_small_bodies_pass():
    assert post(UPLOAD, [b"x" * MOST])[0] == 200
    assert post("/login", [b"x" * 1000], content_length="1000")[0] == 200
    assert post(UPLOAD, [b"a", b"b", b"c"], echo)[2] == b"abc"


@pytest.mark.parametrize(
    ("path", "length"),
    [(UPLOAD, 1_600_000), (UPLOAD + "/", 1_600_000), ("/login", 64_001), ("/x", 1_600_000)],
)
def test_a_large_content_length_is_refused_at_once(path, length):
    status, headers, body = post(path, [b"x"], echo, content_length=str(length))
    assert status == 413
    assert b"MB, the limit" in body and headers[b"connection"] == b"close"


def test_a_large_stream_is_refused_while_it_is_read():
    asked = [b"x" * 100_000] * 100
    for app in (swallow, echo_late):
        assert post(UPLOAD, asked, app)[0] == 413


def test_the_error_names_the_limit():
    for parts, headers in (([b"x"], {"content_length": "60000000"}), ([b"x" * 10**6] * 60, {})):
        ends = ask(limit_bodies(swallow, 50_000_000), scope(UPLOAD, "POST", **headers), parts)
        assert ends[0] == 413 and b"larger than 50 MB, the limit" in ends[2]
    assert b"larger than 0.064 MB" in post("/login", [b"x"], content_length="64001")[2]


async def echo_late(request, receive, send):
    """Propagate errors of reading."""
    while (await receive()).get("more_body"):
        pass
    await echo(request, receive, send)


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "", "\xb2"])
def test_an_invalid_content_length_is_refused(length):
    assert post(UPLOAD, [b"x"], content_length=length)[0] == 400


def test_errors_of_the_application_propagate():
    async def fail(request, receive, send):
        raise KeyError("x")

    with pytest.raises(KeyError):
        post(UPLOAD, [b"x"], fail)
