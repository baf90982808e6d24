"""Readings of hands, gathered over a clip: arrays of many, one table row each where they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array

from .landmarks import HAND_LANDMARKS

# Columns of a table: side, presence, right, the body's wrist (2), xy (21 x 2), world (21 x 3).
_SINGLE, _XY, _WORLD = 5, 2 * HAND_LANDMARKS, 3 * HAND_LANDMARKS
COLUMNS = _SINGLE + _XY + _WORLD
TABLE_ARRAYS = ("hand_counts", "hand_rows")         # the number of hands in each of some frames, and all their rows


@dataclass(frozen=True)
class HandReadings:
    """N hands as `landmarks.HandLandmarks`, float32.

    frame_index (N,); side (N,): for which hand of a body it was read, 0 left or 1 right; wrist (N, 2) px: where that body's
    landmarks had it; xy (N, 21, 2) px, world (N, 21, 3) m, presence (N,) and right (N,) as there.
    """
    frame_index: np.ndarray
    side: np.ndarray
    presence: np.ndarray
    right: np.ndarray
    wrist: np.ndarray
    xy: np.ndarray
    world: np.ndarray

    def at(self, rows: slice) -> HandReadings:
        """Return some of the readings."""
        return HandReadings(*(getattr(self, item.name)[rows] for item in fields(self)))


def make_row(side: int, presence: float, right: float, wrist: np.ndarray, xy: np.ndarray, world: np.ndarray) -> np.ndarray:
    """Return the row (COLUMNS,) float32 of one hand."""
    return np.concatenate([(side, presence, right), wrist, xy.ravel(), world.ravel()]).astype(np.float32)


def make_table(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return the table (N, COLUMNS) of rows."""
    return np.stack(rows) if rows else np.zeros((0, COLUMNS), np.float32)


def read_tables(frame_index: Sequence[int], tables: Sequence[np.ndarray]) -> HandReadings:
    """Return the readings of the tables of frames, one table each; these are gone through twice, and may lie on disk."""
    counts = [len(table) for table in tables]
    whole, end = make_array((sum(counts), COLUMNS), np.float32), 0
    for table in tables:
        whole[end:end + len(table)] = table
        end += len(table)
    let_go()
    return read_rows(np.repeat(np.asarray(frame_index, np.int64), counts), whole)


def read_rows(frame_index: np.ndarray, rows: np.ndarray) -> HandReadings:
    """Return the readings of rows (N, COLUMNS) of a table, or of several; frame_index (N,) is of each."""
    points = rows[:, _SINGLE:]
    return HandReadings(frame_index, rows[:, 0].astype(int), rows[:, 1], rows[:, 2], rows[:, 3:5],
                        points[:, :_XY].reshape(-1, HAND_LANDMARKS, 2), points[:, _XY:].reshape(-1, HAND_LANDMARKS, 3))


def make_table_arrays(tables: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of some frames' tables."""
    return {"hand_counts": np.array([len(table) for table in tables], np.int64),
            "hand_rows": np.concatenate([np.zeros((0, COLUMNS), np.float32), *tables])}


def split_tables(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return each frame's table of arrays that `make_table_arrays` made. Raises ValueError where they are no hands'."""
    counts, rows = arrays["hand_counts"], arrays["hand_rows"]
    if rows.shape != (counts.sum(), COLUMNS):
        raise ValueError("its hands are of another number or shape")
    return np.split(rows, np.cumsum(counts)[:-1]) if len(counts) else []
