"""Systems that leave people in the camera's axes: the VIBE family, 4D-Humans, ROMP and BEV, PyMAF-X, HybrIK, CLIFF."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .result import (
    LEVEL_CAMERA,
    LEVEL_NOTE,
    FormError,
    Result,
    ResultCamera,
    ResultPerson,
    frame_numbers,
    numbers,
    people_with_rows,
    rest_pelvis,
    rotmats_of_vectors,
    sorted_person,
)

_CROP_FOCAL = 5000.0            # px, of the camera that HMR's descendants give a crop
_PHALP_CROP = 256.0             # px, the side of PHALP's crop
_HYBRIK_FOCAL = 1000.0 / 256.0  # widths of the box
_FOCAL_NOTE = "it tells no focal length: the picture's diagonal is taken, so distances are a guess"
_FARTHEST_STEP = 1.0            # metres from frame to frame, where people have no numbers; distances in depth are unsure


def is_vibe(values: Mapping) -> bool:
    return any(isinstance(part, Mapping) and {"pred_cam", "orig_cam", "pose", "frame_ids"} <= part.keys()
               for part in values.values())


def read_vibe(values: Mapping, path: Path) -> Result:
    """VIBE, TCMR, MPS-Net, PyMAF and PARE. They tell no path: it is made of the cameras of crop and picture."""
    people, rows = [], people_with_rows(values, "pose")
    for key, part in rows:
        pose = np.asarray(part["pose"], np.float64)
        rotmats = pose if pose.shape[1:] == (24, 3, 3) else _rotmats_of_72(numbers(part, "pose", None, 72))
        pelvis = _place(part) + rest_pelvis("smpl")
        people.append(sorted_person(key, frame_numbers(part, "frame_ids"), rotmats, pelvis, part.get("betas", np.zeros(10))))
    return _in_camera("the VIBE family", tuple(people), _find_picture(rows[0][1]) if rows else (0, 0))


def _place(part: Mapping) -> np.ndarray:
    """Return translations (N, 3) by the cameras of crop and picture, for a focal length of the picture's diagonal."""
    whole, boxes = numbers(part, "orig_cam", None, 4), numbers(part, "bboxes", None, 4)
    scale = np.maximum(np.abs(numbers(part, "pred_cam", None, 3)[:, 0]), 1e-6)
    depth = 2 * np.hypot(*_find_picture(part)) / (scale * np.maximum(boxes[:, 2], 1e-6))
    return np.stack((whole[:, 2], whole[:, 3], depth), axis=1)


def _find_picture(part: Mapping) -> np.ndarray:
    """Return the picture's width and height in px. The picture's camera has sx = s width_of_box / width_of_picture with the crop
    camera's s, so that the picture's size comes out of both."""
    crop, whole = numbers(part, "pred_cam", None, 3), numbers(part, "orig_cam", None, 4)
    shares = np.where(np.abs(whole[:, :2]) < 1e-9, 1e-9, whole[:, :2])
    return np.median(np.abs(crop[:, :1] * numbers(part, "bboxes", None, 4)[:, 2:] / shares), axis=0)


def is_phalp(values: Mapping) -> bool:
    return any(isinstance(part, Mapping) and {"tid", "smpl", "camera", "tracked_time"} <= part.keys() for part in values.values())


