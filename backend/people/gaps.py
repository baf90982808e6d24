"""Gaps in a track, where the person was hidden: short ones are filled, long ones are left out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mpsnet_blender.motion.base.smoothing import frame_seconds

from ..base.smoothing import interpolate
from .stitching import PersonTrack
from .tracklets import LONGEST_REST

_MAX_FILLED_SECONDS = 1.5      # about three steps of a walk; in a longer gap a person may have done anything
_SAME_RATE = 0.02              # share by which measured and nominal frame rates may differ: rounding of timestamps to 1 ms


@dataclass(frozen=True)
class Clock:
    """All frames that were read: frame_index (N,) rises by one, timestamps (N,) in seconds; nominal_fps is the file's."""
    frame_index: np.ndarray
    timestamps: np.ndarray
    nominal_fps: float

    @property
    def fps(self) -> float:
        """Return the file's frames a second; where the median step of the timestamps disagrees with it, what that step gives."""
        if len(self.timestamps) < 2:
            return self.nominal_fps
        measured = 1 / frame_seconds(self.timestamps)
        return self.nominal_fps if abs(measured / self.nominal_fps - 1) < _SAME_RATE else measured


def span_starts(track: PersonTrack) -> np.ndarray:
    """Return the rows (N,) at which a track continues after a gap: smoothing and windows must not reach across them."""
    return np.flatnonzero(np.diff(track.frame_index) > 1) + 1


def fill_rests(track: PersonTrack, clock: Clock) -> PersonTrack:
    """Return the track with the frames inserted that the tracker did not read, as nobody moved much: all is interpolated."""
    return _fill(track, clock, LONGEST_REST)


def fill_gaps(track: PersonTrack, clock: Clock) -> PersonTrack:
    """Return the track with the frames of gaps up to 1.5 s inserted: interpolated positions, score 0."""
    filled = _fill(track, clock, _MAX_FILLED_SECONDS)
    filled.score[~np.isin(filled.frame_index, track.frame_index)] = 0
    return filled


def _fill(track: PersonTrack, clock: Clock, longest_seconds: float) -> PersonTrack:
    """Return the track with the frames of shorter gaps inserted, interpolated."""
    frames = track.frame_index
    wanted = [frames[:1]]
    for before, after, seconds in zip(frames[:-1], frames[1:], np.diff(track.timestamps)):
        wanted.append(np.arange(before + 1, after + 1) if seconds <= longest_seconds else np.array([after]))
    frame_index = np.concatenate(wanted)
    timestamps = clock.timestamps[frame_index - clock.frame_index[0]]
    xy, world, score, boxes = (interpolate(values, track.timestamps, timestamps)
                               for values in (track.xy, track.world, track.score, track.boxes))
    return replace(track, frame_index=frame_index, timestamps=timestamps, xy=xy, world=world, score=score, boxes=boxes)
