"""How much each person says about the world: who is seen for long, large and well has more weight."""

from __future__ import annotations

import numpy as np

from ..engines.engine import CapturedPerson
from ..people.landmarks import LANDMARK

_LONG_ENOUGH = 0.5          # share of the longest span from which on a person has full weight
_PICTURE_SIGMA = 0.04       # of the height: well-read bodies are 1 to 2 % off their landmarks
_HIPS = [LANDMARK["left_hip"], LANDMARK["right_hip"]]


def compute_votes(people: list[CapturedPerson], intrinsics: np.ndarray) -> np.ndarray:
    """Return the weights (P,) in 0..1 of people as an engine solved them; the largest is 1.

    Depth, and so the floor under a person, errs with the distance: hence the square of the size in the picture. Of whom not even
    the hips are seen, nothing tells where the floor is.
    """
    seconds = np.array([np.ptp(person.track.timestamps) * person.seen_frames / len(person.track.timestamps) for person in people])
    heights = np.array([person.height_in_picture(intrinsics) for person in people])
    errors = np.array([person.reprojection_error(intrinsics) for person in people]) / heights
    score = np.array([min(person.track.score.mean(), person.track.score[:, _HIPS].mean()) for person in people])
    votes = np.minimum(seconds / (_LONG_ENOUGH * max(seconds.max(), 1e-9)), 1.0) \
        * (heights / heights.max()) ** 2 * score / (1 + (errors / _PICTURE_SIGMA) ** 2)
    return votes / max(votes.max(), 1e-9)