def read_phalp(values: Mapping, path: Path) -> Result:
    """4D-Humans by PHALP: lists of people for each picture. Rows of lost tracks repeat old data and are left out."""
    rows: dict[object, list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]] = {}
    pictures = [part for part in values.values() if isinstance(part, Mapping) and "tid" in part]
    for number, picture in enumerate(sorted(pictures, key=lambda part: part.get("time", 0))):
        columns = [picture.get(name, ()) for name in ("tid", "tracked_time", "smpl", "camera", "size")]
        for key, age, body, camera, (height, width) in zip(*columns, strict=False):
            if age == 0:
                frame = int(picture.get("time", number))
                scale = np.hypot(height, width) * _PHALP_CROP / (_CROP_FOCAL * max(height, width))
                turns = np.concatenate((numbers(body, "global_orient", 1, 3, 3), numbers(body, "body_pose", 23, 3, 3)))
                place = np.asarray(camera, np.float64).reshape(3) * (1, 1, scale)
                rows.setdefault(key, []).append((frame, turns, place, np.asarray(body.get("betas", np.zeros(10)))))
    people = []
    for key, seen in rows.items():
        frames, turns, places, betas = (np.stack([row[part] for row in seen]) for part in range(4))
        people.append(sorted_person(key, frames, turns, places + rest_pelvis("smpl"), betas))
    height, width = next((part["size"][0] for part in pictures if len(part.get("size", ()))), (0, 0))
    return _in_camera("4D-Humans (PHALP)", tuple(people), (width, height))


def is_romp(values: Mapping) -> bool:
    return "sequence_results" in values or (isinstance(values.get("results"), Mapping) and "smpl_thetas" in values["results"])


def read_romp(values: Mapping, path: Path) -> Result:
    """ROMP and BEV: `video_results.npz`. Their camera has a known field of view, so that distances are metres."""
    sequences = values.get("sequence_results")
    if not isinstance(sequences, Mapping) or not sequences:
        raise FormError("people have no numbers in it: run ROMP or BEV again with -t, which follows people")
    people = []
    for key, part in sequences.items():
        lists = {name: np.asarray(part[name], np.float64) for name in ("smpl_thetas", "cam_trans", "smpl_betas") if name in part}
        rotmats = _rotmats_of_72(numbers(lists, "smpl_thetas", None, 72))
        frames = frame_numbers({"frame_id": [_find_number(name) for name in part.get("frame_id", ())]}, "frame_id")
        people.append(sorted_person(key, frames, rotmats, numbers(lists, "cam_trans", None, 3) + rest_pelvis("smpl"),
                                    lists.get("smpl_betas", np.zeros(10))))
    return Result("ROMP or BEV", tuple(people), LEVEL_CAMERA, notes=(LEVEL_NOTE,))


def is_pymafx(values: Mapping) -> bool:
    return {"smplx_params", "person_ids", "frame_ids", "pose"} <= values.keys()


def read_pymafx(values: Mapping, path: Path) -> Result:
    """PyMAF-X: rows of detections, numbered anew in every picture, so that they are followed by place."""
    rotmats, betas = _rotmats_of_72(numbers(values, "pose", None, 72)), numbers(values, "betas", None, None)
    pelvis = numbers(values, "orig_cam_t", None, 3) * (1, 1, np.hypot(*_find_picture(values)) / _CROP_FOCAL) + rest_pelvis("smpl")
    people = follow_by_place(frame_numbers(values, "frame_ids"), rotmats, pelvis, betas)
    return _in_camera("PyMAF-X", people, _find_picture(values))


def is_hybrik(values: Mapping) -> bool:
    return {"pred_thetas", "transl_camsys"} <= values.keys()


def read_hybrik(values: Mapping, path: Path) -> Result:
    """HybrIK's `res.pk`. Its translations belong to another focal length in each frame."""
    turns, boxes = numbers(values, "pred_thetas", None, 216), numbers(values, "bbox", None, 4)
    size = [np.median(numbers(values, name, None)) for name in ("width", "height")]
    focal = _HYBRIK_FOCAL * np.maximum(boxes[:, 2] - boxes[:, 0], 1e-6)
    places = numbers(values, "transl", None, 3)
    places[:, 2] *= np.hypot(*size) / focal
    numbered = [_find_number(name) for name in values.get("img_path", ())]
    frames = np.array(numbered) - min(numbered, default=0) if len(numbered) == len(turns) else np.arange(len(turns))
    person = sorted_person(1, frames, turns.reshape(-1, 24, 3, 3), places + rest_pelvis("smpl"), np.asarray(values["pred_betas"]))
    return _in_camera("HybrIK", (person,), size)


