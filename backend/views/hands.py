"""The hands of one person in several views: in each frame those of the view that sees them best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.hands.poses import HandPoses, make_hand_poses
from mpsnet_blender.shared.hands.skeleton import HAND_JOINT_COUNT, SIDES
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.smoothing import interpolate, nearest_rotmats
from ..body.wrists import turn_wrists
from ..engines.engine import CapturedPerson

_WRISTS = [JOINT[f"{side}_wrist"] for side in SIDES]
_SHARPNESS = 4              # exponent of confidence in a view's weight: the best view counts, and changes of view are no jumps
_LEAST_WEIGHT = 1e-6


@dataclass(frozen=True)
class ViewedPerson:
    """A person whom one view solved; times (T,) s of the view; first_from_cam (T, 3, 3), or (1, 3, 3) of a still
    camera: from its axes to those in which the motion of all views is."""
    person: CapturedPerson
    times: np.ndarray
    first_from_cam: np.ndarray


def interpolate_hands(hands: HandPoses | None, known: np.ndarray, times: np.ndarray) -> HandPoses | None:
    """Return hands, given at times `known` (N,) s, at times (T,) s; beyond both ends they were not seen."""
    if hands is None:
        return None
    inside = (times >= known[0]) & (times <= known[-1])
    confidence = interpolate(np.asarray(hands.hand_confidence), known, times) * inside[:, None]
    return make_hand_poses(interpolate(hands.rotvecs, known, times), confidence)


def join_hands(views: Sequence[ViewedPerson], motion: CameraMotion) -> tuple[CameraMotion, HandPoses | None]:
    """Return a person's hands of all views, and the motion of all views with wrists as they see them."""
    seen = [(view, hands) for view in views
            if (hands := interpolate_hands(view.person.hands, view.person.track.timestamps, view.times)) is not None]
    if not seen:
        return motion, None
    confidence = np.stack([np.asarray(hands.hand_confidence, dtype=float) for _, hands in seen])            # (V, T, 2)
    weights = confidence ** _SHARPNESS + _LEAST_WEIGHT
    weights /= weights.sum(0)
    of_joints = np.repeat(weights, HAND_JOINT_COUNT, axis=2)
    rotvecs = sum(weight[..., None] * hands.rotvecs for weight, (_, hands) in zip(of_joints, seen, strict=True))
    palms = sum(weight[..., None, None] * _find_palms(view) for weight, (view, _) in zip(weights, seen, strict=True))
    palms = nearest_rotmats(np.asarray(palms).reshape(-1, 3, 3)).reshape(-1, 2, 3, 3)
    best = confidence.max(0)
    return turn_wrists(motion, palms, best), make_hand_poses(np.asarray(rotvecs), best)


def _find_palms(view: ViewedPerson) -> np.ndarray:
    """Return the wrists' rotations (T, 2, 3, 3) from the rest pose to the axes of the motion of all views."""
    turned, _ = view.person.motion.pose()
    return view.first_from_cam[:, None] @ interpolate(turned[:, _WRISTS], view.person.track.timestamps, view.times)
