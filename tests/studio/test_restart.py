"""Kill the studio during a job, and start it again."""

import signal

import numpy as np
from gradio_client import handle_file
from tests.studio.whole import client, ended, squares, studio, until
from tests.toy import SHALLOW

import impasto

SETTINGS = {"size": 96, "scales": 2, "iterations": 80, "tolerance": 0.0, **SHALLOW}


def test_a_killed_studio_resumes(tmp_path):
    photo = squares(tmp_path / "cat.png", 0, (64, 64))
    painting = squares(tmp_path / "sea.png", 1, (64, 64))
    with studio(tmp_path) as where, client(where, tmp_path) as api:
        files = handle_file(photo), [handle_file(painting)]
        job = api.predict(*files, SETTINGS, api_name="/stylize")
        waiting = api.predict(*files, {"size": 48, "iterations": 4, **SHALLOW}, api_name="/stylize")
        # In the second scale; the first has left a checkpoint.
        before = until(api, job, lambda view: ended(view) or view["iteration"] > 42)
        where.process.send_signal(signal.SIGKILL)
        where.process.wait()
    assert (before["status"], before["scale"]) == ("running", 2)
    assert list(where.gallery.glob("*.png")) == []
    assert (where.gallery / ".studio/runs" / job / "run-1/state.safetensors").is_file()
    with studio(tmp_path) as where:
        assert len(list(where.temporary.glob("impasto_studio_*"))) == 1  # the old one is removed
        with client(where, tmp_path) as api:
            seen = [view["id"] for view in api.predict(api_name="/runs")]
            assert seen == [waiting, job]
            view = until(api, job, ended)
            assert (view["status"], view["iteration"]) == ("done", 80)
            picture = api.predict(job, api_name="/picture")
            assert until(api, waiting, ended)["status"] == "done"
    whole = impasto.stylize(photo, painting, settings=impasto.Settings(**SETTINGS))
    path = whole.save(tmp_path / "whole.png")
    assert np.array_equal(impasto.read_image(picture), impasto.read_image(path))
