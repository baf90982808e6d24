"""A person's appearance: a colour histogram of torso and thighs. It is cheap and tells clothes apart."""

from __future__ import annotations

import cv2
import numpy as np

from .landmarks import LANDMARK, Landmarks

_BINS = 6                           # of each channel: chosen by eye on crossing people; not measured
HISTOGRAM_SIZE = 2 * 3 * _BINS      # torso and thighs; CIELAB's lightness, a and b
_LEFT_SHOULDER, _RIGHT_SHOULDER = LANDMARK["left_shoulder"], LANDMARK["right_shoulder"]
_LEFT_HIP, _RIGHT_HIP = LANDMARK["left_hip"], LANDMARK["right_hip"]
_THIGHS = (("left_hip", "left_knee"), ("right_hip", "right_knee"))


def measure_appearance(image: np.ndarray, landmarks: Landmarks) -> np.ndarray:
    """Return a histogram (36,) summing to 2: lightness, a and b of the torso, then of the thighs."""
    along, across = np.meshgrid(np.linspace(0.1, 0.9, 8), np.linspace(0.15, 0.85, 8))
    xy = landmarks.xy
    upper = xy[_LEFT_SHOULDER] + across[..., None] * (xy[_RIGHT_SHOULDER] - xy[_LEFT_SHOULDER])
    lower = xy[_LEFT_HIP] + across[..., None] * (xy[_RIGHT_HIP] - xy[_LEFT_HIP])
    torso = (upper + along[..., None] * (lower - upper)).reshape(-1, 2)
    steps = np.linspace(0.15, 0.85, 16)[:, None]
    thighs = np.concatenate([xy[LANDMARK[a]] + steps * (xy[LANDMARK[b]] - xy[LANDMARK[a]]) for a, b in _THIGHS])
    return np.concatenate([_histogram(image, torso), _histogram(image, thighs)]).astype(np.float32)


def _histogram(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    limits = (image.shape[1] - 1, image.shape[0] - 1)
    inside = ((points >= 0) & (points <= limits)).all(1)
    pixels = np.clip(points, 0, limits).astype(int)[inside] if inside.any() else np.clip(points, 0, limits).astype(int)
    colours = cv2.cvtColor(image[pixels[:, 1], pixels[:, 0]][None], cv2.COLOR_BGR2LAB)[0].astype(float)
    # Colours of clothes lie near the middle of a and b (128 is grey): the bins cover 96 to 160 and ignore the rest.
    low, high = np.array((0, 96, 96)), np.array((255, 160, 160))
    bins = np.clip((colours - low) / (high - low) * _BINS, 0, _BINS - 1).astype(int)
    counts = np.stack([np.bincount(bins[:, channel], minlength=_BINS) for channel in range(3)])
    return counts.ravel() / (3.0 * len(pixels))


def appearance_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return 0 for equal histograms and 1 for histograms that have no colour in common."""
    return float(np.abs(a - b).sum() / 4)
