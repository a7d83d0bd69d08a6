"""Allow-list of routes, login, and the limit of wrong passwords."""

import asyncio

import pytest
from tests.studio.asgi import ask, echo, scope

from impasto.studio.security.routes import RoutePolicy, restrict_routes


def named(request):
    """Return the user name, which is the cookie."""
    return dict(request["headers"]).get(b"cookie", b"").decode() or None


def restricted(login_required=True, app=echo, pages=("/gallery",)):
    return restrict_routes(app, RoutePolicy(named, login_required, pages))


@pytest.mark.parametrize("path", ["/", "/login", "/static/x.js", "/assets/x.js", "/health"])
def test_public_routes_need_no_login(path):
    assert ask(restricted(), scope(path))[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/upload", "/gallery"),
        *("/gradio_api/file=/x", "/gradio_api/heartbeat/x", "/gradio_api/cancel", "/gallery/"),
        *("/gradio_api/call/x", "/gradio_api/run/x", "/gradio_api/component_server"),
    ],
)
def test_other_routes_need_a_login(path):
    app = restricted()
    assert ask(app, scope(path))[0] == 401
    assert ask(app, scope(path, cookie="anna"))[0] == 200
    assert ask(restricted(login_required=False), scope(path))[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/proxy=http://x", "/gradio_api/stream/x", "/monitoring", "/monitoring/x"),
        *("/gradio_api/vibe-edit", "/gradio_api/dev/reload", "/gradio_api/deep_link", "/docs"),
        *("/gradio_api/token", "/gradio_api/runs", "/gradio_api/custom_component/a/client/b/c"),
        *("//", "//login", "/./", "/gradio_api//upload", "/openapi.json", "/gradio_api/file/x"),
    ],
)
def test_unknown_routes_are_closed(path):
    assert ask(restricted(), scope(path, cookie="anna"))[0] == 404


def test_websockets_are_refused():
    assert ask(restricted(), scope("/", kind="websocket"))[0]["type"] == "websocket.close"


async def wrong(request, receive, send):
    """Accept logins with a cookie, and refuse others."""
    status = 200 if named(request) else 400
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_ten_wrong_passwords_block_one_client():
    app = restricted(app=wrong)
    for _ in range(10):
        assert ask(app, scope("/login", "POST"))[0] == 400
    status, headers, _ = ask(app, scope("/login/", "POST", cookie="anna"))
    assert status == 429
    assert 1 <= int(headers[b"retry-after"]) <= 60
    assert ask(app, scope("/login", "POST", client="10.0.0.2"))[0] == 400
    assert ask(app, scope("/"))[0] == 400


def test_correct_passwords_are_not_counted():
    app = restricted(app=wrong)
    for _ in range(30):
        assert ask(app, scope("/login", "POST", cookie="anna"))[0] == 200


def test_concurrent_logins_do_not_block_each_other():
    """Behind a reverse proxy, all users are one client."""

    async def slow(request, receive, send):
        await asyncio.sleep(0)
        await wrong(request, receive, send)

    async def all_at_once(app, requests):
        found = []

        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            found.append(message.get("status"))

        await asyncio.gather(*[app(each, receive, send) for each in requests])
        return sorted(status for status in found if status)

    right = [scope("/login", "POST", cookie="anna")] * 30
    assert asyncio.run(all_at_once(restricted(app=slow), right)) == [200] * 30
    guessed = [scope("/login", "POST")] * 30
    assert asyncio.run(all_at_once(restricted(app=slow), guessed)) == [400] * 10 + [429] * 20


def test_an_ipv6_network_is_one_client():
    app = restricted(app=wrong)
    found = [ask(app, scope("/login", "POST", client=f"fd00::{i:x}"))[0] for i in range(11)]
    assert found == [400] * 10 + [429]


def test_attempts_expire_after_a_minute():
    known = RoutePolicy(named, True)
    app = restrict_routes(wrong, known)
    for _ in range(10):
        ask(app, scope("/login", "POST"))
    for times in known.attempts.values():
        for _ in range(len(times)):
            times.append(times.popleft() - 61)
    assert ask(app, scope("/login", "POST"))[0] == 400
