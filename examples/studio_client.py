"""Let a studio that is open (`impasto studio`) paint: at once, and then by the slow route.

python examples/studio_client.py painted.png [long side] [address] [name:password]
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before the import: no word to other hosts

import skimage.data
from gradio_client import Client, handle_file

import impasto

output = Path(sys.argv[1])
size = int(sys.argv[2]) if len(sys.argv) > 2 else 256
address = sys.argv[3] if len(sys.argv) > 3 else "http://127.0.0.1:7860"
auth = tuple(sys.argv[4].split(":", 1)) if len(sys.argv) > 4 else None

with tempfile.TemporaryDirectory() as folder:
    studio = Client(
        address, auth=auth, download_files=folder, analytics_enabled=False, verbose=False
    )
    photograph = impasto.write_image(Path(folder) / "cat.png", skimage.data.chelsea() / 255)
    painting = impasto.write_image(Path(folder) / "swirls.png", impasto.sample_style("swirls"))

    # At once, in a style that the studio has learned.
    painted = studio.predict(
        photograph=handle_file(photograph), styles=["wave"], size=size, api_name="/paint"
    )
    print(f"painted at once: {painted}")

    # By the slow route, after a painting.
    run = studio.predict(
        photograph=handle_file(photograph),
        paintings=[handle_file(painting)],
        settings={"size": size, "quality": "draft"},
        api_name="/stylize",
    )
    view = studio.predict(run, api_name="/run")
    while view["status"] in ("waiting", "running", "paused"):
        where = f"place {view['place']}" if view["place"] else f"evaluation {view['iteration']}"
        print(f"{view['status']}: {where}")
        time.sleep(1)
        view = studio.predict(run, api_name="/run")
    if view["picture"] is None:
        sys.exit(f"{view['status']}: {view['error']}")

    shutil.copy(studio.predict(run, "png", api_name="/picture"), output)
    print(f"{output}: {view['picture']} of the studio's gallery")
