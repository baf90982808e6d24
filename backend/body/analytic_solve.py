"""From points in space to SMPL's 24 joint rotations: an analytic solve over all frames at once."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.smoothing import smooth_measured
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT, PARENTS

from ..base.rotations import (
    fit_rotmats,
    limit_angles,
    make_axes,
    normalize,
    rotate,
    rotmats_about,
    shortest_rotmats,
    split_swing_and_twist,
    transpose,
)
from ..base.smoothing import nearest_rotmats, smooth_rotmats
from ..people.landmarks import LANDMARK
from .lifting import LiftedTrack
from .proportions import Body

# Mean axis of elbow flexion in SMPL's rest frame, left side, measured on motion capture; the right side mirrors it. Knees: +X.
_LEFT_ELBOW_AXIS = np.array((0.0, -0.87, 0.49))
_KNEE_AXIS = np.array((1.0, 0.0, 0.0))
# Times of smoothing for angles that follow from few landmarks close together: the shorter the bones, the noisier the angles.
# Chosen by eye on rendered clips; not measured. The trained lifter was trained on poses smoothed like this, so that a change
# needs a new training.
_TWIST_SIGMA_SECONDS = 0.15
_HEAD_SIGMA_SECONDS = 0.12
_HAND_SIGMA_SECONDS = 0.2       # each halved or doubled: limbs by at most 0.02 degrees (`benchmarks/constants.py --end 3`)
_SEEN_WEIGHT = 0.1              # landmark's weight (the square of a score of 0.32) from which its joint counts as seen; by eye
_UNSEEN_SIGMA_SECONDS, _UNSEEN_FADE_SECONDS = 0.5, 0.1      # smoothing of unseen joints, and fade to it; by eye, not measured
_LEAST_WEIGHT, _LEAST_HAND_WEIGHT = 0.05, 0.02      # weights of unseen joints, above 0 so that means over time exist; by eye
_FACE = tuple(range(LANDMARK["mouth_right"] + 1))
_STRAIGHT_WEIGHT = 0.02         # of the prior that a limb is not twisted; a limb bent by 90 degrees has weight 1; by eye
_FORWARD_WEIGHT = 0.1           # of the prior that the head is not turned; a face in full view has weight 1; by eye
# Limits are the joints' ranges of motion (anatomy, rounded). Shares below 1, because the landmarks of shoulders and hands have
# large errors; chosen by eye.
_MAX_HEAD_TURN = np.radians(80)
_COLLAR_SHARE, _MAX_COLLAR = 0.5, np.radians(25)
_MAX_ARM_TWIST, _MAX_THIGH_TWIST = np.radians(100), np.radians(60)
_TWIST_MARGIN = 1.3             # in these limits: a larger twist is an error and has no weight; by eye
_HAND_SWING_SHARE, _MAX_HAND_SWING = 0.5, np.radians(60)
_HAND_TWIST_SHARE, _MAX_HAND_TWIST = 0.7, np.radians(90)


def solve_rotations(lifted: LiftedTrack) -> np.ndarray:
    """Return parent-relative SMPL rotations (T, 24, 3, 3); the root's takes the rest frame to the camera's."""
    solver = _Solver(lifted)
    solver.solve_trunk()
    solver.solve_head()
    for side in ("left", "right"):
        solver.solve_arm(side)
        solver.solve_leg(side)
    return solver.compute_local_rotmats()


def smooth_unseen_joints(rotmats: np.ndarray, lifted: LiftedTrack) -> np.ndarray:
    """Return rotations (T, 24, 3, 3) with unseen joints smoothed more, because their landmarks are guesses.

    A joint counts as seen where a landmark on it, or on a child joint, has some weight.
    """
    seen = np.clip(_compute_joint_weights(lifted) / _SEEN_WEIGHT, 0.0, 1.0)
    if (seen == 1.0).all():
        return rotmats
    smoothed = smooth_rotmats(rotmats, lifted.timestamps, _UNSEEN_SIGMA_SECONDS, seen + _LEAST_WEIGHT)
    seen = smooth_measured(seen, lifted.timestamps, _UNSEEN_FADE_SECONDS, degree=0)[..., None, None]
    mixed = seen * rotmats + (1 - seen) * smoothed
    return nearest_rotmats(mixed.reshape(-1, 3, 3)).reshape(rotmats.shape)


def _compute_joint_weights(lifted: LiftedTrack) -> np.ndarray:
    """Return the largest weight (T, 24) of the landmarks on each joint and on its children; 1 where there are none."""
    on_joint = lifted.body.landmark_joints
    weights = np.ones((len(lifted.weights), JOINT_COUNT))
    for joint in range(JOINT_COUNT):
        near = np.flatnonzero(np.isin(on_joint, [joint, *np.flatnonzero(np.array(PARENTS) == joint)]))
        if len(near):
            weights[:, joint] = lifted.weights[:, near].max(1)
    return weights


class _Solver:
    """The global rotations of one person, solved from the root outwards."""

    def __init__(self, lifted: LiftedTrack):
        self._points, self._weights, self._times = lifted.points, lifted.weights, lifted.timestamps
        self._body: Body = lifted.body
        frame_count = len(lifted.points)
        self._globals = np.tile(np.eye(3), (frame_count, JOINT_COUNT, 1, 1))

    def compute_local_rotmats(self) -> np.ndarray:
        parents = np.array(PARENTS[1:])
        local = self._globals.copy()
        local[:, 1:] = np.swapaxes(self._globals[:, parents], -1, -2) @ self._globals[:, 1:]
        return local

    def solve_trunk(self) -> None:
        """Solve the pelvis from the hips and the chest from the shoulders; the spine's joints share the rotation between them."""
        point, rest = self._point, self._rest
        up = point("left_shoulder") + point("right_shoulder") - point("left_hip") - point("right_hip")
        rest_up = rest("left_shoulder") + rest("right_shoulder") - rest("left_hip") - rest("right_hip")
        x = np.array((1.0, 0.0, 0.0))
        pelvis = make_axes(up, point("left_hip") - point("right_hip")) @ make_axes(rest_up, x).T
        chest = make_axes(up, point("left_shoulder") - point("right_shoulder")) @ make_axes(rest_up, x).T
        bend = Rotation.from_matrix(transpose(pelvis) @ chest).as_rotvec()
        self._set("pelvis", pelvis)
        for step, name in enumerate(("spine1", "spine2", "spine3"), start=1):
            self._set(name, pelvis @ Rotation.from_rotvec(bend * step / 3).as_matrix())

    def solve_head(self) -> None:
        """Solve the head from nose, eyes, ears and mouth; without a visible face it follows the chest. The neck turns halfway."""
        chest = self._get("spine3")
        face, rest_face = self._points[:, _FACE], self._body.rest_landmarks[list(_FACE)]
        weights = self._weights[:, _FACE]
        turned = fit_rotmats(rest_face, face, weights)
        seen = weights.mean(1, keepdims=True)
        relative = transpose(chest) @ turned
        relative = nearest_rotmats(relative * seen[..., None] + np.eye(3) * _FORWARD_WEIGHT)
        relative = smooth_rotmats(relative[:, None], self._times, _HEAD_SIGMA_SECONDS, seen + _LEAST_WEIGHT)[:, 0]
        bend = limit_angles(Rotation.from_matrix(relative).as_rotvec(), _MAX_HEAD_TURN)
        self._set("neck", chest @ Rotation.from_rotvec(bend / 2).as_matrix())
        self._set("head", chest @ Rotation.from_rotvec(bend).as_matrix())

    def solve_arm(self, side: str) -> None:
        collar = self._solve_collar(side)
        mirror = 1.0 if side == "left" else -1.0
        axis = _LEFT_ELBOW_AXIS * (1, mirror, mirror)
        rest_upper = self._rest(f"{side}_elbow") - self._rest(f"{side}_shoulder")
        rest_fore = self._rest(f"{side}_wrist") - self._rest(f"{side}_elbow")
        upper = self._between(f"{side}_shoulder", f"{side}_elbow")
        fore = self._between(f"{side}_elbow", f"{side}_wrist")
        weight = self._weight(f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
        untwisted = collar @ shortest_rotmats(rest_upper, rotate(transpose(collar), upper))
        twist = self._compute_hinge_twist(untwisted, rest_upper, axis, np.cross(upper, fore), weight, _MAX_ARM_TWIST)
        shoulder = untwisted @ rotmats_about(rest_upper, twist)
        elbow = shoulder @ shortest_rotmats(rest_fore, rotate(transpose(shoulder), fore))
        self._set(f"{side}_shoulder", shoulder)
        self._solve_hand(side, elbow, rest_fore)

    def solve_leg(self, side: str) -> None:
        pelvis = self._get("pelvis")
        rest_thigh = self._rest(f"{side}_knee") - self._body.rest_joints[JOINT[f"{side}_hip"]]
        rest_shin = self._rest(f"{side}_ankle") - self._rest(f"{side}_knee")
        middle = (self._point("left_hip") + self._point("right_hip")) / 2
        rest_middle = (self._rest("left_hip") + self._rest("right_hip")) / 2
        hip = middle + rotate(pelvis, self._body.rest_joints[JOINT[f"{side}_hip"]] - rest_middle)
        thigh = normalize(self._point(f"{side}_knee") - hip)
        untwisted = pelvis @ shortest_rotmats(rest_thigh, rotate(transpose(pelvis), thigh))
        shin = remove_hyperextension(self._between(f"{side}_knee", f"{side}_ankle"), thigh, untwisted[:, :, 2])
        weight = self._weight(f"{side}_hip", f"{side}_knee", f"{side}_ankle")
        twist = self._compute_hinge_twist(untwisted, rest_thigh, _KNEE_AXIS, np.cross(thigh, shin), weight, _MAX_THIGH_TWIST)
        hip_rotation = untwisted @ rotmats_about(rest_thigh, twist)
        knee = hip_rotation @ shortest_rotmats(rest_shin, rotate(transpose(hip_rotation), shin))
        foot = self._between(f"{side}_heel", f"{side}_foot_index")
        rest_foot = self._rest(f"{side}_foot_index") - self._rest(f"{side}_heel")
        ankle = make_axes(foot, knee[:, :, 0]) @ make_axes(rest_foot, _KNEE_AXIS).T
        self._set(f"{side}_hip", hip_rotation)
        self._set(f"{side}_knee", knee)
        self._set(f"{side}_ankle", ankle)
        self._set(f"{side}_foot", ankle)

    def _solve_collar(self, side: str) -> np.ndarray:
        """Solve the clavicle: it turns towards the shoulder's landmark by a share."""
        chest = self._get("spine3")
        neck_base = (self._point("left_shoulder") + self._point("right_shoulder")) / 2
        rest_base = (self._rest("left_shoulder") + self._rest("right_shoulder")) / 2
        seen = rotate(transpose(chest), self._point(f"{side}_shoulder") - neck_base)
        bone = self._bone(f"{side}_shoulder")
        aim = bone + _COLLAR_SHARE * (seen - (self._rest(f"{side}_shoulder") - rest_base))
        turn = limit_angles(Rotation.from_matrix(shortest_rotmats(bone, aim)).as_rotvec(), _MAX_COLLAR)
        collar = chest @ Rotation.from_rotvec(turn).as_matrix()
        self._set(f"{side}_collar", collar)
        return collar

    def _solve_hand(self, side: str, elbow: np.ndarray, rest_fore: np.ndarray) -> None:
        """Solve the hand from its knuckles; half of its twist goes to the forearm."""
        knuckles = (self._point(f"{side}_index") + self._point(f"{side}_pinky")) / 2
        rest_knuckles = (self._rest(f"{side}_index") + self._rest(f"{side}_pinky")) / 2
        across = self._point(f"{side}_index") - self._point(f"{side}_pinky")
        rest_across = self._rest(f"{side}_index") - self._rest(f"{side}_pinky")
        seen = make_axes(knuckles - self._point(f"{side}_wrist"), across) @ make_axes(
            rest_knuckles - self._rest(f"{side}_wrist"), rest_across).T
        bend, twist = split_swing_and_twist(transpose(elbow) @ seen, rest_fore)
        weight = self._weight(f"{side}_wrist", f"{side}_index", f"{side}_pinky")
        bend = limit_angles(bend * _HAND_SWING_SHARE, _MAX_HAND_SWING)
        bend = smooth_measured(bend, self._times, _HAND_SIGMA_SECONDS, weight + _LEAST_HAND_WEIGHT, degree=0)
        twist = _HAND_TWIST_SHARE * self._smooth_angle(twist, weight[:, 0], _HAND_SIGMA_SECONDS)
        twist = np.clip(twist, -_MAX_HAND_TWIST, _MAX_HAND_TWIST)
        forearm = elbow @ rotmats_about(rest_fore, twist / 2)
        hand = forearm @ Rotation.from_rotvec(bend).as_matrix() @ rotmats_about(rest_fore, twist / 2)
        self._set(f"{side}_elbow", forearm)
        self._set(f"{side}_wrist", hand)
        self._set(f"{side}_hand", hand)

    def _compute_hinge_twist(self, untwisted: np.ndarray, rest_bone: np.ndarray, rest_axis: np.ndarray, normal: np.ndarray,
                             weight: np.ndarray, limit: float) -> np.ndarray:
        """Return the twist (T,) about a bone with which the hinge at its end turns in the plane in which the limb is bent.

        A straight limb has no such plane: it gets the twist of the frames around it, or none.
        """
        along = normalize(rest_bone)
        axis = normalize(rest_axis - along * (rest_axis @ along))
        seen = rotate(transpose(untwisted), normal)
        angle = np.arctan2(np.cross(axis, seen) @ along, seen @ axis)
        bend = np.clip(np.linalg.norm(normal, axis=1), 0, 1)
        sure = weight[:, 0] * bend ** 2 * (np.abs(angle) < limit * _TWIST_MARGIN)
        return np.clip(self._smooth_angle(angle, sure, _TWIST_SIGMA_SECONDS), -limit, limit)

    def _smooth_angle(self, angle: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
        """Return angles (T,) smoothed on the circle. Frames with weights near 0 get their neighbours' angle, or 0 without any."""
        vector = np.stack([np.cos(angle), np.sin(angle)], axis=1) * weight[:, None] + (_STRAIGHT_WEIGHT, 0.0)
        vector = smooth_measured(vector, self._times, sigma, degree=0)
        return np.arctan2(vector[:, 1], vector[:, 0])

    def _point(self, landmark: str) -> np.ndarray:
        return self._points[:, LANDMARK[landmark]]

    def _rest(self, landmark: str) -> np.ndarray:
        return self._body.rest_landmarks[LANDMARK[landmark]]

    def _weight(self, *landmarks: str) -> np.ndarray:
        return self._weights[:, [LANDMARK[name] for name in landmarks]].min(1, keepdims=True)

    def _between(self, start: str, end: str) -> np.ndarray:
        return normalize(self._point(end) - self._point(start))

    def _bone(self, joint: str) -> np.ndarray:
        index = JOINT[joint]
        return self._body.rest_joints[index] - self._body.rest_joints[PARENTS[index]]

    def _get(self, joint: str) -> np.ndarray:
        return self._globals[:, JOINT[joint]]

    def _set(self, joint: str, rotmats: np.ndarray) -> None:
        self._globals[:, JOINT[joint]] = rotmats


def remove_hyperextension(shin: np.ndarray, thigh: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """Return shin directions (T, 3) that do not bend the knee forwards; forward (T, 3) is the direction of the thigh's front."""
    across_front = normalize(forward - thigh * (forward * thigh).sum(1, keepdims=True))
    wrong = np.maximum((shin * across_front).sum(1, keepdims=True), 0.0)
    return normalize(shin - wrong * across_front)
