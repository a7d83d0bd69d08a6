"""A server in a thread, and the clip of a fake camera, for tests in a browser."""

import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import numpy as np


@contextmanager
def serving(handler):
    """Serve requests by a handler of `http.server`; yield the URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def write_camera_clip(path, colours):
    """Write the clip that Chromium's fake camera shows again and again.

    Args:
        path: Ends in .y4m.
        colours: (H, W, 3), 0..1.
    """
    import av

    height, width = colours.shape[:2]
    with av.open(str(path), "w", format="yuv4mpegpipe") as container:
        stream = container.add_stream("rawvideo", rate=20)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(4):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.uint8(255 * colours))))
        container.mux(stream.encode())
    return path
