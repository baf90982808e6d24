"""What readers of other systems' results make of a file, before it is stood up in our world."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...shared.smpl_skeleton import JOINT_COUNT
from ..base.rotations import rotmat_from_rotvec
from ..formats.rest_pelvis import find_rest_pelvis

# Axes of files, as the matrix that turns them into ours (Z up): Y up; and a camera's, x right, y down, z forward, held level.
Z_UP = np.eye(3)
Y_UP = np.array(((1.0, 0, 0), (0, 0, -1), (0, 1, 0)))
LEVEL_CAMERA = np.array(((1.0, 0, 0), (0, 0, 1), (0, -1, 0)))
LEVEL_NOTE = "it tells no direction of gravity: a level camera is assumed"
_SHARED_JOINTS = 22         # of SMPL, SMPL+H and SMPL-X: the others of SMPL are hands, which only SMPL has


class FormError(ValueError):
    """A part of a result that is missing or has another shape than its system writes."""


@dataclass(frozen=True)
class ResultCamera:
    """The video's camera: matrix (3, 3) px; image_size (2,) width, height; file_from_cam (F or 1, 4, 4): its place in the file's
    axes by number of the frame, or one that does not move."""
    matrix: np.ndarray
    image_size: np.ndarray
    file_from_cam: np.ndarray

    @staticmethod
    def of_parts(focal: float, centre: np.ndarray, turns: np.ndarray, places: np.ndarray) -> ResultCamera | None:
        """Return a camera whose principal point (2,) is the picture's centre, from turns (F, 3, 3) and places (F, 3); None where
        the numbers are none of a camera."""
        poses = np.tile(np.eye(4), (len(turns), 1, 1))
        poses[:, :3, :3], poses[:, :3, 3] = turns, places
        size = np.round(2 * np.asarray(centre, dtype=np.float64)).astype(np.int64)
        if not (len(turns) and focal > 0 and size.min() > 0 and np.isfinite(poses).all() and np.isfinite(focal)):
            return None
        return ResultCamera(np.array(((focal, 0, size[0] / 2), (0, focal, size[1] / 2), (0, 0, 1))), size, poses)

    @staticmethod
    def at_origin(width: float, height: float) -> ResultCamera | None:
        """Return the camera of files in a camera's axes whose focal length is taken to be the picture's diagonal."""
        centre, diagonal = np.array((width, height)) / 2, float(np.hypot(width, height))
        return ResultCamera.of_parts(diagonal, centre, np.eye(3)[None], np.zeros((1, 3)))


@dataclass(frozen=True)
class ResultPerson:
    """One person. key: as the system names people; frames (N,): numbers of the video's frames, rising; rotmats (N, 24, 3, 3):
    parent-relative, the root's takes the rest frame to the file's axes; pelvis (N, 3): metres, in those axes; betas (10,);
    rest_joints (24, 3): of the person, None for an average body."""
    key: str
    frames: np.ndarray
    rotmats: np.ndarray
    pelvis: np.ndarray
    betas: np.ndarray
    rest_joints: np.ndarray | None = None


@dataclass(frozen=True)
class Result:
    """A file's people. axes: one of the matrices above, or another (3, 3); framerate: None where the file tells none; floor: its
    height above the origin, None where it must be found by the feet; shares_world: whether people are placed to each other;
    camera: where the file has one; notes: what was assumed."""
    system: str
    people: tuple[ResultPerson, ...]
    axes: np.ndarray
    framerate: float | None = None
    floor: float | None = None
    shares_world: bool = True
    camera: ResultCamera | None = None
    notes: tuple[str, ...] = ()


def numbers(values: Mapping, key: str, *shape: int | None) -> np.ndarray:
    """Return an array of a dictionary, float64. shape: None for any length; a row's numbers may lie in more axes, as (N, 1, 3)
    or (N, 21, 3). Raises FormError, naming the key."""
    array = values.get(key)
    if array is None:
        raise FormError(f"{key} is missing")
    try:
        array = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise FormError(f"{key} holds no numbers") from None
    width = math.prod(array.shape[1:])
    if array.ndim > 2 and len(shape) == 2 and shape[1] in (None, width):
        array = array.reshape(len(array), width)
    if array.ndim != len(shape) or any(wanted not in (None, length) for wanted, length in zip(shape, array.shape, strict=True)):
        words = ", ".join("N" if wanted is None else str(wanted) for wanted in shape)
        raise FormError(f"{key} has the shape {array.shape} instead of ({words})")
    if not np.isfinite(array).all():
        raise FormError(f"{key} holds values that are not finite")
    return array


def people_with_rows(values: Mapping, key: str) -> list[tuple[object, Mapping]]:
    """Return the entries of people, who have rows under a key; entries of nobody, or of something else, are left out."""
    return [(name, part) for name, part in values.items() if isinstance(part, Mapping) and np.size(part.get(key, ()))]


def frame_numbers(values: Mapping, key: str) -> np.ndarray:
    """Return the numbers (N,) of frames. Raises FormError."""
    frames = numbers(values, key, None)
    if len(frames) and (frames.min() < 0 or frames.max() > 1e8):
        raise FormError(f"{key} holds numbers that are none of frames")
    return frames.astype(np.int64)


def rotmats_of_vectors(root: np.ndarray, body: np.ndarray) -> np.ndarray:
    """Return rotations (N, 24, 3, 3) of rotation vectors (N, 3) and (N, 3 J): SMPL's 23 joints, or 21 and more."""
    if len(root) != len(body):
        raise FormError(f"the root has {len(root)} frames, and the body {len(body)}")
    joints = body.reshape(len(body), -1, 3)
    kept = joints[:, :JOINT_COUNT - 1] if joints.shape[1] == JOINT_COUNT - 1 else joints[:, :_SHARED_JOINTS - 1]
    vectors = np.zeros((len(root), JOINT_COUNT, 3))
    vectors[:, 0], vectors[:, 1:1 + kept.shape[1]] = root, kept
    return rotmat_from_rotvec(vectors)


def rest_pelvis(model: str) -> np.ndarray:
    """Return where a mean body of "smpl", "smplh" or "smplx" has its pelvis at rest; smplx adds it to `transl`."""
    return find_rest_pelvis(model, "neutral")


def mean_betas(betas: np.ndarray) -> np.ndarray:
    """Return the first ten coefficients (10,) of a row for each frame, or of one."""
    rows = np.asarray(betas, dtype=np.float64)
    rows = rows.reshape(-1, rows.shape[-1]) if rows.size else np.zeros((1, 10))
    mean = np.zeros(10)
    mean[:min(10, rows.shape[1])] = rows.mean(axis=0)[:10]
    return mean


def sorted_person(key: object, frames: np.ndarray, rotmats: np.ndarray, pelvis: np.ndarray, betas: np.ndarray) -> ResultPerson:
    """Return a person with rising frames; of rows of one frame the first is kept. Raises FormError where lengths differ."""
    lengths = {len(frames), len(rotmats), len(pelvis)}
    if len(lengths) > 1 or not len(frames):
        raise FormError(f"its parts have {', '.join(map(str, sorted(lengths)))} frames")
    rising, rows = np.unique(frames, return_index=True)
    return ResultPerson(str(key), rising, rotmats[rows], pelvis[rows], mean_betas(betas))
