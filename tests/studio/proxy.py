"""A reverse proxy in a thread, which serves a studio under a path."""

import contextlib
import http.client
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.serving import serving

_PIECE = 65536
_OF_CONNECTION = ("connection", "keep-alive", "transfer-encoding")
_ENDED = (OSError, http.client.HTTPException)  # a client or a studio that has gone


class _Handler(BaseHTTPRequestHandler):
    """Passes requests under `root` on to `studio`; answers all others with 404."""

    protocol_version = "HTTP/1.1"
    studio, root, strips = "", "", True

    def do_GET(self):
        if not self.path.startswith(f"{self.root}/"):
            self.send_error(404)
            return
        inner = http.client.HTTPConnection(self.studio, timeout=120)
        with contextlib.closing(inner), contextlib.suppress(*_ENDED):
            self._ask(inner)
            self._answer(inner.getresponse())

    do_HEAD = do_POST = do_GET

    def _ask(self, inner):
        path = self.path.removeprefix(self.root) if self.strips else self.path
        inner.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _OF_CONNECTION:
                inner.putheader(name, value)
        inner.endheaders(self.rfile.read(int(self.headers.get("content-length", 0))))

    def _answer(self, answer):
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_CONNECTION:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        while piece := answer.read1(_PIECE):
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def proxy(where, root, *, strips):
    """Serve a studio at `root` of another port; yield the URL of that port.

    Args:
        where: The running studio.
        root: Path such as `/studio`.
        strips: Whether the studio sees paths without `root`.
    """
    given = {"studio": urlsplit(where.url).netloc, "root": root, "strips": strips}
    handler = type("Handler", (_Handler,), given)
    with serving(handler) as url:
        yield url
