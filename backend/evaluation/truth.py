"""The truth of a rendered clip: joints and feet of all people, and their contacts with the floor."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ..base.errors import TruthError

BODY = tuple(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
             for side in ("left", "right"))
HIPS = [BODY.index("left_hip"), BODY.index("right_hip")]
ANKLES = [BODY.index("left_ankle"), BODY.index("right_ankle")]
_FEET = (("left_heel",), ("left_big_toe", "left_small_toe"), ("right_heel",), ("right_big_toe", "right_small_toe"))
_LEVEL_AXES = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)))    # right, down, forward along the world's +Y
# Where a file has no contacts: limits of height above a point's lowest position, and of speed. Chosen by eye: planted feet that
# roll over heel and ball stay within them.
_CONTACT_METRES, _CONTACT_SPEED = 0.035, 0.30
_SOLE_METRES = 0.03         # height of a planted foot's lowest keypoints above the floor, where a file has no floor
_ADVICE = "Give an .npz with K, KL and cam, as samples/README.md describes."


@dataclass(frozen=True)
class Truth:
    """P people in metres; world: Z up, the floor at z = 0.

    joints (P, T, 12, 3) in the camera's frame (x right, y down, z forward), joints_world likewise in the world; contacts
    (P, T, 4) whether left heel, left toes, right heel, right toes stand on the floor; feet (P, T, 4, 3) are those points.
    """
    joints: np.ndarray
    joints_world: np.ndarray
    feet: np.ndarray
    contacts: np.ndarray


def read_truth(path: Path) -> Truth:
    """Return the truth of a rendered clip.

    An .npz with K (T, 23, 3) or (P, T, 23, 3) keypoints in metres (world Z up), KL their names; the camera as
    world_from_cam (4, 4) or (T, 4, 4), or as cam (3,) or (T, 3), its place, and where it is not level pitch in radians,
    down positive. Optional: floor_z, the floor's height; contacts (T, 4) or (P, T, 4); fps (30 where missing). Raises
    TruthError.
    """
    _require_file(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            keypoints, names = arrays["K"].astype(float), [str(name) for name in arrays["KL"]]
            cam_from_world = _cam_from_world(arrays)
            fps = float(arrays["fps"]) if "fps" in arrays else 30.0
            contacts = arrays["contacts"].astype(bool) if "contacts" in arrays else None
            floor = float(arrays["floor_z"]) if "floor_z" in arrays else None
        keypoints = keypoints if keypoints.ndim == 4 else keypoints[None]
        joints_world = keypoints[..., [names.index(name) for name in BODY], :]
        feet = np.stack([keypoints[..., [names.index(name) for name in point], :].mean(-2) for point in _FEET], axis=-2)
        floor = np.percentile(feet[..., 2].min(-1), 5) - _SOLE_METRES if floor is None else floor
        in_camera = np.einsum("...ij,p...kj->p...ki", cam_from_world[..., :3, :3], joints_world) \
            + cam_from_world[..., None, :3, 3]
        contacts = detect_contacts(feet, fps) if contacts is None else contacts.reshape(feet.shape[:3])
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TruthError(f"{path} is not a truth file ({error}).", _ADVICE) from None
    up = (0.0, 0.0, floor)
    return Truth(in_camera, joints_world - up, feet - up, contacts)


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise TruthError(f"{path} is a folder, where a truth file is wanted.",
                         f"{_ADVICE} The order is: score CAPTURE_DIR TRUTH.")
    if not path.exists():
        raise TruthError(f"There is no file {path}.", _ADVICE)


def detect_contacts(feet: np.ndarray, fps: float) -> np.ndarray:
    """Return which points of feet (P, T, 4, 3) stand on the floor (P, T, 4): near their lowest position, and slow."""
    lowest = np.percentile(feet[..., 2], 5, axis=1, keepdims=True)
    speed = np.linalg.norm(np.gradient(feet, axis=1), axis=-1) * fps
    return (feet[..., 2] < lowest + _CONTACT_METRES) & (speed < _CONTACT_SPEED)


def _cam_from_world(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the camera (4, 4), or (T, 4, 4) where it moves."""
    if "world_from_cam" in arrays:
        matrices = np.linalg.inv(arrays["world_from_cam"].astype(float))
        return matrices[0] if matrices.shape[:-2] == (1,) else matrices
    place = arrays["cam"].astype(float)
    pitch = float(arrays["pitch"]) if "pitch" in arrays else 0.0
    matrices = np.tile(np.eye(4), (*place.shape[:-1], 1, 1))
    matrices[..., :3, :3] = Rotation.from_euler("x", pitch).as_matrix() @ _LEVEL_AXES
    matrices[..., :3, 3] = -(matrices[..., :3, :3] @ place[..., None])[..., 0]
    return matrices
