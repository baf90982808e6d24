"""A scenery's state as arrays, and back, without a loss. The points of past frames come in parts, as they are gathered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableSequence
from typing import Any

import numpy as np

from ..camera.scenery import Points, SceneryState

# What is followed now, the steep lines (N, 4) of some frames, those frames (M,), and how many lines each has; the small picture
# before the last cut.
SCENERY_ARRAYS = ("followed_points", "followed_ids", "lines", "line_frames", "line_counts", "before_cut")
# The points of some frames (ids and positions, one frame after the other), and how many each frame has.
POINT_ARRAYS = ("point_counts", "point_ids", "point_places")


def make_scenery_arrays(state: SceneryState) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a state, without the points of past frames, and, for JSON, its single values."""
    arrays = {"followed_points": state.points, "followed_ids": state.ids,
              "lines": np.concatenate([np.zeros((0, 4), np.float32), *(lines for _, lines in state.lines)]),
              "line_frames": np.array([row for row, _ in state.lines], np.int64),
              "line_counts": np.array([len(lines) for _, lines in state.lines], np.int64), "before_cut": state.before_cut}
    return arrays, {"next_lines": state.next_lines, "next_id": state.next_id, "scale": state.scale, "cuts": state.cuts}


def make_scenery_state(arrays: Mapping[str, np.ndarray], values: Mapping[str, Any],
                       points: MutableSequence[Points]) -> SceneryState:
    """Return the state of which arrays and values were made, with the points of all past frames. Raises KeyError, ValueError."""
    lines = np.split(arrays["lines"], np.cumsum(arrays["line_counts"])[:-1])
    return SceneryState(list(zip(arrays["line_frames"].tolist(), lines, strict=True)), points, arrays["followed_points"],
                        arrays["followed_ids"], values["next_lines"], values["next_id"], values["scale"], values["cuts"],
                        arrays["before_cut"])


def make_point_arrays(points: Iterable[Points]) -> dict[str, np.ndarray]:
    """Return the arrays of some frames' points."""
    rows = list(points)
    return {"point_counts": np.array([len(ids) for ids, _ in rows], np.int64),
            "point_ids": np.concatenate([np.zeros(0, np.int32), *(ids for ids, _ in rows)]),
            "point_places": np.concatenate([np.zeros((0, 2), np.uint16), *(places for _, places in rows)])}


def split_points(arrays: Mapping[str, np.ndarray]) -> list[Points]:
    """Return each frame's points of arrays that `make_point_arrays` made. Raises ValueError."""
    ends = np.cumsum(arrays["point_counts"])[:-1]
    if not len(arrays["point_counts"]):
        return []
    return list(zip(np.split(arrays["point_ids"], ends), np.split(arrays["point_places"], ends), strict=True))
