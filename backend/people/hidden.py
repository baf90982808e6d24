"""Reads somebody who stands behind other people: they are painted over, so that the landmark model cannot read them instead."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ..base.regions import Region
from ..video.frames import Frame
from .appearance import measure_appearance
from .landmarks import FACE, TORSO, LandmarkModel, Landmarks
from .sightings import BIRTH_PRESENCE, SAME_SKELETON, YOUNG_OBSERVATIONS, Sighting
from .skeletons import BONES, faces_coincide, skeleton_distance
from .tracklets import Tracklet, claim_cost, continues, is_seen

_GREY = 128
_HALF_LIMB = 0.08               # body radii: half as thick as a thigh in clothes
# Of the score of a landmark that is painted over: it is guessed from what can be seen. Chosen by eye; not measured.
_HIDDEN_SHARE = 0.5
_MISREAD = 0.05                 # skeleton distance (body radii): nearer readings agree, and the one of the whole picture stays
_HEAD_OBSERVATIONS = 5          # a sixth of a second, over which it is judged whose head is seen better


def look_behind(tracklet: Tracklet, region: Region, in_front: list[tuple[Tracklet, Landmarks]], frame: Frame,
                model: LandmarkModel) -> Sighting | None:
    """Return what a region shows of a known person behind people in front, or None where it is nobody or one of those."""
    shown = [landmarks for _, landmarks in in_front]
    landmarks = read_behind(frame.image, region, shown, model)
    if not _is_behind(landmarks, tracklet, region, shown):
        return None
    colours = measure_appearance(frame.image, landmarks)
    cost = claim_cost(tracklet, landmarks, colours, frame.timestamp)
    is_another = cost >= 1.0 or any(claim_cost(other, landmarks, colours, frame.timestamp) < cost for other, _ in in_front)
    return None if is_another else (tracklet, (landmarks, colours))


def read_hidden_heads(seen: list[Sighting], frame: Frame, model: LandmarkModel) -> list[Sighting]:
    """Return the observations; people whose face is read where somebody else's is seen better are read again behind that person.

    The landmark model takes the face in front for theirs, and turns the whole body to where that face looks: it is mirrored.
    """
    return [_read_behind_heads(sighting, [other for other in seen if _hides_head(other, sighting)], frame, model)
            for sighting in seen]


def _read_behind_heads(sighting: Sighting, in_front: list[Sighting], frame: Frame, model: LandmarkModel) -> Sighting:
    tracklet, (landmarks, _) = sighting
    if not in_front:
        return sighting
    shown = [other for _, (other, _) in in_front]
    behind = read_behind(frame.image, landmarks.region, shown, model)
    is_kept = skeleton_distance(behind, landmarks) > _MISREAD and _is_behind(behind, tracklet, landmarks.region, shown)
    return (tracklet, (behind, measure_appearance(frame.image, behind))) if is_kept else sighting


def _is_behind(landmarks: Landmarks, tracklet: Tracklet, region: Region, in_front: list[Landmarks]) -> bool:
    """Return whether landmarks that were read behind people in front are surely of the person who is expected there."""
    return landmarks.presence >= BIRTH_PRESENCE and is_seen(landmarks) and continues(tracklet, region, landmarks) \
        and not any(skeleton_distance(landmarks, other) < SAME_SKELETON for other in in_front)


def _hides_head(front: Sighting, back: Sighting) -> bool:
    """Return whether two people's faces are read at one place, and that of the first is seen better."""
    (_, (landmarks, _)), (_, (other, _)) = front, back
    return front is not back and faces_coincide(landmarks, other) and _were_apart(front[0], back[0]) \
        and _head_score(front) > _head_score(back)


def _were_apart(tracklet: Tracklet, other: Tracklet) -> bool:
    """Return whether two tracklets had a face each when the later one began, and for long enough: else they may be one person."""
    later, earlier = (tracklet, other) if tracklet.frame_index[0] > other.frame_index[0] else (other, tracklet)
    seen = earlier.at(later.frame_index[0])
    return len(later.observations) >= YOUNG_OBSERVATIONS and (seen is None or not faces_coincide(later.observations[0], seen))


def _head_score(sighting: Sighting) -> float:
    tracklet, (landmarks, _) = sighting
    return float(np.mean([seen.upper_score for seen in (*tracklet.observations[1 - _HEAD_OBSERVATIONS:], landmarks)]))


def read_behind(image: np.ndarray, region: Region, in_front: list[Landmarks], model: LandmarkModel) -> Landmarks:
    """Return the landmarks in a region of a BGR image behind people in front; those that are hidden get half their score."""
    mask = _silhouettes(image.shape[:2], in_front)
    painted = image.copy()
    painted[mask > 0] = _GREY
    (landmarks,) = model(painted, [region])
    columns, rows = np.clip(landmarks.xy, 0, np.array(mask.shape[::-1]) - 1).astype(int).T
    share = np.where(mask[rows, columns] > 0, _HIDDEN_SHARE, 1.0).astype(np.float32)
    first, second = (replace(reading, score=reading.score * share) for reading in landmarks.readings)
    return replace(landmarks, score=landmarks.score * share, readings=(first, second))


def _silhouettes(shape: tuple[int, ...], people: list[Landmarks]) -> np.ndarray:
    """Return a mask (H, W) uint8 that is 255 where people's bodies are, by their bones."""
    mask = np.zeros(shape, np.uint8)
    for landmarks in people:
        xy = np.round(landmarks.xy).astype(np.int32)
        thickness = max(1, round(2 * _HALF_LIMB * landmarks.next_region.body_radius))
        for start, end in BONES:
            cv2.line(mask, xy[start].tolist(), xy[end].tolist(), 255, thickness)
        cv2.fillConvexPoly(mask, cv2.convexHull(xy[list(TORSO)]), 255)
        cv2.circle(mask, xy[FACE].mean(0).astype(int).tolist(), thickness, 255, -1)
    return mask
