"""From a body's joints in space to SMPL's rotations and a skeleton of the same lengths.

A bone's direction is that of its joints. Its turn about itself follows from the hinge at its end, elbow or knee, where that is
bent, from the foot for legs, and else from the neighbours in time.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...shared.smpl_skeleton import JOINT, JOINT_COUNT, PARENTS, generic_offsets, rest_joints_from_offsets
from ..base.quaternions import slerp
from ..base.rotations import quat_from_rotmat, rotmat_from_quat, rotmat_from_rotvec
from ..base.smoothing import smooth_measured
from .result import FormError

_SIDES = ("left", "right")
_REQUIRED = tuple(f"{side}_{name}" for side in _SIDES for name in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist"))
# Axis about which SMPL's left elbow bends, at rest: measured on motion capture, see backend/body/analytic_solve.py.
_ELBOW_AXIS, _KNEE_AXIS = np.array((0.0, -0.87, 0.49)), np.array((1.0, 0, 0))
_TWIST_SIGMA_SECONDS = 0.1
# Weights of a limb's turn about itself: a hinge bent by 90 degrees has 1; of no turn, and of legs that look where the foot does.
# By eye.
_NO_TWIST, _FOOT_WEIGHT = 0.02, 0.05
_MOST_ARM_TWIST, _MOST_LEG_TWIST = np.radians(110), np.radians(60)      # ranges of motion (anatomy, rounded)
_LATERAL = np.array((1.0, 0, 0))      # from right to left at rest
_FOOT_LENGTHS = (0.3, 3.0)            # times the generic one: what lies outside is no foot
_SPINES = ("spine1", "spine2", "spine3")


def solve_points(given: Mapping[str, np.ndarray], timestamps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rotations (T, 24, 3, 3), parent-relative, the root's in the points' axes; the pelvis (T, 3); rest joints (24, 3).

    given: joints (T, 3) by SMPL's names, NaN where they were not seen; hips, knees, ankles, shoulders, elbows and wrists must be
    there, others help: "left_ear", "right_ear" and "nose" too. timestamps (T,) seconds. Raises FormError.
    """
    points = {name: _fill_gaps(values, name) for name, values in given.items() if np.isfinite(values).all(axis=1).any()}
    missing = [name for name in _REQUIRED if name not in points]
    if missing:
        raise FormError(f"it has no {missing[0].replace('_', ' ')}")
    scale = _measure_scale(points)
    offsets = generic_offsets() * scale
    for side in _SIDES:
        length = _length(points.get(f"{side}_foot", np.zeros(3)) - points[f"{side}_ankle"])
        usual = np.linalg.norm(offsets[JOINT[f"{side}_foot"]])
        if not _FOOT_LENGTHS[0] < np.median(length) / usual < _FOOT_LENGTHS[1]:
            points.pop(f"{side}_foot", None)
    _add_trunk(points, offsets)
    turns = _Turns(points, offsets, timestamps)
    rotmats = turns.solve()
    rest = _measure_offsets(points, turns.worlds, offsets)
    return rotmats, points["pelvis"], rest_joints_from_offsets(rest)


def _fill_gaps(values: np.ndarray, name: str) -> np.ndarray:
    """Return points (T, 3) without gaps: linear in between, constant beyond the ends."""
    values = np.asarray(values, dtype=np.float64)
    if np.abs(values[np.isfinite(values)]).max(initial=0.0) > 1e6:
        raise FormError(f"{name} is farther away than anybody can be")
    seen, rows = np.isfinite(values).all(axis=1), np.arange(len(values))
    return np.stack([np.interp(rows, rows[seen], values[seen, axis]) for axis in range(3)], axis=1)


def _measure_scale(points: Mapping[str, np.ndarray]) -> float:
    """Return how many times the legs are as long as those of the generic body."""
    generic = generic_offsets()
    lengths = [np.median(_length(points[f"{side}_{end}"] - points[f"{side}_{start}"]))
               for side in _SIDES for start, end in (("hip", "knee"), ("knee", "ankle"))]
    usual = [np.linalg.norm(generic[JOINT[f"{side}_{end}"]]) for side in _SIDES for end in ("knee", "ankle")]
    scale = float(sum(lengths) / sum(usual))
    if not 0.02 < scale < 50:
        raise FormError(f"its legs are {sum(lengths) / 2:.3g} m long")
    return scale


