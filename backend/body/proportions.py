"""One body per person: SMPL rest joints with the clip's proportions, and the landmarks' positions on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpsnet_blender.shared.smpl_skeleton import (
    CROWN_ABOVE_HEAD,
    DEFAULT_STATURE,
    JOINT,
    PARENTS,
    SOLE_BELOW_ANKLE,
    generic_offsets,
    rest_joints_from_offsets,
)

from ..people.landmarks import LANDMARK, LANDMARK_COUNT, LANDMARK_NAMES

# Each landmark moves with a joint: its offset from it in the rest pose, in statures, for the left side and the centre. They
# are halfway between anatomy and where the landmark model puts them on rendered people.
_LANDMARKS_ON_JOINTS = {
    "nose": ("head", (0.0, 0.013, 0.072)),
    "left_eye_inner": ("head", (0.009, 0.032, 0.058)),
    "left_eye": ("head", (0.016, 0.032, 0.056)),
    "left_eye_outer": ("head", (0.023, 0.032, 0.05)),
    "left_ear": ("head", (0.035, 0.02, 0.014)),
    "mouth_left": ("head", (0.011, -0.008, 0.062)),
    "left_shoulder": ("left_shoulder", (0.0, 0.0, 0.007)),
    "left_elbow": ("left_elbow", (0.004, -0.004, 0.004)),
    "left_wrist": ("left_wrist", (0.008, -0.005, 0.0)),
    "left_pinky": ("left_wrist", (0.054, -0.008, -0.016)),
    "left_index": ("left_wrist", (0.06, -0.009, 0.01)),
    "left_thumb": ("left_wrist", (0.038, -0.012, 0.02)),
    "left_hip": ("left_hip", (0.004, -0.002, 0.003)),
    "left_knee": ("left_knee", (0.004, 0.0, -0.003)),
    "left_ankle": ("left_ankle", (0.0, 0.0, 0.0)),
    "left_heel": ("left_ankle", (0.002, -0.034, -0.034)),
    "left_foot_index": ("left_foot", (0.004, -0.006, 0.044)),
}
# Lengths that are measured in the clip: the landmarks at the ends, and the joints whose offsets are scaled.
_MEASURED = {
    "upper_arm": ("shoulder", "elbow", ("elbow",)),
    "forearm": ("elbow", "wrist", ("wrist",)),
    "thigh": ("hip", "knee", ("knee",)),
    "shin": ("knee", "ankle", ("ankle",)),
}
# The landmark model's limbs are 5 to 20 % too short, differently in each clip (measured on rendered people), so that only half
# of a measured ratio, as a logarithm, is used. Limits: 2.5 sigmas; limbs of adults over their stature have a sigma of about 5 %.
# _MEASURED_SHARE halved or doubled: limbs +0.5 / -0.3 degrees (`benchmarks/constants.py --end 3`: walk_turn's first 3 s).
_MEASURED_SHARE = 0.5
_RATIO_LIMITS = (0.88, 1.14)


@dataclass(frozen=True)
class Body:
    """rest_joints (24, 3) and rest_landmarks (33, 3) in metres (Y up, facing +Z); landmark_joints (33,) indices."""
    rest_joints: np.ndarray
    rest_landmarks: np.ndarray
    landmark_joints: np.ndarray
    stature: float

    def posed_landmarks(self, global_rotmats: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """Return landmarks (T, 33, 3) of a posed body: global rotations (T, 24, 3, 3) and joints (T, 24, 3)."""
        offsets = self.rest_landmarks - self.rest_joints[self.landmark_joints]
        turned = np.einsum("tkij,kj->tki", global_rotmats[:, self.landmark_joints], offsets)
        return joints[:, self.landmark_joints] + turned

    def scaled(self, factor: float) -> Body:
        """Return the same body scaled by a factor."""
        return Body(self.rest_joints * factor, self.rest_landmarks * factor, self.landmark_joints, self.stature * factor)


def make_generic_body(stature: float = DEFAULT_STATURE) -> Body:
    """Return an adult of average proportions and that stature in metres."""
    return make_body_on_joints(rest_joints_from_offsets(generic_offsets(stature)), stature)


def measure_body(points: np.ndarray, score: np.ndarray, stature: float) -> Body:
    """Return the body whose proportions the whole clip shows, both sides alike, of that stature in metres.

    points (T, 33, 3) are landmarks in any unit, score (T, 33) their visibility.
    """
    offsets = generic_offsets(1.0)
    generic = make_generic_body(1.0)
    ratios = {name: _measure_length(points, score, a, b) / _compute_rest_length(generic, a, b)
              for name, (a, b, _) in _MEASURED.items()}
    torso = _measure_torso(points, score) / _torso(generic.rest_landmarks)
    common = float(np.exp(np.mean([np.log(torso)] + [np.log(ratio) for ratio in ratios.values()])))
    for name, (_, _, joints) in _MEASURED.items():
        factor = np.clip((ratios[name] / common) ** _MEASURED_SHARE, *_RATIO_LIMITS)
        for joint in joints:
            offsets[[JOINT[f"left_{joint}"], JOINT[f"right_{joint}"]]] *= factor
    spine = np.clip((torso / common) ** _MEASURED_SHARE, *_RATIO_LIMITS)
    offsets[[JOINT[name] for name in ("spine1", "spine2", "spine3", "neck", "left_collar", "right_collar")]] *= spine
    return make_body_on_joints(rest_joints_from_offsets(offsets * stature / _compute_stature(offsets)), stature)


def make_body_on_joints(rest_joints: np.ndarray, stature: float) -> Body:
    """Return the body with these rest joints (24, 3) in metres, the landmarks at their average offsets."""
    joints = np.empty(LANDMARK_COUNT, dtype=int)
    landmarks = np.empty((LANDMARK_COUNT, 3))
    for index, name in enumerate(LANDMARK_NAMES):
        left = name.replace("right", "left")
        joint, offset = _LANDMARKS_ON_JOINTS[left]
        if left != name:
            joint, offset = joint.replace("left_", "right_"), (-offset[0], offset[1], offset[2])
        joints[index] = JOINT[joint]
        landmarks[index] = rest_joints[joints[index]] + np.multiply(offset, stature)
    return Body(rest_joints, landmarks, joints, stature)


def _compute_stature(offsets: np.ndarray) -> float:
    """Return the stature of rest offsets whose sole and crown have the generic share of one unit."""
    joints = rest_joints_from_offsets(offsets, PARENTS)
    return float(joints[JOINT["head"], 1] - joints[JOINT["left_ankle"], 1] + SOLE_BELOW_ANKLE + CROWN_ABOVE_HEAD)


def _compute_rest_length(body: Body, a: str, b: str) -> float:
    return float(np.linalg.norm(body.rest_landmarks[LANDMARK[f"left_{a}"]] - body.rest_landmarks[LANDMARK[f"left_{b}"]]))


def _measure_length(points: np.ndarray, score: np.ndarray, a: str, b: str) -> float:
    """Return the median length between two landmarks over frames and sides, weighted by visibility."""
    lengths, weights = [], []
    for side in ("left", "right"):
        first, second = LANDMARK[f"{side}_{a}"], LANDMARK[f"{side}_{b}"]
        lengths.append(np.linalg.norm(points[:, first] - points[:, second], axis=1))
        weights.append(np.minimum(score[:, first], score[:, second]))
    return _weighted_median(np.concatenate(lengths), np.concatenate(weights))


def _torso(points: np.ndarray) -> np.ndarray:
    shoulders = points[..., LANDMARK["left_shoulder"], :] + points[..., LANDMARK["right_shoulder"], :]
    hips = points[..., LANDMARK["left_hip"], :] + points[..., LANDMARK["right_hip"], :]
    return np.linalg.norm(shoulders - hips, axis=-1) / 2


def _measure_torso(points: np.ndarray, score: np.ndarray) -> float:
    corners = [LANDMARK[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "hip")]
    return _weighted_median(_torso(points), score[:, corners].min(1))


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order] + 1e-3)
    return float(values[order][np.searchsorted(cumulative, cumulative[-1] / 2)])
