"""The motion file: one person's SMPL motion in the world, one `.npz`, AMASS's keys with ours beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .arrays.compressed import write_compressed
from .arrays.frame_blocks import frame_blocks
from .hands.poses import HAND_MEMBERS, HandPoses, list_hand_shapes
from .npz_reading import UNREADABLE, find_arrays, read_arrays
from .smpl_skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS, generic_rest_joints
from .whole_file import open_whole_file

T = TypeVar("T")
FORMAT_VERSION = 2                      # 2 has fingers; files of version 1 are the same without them
_READ_VERSIONS = (1, FORMAT_VERSION)
CONTACT_NAMES = ("left_heel", "left_toe", "right_heel", "right_toe")
# The skeleton in every file, for other tools.
_SKELETON = {"joint_names": np.array(JOINT_NAMES), "parents": np.array(PARENTS)}
_OPTIONAL = {"keypoints2d", "camera_matrix", "image_size", "world_from_cam", "raw_poses", "raw_trans", "hands"}

# What values may be: far beyond any motion, so that no later sum or frame number overflows.
_LARGEST, _FASTEST = 1e7, 100_000.0     # metres, radians, seconds, px; frames a second
_SHOWN_CHARACTERS = 40                  # of a wrong value, in a message
_LONGEST_TEXT = 4096                    # characters, of source, engine and gender
_SHORTEST_LIMB, _LONGEST_LIMB = 0.001, 10.0     # metres, from a joint to its parent: of dolls to giants


class MotionFileError(ValueError):
    """A motion file cannot be read: the message says which file, what is wrong and what to do."""


@dataclass(frozen=True)
class Motion:
    """One person's motion. Metres, radians, seconds, pixels; world right-handed, Z up, floor at z = 0.

    poses (T, 72) rotation vectors, the first three take the rest frame (Y up, facing +Z) to the world; trans (T, 3);
    betas (10,); rest_joints (24, 3); frame_index (T,) 0-based frames of the source video; timestamps (T,) seconds of
    the source video; confidence (T, 24) and contacts (T, 4) in 0..1; keypoints2d (T, K, 3) x, y, score;
    camera_matrix (3, 3); image_size (2,) width, height; world_from_cam (T or 1, 4, 4), camera axes x right, y down,
    z forward. A plain AMASS file has no keypoints, camera matrix, image size or world_from_cam: they are None.

    raw_poses (T, 72) and raw_trans (T, 3): the motion before its feet were held to the floor, where that was done.
    hands: the fingers, where they are known; in the file they are the members left_hand_pose, right_hand_pose and
    hand_confidence, all or none.
    """
    poses: np.ndarray
    trans: np.ndarray
    mocap_framerate: float
    betas: np.ndarray
    gender: str
    rest_joints: np.ndarray
    frame_index: np.ndarray
    timestamps: np.ndarray
    confidence: np.ndarray
    contacts: np.ndarray
    source: str
    engine: str
    keypoints2d: np.ndarray | None = None
    camera_matrix: np.ndarray | None = None
    image_size: np.ndarray | None = None
    world_from_cam: np.ndarray | None = None
    raw_poses: np.ndarray | None = None
    raw_trans: np.ndarray | None = None
    hands: HandPoses | None = None

    @property
    def frame_count(self) -> int:
        return len(self.poses)

    @property
    def is_shod(self) -> bool:
        """Return whether the feet stand in shoes, as those of people in videos do; AMASS's people are barefoot."""
        return self.engine not in ("", "amass")


_READ = frozenset(("format_version", *_SKELETON, *HAND_MEMBERS, *(item.name for item in fields(Motion)))) - {"hands"}


def new_motion(poses: np.ndarray, trans: np.ndarray, mocap_framerate: float, **known: Any) -> Motion:
    """Return a motion of which only poses, trans and the fields `known` are given.

    The defaults: an average body, frames counted from 0 at an even rate, confidence 1, no contacts, no camera.
    """
    frames = np.arange(len(poses))
    filled = Motion(
        poses, trans, mocap_framerate, betas=np.zeros(10), gender="neutral", rest_joints=generic_rest_joints(),
        frame_index=frames, timestamps=frames / mocap_framerate, confidence=np.ones((len(frames), JOINT_COUNT)),
        contacts=np.zeros((len(frames), len(CONTACT_NAMES))), source="", engine="")
    return replace(filled, **known)


