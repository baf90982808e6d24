"""Finds out whose result a file is, by its contents, and makes motions of ours of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...shared.containers.plain_values import ContainerError, is_container, read_plain
from ...shared.motion_file import Motion, MotionFileError, new_motion, validate_motion
from ...shared.smpl_skeleton import forward_kinematics
from ..base.rotations import rotmat_from_rotvec, rotvec_from_rotmat
from ..base.soles import ANKLES, compute_stature, sole_points, usual_ankle_height
from ..formats.smpl_rows import RowsOptions, is_rows
from . import camera_systems, frame_folders, other_rows, points, world_systems
from .result import FormError, Result, ResultPerson

_WHOLE_FILES = ("camera.npy", "video_results.npz")      # of TRAM, ROMP and BEV, in a folder with more: they are for all of it
_ONE_FRAME_NOTE = "it is one frame: choose its folder for all of them"
_DEFAULT_RATE = 30.0            # of most video
_BELOW_FLOOR_PERCENT = 2.0      # of the frames may have a foot below the floor that is found by the feet; by eye
_LARGE = frozenset(("verts", "smplx_verts", "vertices", "masks", "mask", "net_outputs", "joints3d", "joints2d", "appe", "loca",
                    "pred_vertices", "pj2d_org", "latent_motion", "latent_pose", "smplx_pose", "img_cropped", "faces"))

_Read = Callable[[Mapping, Path], Result]
# In the order in which they are asked: earlier ones have keys that later ones share.
_SYSTEMS: tuple[tuple[Callable[[Mapping], bool], _Read], ...] = (
    (points.is_sam3d, lambda _, path: _read_frame(frame_folders.read_sam3d, path)),
    (world_systems.is_gvhmr, world_systems.read_gvhmr), (world_systems.is_prompthmr, world_systems.read_prompthmr),
    (world_systems.is_wham, world_systems.read_wham), (world_systems.is_tram, world_systems.read_tram),
    (camera_systems.is_pymafx, camera_systems.read_pymafx), (camera_systems.is_phalp, camera_systems.read_phalp),
    (camera_systems.is_vibe, camera_systems.read_vibe), (camera_systems.is_romp, camera_systems.read_romp),
    (camera_systems.is_hybrik, camera_systems.read_hybrik), (camera_systems.is_cliff, camera_systems.read_cliff),
    (world_systems.is_slahmr, world_systems.read_slahmr), (world_systems.is_humor, world_systems.read_humor),
    (other_rows.is_smpl_codec, other_rows.read_smpl_codec), (other_rows.is_mdm_body, other_rows.read_mdm_body),
    (points.is_mdm_samples, points.read_mdm_samples),
    (frame_folders.is_smplerx, lambda _, path: _read_frame(frame_folders.read_smplerx, path)),
    (frame_folders.is_frankmocap, lambda _, path: _read_frame(frame_folders.read_frankmocap, path)),
)
_FOLDERS: tuple[tuple[Callable[[Path], list[Path]], Callable[[list[Path]], Result]], ...] = (
    (frame_folders.find_easymocap, frame_folders.read_easymocap), (frame_folders.find_smplerx, frame_folders.read_smplerx),
    (frame_folders.find_frankmocap, frame_folders.read_frankmocap), (frame_folders.find_sam3d, frame_folders.read_sam3d),
)


@dataclass(frozen=True)
class ReadPeople:
    """Motions of the people of another system's result, in its order, and notes on what was assumed."""
    motions: tuple[Motion, ...]
    notes: tuple[str, ...]


def find_result(path: Path) -> Result | None:
    """Return the result in a file or folder; None where it is that of no system that is known. Raises MotionFileError where it
    is one of them, but damaged, or where it asks for code."""
    try:
        result = _read_folder(path) if path.is_dir() else _read_file(path)
        if result is not None and not result.people:
            raise FormError("it holds nobody")
        return result
    except ContainerError as error:
        raise MotionFileError(str(error)) from None
    except FormError as error:
        raise MotionFileError(f"{path}: {error}. Write it again with the system's published version.") from None
    except OSError as error:
        raise MotionFileError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise MotionFileError(f"{path} has an unexpected form ({type(error).__name__}: {error}).") from None


