"""The server in its own process, accessed over the network."""

import contextlib
import io
import json
import os
import re
import signal
import socket

import httpx
import numpy as np
import pytest
from PIL import Image as PIL
from tests.studio.small import studio

from impasto.studio.gallery.temporary import _PREFIX

ANNA, EVA = "anna:correct horse", "eva:battery staple"
SESSION = "s1x7"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A studio without passwords."""
    with studio(
        tmp_path_factory.mktemp("alone"), "--max-upload", "1", "--max-pixels", "40000"
    ) as it:
        yield it


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A studio with two users."""
    with studio(tmp_path_factory.mktemp("shared"), "--auth", ANNA, "--auth", EVA) as it:
        yield it


@contextlib.contextmanager
def client(where, who=None):
    """Open a client; log in if `who` is given."""
    with httpx.Client(base_url=where.url, timeout=60) as made:
        if who:
            name, password = who.split(":")
            answer = made.post("/login", data={"username": name, "password": password})
            assert answer.status_code == 200, answer.text
        yield made


def picture(seed=0, size=(8, 6)):
    """Return colours and a PNG."""
    colors = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    file = io.BytesIO()
    PIL.fromarray(colors).save(file, "PNG")
    return colors, file.getvalue()


def upload(http, content, name="p.png"):
    answer = http.post("/gradio_api/upload", files={"files": (name, content)})
    return answer.json()[0] if answer.status_code == 200 else answer.status_code


def call(http, name, *data):
    """Call a function of the page; return its result, or the status code."""
    asked = http.post(f"/gradio_api/call/{name}", json={"data": data})
    if asked.status_code != 200:
        return asked.status_code
    answer = http.get(f"/gradio_api/call/{name}/{asked.json()['event_id']}")
    event, data = answer.text.split("\ndata: ", 1)
    return event.removeprefix("event: "), json.loads(data)


def turn(http, path):
    return call(http, "turn", {"path": path, "meta": {"_type": "gradio.FileData"}})


def fetch(http, path):
    return http.get(f"/gradio_api/file={path}")


def test_a_picture_is_processed(alone):
    with client(alone) as http:
        colors, content = picture()
        event, (made,) = turn(http, upload(http, content))
        assert event == "complete"
        answer = fetch(http, made["path"])
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert np.array_equal(PIL.open(alone.gallery / "made.png"), colors[::-1, ::-1])


def test_the_page_names_no_other_host(alone):
    with client(alone) as http:
        page = http.get("/").text
        head = page.replace(alone.url, "")
        config = http.get("/config").json()
        sheet = http.get("/theme.css").text
    assert not re.findall(r"(?:src|href|content)=\"(?:https?:)?//[^\"]*", head)
    assert config["stylesheets"] == []
    assert config["analytics_enabled"] is False
    assert {*re.findall(r"(?:https?:)?//[a-z.0-9]+", re.sub(r"/\*.*?\*/", "", sheet))} <= {
        "http://www.w3.org"
    }


