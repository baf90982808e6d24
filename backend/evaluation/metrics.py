"""The usual measures of 3D pose: MPJPE, PA-MPJPE, acceleration error, limb directions."""

from __future__ import annotations

import numpy as np

_MILLIMETRES = 1000.0


def mpjpe(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean distance in mm of joints (T, J, 3) in metres."""
    return float(np.linalg.norm(predicted - truth, axis=-1).mean() * _MILLIMETRES)


def pa_mpjpe(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return MPJPE in mm after the best similarity transform of each frame (Umeyama 1991), joints (T, J, 3)."""
    a = predicted - predicted.mean(1, keepdims=True)
    b = truth - truth.mean(1, keepdims=True)
    left, singular, right = np.linalg.svd(np.swapaxes(a, 1, 2) @ b)
    sign = np.ones_like(singular)
    sign[:, 2] = np.sign(np.linalg.det(left @ right))
    rotation = (left * sign[:, None]) @ right
    scale = (singular * sign).sum(1) / np.maximum((a ** 2).sum((1, 2)), 1e-12)
    return mpjpe(scale[:, None, None] * (a @ rotation), b)


def acceleration_error(predicted: np.ndarray, truth: np.ndarray, frame_index: np.ndarray) -> float:
    """Return the mean difference of second differences in mm/frame^2 of joints (T, J, 3) at frames (T,), without gaps."""
    successive = np.diff(frame_index, 2) == 0
    successive &= np.diff(frame_index)[1:] == 1
    if not successive.any():
        return 0.0
    return float(acceleration_errors(predicted, truth)[successive].mean())


def acceleration_errors(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the mean difference of second differences (T - 2,) in mm/frame^2 about each inner frame of joints (T, J, 3)."""
    return np.linalg.norm(np.diff(predicted - truth, 2, axis=0), axis=-1).mean(-1) * _MILLIMETRES


def direction_error(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean angle in degrees between vectors (..., 3)."""
    norms = np.linalg.norm(predicted, axis=-1) * np.linalg.norm(truth, axis=-1)
    cosine = (predicted * truth).sum(-1) / np.maximum(norms, 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean())
