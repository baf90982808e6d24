"""Systems that place people in a world: GVHMR, GENMO, WHAM, TRAM, PromptHMR, SLAHMR, HuMoR."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...shared.containers.plain_values import read_plain
from ...shared.smpl_skeleton import JOINT, generic_rest_joints
from ..base.rotations import rotmat_from_rotvec
from .point_solve import shortest_turns
from .result import (
    LEVEL_CAMERA,
    LEVEL_NOTE,
    Y_UP,
    Z_UP,
    FormError,
    Result,
    ResultCamera,
    frame_numbers,
    numbers,
    people_with_rows,
    rest_pelvis,
    rotmats_of_vectors,
    sorted_person,
)

# WHAM's origin of a body, from the pelvis: the middle of the hips of a mean body at rest, metres.
_HIPS_FROM_PELVIS = generic_rest_joints()[[JOINT["left_hip"], JOINT["right_hip"]]].mean(0) - generic_rest_joints()[0]
_SLAHMR_FPS, _HUMOR_FPS = 25.0, 30.0        # both resample the video to these by default


def is_gvhmr(values: Mapping) -> bool:
    return "smpl_params_global" in values or "body_params_global" in values or {
        "body_pose", "global_orient", "transl", "global_orient_incam"} <= values.keys()


def read_gvhmr(values: Mapping, path: Path) -> Result:
    """GVHMR's `.pt`, the pickle that users make of it, ComfyUI's `.npz`, and GENMO. One person, SMPL-X without fingers."""
    system, part = "GVHMR", values
    for key, name in (("smpl_params_global", "GVHMR"), ("body_params_global", "GENMO")):
        if key in values:
            system, part = name, values[key]
    if not isinstance(part, Mapping):
        raise FormError("the body's parameters are no dictionary")
    rotmats = rotmats_of_vectors(numbers(part, "global_orient", None, 3), numbers(part, "body_pose", None, 63))
    pelvis = numbers(part, "transl", None, 3) + rest_pelvis("smplx")
    person = sorted_person(1, np.arange(len(rotmats)), rotmats, pelvis,
                           numbers({"betas": np.atleast_2d(part.get("betas", np.zeros(10)))}, "betas", None, None))
    return Result(system, (person,), Y_UP, camera=_find_gvhmr_camera(values, rotmats[:, 0], pelvis))


def _find_gvhmr_camera(values: Mapping, root: np.ndarray, pelvis: np.ndarray) -> ResultCamera | None:
    """Return the camera that follows from the body in the world and in the camera. Users' pickles have the same body twice."""
    part = values.get("smpl_params_incam", values.get("body_params_incam"))
    if not isinstance(part, Mapping) or "K_fullimg" not in values:
        return None
    matrix = np.asarray(values["K_fullimg"], np.float64).reshape(-1, 3, 3)[0]
    turns = root @ rotmat_from_rotvec(numbers(part, "global_orient", len(root), 3)).swapaxes(1, 2)
    inside = numbers(part, "transl", len(root), 3) + rest_pelvis("smplx")
    return ResultCamera.of_parts(matrix[0, 0], matrix[:2, 2], turns, pelvis - np.einsum("nij,nj->ni", turns, inside))


def is_wham(values: Mapping) -> bool:
    return any(isinstance(part, Mapping) and "pose_world" in part and "trans_world" in part for part in values.values())


def read_wham(values: Mapping, path: Path) -> Result:
    """WHAM's pickle. Its world has the middle of the hips where smplx has its translation, and one world a person."""
    people = []
    for key, part in people_with_rows(values, "pose_world"):
        pose = numbers(part, "pose_world", None, 72)
        rotmats = rotmats_of_vectors(pose[:, :3], pose[:, 3:])
        pelvis = numbers(part, "trans_world", None, 3) - rotmats[:, 0] @ _HIPS_FROM_PELVIS
        people.append(sorted_person(key, frame_numbers(part, "frame_ids"), rotmats, pelvis, part.get("betas", np.zeros(10))))
    return Result("WHAM", tuple(people), Y_UP, shares_world=False)


def is_tram(values: Mapping) -> bool:
    return {"pred_rotmat", "pred_trans", "frame"} <= values.keys() or {"world_cam_R", "world_cam_T"} <= values.keys()