def test_responses_have_a_content_security_policy(alone):
    with client(alone) as http:
        headers = http.get("/").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.com"},
        {"Origin": "http://evil.com"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/config", "/static/img/logo.svg", "/gradio_api/info"])
def test_other_sites_are_refused(alone, headers, path):
    with client(alone) as http:
        for method in ("GET", "POST", "OPTIONS"):
            assert http.request(method, path, headers=headers).status_code == 403
        assert "access-control-allow-origin" not in http.get(path, headers=headers).headers


def test_a_request_without_a_host_is_refused(alone):
    where = httpx.URL(alone.url)
    for lines in (b"GET / HTTP/1.0\r\n\r\n", b"GET http://evil.com/ HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection((where.host, where.port), timeout=20) as line:
            line.sendall(lines)
            assert line.recv(4096).split()[1] in (b"400", b"403")


def test_large_uploads_are_refused_at_once_and_while_streaming(alone):
    def parts():
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="p.png"\r\n\r\n'
        for _ in range(100):
            yield bytes(100_000)

    with client(alone) as http:
        assert upload(http, bytes(10_000_000)) == 413
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = http.post("/gradio_api/upload", content=parts(), headers=kind)
        assert answer.status_code == 413
        assert http.post("/gradio_api/queue/join", content=bytes(5_000_000)).status_code == 413
        assert http.post("/login", content=bytes(100_000)).status_code == 413
        assert http.post("/login", content=parts(), headers=kind).status_code == 413
        assert upload(http, bytes(900_000)) != 413


def test_a_picture_of_too_many_pixels_is_not_decoded(alone):
    with client(alone) as http:
        event, data = turn(http, upload(http, picture(size=(256, 256))[1]))
        assert event == "error"
        assert "Traceback" not in str(data)
        assert turn(http, upload(http, picture(size=(190, 200))[1]))[0] == "complete"


@pytest.mark.parametrize("content", [b"just words", b"%!PS-Adobe-3.0 EPSF-3.0\n", b""])
def test_a_file_that_is_not_a_picture_is_refused(alone, content):
    with client(alone) as http:
        assert turn(http, upload(http, content, "words.jpg"))[0] == "error"


def outside(where):
    """Return paths that lead out of the folder."""
    secret = where.gallery.parent / "secret.txt"
    secret.write_text("secret")
    files = next(where.temporary.glob(f"{_PREFIX}*/shown_*"))
    up = "../" * 20
    return [
        *(str(secret), f"{up}{secret}", f"{files}/../../../secret.txt", f"{files}/.."),
        *("/etc/passwd", f"{up}etc/passwd", f"{files}/{up}etc/passwd", "/proc/self/environ"),
        *(f"file://{secret}", "http://127.0.0.1:1/x", "https://example.com/x.png", "//etc/passwd"),
        *(f"{files}/\0/../../secret.txt", str(files), str(where.gallery), "~/.bashrc", "."),
        *(f"{files.parent}/lock", "..\\..\\secret.txt", "C:\\secret.txt", ""),
    ]


def quoted(path):
    """Return encodings of a path: quoted, quoted twice, and with quoted slashes."""
    once = "".join(f"%{byte:02x}" for byte in path.encode())
    return (once, once.replace("%", "%25"), path.replace("../", "..%2f").replace("\0", "%00"))


BELOW = (
    *("/gradio_api/file=", "/gradio_api/file/", "/static/", "/assets/", "/svelte/", "/pwa_icon/"),
    *("/gradio_api/proxy=", "/gradio_api/custom_component/x/client/component/", "/monitoring/"),
    *("/gradio_api/stream/", "/gradio_api/call/turn/", "/gradio_api/call/v2/turn/", "/"),
)


@pytest.mark.parametrize("below", BELOW)
def test_no_url_leads_out_of_the_folder(alone, below):
    with client(alone) as http:
        for path in outside(alone):
            for written in quoted(path) if path.strip(".") else ():
                request = http.build_request("GET", "/")
                request.url = request.url.copy_with(raw_path=(below + written).encode())
                with_it = http.send(request)
                text = with_it.text
                assert "secret" not in text.replace("secret.txt", ""), (below, path)
                assert "root:" not in text and "PYTHONPATH" not in text
                if "/call/" not in below:  # there, the stream contains the error
                    assert with_it.status_code in (400, 401, 403, 404, 405, 422), (below, path)


def test_no_event_names_a_file_outside_the_folder(alone):
    with client(alone) as http:
        for path in outside(alone):
            assert turn(http, path) in (400, 403), path
            body = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
            body |= {"fn_index": 0, "session_hash": SESSION}
            for address in ("/gradio_api/queue/join", "/gradio_api/run/turn"):
                assert http.post(address, json=body).status_code in (400, 403), path


def test_the_name_of_an_upload_stays_in_the_folder(alone):
    with client(alone) as http:
        for name in ("../../x.png", "/etc/x.png", "..%2fx.png", "a\\..\\x.png", "x" * 300, ".."):
            path = upload(http, picture(3)[1], name)
            assert isinstance(path, int) or str(alone.temporary) in os.path.realpath(path), name
        progress = http.get("/gradio_api/upload_progress", params={"upload_id": "../x"})
        assert progress.status_code == 404


def test_uploads_are_not_served_as_pages(alone):
    with client(alone) as http:
        for name in ("x.html", "x.svg", "x.xml"):
            page = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
            path = upload(http, page, name)
            turn(http, path)  # an event that names it must not change the headers
            headers = fetch(http, path).headers
            assert headers["content-disposition"].startswith("attachment")
            assert "sandbox" in headers["content-security-policy"]


def test_without_login_nothing_is_served(shared):
    with client(shared) as http:
        assert "auth_required" in http.get("/").text
        assert http.get("/health").json() == {"open": True}
        for address in ("config", "gradio_api/info", "gradio_api/queue/data?session_hash=x"):
            assert http.get(f"/{address}").status_code == 401
        for address in ("upload", "queue/join", "call/turn", "run/turn", "cancel", "reset"):
            assert http.post(f"/gradio_api/{address}").status_code == 401
        assert http.get("/gradio_api/heartbeat/x").status_code == 401
        assert fetch(http, "/etc/passwd").status_code == 401


def test_users_cannot_access_each_other(shared):
    with client(shared, ANNA) as anna, client(shared, EVA) as eva, client(shared) as nobody:
        path = upload(anna, picture(1)[1])
        event, (made,) = turn(anna, path)
        assert event == "complete"
        for file in (path, made["path"]):
            assert fetch(anna, file).status_code == 200
            assert fetch(eva, file).status_code == 403
            assert fetch(nobody, file).status_code == 401
            assert turn(eva, file) == 403
            assert call(eva, "echo", file) == 403  # otherwise the response would grant it
        assert (shared.gallery / "anna" / "made.png").exists()
        assert not (shared.gallery / "eva").exists()
        mine = upload(eva, picture(1)[1])  # her own copy of the same picture
        assert fetch(eva, mine).status_code == 200


def test_logout_invalidates_the_cookie(shared):
    with client(shared, EVA) as eva:
        path = upload(eva, picture(2)[1])
        cookies = dict(eva.cookies)
        eva.get("/logout")
        with httpx.Client(base_url=shared.url, cookies=cookies) as thief:
            assert fetch(thief, path).status_code == 401


def test_wrong_passwords_are_limited(tmp_path):
    with studio(tmp_path, "--auth", ANNA) as where, client(where) as http:
        for _ in range(10):
            form = {"username": "anna", "password": "wrong"}
            assert http.post("/login", data=form).status_code == 400
        form = {"username": "anna", "password": "correct horse"}
        answer = http.post("/login", data=form)
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_shutdown_ends_streams_and_removes_files(tmp_path, sent, code):
    with studio(tmp_path) as where, client(where) as http:
        upload(http, picture()[1])
        with http.stream("GET", "/gradio_api/heartbeat/x") as stream:
            parts = stream.iter_text()
            assert next(parts).startswith("data: ALIVE")
            where.process.send_signal(sent)
            list(parts)  # ends
        out, err = where.process.communicate(timeout=60)
    assert where.process.returncode == code
    assert "the page is closed" in out
    assert "Traceback" not in err
    assert ("the studio is closed" in err) == (sent == signal.SIGINT)
    assert list(where.temporary.iterdir()) == []


def test_a_used_port_is_refused(tmp_path, alone):
    port = httpx.URL(alone.url).port
    message = rf"port {port} is in use.*pass --port \d+"
    with pytest.raises(AssertionError, match=message), studio(tmp_path, "--port", str(port)):
        pass