def _add_trunk(points: dict[str, np.ndarray], offsets: np.ndarray) -> None:
    """Add the pelvis, the spine and the neck where they are not given, as a generic body has them."""
    hips, shoulders = (_middle(points, name) for name in ("hip", "shoulder"))
    up = _unit(shoulders - hips)
    points.setdefault("pelvis", hips - up * offsets[JOINT["left_hip"], 1])
    points.setdefault("neck", shoulders + up * np.linalg.norm(offsets[JOINT["neck"]]) * 0.25)
    heights = np.cumsum([np.linalg.norm(offsets[JOINT[name]]) for name in (*_SPINES, "neck")])
    for name, height in zip(_SPINES, heights, strict=False):
        points.setdefault(name, points["pelvis"] + (points["neck"] - points["pelvis"]) * height / heights[-1])


class _Turns:
    """World rotations of the joints, solved from the root outwards."""

    def __init__(self, points: dict[str, np.ndarray], offsets: np.ndarray, timestamps: np.ndarray):
        self._points, self._offsets, self._timestamps = points, offsets, timestamps
        self.worlds = np.tile(np.eye(3), (len(timestamps), JOINT_COUNT, 1, 1))

    def solve(self) -> np.ndarray:
        """Return parent-relative rotations (T, 24, 3, 3)."""
        self._solve_trunk()
        self._solve_head()
        for side in _SIDES:
            self._solve_arm(side)
            self._solve_leg(side)
        parents = self.worlds[:, list(PARENTS)]
        local = parents.swapaxes(-1, -2) @ self.worlds
        local[:, 0] = self.worlds[:, 0]
        return local

    def _solve_trunk(self) -> None:
        trunk = _middle(self._points, "shoulder") - _middle(self._points, "hip")
        for joint, child, name in (("pelvis", "spine1", "hip"), ("spine3", "neck", "shoulder")):
            up = _unit(self._points[child] - self._points[joint])
            # Skeletons have their spine in other places: over the whole clip, pelvis and chest are as upright as the trunk.
            usual = np.einsum("tji,tj->ti", _frame(self._span(name), trunk), up).mean(axis=0)
            self._set(joint, _frame(self._span(name), up) @ _frame(_LATERAL, usual).T)
        for number, joint in enumerate(("spine1", "spine2"), start=1):
            between = slerp(quat_from_rotmat(self._get("pelvis")), quat_from_rotmat(self._get("spine3")), number / 3)
            self._set(joint, rotmat_from_quat(between))

    def _solve_head(self) -> None:
        chest = self._get("spine3")
        self._set("neck", self._aim(chest, "neck", "head") if "head" in self._points else chest)
        head = self._get("neck")
        if {"left_ear", "right_ear", "nose"} <= self._points.keys():
            lateral = self._span("ear")
            ahead = self._points["nose"] - _middle(self._points, "ear")
            head = _frame(lateral, np.cross(_unit(ahead), _unit(lateral)))
        self._set("head", head)

    def _solve_arm(self, side: str) -> None:
        sign = 1.0 if side == "left" else -1.0
        collar, chest = f"{side}_collar", self._get("spine3")
        if collar in self._points:
            chest = self._aim(chest, collar, f"{side}_shoulder")
        else:
            self._points[collar] = self._points["spine3"] + chest @ self._offsets[JOINT[collar]]
        self._set(collar, chest)
        upper = self._aim(self._get(f"{side}_collar"), f"{side}_shoulder", f"{side}_elbow")
        upper = self._turn_to_hinge(upper, side, ("shoulder", "elbow", "wrist"), sign * _ELBOW_AXIS, None, _MOST_ARM_TWIST)
        self._set(f"{side}_shoulder", upper)
        fore = self._aim(upper, f"{side}_elbow", f"{side}_wrist")
        for name in ("elbow", "wrist", "hand"):
            self._set(f"{side}_{name}", fore)

    def _solve_leg(self, side: str) -> None:
        thigh = self._aim(self._get("pelvis"), f"{side}_hip", f"{side}_knee")
        toes = self._points.get(f"{side}_foot")
        foot = None if toes is None else np.cross(self._points[f"{side}_hip"] - self._points[f"{side}_knee"],
                                                  toes - self._points[f"{side}_ankle"])
        thigh = self._turn_to_hinge(thigh, side, ("hip", "knee", "ankle"), _KNEE_AXIS, foot, _MOST_LEG_TWIST)
        self._set(f"{side}_hip", thigh)
        shin = self._aim(thigh, f"{side}_knee", f"{side}_ankle")
        self._set(f"{side}_knee", shin)
        ankle = shin if toes is None else self._aim(shin, f"{side}_ankle", f"{side}_foot")
        for name in ("ankle", "foot"):
            self._set(f"{side}_{name}", ankle)

    def _turn_to_hinge(self, base: np.ndarray, side: str, joints: tuple[str, str, str], rest_axis: np.ndarray,
                       hint: np.ndarray | None, most: float) -> np.ndarray:
        """Turn a limb's upper bone about itself, until its hinge bends as it does; hint (T, 3): an axis for straight limbs."""
        start, middle, end = (self._points[f"{side}_{name}"] for name in joints)
        along = _unit(middle - start)
        bend = np.cross(along, _unit(end - middle))
        turn = _NO_TWIST + 0j * along[:, 0]
        for axis, weight in ((bend, (bend ** 2).sum(axis=1)), (hint, _FOOT_WEIGHT)):
            if axis is not None:
                turn = turn + weight * np.exp(1j * _angle_about(along, base @ rest_axis, axis))
        smooth = smooth_measured(np.stack((turn.real, turn.imag), axis=1), self._timestamps, _TWIST_SIGMA_SECONDS, degree=0)
        angle = np.clip(np.arctan2(smooth[:, 1], smooth[:, 0]), -most, most)
        return rotmat_from_rotvec(along * angle[:, None]) @ base

    def _aim(self, base: np.ndarray, joint: str, child: str) -> np.ndarray:
        """Return a rotation turned by as little as possible until the bone to the child points at it."""
        rest = self._offsets[JOINT[child]]
        return shortest_turns(base @ (rest / np.linalg.norm(rest)), _unit(self._points[child] - self._points[joint])) @ base

    def _span(self, name: str) -> np.ndarray:
        return self._points[f"left_{name}"] - self._points[f"right_{name}"]

    def _get(self, joint: str) -> np.ndarray:
        return self.worlds[:, JOINT[joint]]

    def _set(self, joint: str, turns: np.ndarray) -> None:
        self.worlds[:, JOINT[joint]] = turns


