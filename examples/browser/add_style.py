"""Put a network beside the page: with one style that ships, or with all its styles.

python add_style.py wave                # model.onnx, model.jpg, model.json
python add_style.py wave --kind float16
python add_style.py                     # model.onnx, model.bin, model.json, model-wave.jpg, ...
python add_style.py --model run/model.impasto
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

import impasto

HERE = Path(__file__).parent
THUMBNAIL = (240, 240)  # pixels, at most
SHOWN = ("title", "painter", "year")


def add_style(style: str, kind: str = "int8", folder: Path = HERE) -> None:
    """Write `model.onnx`, and if the style's painting ships, `model.jpg` and `model.json`."""
    impasto.export_onnx(impasto.shipped_model(), folder / "model.onnx", style=style, kind=kind)
    remove_others(folder)
    painting = impasto.style_painting(style)
    if painting is not None:
        shutil.copyfile(painting, folder / "model.jpg")
        write_json(folder / "model.json", impasto.styles()[style])


def add_styles(model: str | None = None, kind: str = "int8", folder: Path = HERE) -> None:
    """Write `model.onnx`, which takes a style vector, and what is known of its styles.

    `model.bin` has their vectors in the order of `model.json`, float32, little-endian;
    `model-NAME.jpg` are small paintings, of those styles that ship.
    """
    network = impasto.shipped_model() if model is None else impasto.load_model(model)
    path = folder / "model.onnx"
    impasto.export_onnx(network, path, kind=kind)
    remove_metadata(path)
    remove_others(folder)
    vectors = np.stack(list(network.styles.values()))
    (folder / "model.bin").write_bytes(vectors.astype("<f4").tobytes())
    facts, shipped = impasto.styles(model), impasto.styles()
    known = {}
    for name in network.styles:
        about = facts.get(name, {})
        known[name] = {key: about[key] for key in SHOWN if key in about}
        if about and about.get("title") == shipped.get(name, {}).get("title"):
            with Image.open(impasto.style_painting(name)) as image:
                image.thumbnail(THUMBNAIL)
                image.save(folder / f"model-{name}.jpg")
    write_json(folder / "model.json", {"styles": known})


def remove_metadata(path: Path) -> None:
    """Remove the copy of the vectors that an exported file has, a million characters."""
    made = onnx.load(path)
    del made.metadata_props[:]
    onnx.save(made, path)


def remove_others(folder: Path) -> None:
    """Remove what was written for another network."""
    for path in [*folder.glob("model.*"), *folder.glob("model-*.jpg")]:
        if path.suffix in (".jpg", ".json", ".bin"):
            path.unlink()


def write_json(path: Path, data: dict) -> None:
    """Write data as JSON."""
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("style", nargs="?", help="a style that ships; without it, all styles")
    parser.add_argument("--model", help="a network of your own, with all its styles")
    parser.add_argument("--kind", choices=["float32", "float16", "int8"], default="int8")
    given = parser.parse_args()
    if given.style and given.model:
        parser.error("--model takes no style")
    impasto.tune_process()
    if given.style:
        add_style(given.style, given.kind)
    else:
        add_styles(given.model, given.kind)
