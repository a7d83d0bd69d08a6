"""Make the small pictures of the paintings that ship with the package.

    python training/pictures.py DATA

DATA holds the paintings of `styles.csv`. Each becomes `src/impasto/models/paintings/NAME.jpg`: long
side at most 512 pixels, never enlarged, sRGB, at most 60 kB, no metadata. What is known of them
goes from `styles.csv` into `paintings.json` beside them.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

from paintings import FACTS, HERE, read_styles
from PIL import Image as PIL

import impasto

FOLDER = HERE.parent / "src/impasto/models/paintings"
LONG_SIDE, LARGEST = 512, 60_000  # pixels, bytes
BEST, LEAST = 95, 50  # JPEG quality
MARKED = {"olive-trees": 18, "straw-hat": 15}  # lowest rows, with the mark of who scanned them


def reduced(path: Path, cut: int = 0) -> PIL.Image:
    """Read a painting, cut rows off its lower edge, and reduce it to `LONG_SIDE`."""
    image = impasto.read_image(path)  # upright, in sRGB
    picture = PIL.fromarray((image[: image.shape[0] - cut] * 255).round().astype("uint8"))
    picture.thumbnail((LONG_SIDE, LONG_SIDE), PIL.Resampling.LANCZOS)
    return picture


def encoded(picture: PIL.Image) -> bytes:
    """Return the JPEG of the best quality that has at most `LARGEST` bytes.

    Raises:
        ValueError: It has more at a quality of `LEAST`.
    """
    for quality in range(BEST, LEAST - 1, -1):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, progressive=True, optimize=True)
        if file.tell() <= LARGEST:
            return file.getvalue()
    raise ValueError(f"more than {LARGEST} bytes at quality {LEAST}")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    data, styles = parser.parse_args().data, read_styles()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.jpg"):
        old.unlink()
    for style in styles:
        picture = reduced(data / style["file"], MARKED.get(style["name"], 0))
        place = FOLDER / f"{style['name']}.jpg"
        print(place.name, *picture.size, place.write_bytes(encoded(picture)))
    facts = {style["name"]: {key: style[key] for key in FACTS} for style in styles}
    text = json.dumps(facts, ensure_ascii=False, indent=1)
    (FOLDER / "paintings.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
