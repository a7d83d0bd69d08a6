"""Thirty concurrent clients: all are served, queued or refused."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from tests.studio.whole import client, ended, squares, studio, until
from tests.toy import SHALLOW

import impasto

USERS = [f"{name}:correct horse" for name in ("anna", "eva", "mina", "joon")]
CLIENTS = 30
MOST_EACH = 5  # unfinished jobs of a user
SETTINGS = {"size": 64, "scales": 1, "iterations": 4, "tolerance": 0.0, **SHALLOW}


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    words = [word for who in USERS for word in ("--auth", who)]
    with studio(tmp_path_factory.mktemp("studio"), *words) as it:
        yield it


def test_thirty_concurrent_clients_are_served_or_refused(where, tmp_path):
    ready = Barrier(CLIENTS)
    painting = squares(tmp_path / "sea.png", 1, (64, 64))

    def use(number):
        """Paint and start a job; return the user, the job, and its status or the error."""
        who, files = USERS[number % len(USERS)], tmp_path / str(number)
        files.mkdir()
        photo = squares(files / f"photo{number}.png", number, (64, 64))
        with client(where, files, who) as api:
            ready.wait(timeout=60)
            painted = api.predict(handle_file(photo), ["wave"], api_name="/paint")
            assert impasto.read_image(painted).shape == (64, 64, 3)
            assert impasto.read_record(painted)["inputs"][0]["name"] == photo.name
            try:
                files = handle_file(photo), [handle_file(painting)]
                job = api.predict(*files, SETTINGS, api_name="/stylize")
            except AppError as error:
                return who, None, str(error)
            first = api.predict(job, api_name="/run")
            assert ended(first) or first["status"] == "running" or first["place"] >= 1
            return who, job, until(api, job, ended, pause=1)

    with ThreadPoolExecutor(CLIENTS) as pool:
        made = list(pool.map(use, range(CLIENTS)))
    served = [(who, view) for who, job, view in made if job is not None]
    refused = [text for _, job, text in made if job is None]
    for text in refused:
        assert re.search(r"you have \d+ unfinished jobs.*\(\d+ wait in all\)", text), text
    assert len(served) >= len(USERS) * MOST_EACH and len(served) + len(refused) == CLIENTS
    for who in USERS:
        views = [view for each, view in served if each == who]
        assert [view["status"] for view in views] == ["done"] * len(views)
        with client(where, tmp_path, who) as api:
            found = [each["name"] for each in api.predict(api_name="/gallery")]
        assert sorted(found) == sorted(view["picture"] for view in views)
        folder = where.gallery / who.split(":")[0]
        assert sorted(path.name for path in folder.glob("*.png")) == sorted(found)
        assert list((folder / ".studio/runs").glob("*/")) == []
