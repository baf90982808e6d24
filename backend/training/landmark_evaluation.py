"""Errors of motion from landmarks on rendered scenes of people and recordings that were not used in training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpsnet_blender.shared.smpl_skeleton import JOINT, forward_kinematics

from ..body.lifting import LiftedTrack
from ..evaluation.metrics import acceleration_error, direction_error, mpjpe, pa_mpjpe
from ..evaluation.truth import BODY, HIPS
from .landmark_scenes import Scene

KEYPOINTS = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
             "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee",
             "left_ankle", "right_ankle")
LIMBS = tuple((BODY.index(f"{side}_{a}"), BODY.index(f"{side}_{b}")) for side in ("left", "right")
              for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")))
_MOVED = slice(1, 22)       # the joints whose rotations are compared: all but root and hands


@dataclass(frozen=True)
class MotionErrors:
    """Errors of one scene or the mean of many: degrees, mm, mm/frame^2."""
    limb_direction: float
    local_rotation: float
    root_rotation: float
    mpjpe: float
    pa_mpjpe: float
    acceleration: float

    def __str__(self) -> str:
        return (f"limbs {self.limb_direction:.1f} deg, local rotations {self.local_rotation:.1f} deg, "
                f"root {self.root_rotation:.1f} deg, MPJPE {self.mpjpe:.0f} mm, PA {self.pa_mpjpe:.0f} mm, "
                f"acceleration {self.acceleration:.1f} mm/frame^2")


def compute_motion_errors(rotmats: np.ndarray, lifted: LiftedTrack, scene: Scene) -> MotionErrors:
    """Return the errors of rotations (T, 24, 3, 3) in the camera's axes, on the body that the lift measured."""
    _, joints = forward_kinematics(rotmats, lifted.body.rest_joints, np.zeros((len(rotmats), 3)))
    ours = joints[:, [JOINT[name] for name in BODY]]
    truth = scene.keypoints[:, [KEYPOINTS.index(name) for name in BODY]]
    ours, truth = ours - ours[:, HIPS].mean(1, keepdims=True), truth - truth[:, HIPS].mean(1, keepdims=True)
    near, far = np.array(LIMBS).T
    turned = np.degrees(angles_between(rotmats, scene.rotmats))
    return MotionErrors(direction_error(ours[:, far] - ours[:, near], truth[:, far] - truth[:, near]),
                        float(turned[:, _MOVED].mean()), float(turned[:, 0].mean()), mpjpe(ours, truth), pa_mpjpe(ours, truth),
                        acceleration_error(ours, truth, np.arange(len(ours))))


def angles_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the angles (...) in radians between rotations (..., 3, 3)."""
    trace = np.einsum("...ab,...ab->...", first, second)
    return np.arccos(np.clip((trace - 1) / 2, -1, 1))


def average_errors(errors: list[MotionErrors]) -> MotionErrors:
    """Return the mean over scenes."""
    return MotionErrors(*np.mean([list(vars(error).values()) for error in errors], axis=0))


def precision_and_recall(predicted: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return precision and recall of contacts (N, 4), predicted as confidences, at a half."""
    said, true = predicted > 0.5, truth > 0.5
    hits = float((said & true).sum())
    return hits / max(1.0, float(said.sum())), hits / max(1.0, float(true.sum()))
