"""The motion file: one person's SMPL motion in the world, one `.npz`, AMASS's keys with ours beside them."""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from .smpl_skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS, generic_rest_joints
from .whole_file import written_whole

FORMAT_VERSION = 1
CONTACT_NAMES = ("left_heel", "left_toe", "right_heel", "right_toe")
_AMASS_POSE_WIDTHS = (72, 156, 165)  # SMPL, SMPL+H, SMPL-X rotation vectors; the first 22 joints are shared
_SHARED_JOINTS = 22
_OPTIONAL = {"keypoints2d", "camera_matrix", "image_size", "world_from_cam", "raw_poses", "raw_trans"}

# What numpy, zipfile and zlib raise for archives that are damaged, encrypted, or claim more memory than there is.
_UNREADABLE = (ValueError, OSError, EOFError, KeyError, SyntaxError, RuntimeError, MemoryError, OverflowError,
               zipfile.BadZipFile, zlib.error)


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
    """
    poses: np.ndarray
    trans: np.ndarray
    mocap_framerate: float
    betas: np.ndarray = field(default_factory=lambda: np.zeros(10))
    gender: str = "neutral"
    joint_names: tuple[str, ...] = JOINT_NAMES
    parents: np.ndarray = field(default_factory=lambda: np.array(PARENTS))
    rest_joints: np.ndarray = field(default_factory=generic_rest_joints)
    frame_index: np.ndarray | None = None
    timestamps: np.ndarray | None = None
    confidence: np.ndarray | None = None
    contacts: np.ndarray | None = None
    keypoints2d: np.ndarray | None = None
    camera_matrix: np.ndarray | None = None
    image_size: np.ndarray | None = None
    world_from_cam: np.ndarray | None = None
    raw_poses: np.ndarray | None = None
    raw_trans: np.ndarray | None = None
    source: str = ""
    engine: str = ""

    def __post_init__(self):
        frame_count = len(self.poses)
        filled = {
            "frame_index": np.arange(frame_count),
            "timestamps": np.arange(frame_count) / self.mocap_framerate if self.mocap_framerate > 0 else None,
            "confidence": np.ones((frame_count, JOINT_COUNT)),
            "contacts": np.zeros((frame_count, len(CONTACT_NAMES))),
        }
        for name, value in filled.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    @property
    def frame_count(self) -> int:
        return len(self.poses)


def write_motion(path: str | os.PathLike, motion: Motion) -> None:
    """Write a motion file atomically: whole under its name, or not at all. Raises MotionFileError on invalid motion."""
    path = Path(path)
    _validate(motion, str(path))
    arrays = {"format_version": np.array(FORMAT_VERSION)}
    for item in fields(motion):
        value = getattr(motion, item.name)
        if value is not None:
            arrays[item.name] = np.asarray(value)
    with written_whole(path) as stream:
        np.savez_compressed(stream, **arrays)


def read_motion(path: str | os.PathLike) -> Motion:
    """Return the motion in a file of ours or a plain AMASS `.npz`. Raises MotionFileError on anything else."""
    arrays = _read_arrays(path)
    if "format_version" not in arrays:
        return _from_amass(arrays, path)
    version = arrays.pop("format_version")
    if version.shape != () or version.dtype.kind not in "iu" or int(version) != FORMAT_VERSION:
        raise MotionFileError(
            f"{path} has motion format version {version!s}; this add-on reads version {FORMAT_VERSION}. "
            "Update the add-on, or capture the video again.")
    known = {item.name for item in fields(Motion)}
    missing = known - arrays.keys() - _OPTIONAL
    if missing:
        raise MotionFileError(f"{path} lacks {', '.join(sorted(missing))}. The file is damaged; capture the video again.")
    values = {key: value for key, value in arrays.items() if key in known}
    if values["poses"].ndim != 2:
        raise MotionFileError(f"{path}: poses has shape {values['poses'].shape}, expected (T, {3 * JOINT_COUNT}).")
    _require_text(values, ("gender", "source", "engine"), path)
    values["joint_names"] = tuple(str(name) for name in values["joint_names"].ravel())
    values["mocap_framerate"] = _framerate(values["mocap_framerate"], path)
    motion = Motion(**values)
    _validate(motion, str(path))
    return motion


def _read_arrays(path) -> dict[str, np.ndarray]:
    path = Path(path)
    if not path.is_file():
        raise MotionFileError(f"There is no file {path}. Choose a motion file (.npz).")
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            return {key: archive[key] for key in archive.files}
    except _UNREADABLE:
        # numpy's own words are not passed on: some advise to load the file unsafely.
        raise MotionFileError(
            f"{path} is not a motion file, or it is damaged. Choose an .npz of a capture, or an AMASS .npz.") from None


def _from_amass(arrays: dict[str, np.ndarray], path) -> Motion:
    framerate = arrays.get("mocap_framerate", arrays.get("mocap_frame_rate"))
    missing = [key for key in ("poses", "trans") if key not in arrays]
    missing += ["mocap_framerate"] if framerate is None else []
    if missing:
        raise MotionFileError(f"{path} is neither a motion file of ours nor AMASS: it lacks {', '.join(missing)}.")
    poses, trans = arrays["poses"], arrays["trans"]
    if poses.ndim != 2 or poses.shape[1] not in _AMASS_POSE_WIDTHS or poses.dtype.kind != "f":
        raise MotionFileError(f"{path}: poses has shape {poses.shape}; AMASS has (T, 72), (T, 156) or (T, 165).")
    body = np.zeros((len(poses), 3 * JOINT_COUNT))
    shared = 3 * (JOINT_COUNT if poses.shape[1] == 72 else _SHARED_JOINTS)
    body[:, :shared] = poses[:, :shared]
    betas = np.zeros(10)
    given = arrays.get("betas", betas).ravel()[:10]
    if given.dtype.kind in "fiu":
        betas[:len(given)] = given
    gender = next(iter(arrays.get("gender", np.array("neutral")).ravel()), "neutral")
    gender = gender.decode("ascii", "replace") if isinstance(gender, bytes) else str(gender)
    motion = Motion(poses=body, trans=trans, mocap_framerate=_framerate(framerate, path), betas=betas, gender=gender,
                    source=Path(path).name, engine="amass")
    _validate(motion, str(path))
    return motion


def _framerate(value: np.ndarray, path) -> float:
    if value.size != 1 or value.dtype.kind not in "fiu":
        raise MotionFileError(f"{path}: mocap_framerate must be one number, not {value!r}.")
    return float(value.ravel()[0])


def _require_text(values: dict, names, path) -> None:
    for name in names:
        if values[name].dtype.kind != "U" or values[name].size != 1:
            raise MotionFileError(f"{path}: {name} must be a text. The file is damaged; capture the video again.")
        values[name] = str(values[name].ravel()[0])


def _validate(motion: Motion, path: str) -> None:
    frames = motion.frame_count
    shapes = {
        "poses": (frames, 3 * JOINT_COUNT), "trans": (frames, 3), "betas": (10,), "rest_joints": (JOINT_COUNT, 3),
        "parents": (JOINT_COUNT,), "frame_index": (frames,), "timestamps": (frames,),
        "confidence": (frames, JOINT_COUNT), "contacts": (frames, len(CONTACT_NAMES)),
        "camera_matrix": (3, 3), "image_size": (2,), "raw_poses": (frames, 3 * JOINT_COUNT), "raw_trans": (frames, 3),
    }
    if frames == 0:
        raise MotionFileError(f"{path} holds no frames. Capture the video again.")
    if not (np.isfinite(motion.mocap_framerate) and motion.mocap_framerate > 0):
        raise MotionFileError(f"{path}: mocap_framerate is {motion.mocap_framerate}; it must be above zero.")
    for name, shape in shapes.items():
        value = getattr(motion, name)
        if value is not None and np.shape(value) != shape:
            raise MotionFileError(f"{path}: {name} has shape {np.shape(value)}, expected {shape}.")
    keypoints, world_from_cam = motion.keypoints2d, motion.world_from_cam
    if keypoints is not None and (np.ndim(keypoints) != 3 or keypoints.shape[0] != frames or keypoints.shape[2] != 3):
        raise MotionFileError(f"{path}: keypoints2d has shape {np.shape(keypoints)}, expected ({frames}, K, 3).")
    if world_from_cam is not None and np.shape(world_from_cam) not in ((1, 4, 4), (frames, 4, 4)):
        raise MotionFileError(
            f"{path}: world_from_cam has shape {np.shape(world_from_cam)}, expected (1 or {frames}, 4, 4).")
    for name in (*shapes, "keypoints2d", "world_from_cam"):
        value = getattr(motion, name)
        if value is None:
            continue
        if np.asarray(value).dtype.kind not in "fiu" or not np.isfinite(value).all():
            raise MotionFileError(f"{path}: {name} holds values that are not finite numbers.")
    if tuple(motion.joint_names) != JOINT_NAMES or tuple(int(p) for p in motion.parents) != PARENTS:
        raise MotionFileError(f"{path}: its skeleton is not SMPL's 24 joints. Only SMPL motion can be read.")
    if (motion.raw_poses is None) != (motion.raw_trans is None):
        raise MotionFileError(f"{path} has one of raw_poses and raw_trans without the other. Capture the video again.")
    if np.any(np.diff(motion.timestamps) <= 0):
        raise MotionFileError(f"{path}: timestamps must rise from frame to frame.")
