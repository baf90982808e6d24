"""SMPL motion in the `.npz` files of other programs: AMASS of every body model, and its common variants."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from ...shared.hands.poses import HandPoses
from ...shared.hands.skeleton import HAND_JOINT_COUNT
from ...shared.motion_file import (
    Motion,
    MotionFileError,
    convert_framerate,
    find_motion_arrays,
    new_motion,
    read_motion,
    read_motion_arrays,
    validate_motion,
)
from ...shared.smpl_skeleton import JOINT_COUNT
from ..base.rotations import rotmat_from_rotvec, rotvec_from_rotmat
from .rest_pelvis import find_rest_pelvis

_RATES = ("mocap_framerate", "mocap_frame_rate", "fps")             # AMASS of SMPL+H, of SMPL-X, HuMoR's
_ROOTS, _BODIES, _PATHS = ("root_orient", "global_orient"), ("pose_body", "body_pose"), ("trans", "transl")
_HANDS, _BOTH_HANDS = ("left_hand_pose", "right_hand_pose"), "pose_hand"        # smplx's names, and AMASS's of SMPL-X
_NUMBERS = ("poses", *_RATES, *_ROOTS, *_BODIES, *_PATHS, *_HANDS, _BOTH_HANDS, "betas")
_TEXTS = ("gender", "surface_model_type", "model")
# Joints of a pose: SMPL has 24, SMPL+H 52, SMPL-X 55; files without hands have 22. The first 22 are the same.
_JOINTS, _SHARED = (22, 24, 52, 55), 22
_FIRST_FINGER = {52: 22, 55: 25}        # after the body of SMPL+H, and after the jaw and the eyes of SMPL-X
_HAND_WIDTH = 3 * HAND_JOINT_COUNT
_COEFFICIENTS = ((6,), (12,), (24,))    # of smplx's hand poses by principal components, in its usual numbers
_DEFAULT_RATE = 30.0                # of most video, for files that tell no rate
_STANDS = 0.6                       # of the mean direction of the trunk along an axis: a body that mostly stands; by eye
_LYING, _STANDING = (0.03, 0.4), (0.5, 1.5)  # metres: heights of the pelvis over the floor of one who lies, and of one who stands
_Z_FROM_Y = np.array(((1.0, 0, 0), (0, 0, -1), (0, 1, 0)))          # turns a world with Y up into one with Z up


@dataclass(frozen=True)
class RowsOptions:
    """What a file of another program may not tell: which axis is up ("auto": by how the body stands; "y", "z"), and the frame
    rate for files without one (None: 30)."""
    up: str = "auto"
    framerate: float | None = None


def read_any_motion(path: str | os.PathLike, options: RowsOptions | None = None) -> tuple[Motion, tuple[str, ...]]:
    """Return the motion in a file of ours, or in an `.npz` of SMPL poses of another program, and notes on what was assumed.

    Such a file has `poses` (T, 66, 72, 156 or 165; or (T, J, 3)), or a root's and a body's rotation vectors by one of their usual
    names, and `trans` or `transl` as smplx means it. Fingers are in `poses` of 156 or 165, or beside a root and a body; zero is
    taken to be the flat hand. Nothing else in it is read, and no Python object. Raises MotionFileError.
    """
    if read_motion_arrays(path, ("format_version",)):
        return read_motion(path), ()
    arrays = read_motion_arrays(path, _NUMBERS, _TEXTS)
    motion, notes = _make_motion(arrays, path, options or RowsOptions())
    validate_motion(motion, path)
    return motion, notes


def is_rows(path: str | os.PathLike) -> bool:
    """Tell whether a file is one of ours, or an `.npz` of SMPL poses in AMASS's keys."""
    try:
        return bool(find_motion_arrays(path, ("format_version", "poses", *_RATES)))
    except MotionFileError:
        return False


def _make_motion(arrays: dict[str, np.ndarray], path: str | os.PathLike,
                 options: RowsOptions) -> tuple[Motion, tuple[str, ...]]:
    poses, transl = _find_poses(arrays, path), _find(arrays, _PATHS)
    if transl is None:
        raise MotionFileError(f"{path} is neither a motion file of ours nor AMASS: it lacks trans.")
    if transl.shape != (len(poses), 3) or transl.dtype.kind not in "fiu":
        raise MotionFileError(f"{path}: trans has shape {transl.shape}, expected ({len(poses)}, 3).")
    name = os.path.basename(os.fspath(path))
    rate, notes = _find(arrays, _RATES), []
    if rate is None:
        rate = np.array(options.framerate or _DEFAULT_RATE)
        notes.append(f"{name} tells no frame rate: {float(rate):g} frames a second are assumed.")
    gender, kind = _find_text(arrays, "gender") or "neutral", _find_model(arrays, poses.shape[1])
    body, hands = np.zeros((len(poses), JOINT_COUNT, 3)), _find_hands(arrays, poses)
    if any(item in arrays and arrays[item].shape[-1:] in _COEFFICIENTS for item in _HANDS):
        notes.append(f"{name} has its fingers as coefficients of the licensed hand model: they were left out.")
    elif hands is None and any(arrays[item].any() for item in (*_HANDS, _BOTH_HANDS) if item in arrays):
        notes.append(f"{name} does not have 45 numbers for each hand and frame: its fingers were left out.")
    shared = JOINT_COUNT if poses.shape[1] == JOINT_COUNT else _SHARED
    body[:, :shared] = poses[:, :shared]
    pelvis = find_rest_pelvis(kind, gender) + transl
    if len(body) and np.isfinite(body[:, 0]).all() and (options.up == "y" or (options.up == "auto" and _has_y_up(body, pelvis))):
        body[:, 0] = rotvec_from_rotmat(_Z_FROM_Y @ rotmat_from_rotvec(body[:, 0]))
        pelvis = pelvis @ _Z_FROM_Y.T
        notes += [f"{name} has Y up: it was stood up."] if options.up == "auto" else []
    return new_motion(body.reshape(len(body), -1), pelvis, convert_framerate(rate, path), betas=_find_betas(arrays),
                      gender=gender, source=name, engine="amass", hands=hands), tuple(notes)


