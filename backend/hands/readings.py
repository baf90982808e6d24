"""Readings of hands, gathered over a clip: arrays of many, one table row each where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .landmarks import HAND_LANDMARKS

# Columns of a table: side, presence, right, the body's wrist (2), xy (21 x 2), world (21 x 3).
_SINGLE, _XY, _WORLD = 5, 2 * HAND_LANDMARKS, 3 * HAND_LANDMARKS
COLUMNS = _SINGLE + _XY + _WORLD


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


def make_row(side: int, presence: float, right: float, wrist: np.ndarray, xy: np.ndarray, world: np.ndarray) -> np.ndarray:
    """Return the row (COLUMNS,) float32 of one hand."""
    return np.concatenate([(side, presence, right), wrist, xy.ravel(), world.ravel()]).astype(np.float32)


def make_table(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return the table (N, COLUMNS) of rows."""
    return np.stack(rows) if rows else np.zeros((0, COLUMNS), np.float32)


def read_tables(frame_index: Sequence[int], tables: Sequence[np.ndarray]) -> HandReadings:
    """Return the readings of the tables of frames, one table each."""
    table = np.concatenate([np.zeros((0, COLUMNS), np.float32), *tables])
    frames = np.repeat(np.asarray(frame_index, np.int64), [len(part) for part in tables])
    points = table[:, _SINGLE:]
    return HandReadings(frames, table[:, 0].astype(int), table[:, 1], table[:, 2], table[:, 3:5],
                        points[:, :_XY].reshape(-1, HAND_LANDMARKS, 2), points[:, _XY:].reshape(-1, HAND_LANDMARKS, 3))
