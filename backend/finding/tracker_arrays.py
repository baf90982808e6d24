"""A tracker's state as arrays, and back, without a loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..base.regions import Region
from ..people.appearance import Thumbnail
from ..people.detection import Search
from ..people.landmarks import Landmarks
from ..people.tracking import TrackerState
from ..people.tracklets import Tracklet
from .stored_observations import OBSERVATION_ARRAYS, ObservationStore, StoredList, make_arrays, make_landmarks

# rows: of all tracklets' observations in the store, one tracklet after the other; -1 - n is the n-th of the latest ones, which
# come along here.
TRACKER_ARRAYS = ("rows", "observed_frames", "observed_times", "velocities", "mean_appearances", "thumbnails",
                  "found_rows", "found_blocks", *(f"latest_{name}" for name in OBSERVATION_ARRAYS))


def make_tracker_arrays(state: TrackerState) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a state and, for JSON, its single values."""
    tracklets = [*state.active, *state.ended]
    observations: list[Landmarks] = []
    appearances: list[np.ndarray] = []
    rows: list[int] = []
    for tracklet in tracklets:
        stored = tracklet.observations.items if isinstance(tracklet.observations, StoredList) else tracklet.observations
        for number, item in enumerate(stored):
            if isinstance(item, int):
                rows.append(item)
            else:
                rows.append(-1 - len(observations))
                observations.append(item)
                appearances.append(tracklet.appearances[number])
    searches = list(state.searches.values())
    arrays = {
        "rows": np.array(rows, np.int64),
        "observed_frames": np.array([frame for tracklet in tracklets for frame in tracklet.frame_index], np.int64),
        "observed_times": np.array([time for tracklet in tracklets for time in tracklet.timestamps], np.float64),
        "velocities": _stack([tracklet.velocity for tracklet in tracklets]),
        "mean_appearances": _stack([tracklet.mean_appearance for tracklet in tracklets]),
        "thumbnails": np.frombuffer(b"".join(tracklet.thumbnail.jpeg for tracklet in tracklets), np.uint8),
        "found_rows": np.concatenate([np.zeros((0, 13)), *(search.rows for search in searches)]),
        "found_blocks": _stack([search.blocks for search in searches]),
        **{f"latest_{name}": array for name, array in make_arrays(observations, appearances).items()}}
    values = {
        "active": len(state.active), "lengths": [len(tracklet.frame_index) for tracklet in tracklets],
        "thumbnails": [(len(tracklet.thumbnail.jpeg), tracklet.thumbnail.quality) for tracklet in tracklets],
        "searches": [(*tile, len(search.rows), search.reuses) for tile, search in state.searches.items()],
        "distrusted": [(region.centre_x, region.centre_y, region.side, region.angle, until)
                       for region, until in state.distrusted],
        "next_detection": state.next_detection, "last_timestamp": state.last_timestamp, "next_index": state.next_index,
        "detections": state.detections, "recent": state.recent}
    return arrays, values


def make_tracker_state(arrays: Mapping[str, np.ndarray], values: Mapping[str, Any], store: ObservationStore) -> TrackerState:
    """Return the state of which arrays and values were made. Raises KeyError, ValueError, IndexError, TypeError where they are no
    state's."""
    latest = {name: arrays[f"latest_{name}"] for name in OBSERVATION_ARRAYS}
    tracklets, jpegs, begin = [], arrays["thumbnails"].tobytes(), 0
    for number, (length, (size, quality)) in enumerate(zip(values["lengths"], values["thumbnails"], strict=True)):
        part = slice(begin, begin + length)
        begin, rows = part.stop, arrays["rows"][part].tolist()
        tracklets.append(Tracklet(
            arrays["observed_frames"][part].tolist(), arrays["observed_times"][part].tolist(),
            StoredList(store.landmarks, [row if row >= 0 else make_landmarks(latest, -1 - row) for row in rows]),
            StoredList(store.appearance, [row if row >= 0 else latest["appearance"][-1 - row].copy() for row in rows]),
            arrays["velocities"][number], arrays["mean_appearances"][number], Thumbnail(jpegs[:size], quality)))
        jpegs = jpegs[size:]
    searches, found = {}, np.split(arrays["found_rows"], np.cumsum([search[4] for search in values["searches"]]))
    for rows_of_tile, blocks, (*tile, _, reuses) in zip(found, arrays["found_blocks"], values["searches"], strict=False):
        searches[tuple(tile)] = Search(rows_of_tile, blocks, reuses)
    return TrackerState(tracklets[:values["active"]], tracklets[values["active"]:], values["next_detection"],
                        values["last_timestamp"], values["next_index"], values["detections"], values["recent"],
                        [(Region(*region), until) for *region, until in values["distrusted"]], searches)


def _stack(arrays: list[np.ndarray]) -> np.ndarray:
    return np.stack(arrays) if arrays else np.zeros((0, 0))
