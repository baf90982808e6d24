"""Reads people's hands frame by frame, where they are large and seen: first by the body's landmarks, then by the last frame's."""

from __future__ import annotations

from collections.abc import MutableSequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.hands.skeleton import SIDES

from ..people.landmarks import LANDMARK, Landmarks
from ..video.frames import Frame
from .landmarks import WRIST, HandLandmarks, HandNetwork, region_from_arm, region_from_hand
from .readings import HandReadings, make_row, make_table, read_tables

LEAST_PIXELS = 40           # of a hand's length: smaller ones tell nothing of their fingers (benchmarks/hands.py)
# A hand's length from the wrist to the middle finger's tip, in radii of the body: 0.108 statures (Drillis and Contini 1966).
_HAND_RADII = 0.216
_SEEN_SCORE = 0.5           # of the body's wrist: more likely seen than hidden
_FIRST_PRESENCE = 0.15      # of a hand in an arm's region: with its own region it may be read well; by eye on real footage
LEAST_PRESENCE = 0.5        # of a hand: below it the landmarks are nonsense, by eye on real footage
# Lengths of the hand: how far its wrist may lie from the body's wrist, and the body's wrist from that of the frame before.
_FARTHEST_WRIST, _FARTHEST_STEP = 0.6, 1.0
_SEARCHED_EVERY = 2         # frames, of a hand that was not found in the last ones
# A hand whose wrist moved by less than this share of its length since it was read (1.3 m/s at 30 frames a second) waits one frame
# for its next reading, in videos of so many frames a second: both hands of somebody who gestures would take a third of a
# capture's time.
_QUICK_STEP, _QUICK_FPS = 0.25, 20.0


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
        self._may_wait = fps >= _QUICK_FPS
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
        last, is_fresh = self._find_last(arm)
        if last is not None:
            step = arm.wrist - last.wrist[0]
            if is_fresh and self._may_wait and float(np.hypot(*step)) < _QUICK_STEP * arm.size:
                return None
            return self._network.read(frame.image, region_from_hand(last.xy[0]).moved(*step.tolist()))
        if frame.index % _SEARCHED_EVERY:
            return None
        first = self._network.read(frame.image, region_from_arm(arm.elbow, arm.wrist, arm.knuckles, arm.size))
        return first if first.presence < _FIRST_PRESENCE else self._network.read(frame.image, region_from_hand(first.xy))

    def _find_last(self, arm: _Arm) -> tuple[HandReadings | None, bool]:
        """Return an arm's hand as it was read last, in the last frame or the one before, and whether it was in the last one."""
        for age, table in enumerate(reversed(self.tables[-2:])):
            last = read_tables([0], [table])
            steps = np.linalg.norm(last.wrist - arm.wrist, axis=1) + np.where(last.side == arm.side, 0.0, np.inf)
            if len(steps) and steps.min() < _FARTHEST_STEP * arm.size:
                return read_tables([0], [table[[int(steps.argmin())]]]), age == 0
        return None, False


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
