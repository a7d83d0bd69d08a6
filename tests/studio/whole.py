"""The full studio in its own process, and API clients."""

import contextlib
import os
import sys
import time

import numpy as np
from PIL import Image as PIL
from tests.studio import small

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # no telemetry of Gradio's client

PATIENCE = 120  # seconds before a test fails
ENDED = ("done", "stopped", "failed")


def studio(folder, *words):
    """Run the studio, and yield its process, URL and folders."""
    return small.studio(folder, *words, module="tests.studio.whole")


@contextlib.contextmanager
def client(where, files, who=None):
    """Open a client of the studio; log in if `who` is given."""
    from gradio_client import Client

    made = Client(
        where.url,
        auth=tuple(who.split(":")) if who else None,
        download_files=files,
        verbose=False,
        analytics_enabled=False,
        ssl_verify=False,  # unused for http; loading the certificates is slow
    )
    try:
        yield made
    finally:
        made.close()


def until(api, job, wanted, pause=0.1):
    """Wait until the status of a job meets a condition, and return it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        view = api.predict(job, api_name="/run")
        if wanted(view):
            return view
        time.sleep(pause)
    raise AssertionError(f"timed out: {view}")


def ended(view):
    """Return whether a job has ended."""
    return view["status"] in ENDED


def squares(path, seed=0, size=(48, 64)):
    """Write a picture of coloured squares."""
    rng = np.random.default_rng(seed)
    few = rng.integers(0, 256, (size[0] // 8, size[1] // 8, 3), dtype=np.uint8)
    PIL.fromarray(few.repeat(8, axis=0).repeat(8, axis=1)).save(path)
    return path


if __name__ == "__main__":
    from impasto.cli import main

    sys.exit(main.main(["studio", "--no-browser", *sys.argv[1:]]))
