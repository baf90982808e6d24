"""Measures the errors of captures of real footage against the truth that `real_truth.py` made. For the backend's environment."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from real_truth import EXCHANGED, LANDMARKS, LIMBS, Cameras

from backend.evaluation.metrics import mpjpe, pa_mpjpe
from backend.evaluation.score import compute_camera_joints
from backend.evaluation.truth import HIPS
from mpsnet_blender.shared.motion_file import Motion, read_motion

_ARMS_AND_LEGS = LIMBS[:8]


def read_truth(path: Path) -> tuple[Cameras, np.ndarray]:
    """Return the cameras, and where the joints (T, 12, 3) are, m."""
    with np.load(path, allow_pickle=False) as arrays:
        cameras = Cameras(*(arrays[name] for name in ("rotations", "places", "matrices", "distortion", "lag")))
        return cameras, arrays["joints"].astype(float)


def measure_camera(capture: Path, cameras: Cameras, joints: np.ndarray, camera: int, bad_degrees: float) -> tuple[float, ...]:
    """Return the errors of the man of the truth as a camera's capture has him.

    Limbs' directions, in space, within the picture, in depth; in space those of upper arms, forearms, thighs and shins, degrees;
    MPJPE, PA-MPJPE, mm; the worst frame's limbs, degrees; frames above so many degrees, exchanged and found, % of the truth's.
    """
    in_picture = cameras.projected(joints)[camera]
    motion = min((read_motion(path) for path in sorted(capture.glob("person_*.npz"))),
                 key=lambda motion: np.median(_measure_pixel_error(motion, in_picture)))
    frames = motion.frame_index
    seen = joints + cameras.lag[camera] * np.gradient(joints, axis=0)
    true = seen[frames] @ cameras.rotations[camera].T
    ours = compute_camera_joints(motion)
    each, image, depth = _compute_limb_errors(ours, true)
    limbs, kinds = each.mean(1), each.reshape(-1, 2, 4).mean((0, 1))        # left and right, each of four kinds
    body, true_body = (points - points[:, HIPS].mean(1, keepdims=True) for points in (ours, true))
    mirrored = _measure_pixel_error(motion, in_picture[:, EXCHANGED]) < _measure_pixel_error(motion, in_picture)
    return (limbs.mean(), image.mean(), depth.mean(), *kinds, mpjpe(body, true_body), pa_mpjpe(body, true_body), limbs.max(),
            *(100 * count / len(joints) for count in ((limbs > bad_degrees).sum(), mirrored.sum(), len(frames))))


def _measure_pixel_error(motion: Motion, in_picture: np.ndarray) -> np.ndarray:
    """Return how far a person's landmarks are from points (T, 12, 2) px in each of its frames, in the mean."""
    return np.linalg.norm(motion.keypoints2d[:, LANDMARKS, :2] - in_picture[motion.frame_index], axis=-1).mean(1)


def _compute_limb_errors(ours: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the errors (T, 8) in degrees of the limbs of joints (T, 12, 3): in space, in the picture, in depth."""
    along, true_along = (_compute_directions(points) for points in (ours, true))
    limbs = np.arccos(np.clip((along * true_along).sum(-1), -1, 1))
    turn = np.arctan2(along[..., 1], along[..., 0]) - np.arctan2(true_along[..., 1], true_along[..., 0])
    # A limb that points at the camera has no direction in the picture: what is off there counts by the length that is seen.
    image = np.abs((turn + np.pi) % (2 * np.pi) - np.pi) * np.sqrt(1 - true_along[..., 2] ** 2)
    depth = np.abs(np.arcsin(along[..., 2]) - np.arcsin(true_along[..., 2]))
    return tuple(np.degrees(error) for error in (limbs, image, depth))


def _compute_directions(joints: np.ndarray) -> np.ndarray:
    limbs = joints[:, _ARMS_AND_LEGS[:, 1]] - joints[:, _ARMS_AND_LEGS[:, 0]]
    return limbs / np.linalg.norm(limbs, axis=-1, keepdims=True)
