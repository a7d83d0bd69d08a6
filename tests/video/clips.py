"""Small clips for tests, encoded by PyAV without Impasto."""

from fractions import Fraction

import av
import numpy as np
import skimage.data

RATE = 25
TONE = 44_100  # samples per second


def photograph(height=48, width=64, shift=0):
    """A crop of a photograph, moved to the left."""
    picture = skimage.data.astronaut()
    return np.ascontiguousarray(picture[100 : 100 + height, 150 + shift : 150 + shift + width])


def moving(count=6, height=48, width=64, step=2):
    """Frames of a camera that moves to the right."""
    return [photograph(height, width, step * number) for number in range(count)]


def encode(path, frames, codec="ffv1", pixel_format="bgr0", times=None, sound=0.0, **context):
    """Write frames; `times` in milliseconds, `sound` in seconds."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=RATE, options=context.pop("options", {}))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = Fraction(1, 1000)
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        audio = output.add_stream("aac", rate=TONE) if sound else None
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(
                format=pixel_format, dst_colorspace=context.get("colorspace")
            )
            picture.pts = 1000 * number // RATE if times is None else times[number]
            picture.time_base = Fraction(1, 1000)
            if "color_trc" in context:
                picture.color_trc = context["color_trc"]
            output.mux(stream.encode(picture))
        output.mux(stream.encode())
        for number in range(round(sound * TONE / 1024)):
            samples = np.sin(0.05 * (np.arange(1024) + 1024 * number)).astype(np.float32)
            block = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            block.sample_rate, block.pts = TONE, 1024 * number
            output.mux(audio.encode(block))
        if audio is not None:
            output.mux(audio.encode())
    return path


def sound_of(path):
    """The compressed audio packets of a file, and their times."""
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(audio=0) if p.dts is not None]
        return [bytes(p) for p in packets], [float(p.pts * p.time_base) for p in packets]
