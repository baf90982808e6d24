"""How well two views agree, and whether that is enough to show the same moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpsnet_blender.shared.smpl_skeleton import DEFAULT_STATURE

from .camera_paths import Cameras
from .cameras import USED, guess_cameras
from .rays import SEEN_WEIGHT, Group, cast_rays, read_moments, triangulate

# Beyond these, two views do not show one moment. Measured on all pairs of four real cameras, also cut and at other rates:
# likeness from 2.3, cost up to 0.6, degrees up to 14. Of 25 pairs of other moments or people nobody moves alike at any time in
# 12, and 11 have a likeness below 1.9 or a cost of 1.88 or more; the others have 20 and 34 degrees: one is a walk that repeats
# itself. Where a person or the sound tells the time, that is no danger, and the bodies may differ more.
_LEAST_LIKENESS, _MOST_COST, _MOST_DEGREES, _MOST_DEGREES_TOLD = 1.9, 1.6, 18.0, 30.0


@dataclass(frozen=True)
class Agreement:
    """likeness of people's motion in sigmas; percent of a person's height by which rays miss the point where they should meet;
    degrees between the bodies as each view alone has them; cost of the bundle."""
    likeness: float
    percent: float
    degrees: float
    cost: float

    def is_enough(self, is_told: bool) -> bool:
        """Tell whether the views show one moment; is_told: the time between them is known by more than the motion."""
        most_degrees = _MOST_DEGREES_TOLD if is_told else _MOST_DEGREES
        return self.likeness >= _LEAST_LIKENESS and self.cost <= _MOST_COST and self.degrees <= most_degrees

    def describe(self) -> str:
        """Return the figures in words."""
        return f"rays meet within {self.percent:.1f} % of a person's height, bodies agree within {self.degrees:.0f} degrees"


def measure_agreement(groups: list[Group], cameras: Cameras, likeness: float) -> Agreement:
    """Return how well the views of these people agree with cameras that were found for them."""
    _, spread = guess_cameras(groups, cameras.offsets, cameras.paths)
    return Agreement(likeness, measure_missed_percent(groups, cameras), float(spread[1:].max()), cameras.cost)


def measure_missed_percent(groups: list[Group], cameras: Cameras) -> float:
    """Return by how much rays miss the point where they should meet, % of a person's height; infinite where none meet."""
    errors = []
    for group in groups:
        times = next(lines for lines in group if lines is not None).timestamps
        rays = cast_rays(cameras, read_moments(group, times, cameras, USED))
        across = rays.across(triangulate(rays))
        errors.append(np.linalg.norm(across, axis=-1)[(rays.weights > SEEN_WEIGHT) & rays.is_met])
    beside = np.concatenate(errors)
    return 100 * float(np.median(beside)) / DEFAULT_STATURE if len(beside) else np.inf
