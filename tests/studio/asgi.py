"""Minimal ASGI applications, and requests without a server."""

import asyncio


def scope(path="/", method="GET", kind="http", client="10.0.0.1", **headers):
    """Return a scope; headers have `_` for `-`, and lists repeat a header."""
    raw = []
    for name, values in {"host": "localhost:7860", **headers}.items():
        for value in values if isinstance(values, list) else [values]:
            if value is not None:
                raw.append((name.replace("_", "-").encode(), value.encode("latin-1")))
    return {
        "type": kind,
        "method": method,
        "path": path,
        "headers": raw,
        "client": (client, 1234),
    }


def ask(app, request, parts=()):
    """Send a request in parts; return status, headers and body."""
    rest, sent = list(parts) or [b""], []

    async def receive():
        if not rest:
            return {"type": "http.disconnect"}
        body = rest.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(rest)}

    async def send(message):
        sent.append(message)

    asyncio.run(app(request, receive, send))
    if request["type"] == "websocket":
        return sent
    assert [message["type"] for message in sent[:1]] == ["http.response.start"]
    assert not sent[-1].get("more_body")
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


async def echo(request, receive, send):
    """Respond with the request body."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        body = {"type": "http.response.body", "body": message.get("body", b""), "more_body": more}
        await send(body)


async def swallow(request, receive, send):
    """Read the body, then respond; errors of reading become 500, as in frameworks."""
    status = 200
    try:
        while (await receive()).get("more_body"):
            pass
    except Exception:
        status = 500
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})
