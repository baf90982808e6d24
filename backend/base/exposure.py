"""Brightens dark pictures for models, which were trained on bright ones."""

from __future__ import annotations

import cv2
import numpy as np

_LIGHT = 0.98                   # of a picture's levels are darker than its light parts
# Where the light parts are darker than the first of these levels, they become as bright as _BRIGHT; from the second on, nothing
# changes; in between the factor rises steadily. Of a man whom four cameras film, darkened to an eighth, three find him without
# this, 12.9 degrees off; with it these are 11.2 off, and the fourth finds him too. At a quarter all are 11.1 and 10.7 off.
_DARK, _LIT, _BRIGHT = 75.0, 150.0, 220.0
_SAMPLED_EVERY = 8              # px, each way: enough to know the light of a model's input


def brighten(picture: np.ndarray) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 as it is, or multiplied by a factor where even its light parts are dark."""
    levels = picture[::_SAMPLED_EVERY, ::_SAMPLED_EVERY].ravel()
    rank = int(_LIGHT * len(levels))
    light = float(np.partition(levels, rank)[rank])
    if light >= _LIT:
        return picture
    share = min(1.0, (_LIT - light) / (_LIT - _DARK))
    return cv2.convertScaleAbs(picture, alpha=(_BRIGHT / max(light, 1.0)) ** share)
