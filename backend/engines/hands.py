"""People whom an engine solved get the hands that were read: fingers, and palms that turn wrists and forearms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mpsnet_blender.shared.capture_request import DEFAULT_STATURE
from mpsnet_blender.shared.hands.poses import make_hand_poses
from mpsnet_blender.shared.hands.skeleton import SIDES
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.reporter import Reporter
from ..body.wrists import find_straight_forearms, turn_wrists
from ..hands.fingers import Forearms, solve_hands
from ..hands.ownership import OwnHand, find_owners
from ..hands.readings import HandReadings
from .engine import CapturedPerson, Shot

_WRISTS = [JOINT[f"{side}_wrist"] for side in SIDES]


def add_hands(people: Sequence[CapturedPerson], readings: HandReadings, shot: Shot, reporter: Reporter) -> list[CapturedPerson]:
    """Return the people with their hands; those whose hands were not seen as they are. Raises CancelRequested."""
    owned = find_owners(readings, [person.track for person in people])
    with_hands = []
    for person, hands in zip(people, owned, strict=True):
        reporter.check()
        with_hands.append(_add_to(person, hands, shot))
    return with_hands


def _add_to(person: CapturedPerson, hands: tuple[OwnHand, OwnHand], shot: Shot) -> CapturedPerson:
    motion = person.motion
    _, joints = motion.pose()
    distances = np.linalg.norm(joints[:, _WRISTS], axis=-1) * (DEFAULT_STATURE / motion.stature)
    solved = solve_hands(hands, Forearms(distances, find_straight_forearms(motion)), person.track.timestamps, shot.intrinsics)
    if solved is None:
        return person
    return replace(person, motion=turn_wrists(motion, solved.palms, solved.confidence),
                   hands=make_hand_poses(solved.rotvecs, solved.confidence))