def write_motion(path: str | os.PathLike, motion: Motion) -> None:
    """Write a motion file atomically: whole under its name, or not at all. Raises MotionFileError on invalid motion."""
    path = Path(path)
    validate_motion(motion, path)
    present = {name: value for name, value in vars(motion).items() if value is not None and name != "hands"}
    hands = {} if motion.hands is None else vars(motion.hands)
    arrays: dict[str, Any] = {"format_version": FORMAT_VERSION, **present, **hands, **_SKELETON}
    with open_whole_file(path) as stream:
        write_compressed(stream, arrays)


def read_motion(path: str | os.PathLike) -> Motion:
    """Return the motion in a file of ours. Raises MotionFileError on anything else."""
    arrays = read_motion_arrays(path, _READ)
    if "format_version" not in arrays:
        raise MotionFileError(f"{path} is no motion file of ours. Choose the .npz of a capture.")
    motion = _convert_arrays(arrays, path)
    validate_motion(motion, path)
    return motion


def _convert_arrays(arrays: dict[str, np.ndarray], path: str | os.PathLike) -> Motion:
    version = arrays["format_version"]
    if version.shape != () or version.dtype.kind not in "iu" or int(version) not in _READ_VERSIONS:
        raise MotionFileError(
            f"{path} has motion format version {str(version)[:_SHOWN_CHARACTERS]}; this add-on reads 1 to {FORMAT_VERSION}. "
            "Update the add-on, or capture the video again.")
    known = {item.name for item in fields(Motion)}
    missing = (known | _SKELETON.keys()) - arrays.keys() - _OPTIONAL
    if missing:
        raise MotionFileError(f"{path} lacks {', '.join(sorted(missing))}. The file is damaged; capture the video again.")
    if any(not np.array_equal(arrays[name], values) for name, values in _SKELETON.items()):
        raise MotionFileError(f"{path}: its skeleton is not SMPL's 24 joints. Only SMPL motion can be read.")
    values: dict[str, Any] = {name: array for name, array in arrays.items() if name in known}
    for name in ("gender", "source", "engine"):
        values[name] = _convert_text(arrays[name], name, path)
    return Motion(**(values | {"mocap_framerate": convert_framerate(arrays["mocap_framerate"], path),
                               "hands": _convert_hands(arrays, path)}))


def _convert_hands(arrays: dict[str, np.ndarray], path: str | os.PathLike) -> HandPoses | None:
    given = {name: arrays[name] for name in HAND_MEMBERS if name in arrays}
    missing = [name for name in HAND_MEMBERS if name not in given]
    if given and missing:
        raise MotionFileError(
            f"{path} has {', '.join(given)} without {', '.join(missing)}. The file is damaged; capture the video again.")
    return HandPoses(**given) if given else None