def read_tram(values: Mapping, path: Path) -> Result:
    """TRAM's tracks `hps/hps_track_*.npy`, of one of them that one alone, with `camera.npy` beside their folder."""
    is_camera = "world_cam_R" in values
    folder = path.parent / "hps" if is_camera else path.parent
    camera = values if is_camera else _read_beside(path.parent.parent / "camera.npy")
    turns, places = numbers(camera, "world_cam_R", None, 3, 3), numbers(camera, "world_cam_T", None, 3)
    tracks = sorted(folder.glob("hps_track_*.npy")) if is_camera else [path]
    people = []
    for track in tracks:
        part = _read_beside(track) if is_camera else values
        if is_camera and not np.size(part.get("frame", ())):
            continue
        frames, rotmats = frame_numbers(part, "frame"), numbers(part, "pred_rotmat", None, 24, 3, 3)
        moved = np.asarray(part.get("pred_trans"), dtype=np.float64).reshape(-1, 3)
        if len(frames) != len(rotmats) or len(frames) != len(moved) or frames.max(initial=-1) >= len(turns):
            raise FormError("its tracks and its camera have other lengths")
        turn = turns[frames]
        rotmats[:, 0] = turn @ rotmats[:, 0]
        pelvis = np.einsum("nij,nj->ni", turn, moved + rest_pelvis("smpl")) + places[frames]
        key = track.stem.rpartition("_")[2]
        people.append(sorted_person(key, frames, rotmats, pelvis, part.get("pred_shape", np.zeros(10))))
    return Result("TRAM", tuple(people), Y_UP, camera=_find_slam_camera(camera, turns, places))


def _find_slam_camera(values: Mapping, turns: np.ndarray, places: np.ndarray) -> ResultCamera | None:
    if "img_focal" not in values or np.size(values.get("img_center", ())) != 2:
        return None
    focal = float(np.median(numbers(values, "img_focal", *np.shape(values["img_focal"]))))      # a number, alone or in a list
    return ResultCamera.of_parts(focal, np.reshape(values["img_center"], 2), turns, places)


def is_prompthmr(values: Mapping) -> bool:
    return isinstance(values.get("people"), Mapping) and "camera_world" in values


def read_prompthmr(values: Mapping, path: Path) -> Result:
    """PromptHMR's pickle. Its fingers mean nothing: they come of matrices that are zero."""
    people = []
    for key, track in people_with_rows(values["people"], "frames"):
        part = track.get("smplx_world")
        if not isinstance(part, Mapping):
            raise FormError("smplx_world is missing")
        pose = numbers(part, "pose", None, None)
        if pose.shape[1] < 66:
            raise FormError(f"pose has the shape {pose.shape} instead of (N, 165)")
        people.append(sorted_person(key, frame_numbers(track, "frames"), rotmats_of_vectors(pose[:, :3], pose[:, 3:66]),
                                    numbers(part, "trans", None, 3) + rest_pelvis("smplx"), part.get("shape", np.zeros(10))))
    return Result("PromptHMR", tuple(people), Y_UP, floor=0.0, camera=_find_prompthmr_camera(values["camera_world"]))


def _find_prompthmr_camera(values: object) -> ResultCamera | None:
    """Return the camera by its view of the world: its place in the world, Twc, is wrong in these files."""
    if not isinstance(values, Mapping) or "Rcw" not in values or "Tcw" not in values:
        return None
    turns = numbers(values, "Rcw", None, 3, 3).swapaxes(1, 2)
    return _find_slam_camera(values, turns, -np.einsum("nij,nj->ni", turns, numbers(values, "Tcw", len(turns), 3)))


def is_slahmr(values: Mapping) -> bool:
    return {"trans", "root_orient", "pose_body"} <= values.keys() and np.ndim(values["trans"]) == 3


