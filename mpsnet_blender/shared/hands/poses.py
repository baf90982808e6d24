"""The fingers of one person's motion: what a motion file says of them, and what all stages pass on."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from .skeleton import HAND_JOINT_COUNT, SIDES

SEEN = 0.5      # confidence from which a hand's fingers were seen


@dataclass(frozen=True)
class HandPoses:
    """The fingers' poses, with the names that they have in a motion file.

    left_hand_pose, right_hand_pose (T, 45): rotation vectors in radians, parent-relative, of index, middle, pinky, ring and
    thumb, three joints each from the palm outwards; zero is the flat hand with straight fingers, as smplx has it with
    `flat_hand_mean=True`, and SMPL-H and SMPL-X in AMASS. hand_confidence (T, 2) in 0..1, left and right: from 0.5 on the
    fingers were seen. Where they were not, the pose is what the writer assumed: ours is the relaxed hand, with fades.
    """
    left_hand_pose: np.ndarray
    right_hand_pose: np.ndarray
    hand_confidence: np.ndarray

    @property
    def rotvecs(self) -> np.ndarray:
        """Return rotation vectors (T, 30, 3) in the order of HAND_JOINT_NAMES: the left hand, then the right."""
        hands = np.concatenate((self.left_hand_pose, self.right_hand_pose), axis=1)
        return np.asarray(hands, dtype=np.float64).reshape(len(hands), 2 * HAND_JOINT_COUNT, 3)

    @property
    def seen_shares(self) -> tuple[float, float]:
        """Return the share of the frames in which the left and the right hand's fingers were seen."""
        left, right = (np.asarray(self.hand_confidence) >= SEEN).mean(axis=0)
        return float(left), float(right)

    def at(self, rows: np.ndarray | slice) -> HandPoses:
        """Return the poses in these rows (frames) only."""
        return HandPoses(self.left_hand_pose[rows], self.right_hand_pose[rows], self.hand_confidence[rows])

    def with_rotvecs(self, rotvecs: np.ndarray) -> HandPoses:
        """Return other poses (T, 30, 3), seen as surely as these."""
        return make_hand_poses(rotvecs, self.hand_confidence)


HAND_MEMBERS = tuple(item.name for item in fields(HandPoses))


def make_hand_poses(rotvecs: np.ndarray, confidence: np.ndarray) -> HandPoses:
    """Return the poses of rotation vectors (T, 30, 3) in radians, in the order of HAND_JOINT_NAMES, with confidence (T, 2)."""
    left, right = (np.asarray(rotvecs[:, first:first + HAND_JOINT_COUNT], dtype=np.float32).reshape(len(rotvecs), -1)
                   for first in (0, HAND_JOINT_COUNT))
    return HandPoses(left, right, np.asarray(confidence, dtype=np.float32))


def list_hand_shapes(frames: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes that the members of a motion's hands have."""
    pose = (frames, 3 * HAND_JOINT_COUNT)
    return dict(zip(HAND_MEMBERS, (pose, pose, (frames, len(SIDES))), strict=True))
