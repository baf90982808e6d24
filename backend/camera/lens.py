"""The focal length of a camera that moves: all sightings of the background agree only with the right one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .bundle import Bundle, Sightings
from .bundle_adjustment import Adjustment
from .bundle_equations import Freedom
from .windows import ROUNDS, WINDOW, ClipSightings, chain_rotmats, count_rounds, no_points, select_sightings, start_bundle

# Logarithms of the focal length's factor to begin with: 42 to 70 degrees about the assumed 55.
_ZOOMS = (-0.3, -0.15, 0.0, 0.15, 0.3)
# Rounds after which only the best two candidates go on. The one that is best in the end was then first or second on two clips of
# cameras that go through a room.
_CANDIDATE_ROUNDS = 12
# A lens is taken where it leaves at most so much of the error, and its factor is not extreme. Chosen by eye on rendered clips.
_WORTH_IT, _MOST_ZOOM = 0.97, 0.45


def find_zoom(seen: ClipSightings, keys: np.ndarray, step_sigma: float, check: Callable[[], None]) -> Bundle | None:
    """Return the first window's bundle with the focal length's factor that fits it best, zoom 0 where none fits clearly better;
    None where nothing is seen.

    Each candidate is solved from the start: descent from a wrong lens's cameras often ends in a local minimum. After some rounds
    the best two, and the assumed lens, are solved on.
    """
    keys = keys[:WINDOW]
    sightings, numbers = select_sightings(seen, keys)
    if not len(numbers):
        return None
    step_sigmas, rounds = np.full(len(keys) - 1, step_sigma), count_rounds(step_sigma, is_first=True)
    tried = [Adjustment(_begin(seen, sightings, numbers, keys, zoom), sightings, seen.sigma, Freedom(1, step_sigmas, False))
             for zoom in _ZOOMS]
    for candidate in tried:
        check()
        candidate.run(min(_CANDIDATE_ROUNDS, rounds))
    unchanged, by_cost = tried[_ZOOMS.index(0.0)], sorted(tried, key=lambda candidate: candidate.cost)
    kept = [candidate for candidate in tried if candidate is unchanged or candidate in by_cost[:2]]
    for candidate in kept:
        check()
        candidate.run(max(rounds - _CANDIDATE_ROUNDS, 0))
    best = Adjustment(min(kept, key=lambda candidate: candidate.cost).bundle, sightings, seen.sigma,
                      Freedom(1, step_sigmas, True))
    best.run(ROUNDS)
    return best.bundle if best.cost < _WORTH_IT * unchanged.cost and abs(best.bundle.zoom) < _MOST_ZOOM else unchanged.bundle


def _begin(seen: ClipSightings, sightings: Sightings, numbers: np.ndarray, keys: np.ndarray, zoom: float) -> Bundle:
    """Return the first guess of the first window's bundle, by sightings of the points of these numbers, with a lens."""
    rotmats = chain_rotmats(seen, keys, zoom)
    nothing = Bundle(rotmats, np.zeros((len(keys), 3)), *no_points(int(numbers.max()) + 1), zoom)
    return start_bundle(sightings, numbers, nothing)
