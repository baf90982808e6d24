"""Shots: the parts of a video between its cuts. Each is filmed from a place of its own, so that nothing is common to two."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..camera.scenery import SeenScenery, Trails, UprightLines
from ..people.gaps import Clock
from ..people.stitching import PersonTrack, measure_presence
from ..people.tracklets import LONGEST_REST, MIN_SECONDS


def find_shots(cuts: Sequence[float], clock: Clock) -> list[slice]:
    """Return the frames of each shot, as rows of the clock. cuts: the seconds at which one begins, besides the first."""
    edges = [0, *np.searchsorted(clock.timestamps, np.array(cuts) - 1e-6).tolist(), len(clock.timestamps)]
    return [slice(begin, end) for begin, end in itertools.pairwise(edges) if end > begin]


def take_clock(clock: Clock, rows: slice) -> Clock:
    """Return the clock of one shot."""
    return Clock(clock.frame_index[rows], clock.timestamps[rows], clock.nominal_fps)


def take_scenery(scenery: SeenScenery, rows: slice) -> SeenScenery:
    """Return the background of one shot."""
    trails, lines = scenery.trails, scenery.lines
    part = slice(*np.searchsorted(trails.row, (rows.start, rows.stop)))
    is_there = (lines.row >= rows.start) & (lines.row < rows.stop)
    there = lines.row[is_there] - rows.start
    return SeenScenery(Trails(trails.row[part] - rows.start, trails.point[part], trails.xy[part]),
                       UprightLines(lines.lines[is_there], there, max(1, len(np.unique(there)))), [])


def take_tracks(tracks: Sequence[PersonTrack], clock: Clock) -> list[PersonTrack]:
    """Return the people of the shot of a clock, the most present first, without those who are seen there for a moment only."""
    first, last = clock.frame_index[0], clock.frame_index[-1]
    parts = [track.at(slice(*np.searchsorted(track.frame_index, (first, last + 1)))) for track in tracks]
    lasting = [_reach_cuts(part, clock) for part in parts if len(part.timestamps) and np.ptp(part.timestamps) >= MIN_SECONDS]
    return sorted(lasting, key=_presence, reverse=True)


def _presence(track: PersonTrack) -> float:
    return measure_presence((track.boxes[:, 2:] - track.boxes[:, :2]).max(1))


def _reach_cuts(track: PersonTrack, clock: Clock) -> PersonTrack:
    """Return the track with its first and last observations held up to the shot's ends, where these are so near that frames
    between may not have been read."""
    seconds = clock.timestamps
    before, after = seconds < track.timestamps[0], seconds > track.timestamps[-1]
    before &= track.timestamps[0] - seconds[0] < LONGEST_REST
    after &= seconds[-1] - track.timestamps[-1] < LONGEST_REST
    count = len(track.timestamps)
    held = track.at(np.clip(np.arange(-before.sum(), count + after.sum()), 0, count - 1))
    frame_index, timestamps = (np.concatenate([values[before], own, values[after]]) for values, own in (
        (clock.frame_index, track.frame_index), (seconds, track.timestamps)))
    return replace(held, frame_index=frame_index, timestamps=timestamps)
