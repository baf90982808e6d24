"""Who is who in the views: by motion, and by place where somebody stands still."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from .agreement import measure_missed_percent
from .camera_paths import Cameras
from .cameras import guess_cameras
from .rays import Group, cast_rays, measure_sizes, read_moments
from .sightlines import Sightlines

# Of somebody whom motion does not tell: % of the height by which rays may miss each other; how unequal the sizes may be that the
# two views' rays give the person (logarithm of their ratio); by how many degrees the two bodies may be turned. The root of the
# sum of the squares of their shares is 1 at most. Measured on real pairs: bystanders up to 9.7 %, 0.02 and 8 degrees (at the
# pictures' edges), others 1.5 %, 0.07 and 17; two people 10.5 %, 0.8 and 54, or 2.8 %, 0.03 and 55, or more.
_MOST_MISSED, _MOST_UNEQUAL, _MOST_TURNED = 12.0, 0.4, 45.0

Member = tuple[int | None, ...]     # a person's number in each view, None where it does not see the person


def find_members(partners: list[dict[int, int]], people: int) -> list[Member]:
    """Return the people whom the first view and another one see, by who of the first view is who in each other one (V - 1)."""
    members = [(number, *(match.get(number) for match in partners)) for number in range(people)]
    return [member for member in members if any(number is not None for number in member[1:])]


def lines_of(member: Member, seen: list[list[Sightlines]]) -> Group:
    """Return what all views see of one person."""
    return tuple(None if number is None else people[number] for number, people in zip(member, seen, strict=True))


def find_by_place(seen: list[list[Sightlines]], members: list[Member], cameras: Cameras, number: int) -> dict[int, int]:
    """Return who of the first view is who in another one among those who do not move alike, as people who stand still: their
    rays meet. The closest pairs come first."""
    pair = cameras.at([0, number])
    known = {(member[0], member[number]) for member in members if member[number] is not None}
    ours = set(range(len(seen[0]))) - {first for first, _ in known}
    theirs = set(range(len(seen[number]))) - {other for _, other in known}
    misses = sorted((_measure_miss(seen[0][a], seen[number][b], pair), a, b) for a in ours for b in theirs)
    found: dict[int, int] = {}
    for miss, a, b in misses:
        if miss < 1 and a not in found and b not in found.values():
            found[a] = b
    return found


def _measure_miss(first: Sightlines, other: Sightlines, pair: Cameras) -> float:
    """Return how far what two views see is from one person at one place: below 1 it may be one."""
    sizes = measure_sizes(cast_rays(pair, read_moments((first, other), first.timestamps, pair)))
    if np.isnan(sizes).any():
        return np.inf
    alone, _ = guess_cameras([(first, other)], pair.offsets, pair.paths)
    turned = Rotation.from_matrix(alone.rotmats[1].T @ pair.rotmats[1]).magnitude()
    return float(np.linalg.norm((measure_missed_percent([(first, other)], pair) / _MOST_MISSED,
                                 np.log(sizes[0] / sizes[1]) / _MOST_UNEQUAL, np.degrees(turned) / _MOST_TURNED)))
