"""How loud a video's sound is over time, by the clock of its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from .movie_file import open_container

_SAMPLES_PER_SECOND = 8000      # of the sound that is read: voices, steps and claps are below 4 kHz
_STEP = 40                      # samples of one value of the envelope: 5 ms, in which sound goes 1.7 m
STEP_SECONDS = _STEP / _SAMPLES_PER_SECOND
_QUIET = 1e-3                   # of full scale, about a phone's noise: what is below does not count


@dataclass(frozen=True)
class Sound:
    """How a recording's loudness rises: rises (N,) in 5 ms each, from the second `start` of the video on."""
    rises: np.ndarray
    start: float


def read_sound(path: Path) -> Sound | None:
    """Return the sound of a video, by the clock of its pictures; None where it has none, or none that can be read."""
    if not path.is_file():
        return None             # numbered pictures
    try:
        with open_container(path) as container:
            if not container.streams.audio or not container.streams.video:
                return None
            return _measure_rises(list(_decode(container)))
    except av.FFmpegError:
        return None


def _decode(container: av.container.InputContainer) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the second and the mean power (N,) of 5 ms each of the pieces of a container's first sound."""
    pictures, stream = container.streams.video[0], container.streams.audio[0]
    origin = float((pictures.start_time or 0) * (pictures.time_base or 0))
    resampler = av.AudioResampler(format="flt", layout="mono", rate=_SAMPLES_PER_SECOND, frame_size=100 * _STEP)
    for frame in container.decode(stream):
        for piece in resampler.resample(frame):
            yield _measure_power(piece, origin)
    for piece in resampler.resample(None):
        yield _measure_power(piece, origin)


def _measure_power(piece: av.AudioFrame, origin: float) -> tuple[float, np.ndarray]:
    samples = piece.to_ndarray().ravel().astype(float)
    power = (samples[:len(samples) // _STEP * _STEP].reshape(-1, _STEP) ** 2).mean(1)
    return float((piece.pts or 0) * (piece.time_base or 0)) - origin, power


def _measure_rises(pieces: list[tuple[float, np.ndarray]]) -> Sound | None:
    if not pieces:
        return None
    loudness = np.log(np.sqrt(np.concatenate([power for _, power in pieces])) + _QUIET)
    return Sound(np.maximum(np.diff(loudness, prepend=loudness[0]), 0.0), pieces[0][0])