def is_cliff(values: Mapping) -> bool:
    return {"pose", "global_t", "focal_l"} <= values.keys()


def read_cliff(values: Mapping, path: Path) -> Result:
    """CLIFF's `.npz`: rows of detections, with or without numbers of people."""
    pose, seen = np.asarray(values["pose"], np.float64), numbers(values, "detection_all", None, None)
    rotmats = pose if pose.shape[1:] == (24, 3, 3) else _rotmats_of_72(numbers(values, "pose", None, 72))
    if len(rotmats) != len(seen):
        raise FormError("pose and detection_all have other lengths: frames were filled in later; take the file before that")
    frames, pelvis = seen[:, 0].astype(np.int64), numbers(values, "global_t", None, 3) + rest_pelvis("smpl")
    betas, ids = numbers(values, "shape", None, None), seen[:, -1]
    if seen.shape[1] < 8 or not ids.any():
        return Result("CLIFF", follow_by_place(frames, rotmats, pelvis, betas), LEVEL_CAMERA, notes=(LEVEL_NOTE,))
    people = tuple(sorted_person(int(key), frames[ids == key], rotmats[ids == key], pelvis[ids == key], betas[ids == key])
                   for key in np.unique(ids))
    return Result("CLIFF", people, LEVEL_CAMERA, notes=(LEVEL_NOTE,))


def follow_by_place(frames: np.ndarray, rotmats: np.ndarray, pelvis: np.ndarray, betas: np.ndarray) -> tuple[ResultPerson, ...]:
    """Return the people of detections (M,) that have no numbers, by `follow_rows`."""
    return tuple(sorted_person(number, frames[track], rotmats[track], pelvis[track], betas[track])
                 for number, track in enumerate(follow_rows(frames, pelvis), start=1))


def follow_rows(frames: np.ndarray, places: np.ndarray) -> list[list[int]]:
    """Return the rows of each person: a detection (M,) goes to the nearest one (M, 3) that was seen last, once a frame."""
    tracks: list[list[int]] = []
    ends = np.zeros((0, 3))         # where each was seen last
    for frame in np.unique(frames):
        rows = np.flatnonzero(frames == frame)
        distances = np.linalg.norm(places[rows] - ends[:, None], axis=-1)
        near = np.argwhere(distances < _FARTHEST_STEP)
        found: dict[int, int] = {}      # the track of a row's place among the frame's
        for number, place in near[np.argsort(distances[tuple(near.T)], kind="stable")].tolist():
            if place not in found and number not in found.values():
                found[place] = number
        for place, row in enumerate(rows.tolist()):
            if place in found:
                tracks[found[place]].append(row)
                ends[found[place]] = places[row]
        new = [row for place, row in enumerate(rows.tolist()) if place not in found]
        tracks += [[row] for row in new]
        ends = np.concatenate((ends, places[new]))
    return tracks


def _in_camera(system: str, people: tuple[ResultPerson, ...], picture: Sequence[float] | np.ndarray) -> Result:
    """Return the result of a system that tells no focal length, with a camera for a picture (width, height)."""
    return Result(system, people, LEVEL_CAMERA, camera=ResultCamera.at_origin(*picture), notes=(LEVEL_NOTE, _FOCAL_NOTE))


def _rotmats_of_72(pose: np.ndarray) -> np.ndarray:
    return rotmats_of_vectors(pose[:, :3], pose[:, 3:])


def _find_number(name: object) -> int:
    """Return the last number in a picture's name."""
    found = re.findall(r"\d+", str(name).rpartition("/")[2].rpartition("\\")[2])
    if not found:
        raise FormError(f"the picture's name {str(name)[:40]!r} has no number")
    return int(found[-1][-9:])