def read_slahmr(values: Mapping, path: Path) -> Result:
    """SLAHMR's `_world_results.npz`. Frames are those of the video at 25 a second; the floor is in the file. In the
    `_prior_results.npz` beside it, which has no camera, Z is up and the floor at 0."""
    moved, root, body = (numbers(values, key, None, None, None) for key in ("trans", "root_orient", "pose_body"))
    if moved.shape[:2] != root.shape[:2] or moved.shape[:2] != body.shape[:2]:
        raise FormError("its parts have other lengths")
    seen = np.asarray(values.get("track_mask", np.ones(moved.shape[:2])), bool)
    shapes = np.asarray(values.get("betas", np.zeros((len(moved), 10))))
    axes, floor = _find_floor_plane(values) if {"cam_R", "floor_plane"} & values.keys() else (Z_UP, 0.0)
    people = []
    for person in range(len(moved)):
        rows = np.flatnonzero(seen[person]) if seen.shape == moved.shape[:2] else np.arange(moved.shape[1])
        if len(rows):
            people.append(sorted_person(person + 1, rows, rotmats_of_vectors(root[person, rows], body[person, rows]),
                                        moved[person, rows] + rest_pelvis("smplh"), shapes[min(person, len(shapes) - 1)]))
    notes = () if floor is not None else (LEVEL_NOTE,)
    return Result("SLAHMR", tuple(people), axes, _SLAHMR_FPS, floor, camera=_find_slahmr_camera(values), notes=notes)


def _find_slahmr_camera(values: Mapping) -> ResultCamera | None:
    if not {"cam_R", "cam_t", "intrins"} <= values.keys():
        return None
    turns = np.asarray(values["cam_R"], np.float64).reshape(-1, *np.shape(values["cam_R"])[-3:])[0].swapaxes(1, 2)
    places = np.asarray(values["cam_t"], np.float64).reshape(-1, *np.shape(values["cam_t"])[-2:])[0]
    focal, _, *centre = np.asarray(values["intrins"], np.float64).reshape(-1)[:4]
    return ResultCamera.of_parts(float(focal), np.array(centre), turns, -np.einsum("nij,nj->ni", turns, places))


def _find_floor_plane(values: Mapping) -> tuple[np.ndarray, float | None]:
    """Return the axes that stand a file's floor level, and its height: normal times distance, in a camera's axes (y down)."""
    plane = np.asarray(values.get("floor_plane", np.zeros(3)), np.float64).reshape(-1)[:3]
    distance = np.linalg.norm(plane)
    if len(plane) < 3 or not 1e-6 < distance < 1e6:
        return LEVEL_CAMERA, None
    up = plane / distance
    if up[1] > 0:
        up, distance = -up, -distance
    return LEVEL_CAMERA @ shortest_turns(up[None], np.array(((0.0, -1, 0),)))[0], float(distance)


def is_humor(values: Mapping) -> bool:
    return {"trans", "root_orient", "pose_body"} <= values.keys() and np.ndim(values["trans"]) == 2 and (
        "contacts" in values or "floor_plane" in values) and not {"mocap_frame_rate", "mocap_framerate", "fps"} & values.keys()


def read_humor(values: Mapping, path: Path) -> Result:
    """HuMoR's `stage3_results_prior.npz` (Z up, floor at 0), or the one in the camera's axes with its floor beside."""
    rotmats = rotmats_of_vectors(numbers(values, "root_orient", None, 3), numbers(values, "pose_body", None, 63))
    pelvis = numbers(values, "trans", None, 3) + rest_pelvis("smplh")
    person = sorted_person(1, np.arange(len(rotmats)), rotmats, pelvis, values.get("betas", np.zeros(10)))
    if "floor_plane" not in values:
        return Result("HuMoR", (person,), Z_UP, _HUMOR_FPS, 0.0)
    normal = np.asarray(values["floor_plane"], np.float64).reshape(-1)
    scaled = dict(values, floor_plane=normal[:3] * (normal[3] if len(normal) > 3 else 1.0))
    axes, floor = _find_floor_plane(scaled)
    return Result("HuMoR", (person,), axes, _HUMOR_FPS, floor, notes=() if floor is not None else (LEVEL_NOTE,))


def _read_beside(path: Path) -> Mapping:
    if not path.is_file():
        raise FormError(f"{path} is missing, which belongs to it")
    values = read_plain(path)
    if not isinstance(values, Mapping):
        raise FormError(f"{path} holds no dictionary")
    return values
