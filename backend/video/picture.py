"""A picture of a video that is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Picture:
    """A picture of a video: the seconds since the video's first picture, where known, and what makes its image."""
    seconds: float | None
    make_image: Callable[[], np.ndarray]