def _measure_offsets(points: Mapping[str, np.ndarray], worlds: np.ndarray, generic: np.ndarray) -> np.ndarray:
    """Return the skeleton's rest offsets (24, 3): of given joints as they lie in their parents' frames, sides alike."""
    offsets = generic.copy()
    for name, joint in JOINT.items():
        parent = PARENTS[joint]
        parent_name = next((other for other, number in JOINT.items() if number == parent), "")
        if name in points and parent_name in points:
            between = points[name] - points[parent_name]
            offsets[joint] = np.median(np.einsum("tji,tj->ti", worlds[:, parent], between), axis=0)
    for name, joint in JOINT.items():
        if name.startswith("left_"):
            other = JOINT[name.replace("left", "right", 1)]
            mean = (offsets[joint] + offsets[other] * (-1, 1, 1)) / 2
            offsets[joint], offsets[other] = mean, mean * (-1, 1, 1)
    return offsets


def _middle(points: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    return (points[f"left_{name}"] + points[f"right_{name}"]) / 2


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=-1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _frame(lateral: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Return axes (..., 3, 3) as columns: left, up, ahead; `lateral` keeps its direction."""
    left = _unit(lateral)
    ahead = _unit(np.cross(left, up))
    return np.stack((left, np.cross(ahead, left), ahead), axis=-1)


def shortest_turns(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the smallest rotations (T, 3, 3) of unit vectors (T, 3) onto others; half turns are about any axis."""
    axis, cosine = np.cross(start, end), (start * end).sum(axis=1, keepdims=True)
    angle = np.arctan2(np.linalg.norm(axis, axis=1, keepdims=True), cosine)
    other = np.cross(start, np.where(np.abs(start[:, :1]) < 0.9, (1.0, 0, 0), (0, 1.0, 0)))
    return rotmat_from_rotvec(angle * _unit(np.where(np.linalg.norm(axis, axis=1, keepdims=True) > 1e-7, axis, other)))


def _angle_about(along: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return signed angles (T,) about unit vectors (T, 3) that turn one direction (T, 3) onto another, both seen along them."""
    start = start - along * (along * start).sum(axis=1, keepdims=True)
    return np.arctan2((np.cross(start, end) * along).sum(axis=1), (start * end).sum(axis=1))
