"""Train the network that ships with the package, from photographs and paintings to the file.

    python training/paintings.py make DATA RUN [--budget 8m | --steps N] [--model FILE] [--resume]
    python training/paintings.py pack DATA FILE.tar
    python training/paintings.py ship RUN [--figures FIGURES.json]

DATA is a folder with `photos/`, photographs, `paintings/`, that the predictor learns from, and the
paintings of `styles.csv`, or a file that `pack` made of such a folder, of at most 36 MB, to be
taken to a machine with a GPU. `make` does all of it: the network with its styles, then the
predictor alone, then RUN/paintings.impasto and a sheet of pictures; each part goes on with
--resume. With --model the network begins as that one, so that what shipped before learns more. The
time of `--budget` is shared 5 to 1 between the two. `ship` puts the file with its card, and the
figures on it, into the package; `pictures.py` puts the paintings there.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import json
import shutil
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import impasto

impasto.tune_process()

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "src/impasto/models/paintings.impasto"
FACTS = ("title", "painter", "year", "source", "licence")  # what is known of each painting
SETTINGS: dict[str, Any] = {  # the network is the default one
    "batch": 16,
    "steps": 12_000,
    "zoom": 2.2,
    "average": 0.999,
    "others_share": 0.25,
    "predictor_width": 256,
}
ON_A_CPU: dict[str, Any] = {"batch": 4, "crop": 192, "steps": 20_000}  # what two cores can do
FOR_THE_PREDICTOR = 1 / 6  # of the time
PREDICTOR_STEPS = 2000
KEPT_BACK = 12  # of so many other paintings one is not learned from, but kept to judge by
SAVE_EVERY, PREVIEW_EVERY = 500, 1000
MOST_BYTES = 36_000_000
PACKED = {"photos": (640, 72), "paintings": (512, 58), "styles": (768, 85)}  # long side, quality


def read_styles() -> list[dict[str, str]]:
    """Return `name` and `file` of each style, and `FACTS`."""
    with (HERE / "styles.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pack(data: Path, output: Path) -> None:
    """Write what training needs into one file, the pictures smaller."""
    files = {f"photos/{path.stem}.webp": path for path in sorted((data / "photos").iterdir())}
    paintings = sorted((data / "paintings").iterdir())
    files |= {f"paintings/{path.stem}.webp": path for path in paintings}
    files |= {f"styles/{style['name']}.webp": data / style["file"] for style in read_styles()}
    with ThreadPoolExecutor() as pool:
        made = list(
            pool.map(lambda item: shrink(item[1], *PACKED[item[0].split("/")[0]]), files.items())
        )
    with tarfile.open(output, "w") as archive:
        for name, content in zip(files, made, strict=True):
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    size = output.stat().st_size
    print(f"{output}: {len(files)} pictures, {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        raise SystemExit(f"that is more than {MOST_BYTES / 1e6:.0f} MB; lower the qualities")


def shrink(path: Path, long_side: int, quality: int) -> bytes:
    """Return a picture as WebP, no longer than this."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    image.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality)
    return file.getvalue()


def unpack(data: Path, run: Path) -> Path:
    """Return a folder with `photos`, `paintings` and `styles` of DATA."""
    folder = run / "data"
    folder.mkdir(parents=True, exist_ok=True)
    if data.is_file():
        with tarfile.open(data) as archive:
            archive.extractall(folder, filter="data")
        return folder
    for name in ("photos", "paintings"):
        link(folder / name, {path.name: path for path in (data / name).iterdir()})
    styles = {f"{s['name']}{Path(s['file']).suffix}": data / s["file"] for s in read_styles()}
    link(folder / "styles", styles)
    return folder