def read_motion_arrays(path: str | os.PathLike, names: Collection[str], texts: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Return the arrays of these names that an `.npz` holds, and the `texts` that are readable. Raises MotionFileError."""
    return _read(path, lambda file: read_arrays(file, names, texts))


def find_motion_arrays(path: str | os.PathLike, names: Collection[str]) -> set[str]:
    """Return which of these names an `.npz` holds as arrays, without reading them. Raises MotionFileError."""
    return _read(path, lambda file: find_arrays(file, names))


def _read(path: str | os.PathLike, read: Callable[[Path], T]) -> T:
    path = Path(path)
    if not path.is_file():
        raise MotionFileError(f"There is no file {path}. Choose a motion file (.npz).")
    try:
        return read(path)
    except UNREADABLE:
        # numpy's messages are not passed on: some advise loading the file unsafely.
        raise MotionFileError(
            f"{path} is not a motion file, or it is damaged. Choose an .npz of a capture, or an AMASS .npz.") from None


def convert_framerate(value: np.ndarray, path: str | os.PathLike) -> float:
    """Return a frame rate that an array holds. Raises MotionFileError where it holds none."""
    if value.size != 1 or value.dtype.kind not in "fiu":
        raise MotionFileError(f"{path}: mocap_framerate must be one number, not of shape {value.shape} and "
                              f"type {value.dtype.name[:_SHOWN_CHARACTERS]}.")
    framerate = float(value.ravel()[0])
    if not 0 < framerate <= _FASTEST:
        raise MotionFileError(f"{path}: mocap_framerate is {framerate}; it must be above zero, and at most {_FASTEST:g}.")
    return framerate


def _convert_text(value: np.ndarray, name: str, path: str | os.PathLike) -> str:
    if value.dtype.kind != "U" or value.size != 1 or value.dtype.itemsize > 4 * _LONGEST_TEXT:
        raise MotionFileError(f"{path}: {name} must be a text. The file is damaged; capture the video again.")
    return str(value.ravel()[0])


def validate_motion(motion: Motion, path: str | os.PathLike) -> None:
    """Raise MotionFileError, which names the file, where the motion is none."""
    convert_framerate(np.asarray(motion.mocap_framerate), path)
    if np.ndim(motion.poses) != 2:
        raise MotionFileError(f"{path}: poses has shape {np.shape(motion.poses)}, expected (T, {3 * JOINT_COUNT}).")
    frames = motion.frame_count
    if frames == 0:
        raise MotionFileError(f"{path} holds no frames. Capture the video again.")
    shapes = {
        "poses": (frames, 3 * JOINT_COUNT), "trans": (frames, 3), "betas": (10,), "rest_joints": (JOINT_COUNT, 3),
        "frame_index": (frames,), "timestamps": (frames,), "confidence": (frames, JOINT_COUNT),
        "contacts": (frames, len(CONTACT_NAMES)), "camera_matrix": (3, 3), "image_size": (2,),
        "raw_poses": (frames, 3 * JOINT_COUNT), "raw_trans": (frames, 3),
    }
    hands = {} if motion.hands is None else vars(motion.hands)
    values = {**vars(motion), **hands}
    for name, shape in (shapes | list_hand_shapes(frames)).items():
        value = values.get(name)
        if value is not None and np.shape(value) != shape:
            raise MotionFileError(f"{path}: {name} has shape {np.shape(value)}, expected {shape}.")
    keypoints, world_from_cam = motion.keypoints2d, motion.world_from_cam
    if keypoints is not None and (np.ndim(keypoints) != 3 or keypoints.shape[0] != frames or keypoints.shape[2] != 3):
        raise MotionFileError(f"{path}: keypoints2d has shape {np.shape(keypoints)}, expected ({frames}, K, 3).")
    if world_from_cam is not None and np.shape(world_from_cam) not in ((1, 4, 4), (frames, 4, 4)):
        raise MotionFileError(
            f"{path}: world_from_cam has shape {np.shape(world_from_cam)}, expected (1 or {frames}, 4, 4).")
    for name in (*shapes, *hands, "keypoints2d", "world_from_cam"):
        value = values[name]
        if value is None:
            continue
        if np.asarray(value).dtype.kind not in "fiu" or not np.isfinite(largest := _find_largest(np.asarray(value))):
            raise MotionFileError(f"{path}: {name} holds values that are not finite numbers.")
        if largest > _LARGEST:
            raise MotionFileError(f"{path}: {name} holds values above {_LARGEST:g}. The file is damaged.")
    if (motion.raw_poses is None) != (motion.raw_trans is None):
        raise MotionFileError(f"{path} has one of raw_poses and raw_trans without the other. Capture the video again.")
    if np.any(np.diff(motion.timestamps) <= 0):
        raise MotionFileError(f"{path}: timestamps must rise from frame to frame.")
    if motion.image_size is not None and np.min(motion.image_size) < 1:
        raise MotionFileError(f"{path}: image_size is {tuple(motion.image_size)}; a picture has at least one pixel.")
    limbs = np.linalg.norm(motion.rest_joints[1:] - motion.rest_joints[list(PARENTS[1:])], axis=1)
    if not (limbs.min() >= _SHORTEST_LIMB and limbs.max() <= _LONGEST_LIMB):
        raise MotionFileError(f"{path}: rest_joints gives limbs of {limbs.min():.3g} to {limbs.max():.3g} m, which is no body.")


def _find_largest(values: np.ndarray) -> float:
    """Return the largest absolute value of an array (T, ...) of numbers: NaN where one is none, 0 of no numbers."""
    return float(np.max([np.abs(np.asarray(values[rows], float)).max(initial=0.0) for rows in frame_blocks(len(values))],
                        initial=0.0))
