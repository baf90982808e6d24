"""Videos as cameras, phones and programs make them, coded with PyAV: formats, times and tags that OpenCV cannot write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


@dataclass(frozen=True)
class Coding:
    """How pictures are coded. `times`: the ticks of 1/`unit` seconds at which they begin; by default one after another.

    `pixel_aspect` is a pixel's width by its height, `turn` the degrees that the picture is to be turned against the clock.
    """
    codec: str = "libx264"
    pixels: str = "yuv420p"
    fps: int = 30
    container: str | None = None
    times: Sequence[int] = ()
    unit: int = 0
    pixel_aspect: Fraction | None = None
    turn: int = 0
    options: dict[str, str] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    sound_seconds: float = 0.0
    timecode: str = ""          # of a track of its own, as cameras write it


def code_video(path: Path, pictures: Sequence[np.ndarray], coding: Coding = Coding()) -> Path:
    """Write BGR pictures, all of one size, as a video; return its path."""
    unit = coding.unit or coding.fps
    options = {"crf": "4", "preset": "ultrafast"} if coding.codec == "libx264" else {}
    with av.open(str(path), "w", format=coding.container) as output:
        stream = output.add_stream(coding.codec, rate=coding.fps, options=options | coding.options)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = coding.pixels
        stream.codec_context.time_base = Fraction(1, unit)
        if coding.pixel_aspect:
            stream.codec_context.sample_aspect_ratio = coding.pixel_aspect
        if coding.turn:
            stream.set_display_rotation(coding.turn)
        if coding.timecode:
            stream.metadata["timecode"] = coding.timecode
        for name, value in coding.tags.items():
            setattr(stream.codec_context, name, value)
        sound = output.add_stream("pcm_s16le", rate=8000) if coding.sound_seconds else None
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
            frame.pts, frame.time_base = coding.times[number] if coding.times else number, Fraction(1, unit)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
        if sound:
            silence = np.zeros((1, round(8000 * coding.sound_seconds)), np.int16)
            heard = av.AudioFrame.from_ndarray(silence, format="s16", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = 8000, 0, Fraction(1, 8000)
            output.mux(sound.encode(heard))
            output.mux(sound.encode())
    return path
