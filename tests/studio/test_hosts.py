"""Checks of hosts and origins, and security headers."""

import pytest
from tests.studio.asgi import ask, echo, scope

from impasto.studio.security.hosts import check_hosts, hosts_for

LOCAL = check_hosts(echo, hosts_for("127.0.0.1"))
OPEN = check_hosts(echo, hosts_for("0.0.0.0"))


def status(app, *words, **headers):
    return ask(app, scope(*words, **headers))[0]


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:7860", "127.0.0.1:9", "[::1]:7860", "[::1]"]
)
def test_local_host_names_are_accepted(host):
    assert status(LOCAL, host=host) == 200
    assert status(LOCAL, host=host, origin=f"http://{host}") == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.com", "evil.com:7860", "localhost.evil.com", "127.0.0.1.evil.com", "localhost."),
        *("localhost:7860:1", "evil.com#localhost", "user@localhost", "", " ", "localhost/x"),
        *("192.168.1.5", "[::2]", "localhost:", "127.1", "2130706433"),
        None,
        ["localhost", "evil.com"],
    ],
)
def test_other_names_are_refused(host):
    assert status(LOCAL, host=host) == 403


def test_the_bound_host_is_accepted():
    app = check_hosts(echo, hosts_for("Studio.local"))
    assert status(app, host="studio.local:7860") == 200
    assert status(app, host="localhost:7860") == 200
    assert status(app, host="other.local") == 403
    assert status(check_hosts(echo, hosts_for("fe80::1")), host="[fe80::1]:7860") == 200


def test_a_server_on_all_addresses_accepts_any_host_but_no_other_origin():
    assert status(OPEN, host="any.where") == 200
    assert status(OPEN, host="any.where", origin="http://evil.com") == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.com", "null", "http://localhost:3000", "http://localhost", "file://"),
        *("http://127.0.0.1:7860", "ftp://localhost:7860", "http://localhost:7860/", ""),
        *("http://localhost:7860@evil.com", "chrome-extension://localhost:7860"),
        ["http://localhost:7860", "http://evil.com"],
    ],
)
def test_other_origins_are_refused_for_all_methods(method, origin):
    assert status(LOCAL, "/x", method, origin=origin) == 403


def test_the_default_port_of_a_tls_proxy_may_be_omitted():
    assert status(OPEN, host="studio.example", origin="https://studio.example") == 200
    assert status(OPEN, host="studio.example:443", origin="https://studio.example") == 200
    assert status(OPEN, host="studio.example", origin="https://studio.example:8443") == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd"])
def test_only_links_to_the_page_are_accepted_from_other_sites(site):
    link = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert status(LOCAL, "/", sec_fetch_site=site, **link) == 200
    assert status(LOCAL, "/", "POST", sec_fetch_site=site, **link) == 403
    assert status(LOCAL, "/logout", sec_fetch_site=site, **link) == 403
    assert status(LOCAL, "/", sec_fetch_site=site, sec_fetch_mode="no-cors") == 403
    frame = {**link, "sec_fetch_dest": "iframe"}
    assert status(LOCAL, "/", sec_fetch_site=site, **frame) == 403


@pytest.mark.parametrize("site", ["same-origin", "none", None])
def test_same_origin_requests_and_programs_are_accepted(site):
    assert status(LOCAL, "/x", "POST", sec_fetch_site=site) == 200


def test_a_websocket_of_another_origin_is_closed():
    request = scope("/x", kind="websocket", origin="http://evil.com")
    sent = ask(LOCAL, request)
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1008)]


def test_responses_have_security_headers():
    for request in (scope("/"), scope("/", host="evil.com")):
        _, headers, _ = ask(LOCAL, request)
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"referrer-policy"] == b"same-origin"
        policy = headers[b"content-security-policy"].decode()
        assert "frame-ancestors 'none'" in policy and "default-src 'self'" in policy
        assert "http:" not in policy and "https:" not in policy and "*" not in policy
    _, headers, _ = ask(LOCAL, scope("/gradio_api/file=/tmp/x.svg"))
    assert b"sandbox" in headers[b"content-security-policy"]


def test_forwarding_headers_are_removed():
    async def list_headers(request, receive, send):
        names = b",".join(name for name, _ in request["headers"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": names})

    request = scope(x_forwarded_host="evil.com", x_gradio_server="http://evil.com", x_other="1")
    _, _, body = ask(check_hosts(list_headers, hosts_for("127.0.0.1")), request)
    assert body == b"host,x-other"


def test_cookies_are_same_site():
    async def set_cookie(request, receive, send):
        cookie = (b"set-cookie", b"a=b; SameSite=none; Secure")
        await send({"type": "http.response.start", "status": 200, "headers": [cookie]})
        await send({"type": "http.response.body", "body": b""})

    _, headers, _ = ask(check_hosts(set_cookie, None), scope())
    assert headers[b"set-cookie"] == b"a=b; SameSite=lax; Secure"
