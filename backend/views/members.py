"""Who is who in the views: by motion, and by place where somebody stands still."""

from __future__ import annotations

import numpy as np

from ..base.pinhole import move_points
from .agreement import measure_agreement
from .camera_paths import Cameras
from .rays import Group
from .sightlines import Sightlines

# Of somebody whom motion does not tell: % of the height by which rays may miss each other, and how far apart, as a share of the
# distance, both views alone may have the person; the root of the squares of both shares is 1 at most. Measured on real pairs:
# bystanders 0.4 % and 0.1, 4 % at the pictures' edges; a man half hidden by a woman 4.8 % and 0.2, or 1.7 % and 0.32; two
# people 5.0 % and 0.42, or more.
_MOST_MISSED, _MOST_APART = 6.0, 0.4

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
    times = first.timestamps
    there = other.at(pair.seconds(1, times))
    both = first.weights.any(1) & there.weights.any(1)
    if not both.any():
        return np.inf
    ours, theirs = (lines.joints.mean(1, keepdims=True) * (1.0, 1.0, zoom)
                    for lines, zoom in zip((first, there), pair.zooms, strict=True))
    apart = np.median((ours - move_points(theirs, pair.now_from_cam(1, times)))[both, 0], axis=0)
    share = float(np.linalg.norm(apart)) / max(float(np.linalg.norm(np.median(ours[both, 0], axis=0))), 1e-9)
    if share >= _MOST_APART:
        return np.inf
    return float(np.hypot(measure_agreement([(first, other)], pair, 0.0).percent / _MOST_MISSED, share / _MOST_APART))
