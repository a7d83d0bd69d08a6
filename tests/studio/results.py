"""Make results without running anything."""

from impasto.images.files import read_picture
from impasto.paint_settings import PaintSettings
from impasto.settings import Settings
from impasto.workflows.build_record import make_record, picture_input
from impasto.workflows.result import Result
from impasto.workflows.setting_files import setting_inputs


def made(image, *, settings=None, alpha=None, content="cat.jpg", style="wave", **more):
    settings = settings or Settings()
    inputs = [picture_input("content", read_picture(image)), *setting_inputs(settings)]
    command = "paint" if isinstance(settings, PaintSettings) else "stylize"
    record = make_record(
        command, settings, inputs, precision="float32", content=content, style=style, seconds=2.5
    )
    return Result(image, alpha, None, settings, (), 2.5, {**record, **more})
