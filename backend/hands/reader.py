"""Reads people's hands frame by frame, where they are large and seen: first by the body's landmarks, then by the last frame's."""

from __future__ import annotations

from collections.abc import MutableSequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.hands.skeleton import SIDES

from ..people.landmarks import LANDMARK, Landmarks
from ..video.frames import Frame, count_frames
from .landmarks import WRIST, HandLandmarks, HandNetwork, region_from_arm, region_from_hand
from .readings import HandReadings, make_row, make_table, read_rows

LEAST_PIXELS = 40           # of a hand's length: smaller ones tell nothing of their fingers (benchmarks/hands.py)
# A hand's length from the wrist to the middle finger's tip, in radii of the body: 0.108 statures (Drillis and Contini 1966).
_HAND_RADII = 0.216
_SEEN_SCORE = 0.5           # of the body's wrist: more likely seen than hidden
_FIRST_PRESENCE = 0.15      # of a hand in an arm's region: with its own region it may be read well; by eye on real footage
LEAST_PRESENCE = 0.5        # of a hand: below it the landmarks are nonsense, by eye on real footage
# Lengths of the hand: how far its wrist may lie from the body's wrist, and the body's wrist from that of the frame before.
_FARTHEST_WRIST, _FARTHEST_STEP = 0.6, 1.0
_SEARCHED_EVERY_SECONDS = 0.08      # a hand that was not found in the last frames
# Read in each frame, both hands of somebody who gestures would take a third of a capture's time. So many seconds after a reading
# the next one is due, or as soon as the wrist has moved by such a share of the hand's length. What lies between is interpolated,
# over up to `fingers.solving`'s short gaps. Fewer readings than with 0.1 s for still hands alone: gestures of 85 px are 11.3 and
# 13.6 degrees off in place of 11.1 and 13.5, on the way from one to the next 10.5 and 12.2 in place of 10.2 and 12.7.
_WAIT_SECONDS, _FAST_SHARE = 0.1, 0.5


@dataclass(frozen=True)
class _Arm:
    """A hand to read: of which side, its elbow, wrist and knuckles (2,) px by the body's landmarks, its length in px."""
    side: int
    elbow: np.ndarray
    wrist: np.ndarray
    knuckles: np.ndarray
    size: float


class HandReader:
    """Reads the hands of all people in each frame. What it remembers is in `tables`: one (N, COLUMNS) for each frame."""

    def __init__(self, models_folder: Path, fps: float, tables: MutableSequence[np.ndarray]):
        """fps: frames a second of the video; tables: those of past frames, to which the others are added; they may lie on disk.

        Raises ModelError where the model is missing or damaged.
        """
        self._network = HandNetwork(models_folder)
        self._wait = count_frames(_WAIT_SECONDS, fps)
        self._searched_every = count_frames(_SEARCHED_EVERY_SECONDS, fps)
        self.tables = tables

    def step(self, frame: Frame, people: list[Landmarks]) -> None:
        """Read the hands of people in the next frame."""
        rows = []
        for arm in (arm for person in people for arm in _find_arms(person, frame.image.shape)):
            read = self._read(frame, arm)
            if read is not None and _is_of(read, arm):
                rows.append(make_row(arm.side, read.presence, read.right, arm.wrist, read.xy, read.world))
        self.tables.append(make_table(rows))

    def _read(self, frame: Frame, arm: _Arm) -> HandLandmarks | None:
        """Return what is read at an arm's end; a hand that is new is read twice, as the arm tells only about where it is."""
        last, age = self._find_last(arm)
        if last is not None:
            step = arm.wrist - last.wrist[0]
            if age < self._wait and float(np.hypot(*step)) < _FAST_SHARE * arm.size:
                return None
            return self._network.read(frame.image, region_from_hand(last.xy[0]).moved(*step.tolist()))
        if frame.index % self._searched_every:
            return None
        first = self._network.read(frame.image, region_from_arm(arm.elbow, arm.wrist, arm.knuckles, arm.size))
        return first if first.presence < _FIRST_PRESENCE else self._network.read(frame.image, region_from_hand(first.xy))

    def _find_last(self, arm: _Arm) -> tuple[HandReadings | None, int]:
        """Return an arm's hand as it was read last, and how many frames ago; None two frames after the next one was due."""
        for age, table in enumerate(reversed(self.tables[-self._wait - 1:]), start=1):
            last = read_rows(np.zeros(len(table), np.int64), table)
            steps = np.linalg.norm(last.wrist - arm.wrist, axis=1) + np.where(last.side == arm.side, 0.0, np.inf)
            if len(steps) and steps.min() < _FARTHEST_STEP * arm.size:
                nearest = int(steps.argmin())
                return last.at(slice(nearest, nearest + 1)), age
        return None, 0


def _find_arms(person: Landmarks, shape: tuple[int, ...]) -> list[_Arm]:
    """Return the hands of a person that are worth a look in a picture of a shape (H, W, 3)."""
    size = _HAND_RADII * person.next_region.body_radius
    if size < LEAST_PIXELS:
        return []
    arms = []
    for side, name in enumerate(SIDES):
        elbow, wrist, index, pinky = (person.xy[LANDMARK[f"{name}_{part}"]] for part in ("elbow", "wrist", "index", "pinky"))
        knuckles = (index + pinky) / 2
        inside = (knuckles >= 0).all() and (knuckles < shape[1::-1]).all()
        if inside and person.score[LANDMARK[f"{name}_wrist"]] >= _SEEN_SCORE:
            arms.append(_Arm(side, elbow, wrist, knuckles, size))
    return arms


def _is_of(read: HandLandmarks, arm: _Arm) -> bool:
    """Return whether a hand is there, and at the arm's end."""
    return read.presence >= LEAST_PRESENCE and float(np.hypot(*(read.xy[WRIST] - arm.wrist))) < _FARTHEST_WRIST * arm.size