def _read_folder(folder: Path) -> Result | None:
    """Return the result that a folder holds, unless it holds motion files."""
    if any(is_rows(path) for path in folder.glob("*.npz")):
        return None
    whole = next((folder / name for name in _WHOLE_FILES if (folder / name).is_file()), None)
    return _read_file(whole) if whole else next((read(files) for find, read in _FOLDERS if (files := find(folder))), None)


def _read_file(path: Path) -> Result | None:
    if path.suffix.lower() == ".json":
        return _read_frame(frame_folders.read_easymocap, path) if frame_folders.find_easymocap(path) else None
    if not is_container(path):
        return points.read_text(path)
    values = read_plain(path, _LARGE)
    if isinstance(values, np.ndarray):
        return points.read_joint_array(values, path)
    if people := frame_folders.find_sam3d_people(values):
        return frame_folders.read_sam3d_people(people)
    reader = next((read for is_theirs, read in _SYSTEMS if isinstance(values, Mapping) and is_theirs(values)), None)
    return reader(values, path) if reader and isinstance(values, Mapping) else None


def _read_frame(read: Callable[[list[Path]], Result], path: Path) -> Result:
    """Return the result of a system that writes a file for each frame, of one of them."""
    result = read([path])
    return replace(result, notes=(*result.notes, _ONE_FRAME_NOTE))


def make_motions(result: Result, path: Path, options: RowsOptions | None = None) -> ReadPeople:
    """Return motions of a result, with Z up, feet on the floor and gaps as gaps. Raises MotionFileError."""
    options, name = options or RowsOptions(), path.name
    rate, notes = result.framerate, [f"{name} is a result of {result.system}."]
    if rate is None:
        rate = options.framerate or _DEFAULT_RATE
        notes.append(f"{name} tells no frame rate: {rate:g} frames a second are assumed.")
    if options.up != RowsOptions.up:
        notes.append(f"{name}: which axis is up is known for {result.system}; the option was not used.")
    motions = [_make_motion(person, result, rate, name) for person in result.people]
    floors = [_find_floor(motion) for motion in motions]
    if result.floor is not None:
        floors = [result.floor] * len(floors)
    elif result.shares_world and floors:
        floors = [min(floors)] * len(floors)
    motions = [_lower(motion, floor) for motion, floor in zip(motions, floors, strict=True)]
    for motion in motions:
        validate_motion(motion, path)
    return ReadPeople(tuple(motions), (*notes, *(f"{name}: {note}." for note in result.notes)))


def _make_motion(person: ResultPerson, result: Result, rate: float, name: str) -> Motion:
    """Return a person's motion with Z up, at the height that the file has."""
    rotmats = person.rotmats.copy()
    rotmats[:, 0] = result.axes @ rotmats[:, 0]
    known = {} if person.rest_joints is None else {"rest_joints": person.rest_joints}
    camera = result.camera
    if camera is not None and (len(camera.file_from_cam) == 1 or person.frames[-1] < len(camera.file_from_cam)):
        turn = np.eye(4)
        turn[:3, :3] = result.axes
        poses = camera.file_from_cam if len(camera.file_from_cam) == 1 else camera.file_from_cam[person.frames]
        known |= {"camera_matrix": camera.matrix, "image_size": camera.image_size, "world_from_cam": turn @ poses}
    return new_motion(rotvec_from_rotmat(rotmats).reshape(len(rotmats), -1), person.pelvis @ result.axes.T, rate, **known,
                      betas=person.betas, source=name, engine=result.system, frame_index=person.frames,
                      timestamps=person.frames / rate)


def _lower(motion: Motion, height: float) -> Motion:
    """Return a motion with its camera, lower by a height in metres."""
    cameras = motion.world_from_cam
    if cameras is not None:
        cameras = cameras.copy()
        cameras[:, 2, 3] -= height
    return replace(motion, trans=motion.trans - (0, 0, height), world_from_cam=cameras)


def _find_floor(motion: Motion) -> float:
    """Return the height on which a person's feet stand: hardly ever is a sole below it."""
    rotmats = rotmat_from_rotvec(motion.poses.reshape(-1, 24, 3))
    feet, joints = forward_kinematics(rotmats, motion.rest_joints, motion.trans, turned=ANKLES)
    height = usual_ankle_height(compute_stature(motion.rest_joints), motion.is_shod)
    soles = sole_points(motion.rest_joints, height, feet, joints)
    return float(np.percentile(soles[..., 2].reshape(len(joints), -1).min(axis=1), _BELOW_FLOOR_PERCENT))
