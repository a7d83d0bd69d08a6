"""Train the network that ships with the package, and put it there.

    python training/paintings.py train DATA RUN [--resume]      # RUN/styles
    python training/paintings.py predict DATA RUN [--resume]    # RUN/predictor
    python training/paintings.py ship RUN [--figures FIGURES.json]

DATA holds `photos/`, photographs, `paintings/`, that the predictor learns from, and the paintings
of `styles.csv`. `train` is `impasto train` with the settings below, `predict` teaches the predictor
alone afterwards: stop them with Ctrl-C, and go on with --resume. `ship` puts the network with its
card, and the figures on it, into the package; `pictures.py` puts the paintings there.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import impasto

impasto.tune_process()

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "src/impasto/models/paintings.impasto"
SETTINGS = impasto.TrainingSettings(crop=192, steps=7000)
FACTS = ("title", "painter", "year", "source", "licence")  # what is known of each painting
PREDICTOR_SETTINGS = impasto.TrainingSettings(crop=192, steps=1600)
KEPT_BACK = 100  # each painting of so many is not shown to the predictor, but kept to judge it by
SAVE_EVERY, PREVIEW_EVERY = 250, 500


def read_styles() -> list[dict[str, str]]:
    """Return `name` and `file` of each style, and `FACTS`."""
    with (HERE / "styles.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def link(folder: Path, files: dict[str, Path]) -> Path:
    """Make a folder of links, as files are called there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in files.items():
        place = folder / name
        place.unlink(missing_ok=True)
        place.symlink_to(file.resolve())
    return folder


def train(data: Path, run: Path, *, resume: bool) -> None:
    """Train the network, or go on."""
    files = {f"{style['name']}.jpg": data / style["file"] for style in read_styles()}
    styles = link(run / "paintings", files)
    carry_out(
        impasto.make_training(
            data / "photos", [styles], run / "styles", SETTINGS, others=data / "paintings"
        ),
        resume=resume,
    )


def predict(data: Path, run: Path, *, resume: bool) -> None:
    """Teach the predictor, or go on."""
    paintings = sorted((data / "paintings").iterdir())
    shown = {path.name: path for i, path in enumerate(paintings) if i % KEPT_BACK}
    carry_out(
        impasto.make_training(
            data / "photos",
            [],
            run / "predictor",
            PREDICTOR_SETTINGS,
            others=link(run / "shown", shown),
            model=run / "styles/model.impasto",
        ),
        resume=resume,
    )


def carry_out(training: Any, *, resume: bool) -> None:
    """Train, and say how it stands."""
    for done in impasto.train_model(
        training, resume=resume, save_every=SAVE_EVERY, preview_every=PREVIEW_EVERY
    ):
        if done.step % 50 == 0:
            losses = ", ".join(f"{name} {value:.3f}" for name, value in done.losses.items())
            print(f"{done.step}/{done.steps}  {losses}", file=sys.stderr, flush=True)


def ship(run: Path, figures: dict[str, Any]) -> None:
    """Write the network with its card into the package."""
    model = impasto.load_model(run / "predictor/model.impasto")
    styles = {style["name"]: style for style in read_styles()}
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


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("train", "predict"):
        trainer = commands.add_parser(name)
        trainer.add_argument("data", type=Path)
        trainer.add_argument("run", type=Path)
        trainer.add_argument("--resume", action="store_true")
    shipper = commands.add_parser("ship")
    shipper.add_argument("run", type=Path)
    shipper.add_argument("--figures", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "ship":
        given = arguments.figures
        ship(arguments.run, json.loads(given.read_text("utf-8")) if given else {})
    else:
        work = train if arguments.command == "train" else predict
        work(arguments.data, arguments.run, resume=arguments.resume)


if __name__ == "__main__":
    main()
