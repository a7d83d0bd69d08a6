"""The studio under a path, behind proxies that remove the path and that pass it on."""

import json
import re
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from gradio_client import handle_file
from PIL import Image
from tests.studio import small, whole
from tests.studio.asgi import ask, echo, scope
from tests.studio.proxy import proxy

import impasto
from impasto.cli.commands import Studio
from impasto.errors import SettingsError
from impasto.studio.launch import open_studio
from impasto.studio.security.hosts import check_hosts, hosts_for
from impasto.studio.security.root_path import serve_under

ROOT = "/studio"
ANNA, EVA = "anna:correct horse", "eva:battery staple"


async def show(request, receive, send):
    """Respond with the path; `/away` redirects, `/cookie` sets one."""
    headers = {
        "/slash": [(b"location", b"http://localhost:7860/other")],
        "/home": [(b"location", b"https://localhost:7860/studio")],
        "/away": [(b"location", b"https://else.where/x")],
        "/cookie": [(b"set-cookie", b"a=b; HttpOnly; Path=/; SameSite=lax")],
    }.get(request["path"], [])
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": request["path"].encode()})


HOSTS = hosts_for("127.0.0.1")
APP = serve_under(check_hosts(show, HOSTS), ROOT, HOSTS)


@pytest.mark.parametrize(
    "root",
    [
        *("", "/", "studio", "/studio/", "//studio", "/a//b", "/..", "/a/../b", "/a/.", "/./a"),
        *("/studio?x=1", "/studio#x", "/stu dio", "/st%75dio", "/스튜디오", "http://a.b/studio"),
        *("/a\\b", "/a;b", "/a\r\nSet-Cookie: b=c", "/studio\n", '/"', "/" + 300 * "a"),
    ],
)
def test_other_paths_are_refused(tmp_path, root):
    with pytest.raises(SettingsError, match="--root-path must be a path such as /studio") as caught:
        open_studio(Studio(gallery=tmp_path, root_path=root))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("root", ["/login", "/gradio_api", "/static/x", "/assets", "/health"])
def test_addresses_of_the_page_are_refused(tmp_path, root):
    with pytest.raises(SettingsError, match="--root-path cannot start with /"):
        open_studio(Studio(gallery=tmp_path, root_path=root))


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/studio/", "/"),
        ("/", "/"),
        ("/studio/x/y", "/x/y"),
        ("/x/y", "/x/y"),
        ("/studio/studio/x", "/studio/x"),
        ("/studios/x", "/studios/x"),
        ("/studio//x", "//x"),
        ("/studio/../x", "/../x"),
    ],
)
def test_the_path_is_removed_once(path, seen):
    status, _, body = ask(APP, scope(path))
    assert (status, body.decode()) == (200, seen)


def test_the_path_without_a_slash_leads_to_the_page():
    status, headers, _ = ask(APP, {**scope("/studio"), "query_string": b"a=1"})
    assert (status, headers[b"location"]) == (307, b"/studio/?a=1")
    assert b"content-security-policy" in headers
    assert ask(APP, scope("/studio", host="evil.com"))[0] == 403


def test_redirects_and_cookies_have_the_path():
    def header(path, name):
        return ask(APP, scope(path))[1][name].decode()

    assert header("/studio/slash", b"location") == "http://localhost:7860/studio/other"
    assert header("/studio/home", b"location") == "https://localhost:7860/studio/"
    assert header("/studio/away", b"location") == "https://else.where/x"
    assert header("/studio/cookie", b"set-cookie") == "a=b; HttpOnly; Path=/studio; SameSite=lax"


@pytest.mark.parametrize("path", ["/studio", "/studio/", "/studio/login", "/"])
def test_hosts_and_origins_are_checked(path):
    for headers in (
        {"host": "evil.com"},
        {"origin": "http://evil.com"},
        {"origin": "http://localhost:1"},
        {"sec_fetch_site": "cross-site"},
    ):
        assert ask(APP, scope(path, "POST", **headers))[0] == 403
    link = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    linked = ask(APP, scope(path, sec_fetch_site="cross-site", **link))[0]
    assert linked == {"/studio": 307, "/studio/login": 403}.get(path, 200)