def _find_poses(arrays: dict[str, np.ndarray], path: str | os.PathLike) -> np.ndarray:
    """Return rotation vectors (T, J, 3) of a pose's joints, the root first."""
    poses, root, body = arrays.get("poses"), _find(arrays, _ROOTS), _find(arrays, _BODIES)
    if poses is None:
        if root is None or body is None:
            raise MotionFileError(f"{path} is neither a motion file of ours nor AMASS: it lacks poses.")
        if root.ndim not in (2, 3) or body.ndim not in (2, 3) or len(root) != len(body):
            raise MotionFileError(
                f"{path}: the root has shape {root.shape}, and the body {body.shape}; expected (T, 3) and (T, 63).")
        poses = np.concatenate((root.reshape(len(root), -1), body.reshape(len(body), -1)), axis=1)
    widths = [3 * joints for joints in _JOINTS]
    if poses.dtype.kind != "f" or poses.ndim not in (2, 3) or (len(poses) and poses[0].size not in widths):
        raise MotionFileError(f"{path}: poses has shape {poses.shape}; AMASS has (T, 72), (T, 156) or (T, 165).")
    if len(poses) == 0:
        raise MotionFileError(f"{path} holds no frames.")
    return poses.reshape(len(poses), -1, 3)


def _find_hands(arrays: dict[str, np.ndarray], poses: np.ndarray) -> HandPoses | None:
    """Return the fingers beside poses (T, J, 3), or among them; None where there are none, or all are straight throughout."""
    frames, first = len(poses), _FIRST_FINGER.get(poses.shape[1])
    both = [arrays[_BOTH_HANDS]] if _BOTH_HANDS in arrays else [arrays[name] for name in _HANDS if name in arrays]
    if first is not None:
        hands = poses[:, first:first + 2 * HAND_JOINT_COUNT].reshape(frames, -1)
    elif both and all(part.dtype.kind == "f" and part.ndim in (2, 3) and len(part) == frames for part in both):
        hands = np.concatenate([part.reshape(frames, -1) for part in both], axis=1)
    else:
        return None
    if hands.shape[1] != 2 * _HAND_WIDTH or not hands.any():
        return None
    left, right = hands[:, :_HAND_WIDTH], hands[:, _HAND_WIDTH:]
    return HandPoses(left, right, np.tile((float(left.any()), float(right.any())), (frames, 1)).astype(np.float32))


def _find_model(arrays: dict[str, np.ndarray], joints: int) -> str:
    """Return "smpl", "smplh" or "smplx": by the file's word, or by the number of joints."""
    told = (_find_text(arrays, "surface_model_type") or _find_text(arrays, "model")).lower()
    if told.startswith("smplx") or joints == 55:
        return "smplx"
    return "smpl" if joints == JOINT_COUNT else "smplh"


def _has_y_up(body: np.ndarray, pelvis: np.ndarray) -> bool:
    """Tell whether a body (T, J, 3) of rotation vectors stands along Y: then so does its world, unless it lies on Z's floor."""
    trunk = rotmat_from_rotvec(body[:, 0])[:, :, 1].mean(axis=0)
    depth, height = np.median(pelvis[:, 2]), np.median(pelvis[:, 1])
    lies = _LYING[0] < depth < _LYING[1] and not _STANDING[0] < height < _STANDING[1]
    return bool(trunk[1] > max(_STANDS, trunk[2]) and not lies)


def _find_betas(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Return the first ten shape coefficients: of a row for each frame, the rows' mean."""
    given, betas = arrays.get("betas", np.zeros(10)), np.zeros(10)
    if given.dtype.kind not in "fiu" or given.size == 0:
        return betas
    first = given.reshape(-1, given.shape[-1]).mean(axis=0, dtype=float)[:10] if given.ndim else betas
    betas[:len(first)] = first
    return betas


def _find(arrays: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray | None:
    return next((arrays[name] for name in names if name in arrays), None)


def _find_text(arrays: dict[str, np.ndarray], name: str) -> str:
    """Return a word, "" where the file has none."""
    value = next(iter(arrays.get(name, np.array("")).ravel()), "")
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
