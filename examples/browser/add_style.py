"""Put a style that ships beside the page: its network, its painting, and what is known of it.

python add_style.py wave                # model.onnx, model.jpg, model.json
python add_style.py scream --kind float16
"""

import argparse
import json
import shutil
from pathlib import Path

import impasto

HERE = Path(__file__).parent


def add_style(style: str, kind: str = "int8", folder: Path = HERE) -> None:
    """Write `model.onnx`, and if the style's painting ships, `model.jpg` and `model.json`."""
    impasto.export_onnx(impasto.shipped_model(), folder / "model.onnx", style=style, kind=kind)
    painting = impasto.style_painting(style)
    for name in ("model.jpg", "model.json"):
        (folder / name).unlink(missing_ok=True)  # of another style
    if painting is not None:
        shutil.copyfile(painting, folder / "model.jpg")
        text = json.dumps(impasto.styles()[style], ensure_ascii=False, indent=1)
        (folder / "model.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("style")
    parser.add_argument("--kind", choices=["float32", "float16", "int8"], default="int8")
    impasto.tune_process()
    add_style(**vars(parser.parse_args()))