def test_websockets_are_not_redirected():
    app = serve_under(check_hosts(echo, HOSTS), ROOT, HOSTS)
    sent = ask(app, scope("/studio", kind="websocket", origin="http://evil.com"))
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A small studio with two users, under the path."""
    folder = tmp_path_factory.mktemp("shared")
    with small.studio(folder, "--root-path", ROOT, "--auth", ANNA, "--auth", EVA) as it:
        yield it


@pytest.fixture(scope="module", params=[True, False], ids=["strips", "keeps"])
def address(shared, request):
    """The page behind a proxy."""
    with proxy(shared, ROOT, strips=request.param) as it:
        yield f"{it}{ROOT}"


def log_in(http, address, who):
    name, password = who.split(":")
    return http.post(f"{address}/login", data={"username": name, "password": password})


def test_the_address_of_the_page_is_printed_with_the_path(shared):
    assert urlsplit(shared.url).path == f"{ROOT}/"
    assert httpx.get(shared.url).status_code == 200  # also without a proxy


def test_the_page_names_nothing_outside_the_path(address):
    with httpx.Client() as http:
        log_in(http, address, ANNA)
        page = http.get(f"{address}/")
        config = http.get(f"{address}/config").json()
        linked = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
        assert page.status_code == 200 and config["root"] == address
        assert [link for link in linked if not link.startswith("./")] == []
        for link in linked:
            assert http.get(f"{address}/{link}").status_code == 200, link


def test_users_log_in_and_out_under_the_path(address):
    with httpx.Client() as http:
        assert http.get(f"{address}/gradio_api/info").status_code == 401
        assert log_in(http, address, "anna:wrong horse").status_code == 400
        assert log_in(http, address, ANNA).status_code == 200
        paths = {cookie.path for cookie in http.cookies.jar}
        assert paths == {ROOT} and len(http.cookies) == 2
        assert http.get(f"{address}/gradio_api/info").status_code == 200
        answer = http.get(f"{address}/logout")
        assert answer.is_redirect
        assert answer.headers["location"] == f"{address}/"
        assert len(http.cookies) == 0
        assert http.get(f"{address}/gradio_api/info").status_code == 401


def test_a_picture_is_processed_under_the_path(address, tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (8, 6, 3), dtype=np.uint8)
    path = tmp_path / "p.png"
    Image.fromarray(colors).save(path)
    with httpx.Client() as http:
        log_in(http, address, ANNA)
        files = {"files": ("p.png", path.read_bytes())}
        (uploaded,) = http.post(f"{address}/gradio_api/upload", files=files).json()
        data = {"data": [{"path": uploaded, "meta": {"_type": "gradio.FileData"}}]}
        called = f"{address}/gradio_api/call/turn"
        event = http.post(called, json=data).json()["event_id"]
        answer = http.get(f"{called}/{event}").text
        (made,) = json.loads(answer.split("\ndata: ", 1)[1])
        assert made["url"].startswith(f"{address}/gradio_api/file=")
        assert http.get(made["url"]).status_code == 200
        with httpx.Client() as other:
            log_in(other, address, EVA)
            assert other.get(made["url"]).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/gradio_api/file=/etc/passwd", 401),
        ("/monitoring", 404),
        ("/studio/login/x", 404),
        ("/gradio_api/proxy=http://evil.com", 404),
        ("//evil.com", 404),
    ],
)
def test_closed_routes_are_closed_under_the_path(address, path, status):
    with httpx.Client() as http:
        assert http.get(f"{address}{path}").status_code == status


def test_wrong_origins_are_refused_under_the_path(address):
    with httpx.Client() as http:
        for headers in ({"Origin": "http://evil.com"}, {"Host": "evil.com"}):
            assert http.get(f"{address}/", headers=headers).status_code == 403


@pytest.mark.parametrize("strips", [True, False])
def test_clients_paint_under_the_path(tmp_path, photograph, strips):
    with (
        whole.studio(tmp_path, "--root-path", ROOT, "--auth", ANNA) as studio,
        proxy(studio, ROOT, strips=strips) as url,
        whole.client(studio._replace(url=f"{url}{ROOT}"), tmp_path / "files", ANNA) as api,
    ):
        made = api.predict(handle_file(photograph), ["wave"], api_name="/paint")
        assert impasto.read_image(made).shape == (192, 256, 3)
        assert api.predict(api_name="/gallery") == []
