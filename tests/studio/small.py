"""A studio with a tiny page, in its own process: `python -m tests.studio.small OPTIONS`."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Open(NamedTuple):
    """A running studio."""

    process: subprocess.Popen
    url: str
    gallery: Path
    temporary: Path


@contextlib.contextmanager
def tiny_page(config):
    """Build a page that turns a picture upside down and echoes a text."""
    import gradio as gr
    from PIL import Image

    from impasto.studio.app import Page
    from impasto.studio.security.users import gallery_of, user_named

    def turn(path, request: gr.Request):
        user = user_named(config.users, request.username)
        made = config.temporary.scratch / f"{user or 'nobody'}.png"
        Image.open(path).rotate(180).save(made)
        (gallery_of(config.users, user) / "made.png").write_bytes(made.read_bytes())
        return str(made)

    with gr.Blocks(title="Tiny") as blocks:
        given = gr.Image(type="filepath", label="Picture")
        word = gr.Textbox(label="Word")
        turned = gr.Image(label="Turned", interactive=False)
        gr.Button("Turn").click(turn, given, turned, api_name="turn")
        gr.Button("Echo").click(lambda text: text, word, word, api_name="echo")
    try:
        yield Page(blocks, {"theme": gr.themes.Soft(font=gr.themes.GoogleFont("Lobster"))})
    finally:
        sys.stdout.write("the page is closed\n")


@contextlib.contextmanager
def studio(folder, *words, module="tests.studio.small"):
    """Run a studio, and yield its process, URL and folders."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    gallery = folder / "gallery"
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--gallery", str(gallery), *words],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, (line, process.communicate(timeout=60))
        yield Open(process, found.group(), gallery, temporary)
    finally:
        process.kill()  # no effect on an ended process
        process.communicate()


def main(words):
    """Run `impasto studio` with the tiny page."""
    from impasto.cli import main

    sys.modules["impasto.studio.page.page"] = sys.modules[__name__]
    return main.main(["studio", "--no-browser", *words])


open_page = tiny_page

if __name__ == "__main__":
    sys.modules["tests.studio.small"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
