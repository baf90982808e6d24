"""Reads somebody who stands behind other people: they are painted over, so that the landmark model cannot read them instead."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ..base.regions import Region
from ..video.frames import Frame
from .appearance import measure_appearance
from .landmarks import LANDMARK, TORSO, LandmarkModel, Landmarks
from .sightings import BIRTH_PRESENCE, SAME_SKELETON, Sighting
from .skeletons import BONES, skeleton_distance
from .tracklets import Tracklet, claim_cost, continues, is_seen

_GREY = 128
_HALF_LIMB = 0.08               # body radii: half as thick as a thigh in clothes
_FACE = slice(LANDMARK["nose"], LANDMARK["mouth_right"] + 1)
# Of the score of a landmark that is painted over: it is guessed from what can be seen. Chosen by eye; not measured.
_HIDDEN_SHARE = 0.5


def look_behind(tracklet: Tracklet, region: Region, in_front: list[tuple[Tracklet, Landmarks]], frame: Frame,
                model: LandmarkModel) -> Sighting | None:
    """Return what a region shows of a known person behind people in front, or None where it is nobody or one of those."""
    landmarks = read_behind(frame.image, region, [shown for _, shown in in_front], model)
    if landmarks.presence < BIRTH_PRESENCE or not is_seen(landmarks) or not continues(tracklet, region, landmarks):
        return None
    colours = measure_appearance(frame.image, landmarks)
    cost = claim_cost(tracklet, landmarks, colours, frame.timestamp)
    is_another = cost >= 1.0 or any(skeleton_distance(landmarks, shown) < SAME_SKELETON
                                    or claim_cost(other, landmarks, colours, frame.timestamp) < cost for other, shown in in_front)
    return None if is_another else (tracklet, (landmarks, colours))


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
        cv2.circle(mask, xy[_FACE].mean(0).astype(int).tolist(), thickness, 255, -1)
    return mask