def link(folder: Path, files: dict[str, Path]) -> Path:
    """Make a folder of links, as files are called there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in files.items():
        place = folder / name
        place.unlink(missing_ok=True)
        place.symlink_to(file.resolve())
    return folder


def make(
    data: Path, run: Path, settings: dict[str, Any], *, model: Path | None, resume: bool
) -> None:
    """Train the network, then its predictor, and write the file and a sheet."""
    folder = unpack(data, run)
    others = sorted((folder / "paintings").iterdir())
    shown = {path.name: path for i, path in enumerate(others) if i % KEPT_BACK}
    seen = link(run / "shown", shown)
    budget = settings.pop("budget", None)
    shares = {"styles": 1 - FOR_THE_PREDICTOR, "predictor": FOR_THE_PREDICTOR}
    for part in ("styles", "predictor"):
        alone = part == "predictor"
        own = {**settings, **({"steps": PREDICTOR_STEPS} if alone else {})}
        if budget is not None:
            own["budget"] = budget * shares[part]
        training = impasto.make_training(
            folder / "photos",
            [] if alone else [folder / "styles"],
            run / part,
            impasto.TrainingSettings(**own),
            others=None if own["others_share"] == 0 else seen,
            model=run / "styles/model.impasto" if alone else model,
        )
        if alone:  # the same paintings need not be looked at again
            (run / part).mkdir(exist_ok=True)
            shutil.copy(run / "styles/looks.npz", run / part)
        print(f"== {part}: {training.settings.model_dump_json()}", flush=True)
        begun = (run / part / "state.npz").exists()
        carry_out(training, resume=resume and begun)
        if own["others_share"] == 0:
            break
    finish(run, part)


def carry_out(training: Any, *, resume: bool) -> None:
    """Train, and say how it stands."""
    last = 0.0
    for done in impasto.train_model(
        training, resume=resume, save_every=SAVE_EVERY, preview_every=PREVIEW_EVERY
    ):
        if time.monotonic() - last > 10 or done.done >= 1:
            last = time.monotonic()
            losses = ", ".join(f"{name} {value:.3f}" for name, value in done.losses.items())
            pictures = done.step * training.settings.batch / done.seconds
            print(f"{done.step} ({done.done:.1%}, {pictures:.1f} pictures/s)  {losses}", flush=True)


def finish(run: Path, part: str) -> None:
    """Write the network, and a sheet of photographs in its styles."""
    model = impasto.load_model(run / part / "model.impasto")
    print(impasto.save_model(model, run / "paintings.impasto"))
    photographs = sorted((run / "data/photos").iterdir())[:: KEPT_BACK * 16][:4]
    rows = []
    for path in photographs:
        photo = impasto.read_image(path)
        painted = [impasto.paint(photo, name, model=model).image for name in model.styles]
        rows.append(np.concatenate([photo, *painted], axis=1))
    width = min(row.shape[1] for row in rows)
    sheet = np.concatenate([row[:, :width] for row in rows])
    impasto.write_image(run / "sheet.jpg", sheet)


def ship(run: Path, figures: dict[str, Any]) -> None:
    """Write the network with its card into the package."""
    model = impasto.load_model(run / "paintings.impasto")
    styles = {style["name"]: style for style in read_styles() if style["name"] in model.styles}
    kept = {name: model.styles[name] for name in ("photograph", *styles)}
    card = {
        "title": f"{len(styles)} paintings, and a predictor for others",
        "licence": "MIT, as Impasto; the paintings are in the public domain",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        **model.card,
        "styles": {name: {key: style[key] for key in FACTS} for name, style in styles.items()},
        "figures": figures,
    }
    SHIPPED.parent.mkdir(exist_ok=True)
    print(impasto.save_model(replace(model, styles=kept, card=card), SHIPPED))


def settings_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings: those of the network that ships, with what the command line changes."""
    from impasto.backend import on_gpu

    settings = {**SETTINGS, **({} if on_gpu() else ON_A_CPU)}
    if arguments.steps:
        settings["steps"] = arguments.steps
    settings |= json.loads(arguments.set)
    if arguments.budget:
        settings["budget"] = impasto.TrainingSettings(budget=arguments.budget).seconds
    return settings


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    maker = commands.add_parser("make")
    maker.add_argument("data", type=Path)
    maker.add_argument("run", type=Path)
    maker.add_argument("--budget", help="time for all of it, such as 8m")
    maker.add_argument("--steps", type=int, help="steps of the network, in place of time")
    maker.add_argument("--set", default="{}", help="other training settings, JSON")
    maker.add_argument("--model", type=Path, help="file of a network to begin with")
    maker.add_argument("--resume", action="store_true")
    packer = commands.add_parser("pack")
    packer.add_argument("data", type=Path)
    packer.add_argument("output", type=Path)
    shipper = commands.add_parser("ship")
    shipper.add_argument("run", type=Path)
    shipper.add_argument("--figures", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "pack":
        pack(arguments.data, arguments.output)
    elif arguments.command == "ship":
        given = arguments.figures
        ship(arguments.run, json.loads(given.read_text("utf-8")) if given else {})
    else:
        settings = settings_of(arguments)
        make(
            arguments.data, arguments.run, settings, model=arguments.model, resume=arguments.resume
        )


if __name__ == "__main__":
    sys.exit(main())
