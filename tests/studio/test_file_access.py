"""Access to temporary files by user."""

import json

import pytest
from tests.studio.asgi import ask, echo, scope

from impasto.studio.security.file_access import FileOwners, protect_files

NAME = "a" * 64
OTHER = "b" * 64


def named(request):
    """Return the user name, which is the cookie."""
    return dict(request["headers"]).get(b"cookie", b"").decode() or None


@pytest.fixture
def owners(tmp_path):
    folder = tmp_path.resolve() / "files_x7"
    for name in (NAME, OTHER):
        (folder / name).mkdir(parents=True)
        (folder / name / "p.png").write_bytes(b"x")
    (tmp_path / "secret.txt").write_text("x")
    (folder / "loose.png").write_bytes(b"x")
    (folder / OTHER / "link.png").symlink_to(tmp_path / "secret.txt")
    return FileOwners(folder, named, several=True, granted={"anna": {NAME}, "eva": {OTHER}})


def read(owners, path, user="anna"):
    return ask(protect_files(echo, owners), scope(f"/gradio_api/file={path}", cookie=user))[0]


def event(owners, data, user="anna", path="/gradio_api/queue/join"):
    request = scope(path, "POST", cookie=user, content_type="application/json")
    body = json.dumps({"data": data}).encode()
    return ask(protect_files(echo, owners), request, [body[:10], body[10:]])


def test_a_file_is_served_only_to_users_it_was_granted_to(owners):
    path = owners.folder / NAME / "p.png"
    assert read(owners, path) == 200
    assert read(owners, path, "eva") == 403
    assert read(owners, path, None) == 403
    owners.common.add(NAME)
    assert read(owners, path, "eva") == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "{}/../secret.txt", "{}/" + OTHER + "/../../secret.txt", "{}", "{}/"),
        *("http://127.0.0.1:1/x", "https://example.com/x.png", "file:///etc/passwd", "", "."),
        *("{}/" + NAME + "/\0.png", "{}/loose.png", "../secret.txt", "{}/" + OTHER + "/link.png"),
        *("/proc/self/environ", "~/.bashrc", "\\\\host\\share", "{}x/a/b", "%2e%2e/secret.txt"),
    ],
)
def test_no_path_leads_out_of_the_folder(owners, path):
    path = path.format(owners.folder)
    for several in (True, False):
        alone = FileOwners(owners.folder, named, several, {"eva": {OTHER, NAME}})
        assert read(alone, path, "eva") == 403
        status, _, _ = event(alone, [{"path": path, "meta": {"_type": "gradio.FileData"}}], "eva")
        assert status in (400, 403)


def test_an_event_names_only_files_of_its_user(owners):
    file = {"path": str(owners.folder / NAME / "p.png"), "url": f"http://x/{NAME}"}
    deep = [[{"value": {"image": file}}]]
    status, _, body = event(owners, deep)
    assert status == 200 and json.loads(body)["data"] == deep
    for path in ("/gradio_api/call/turn", "/gradio_api/run/turn", "/gradio_api/component_server"):
        assert event(owners, deep, "eva", path)[0] == 403
    assert event(owners, deep, "eva")[0] == 403


def test_a_path_in_any_text_of_an_event_must_belong_to_the_user(owners):
    path = f"{owners.folder.name}/{NAME}/p.png"
    assert event(owners, ["see " + path])[0] == 200
    assert event(owners, ["see " + path], "eva")[0] == 403
    assert event(owners, [{path: 1}], "eva")[0] == 403
    assert event(owners, [path.replace("/", "%2F")], "eva")[0] == 403


def test_invalid_json_is_refused(owners):
    request = scope("/gradio_api/queue/join", "POST", cookie="anna")
    assert ask(protect_files(echo, owners), request, [b"{"])[0] == 400
    assert ask(protect_files(echo, owners), request, [b"[" * 100_000])[0] == 400


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream; charset=utf-8"])
def test_files_named_in_a_response_are_granted(owners, kind):
    new = "c" * 64
    (owners.folder / new).mkdir()
    (owners.folder / new / "p.png").write_bytes(b"x")
    text = f'data: ["{owners.folder}/{new}/p.png"]'.encode()

    async def respond(request, receive, send):
        assert b"accept-encoding" not in dict(request["headers"])
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for at in range(0, len(text), 7):
            part = {"type": "http.response.body", "body": text[at : at + 7], "more_body": True}
            await send(part)
        await send({"type": "http.response.body", "body": b""})

    request = scope("/gradio_api/queue/data", cookie="anna", accept_encoding="br")
    assert ask(protect_files(respond, owners), request)[2] == text
    assert read(owners, owners.folder / new / "p.png") == 200
    assert read(owners, owners.folder / new / "p.png", "eva") == 403


def test_a_session_belongs_to_the_first_user_who_names_it(owners):
    app = protect_files(echo, owners)

    def post(user, session, path="/gradio_api/queue/join"):
        request = scope(path, "POST", cookie=user, content_type="application/json")
        return ask(app, request, [json.dumps({"data": [], "session_hash": session}).encode()])[0]

    def get(user, session):
        request = scope("/gradio_api/queue/data", cookie=user)
        return ask(app, {**request, "query_string": f"session_hash={session}".encode()})[0]

    assert post("anna", "x") == get("anna", "x") == post("anna", "x", "/gradio_api/cancel") == 200
    assert post("eva", "x") == get("eva", "x") == post("eva", "x", "/gradio_api/cancel") == 403
    assert ask(app, scope("/gradio_api/heartbeat/x", cookie="eva"))[0] == 403
    assert get("eva", "y") == 200 and get("anna", "y") == 403
