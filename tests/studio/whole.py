"""The studio as it is, in a process of its own, and clients of it."""

import contextlib
import os
import sys
import time

import numpy as np
from PIL import Image as PIL
from tests.studio import small

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio's client reports to its makers, else

PATIENCE = 120  # seconds after which a test gives up
ENDED = ("done", "stopped", "failed")


def studio(folder, *words):
    """Open the studio and yield what is known of it; it is ended in the end."""
    return small.studio(folder, *words, module="tests.studio.whole")


@contextlib.contextmanager
def client(where, files, who=None):
    """Open a client of the studio; one who has a name logs in."""
    from gradio_client import Client

    made = Client(
        where.url,
        auth=tuple(who.split(":")) if who else None,
        download_files=files,
        verbose=False,
        analytics_enabled=False,
        ssl_verify=False,  # of no account for http, but loading the certificates takes long
    )
    try:
        yield made
    finally:
        made.close()


def until(api, run, wanted, pause=0.1):
    """Wait until a run stands as wanted, and return how it stands."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        view = api.predict(run, api_name="/run")
        if wanted(view):
            return view
        time.sleep(pause)
    raise AssertionError(f"nothing came of it: {view}")


def ended(view):
    """Tell whether a run has ended."""
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
