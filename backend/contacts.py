"""Which heels and toes stand on the floor: low and slow."""

from __future__ import annotations

import numpy as np

from .smoothing import smooth

_HEIGHT_SCALE = 0.05     # metres over the foot's own floor at which confidence has fallen to a half
_SPEED_SCALE = 0.35      # metres a second, likewise
_FADE_SECONDS = 0.04


def find_contacts(heels_and_toes: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return contact confidences (T, 4) in 0..1 of heels and toes (T, 4, 3) in the world, z up, metres.

    Height counts from each point's own lowest tenth, since depth errors lift and sink a person by some centimetres.
    """
    if len(timestamps) < 3:
        return np.zeros(heels_and_toes.shape[:2])
    height = heels_and_toes[..., 2] - np.percentile(heels_and_toes[..., 2], 10, axis=0)
    speed = np.linalg.norm(np.gradient(heels_and_toes, timestamps, axis=0), axis=-1)
    confidence = 1 / (1 + (np.maximum(height, 0) / _HEIGHT_SCALE) ** 2) / (1 + (speed / _SPEED_SCALE) ** 2)
    return np.clip(smooth(confidence, timestamps, _FADE_SECONDS, degree=0), 0.0, 1.0)
