"""Least squares over time: every frame has equations, and stiffness couples neighbouring frames."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

_REACH = 3      # frames of a second difference


def squared_accelerations(timestamps: np.ndarray, frame_index: np.ndarray) -> np.ndarray:
    """Return D'D for D x = x'' over time, as its diagonals (3, T): main, first, second. Nothing is coupled across gaps.

    timestamps (T,) s, frame_index (T,). Second divided differences, in 1/s^4.
    """
    diagonals = np.zeros((_REACH, len(timestamps)))
    if len(timestamps) < _REACH:
        return diagonals
    before, after = np.diff(timestamps)[:-1], np.diff(timestamps)[1:]
    rows = np.stack([2 / (before * (before + after)), -2 / (before * after), 2 / (after * (before + after))])
    rows *= (np.diff(frame_index)[:-1] == 1) & (np.diff(frame_index)[1:] == 1)
    count = rows.shape[1]
    for left in range(_REACH):
        for right in range(left, _REACH):
            diagonals[right - left, left:left + count] += rows[left] * rows[right]
    return diagonals


def banded_product(diagonals: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the symmetric matrix with these diagonals (3, T) times values (T, P)."""
    product = diagonals[0][:, None] * values
    for offset in range(1, _REACH):
        diagonal = diagonals[offset, :max(0, len(values) - offset), None]
        product[:-offset] += diagonal * values[offset:]
        product[offset:] += diagonal * values[:-offset]
    return product


def solve_frames(blocks: np.ndarray, diagonals: np.ndarray, stiffness: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return x (T, P) for right-hand sides (T, P).

    The matrix is positive definite: symmetric blocks (T, P, P) of each frame, and the diagonals (3, T) of time times the
    stiffness (P,) of each parameter. Solved as one banded system.
    """
    frames, size = right.shape
    reach = min(_REACH, frames)
    # No wider than up to the same parameter of the last frame in reach: the time grows with the square of it.
    lower = np.zeros((frames, size, max((reach - 1) * size + 1, size)))
    for column in range(size):
        lower[:, column, :size - column] = blocks[:, column, column:]
    for distance in range(reach):
        lower[:, :, distance * size] += diagonals[distance][:, None] * stiffness
    # Transposed, its memory layout is the one LAPACK needs.
    return solveh_banded(lower.reshape(frames * size, -1).T, right.ravel(), lower=True, overwrite_ab=True,
                         check_finite=False).reshape(frames, size)
