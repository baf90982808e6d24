"""Judges what was read of a frame: whose observation it is, somebody's who is known, a newcomer's, or nobody's."""

from __future__ import annotations

import math

import numpy as np

from ..base.regions import Region
from ..video.frames import Frame
from .appearance import measure_appearance
from .landmarks import Landmarks
from .skeletons import is_ghost, is_upended, skeleton_distance
from .tracklets import Tracklet, claim_cost, is_seen

# These limits were chosen by eye on rendered scenes; not measured one by one.
BIRTH_PRESENCE, _BIRTH_TORSO_SCORE = 0.7, 0.7    # to begin one: stricter, as small tiles show false skeletons inside people
_BIRTH_UPPER_SCORE = 0.9                # measured: people whose hips are outside the picture 0.97 and more, false skeletons 0.8
_BIRTH_DISTANCE = 0.35                  # skeleton distance (body radii) from people who are followed already
YOUNG_OBSERVATIONS = 10                 # a tracklet with fewer may be dropped as a false detection
SAME_SKELETON = 0.25                    # skeleton distance (body radii) below which two tracklets are on one person
_NEAR_SKELETON = 0.5                    # below which one of two tracklets may slip from its person onto the other's
_OTHER_ANGLE = math.radians(30)         # between detected and followed region: more may mean that the person is misread
_OVERLAP, _OVERLAPPED_CENTRE = 1.0, 0.7    # body radii: from somebody else's skeleton, and from the detection to be read
_SAME_CENTRE, _SAME_SIZE = 0.35, (0.5, 2.0)     # body radii, and ratio of sides, within which a detection is a followed person

# A tracklet, and what was read of it in a frame: landmarks and colours.
Sighting = tuple[Tracklet, tuple[Landmarks, np.ndarray]]


def find_loser(first: Sighting, second: Sighting, timestamp: float) -> Tracklet | None:
    """Return which of two tracklets shows no person of its own: a double, one that slips onto the other's person, or a ghost."""
    distance = skeleton_distance(first[1][0], second[1][0])
    if distance < SAME_SKELETON:
        costs = [claim_cost(tracklet, landmarks, colours, timestamp) for tracklet, (landmarks, colours) in (first, second)]
        return first[0] if costs[0] >= costs[1] else second[0]
    for (tracklet, (landmarks, colours)), (other, (other_landmarks, _)) in ((first, second), (second, first)):
        if distance < _NEAR_SKELETON and claim_cost(other, landmarks, colours, timestamp) \
                < claim_cost(tracklet, landmarks, colours, timestamp):
            return tracklet
        is_young = len(tracklet.observations) < YOUNG_OBSERVATIONS
        if (is_young and is_ghost(landmarks, other_landmarks)) or is_upended(landmarks, other_landmarks):
            return tracklet
    return None


def is_newcomer(landmarks: Landmarks, known: list[Landmarks]) -> bool:
    """Return whether landmarks are surely of a person, and of none of those who are known."""
    is_sure = landmarks.torso_score >= _BIRTH_TORSO_SCORE or landmarks.upper_score >= _BIRTH_UPPER_SCORE
    return landmarks.presence >= BIRTH_PRESENCE and is_sure and not any(
        skeleton_distance(landmarks, other) < _BIRTH_DISTANCE or is_ghost(landmarks, other) or is_upended(landmarks, other)
        for other in known)


def returns(landmarks: Landmarks, frame: Frame, lost: list[Tracklet], followed: list[Tracklet], known: list[Landmarks]) -> bool:
    """Return whether landmarks are those of somebody who was lost, half hidden maybe, rather than of somebody who is followed."""
    if not is_seen(landmarks) or any(skeleton_distance(landmarks, other) < SAME_SKELETON for other in known):
        return False
    colours = measure_appearance(frame.image, landmarks)
    lost_cost, followed_cost = (min((claim_cost(tracklet, landmarks, colours, frame.timestamp) for tracklet in tracklets
                                     if len(tracklet.observations) >= YOUNG_OBSERVATIONS), default=np.inf)
                                for tracklets in (lost, followed))
    return bool(lost_cost < min(1.0, followed_cost))


def covers(followed: Region, region: Region, reach: float = _SAME_CENTRE) -> bool:
    near = np.hypot(*(followed.centre - region.centre)) < reach * followed.body_radius
    return bool(near) and _SAME_SIZE[0] < region.side / followed.side < _SAME_SIZE[1]


def is_rotated(followed: Region, region: Region) -> bool:
    return abs(math.remainder(followed.angle - region.angle, 2 * math.pi)) > _OTHER_ANGLE


def is_doubted(tracklet: Tracklet, detected: Region, others: list[Landmarks]) -> bool:
    """Return whether a detected region may show a person better than the followed one: rotated, or beside somebody near."""
    followed = tracklet.last.next_region
    if covers(followed, detected) and is_rotated(followed, detected):
        return True
    return tracklet.is_doubtful and covers(followed, detected, _OVERLAPPED_CENTRE) \
        and any(skeleton_distance(tracklet.last, other) < _OVERLAP for other in others)
