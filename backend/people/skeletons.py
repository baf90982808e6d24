"""Compares skeletons in the picture: the same person, another one, or a false detection on the limbs of another (a ghost)."""

from __future__ import annotations

import numpy as np

from .landmarks import FACE, LANDMARK, Landmarks

_MAIN_JOINTS = [LANDMARK[f"{side}_{joint}"] for joint in ("shoulder", "hip", "knee", "elbow", "ankle")
                for side in ("left", "right")]
LIMBS = np.array([[LANDMARK[f"{side}_{a}"], LANDMARK[f"{side}_{b}"]] for side in ("left", "right") for a, b in (
    ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))])
BONES = np.concatenate([LIMBS, [[LANDMARK[a], LANDMARK[b]] for a, b in (
    ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"), ("left_shoulder", "right_shoulder"))]])
# A ghost lies mostly inside another person's box and is not much larger; and it is badly visible, near in pose, or on that
# person's limbs. Chosen by eye on rendered scenes with several people; not measured.
_GHOST_OVERLAP, _GHOST_SIZE = 0.65, 1.1     # shares: of the ghost's box inside the other box; of the boxes' areas
_GHOST_TORSO_SCORE, _GHOST_DISTANCE = 0.9, 0.8      # lower score of the torso, or nearer skeleton (body radii)
# Body radii, half a head's height. On real footage of a man whose head is behind a woman's, faces that were read so near were
# hers, for both of them; of rendered people who stand behind each other, faces seen side by side lie 0.13 and more apart.
_SAME_FACE = 0.12
_ON_LIMBS = 0.1                         # mean distance from the other person's limbs, in that person's body radii
_UPRIGHT_WORTH = 0.1                    # of a mean score: in close-ups little else but face and shoulders is seen
_VISIBLE_SCORE = 0.5
_LEAST_WEIGHT = 0.05                    # of a joint that is not visible, so that no sum is zero


def skeleton_distance(a: Landmarks, b: Landmarks) -> float:
    """Return the mean distance of the main joints of two skeletons in body radii, weighted by visibility."""
    weights = np.minimum(a.score, b.score)[_MAIN_JOINTS] + _LEAST_WEIGHT
    distances = np.linalg.norm(a.xy[_MAIN_JOINTS] - b.xy[_MAIN_JOINTS], axis=1)
    radius = max(a.next_region.body_radius, b.next_region.body_radius, 1.0)
    return float((distances * weights).sum() / weights.sum() / radius)


def faces_coincide(a: Landmarks, b: Landmarks) -> bool:
    """Return whether two skeletons have their faces at one place: one head hides the other, or one face was read for both."""
    apart = float(np.linalg.norm(a.xy[FACE] - b.xy[FACE], axis=1).mean())
    return apart < _SAME_FACE * max(a.next_region.body_radius, b.next_region.body_radius)


def is_ghost(candidate: Landmarks, other: Landmarks) -> bool:
    """Return whether a candidate lies mostly inside another, larger person and is badly visible or lies on that one's limbs."""
    low, high = _visible_box(candidate)
    other_low, other_high = _visible_box(other)
    area = max(1.0, float((high - low).prod()))
    overlap = float(np.clip(np.minimum(high, other_high) - np.maximum(low, other_low), 0, None).prod())
    if overlap < _GHOST_OVERLAP * area or area > _GHOST_SIZE * float((other_high - other_low).prod()):
        return False
    return (candidate.torso_score < _GHOST_TORSO_SCORE or skeleton_distance(candidate, other) < _GHOST_DISTANCE
            or _distance_to_limbs(candidate, other) < _ON_LIMBS)


def is_upended(candidate: Landmarks, other: Landmarks) -> bool:
    """Return whether a candidate is the other person read upside down, as faces in close-ups may be: both have one face and their
    bodies on opposite sides of it, and the other body is better seen, or as well and more upright."""
    (face, own_size), (other_face, size) = _find_face(candidate), _find_face(other)
    if np.linalg.norm(face - other_face) > max(own_size, size):
        return False
    opposite = (candidate.next_region.centre - face) @ (other.next_region.centre - other_face) < 0
    worth, other_worth = (seen.mean_score + _UPRIGHT_WORTH * np.cos(seen.next_region.angle) for seen in (candidate, other))
    return bool(opposite and worth < other_worth)


def _find_face(landmarks: Landmarks) -> tuple[np.ndarray, float]:
    """Return the middle (2,) of a face, and the mean distance of its landmarks from there, px."""
    middle = landmarks.xy[FACE].mean(0)
    return middle, float(np.linalg.norm(landmarks.xy[FACE] - middle, axis=1).mean())


def _visible_box(landmarks: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    visible = landmarks.score > _VISIBLE_SCORE
    points = landmarks.xy[visible] if visible.sum() > 3 else landmarks.xy
    return points.min(0), points.max(0)


def _distance_to_limbs(candidate: Landmarks, other: Landmarks) -> float:
    """Return the mean distance of a skeleton's main joints from the other person's nearest limb, in that person's body radii."""
    start, end = other.xy[BONES[:, 0]], other.xy[BONES[:, 1]]
    along = end - start
    points = candidate.xy[_MAIN_JOINTS][:, None]
    share = ((points - start) * along).sum(-1) / np.maximum((along ** 2).sum(-1), 1e-6)
    nearest = start + np.clip(share, 0, 1)[..., None] * along
    distance = np.linalg.norm(points - nearest, axis=-1).min(1)
    return float(distance.mean() / max(other.next_region.body_radius, 1.0))
