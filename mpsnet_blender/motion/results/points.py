"""Systems that write joints alone: HumanML3D and MDM, FreeMoCap, TRC files of Pose2Sim, MotionBERT, SAM 3D Body, EasyMocap."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...shared.smpl_skeleton import JOINT_NAMES
from .point_solve import solve_points
from .result import LEVEL_CAMERA, LEVEL_NOTE, Y_UP, Z_UP, FormError, Result, ResultPerson, frame_numbers, numbers

_HUMANML3D_FPS, _DEFAULT_FPS, _STATURE = 20.0, 30.0, 1.7
_MOST_TEXT = 1 << 30            # bytes
_FARTHEST = 1e7                 # of a file's unit, be it a millimetre
_CYCLIC = np.array(((0.0, 0, 1), (1, 0, 0), (0, 1, 0)))     # OpenSim's Y up, which Pose2Sim makes by moving axes round
_SCALES = {"m": 1.0, "mm": 0.001, "cm": 0.01}

# Joints by number, or by name. The hip, knee ... of these models are close to SMPL's.
_BLAZEPOSE = {0: "nose", 7: "left_ear", 8: "right_ear", 11: "left_shoulder", 12: "right_shoulder", 13: "left_elbow",
              14: "right_elbow", 15: "left_wrist", 16: "right_wrist", 23: "left_hip", 24: "right_hip", 25: "left_knee",
              26: "right_knee", 27: "left_ankle", 28: "right_ankle", 31: "left_foot", 32: "right_foot"}
_BLAZEPOSE_NAMES = {0: "nose", 7: "left_ear", 8: "right_ear", 31: "left_foot_index", 32: "right_foot_index"}
_H36M = {0: "pelvis", 1: "right_hip", 2: "right_knee", 3: "right_ankle", 4: "left_hip", 5: "left_knee", 6: "left_ankle",
         8: "neck", 11: "left_shoulder", 12: "left_elbow", 13: "left_wrist", 14: "right_shoulder", 15: "right_elbow",
         16: "right_wrist"}
_BODY25 = {0: "nose", 1: "neck", 2: "right_shoulder", 3: "right_elbow", 4: "right_wrist", 5: "left_shoulder", 6: "left_elbow",
           7: "left_wrist", 9: "right_hip", 10: "right_knee", 11: "right_ankle", 12: "left_hip", 13: "left_knee",
           14: "left_ankle", 17: "right_ear", 18: "left_ear", 19: "left_foot", 22: "right_foot"}
_MHR70 = {0: "nose", 3: "left_ear", 4: "right_ear", 5: "left_shoulder", 6: "right_shoulder", 7: "left_elbow", 8: "right_elbow",
          9: "left_hip", 10: "right_hip", 11: "left_knee", 12: "right_knee", 13: "left_ankle", 14: "right_ankle", 15: "left_foot",
          18: "right_foot", 41: "right_wrist", 62: "left_wrist", 69: "neck"}
_MARKERS = {"Hip": "pelvis", "Neck": "neck", "Nose": "nose", **{
    f"{letter}{name}": f"{side}_{joint}" for letter, side in (("L", "left"), ("R", "right")) for name, joint in (
        ("Hip", "hip"), ("Knee", "knee"), ("Ankle", "ankle"), ("BigToe", "foot"), ("Shoulder", "shoulder"), ("Elbow", "elbow"),
        ("Wrist", "wrist"), ("Ear", "ear"))}}


def read_joint_array(array: np.ndarray, path: Path) -> Result | None:
    """The arrays (T, J, 3) of HumanML3D and MoMask (22 of SMPL's joints), MotionBERT (17) and FreeMoCap (33 or 553). None for
    others. Raises FormError."""
    while array.ndim > 3 and len(array) == 1:       # a batch of one clip
        array = array[0]
    if array.dtype.kind != "f" or not len(array):
        return None
    array = array.astype(np.float64)
    array = np.where(np.abs(array) < _FARTHEST, array, np.nan)      # what cannot be a place was not seen
    if array.ndim == 2 and array.shape[1] in (263, 251):
        raise FormError("these are HumanML3D's vectors, which its Mean.npy and Std.npy make numbers of: convert them to joints "
                        "(`new_joints`) first")
    if array.ndim != 3 or array.shape[2] != 3:
        return None
    if array.shape[1] in (22, 24):
        named = {name: array[:, joint] for joint, name in enumerate(JOINT_NAMES[:array.shape[1]])}
        return _make_result("HumanML3D", [("1", named)], Y_UP, _HUMANML3D_FPS, ("20 frames a second are assumed, as there",))
    if array.shape[1] == 17:
        return _read_motionbert(array)
    if array.shape[1] in (33, 75, 543, 553):
        return _read_freemocap({name: array[:, joint] for joint, name in _BLAZEPOSE.items()})
    return None


def _read_motionbert(array: np.ndarray) -> Result:
    named = {name: array[:, joint] for joint, name in _H36M.items()}
    legs = np.median(np.linalg.norm(named["left_hip"] - named["left_knee"], axis=1)
                     + np.linalg.norm(named["left_knee"] - named["left_ankle"], axis=1))
    if not legs > 0:
        raise FormError("its legs have no length")
    scale = 0.484 * _STATURE / legs     # thigh and shin of an adult, in statures, see smpl_skeleton
    return _make_result("MotionBERT", [("1", {name: scale * points for name, points in named.items()})], LEVEL_CAMERA, None,
                        (LEVEL_NOTE, f"it has no unit: a stature of {_STATURE} m is assumed"))


def _read_freemocap(named: Mapping[str, np.ndarray], *frames: np.ndarray) -> Result:
    return _make_result("FreeMoCap", [("1", {name: 0.001 * points for name, points in named.items()}, *frames)], Z_UP, None, ())


def is_mdm_samples(values: Mapping) -> bool:
    return {"motion", "lengths", "text"} <= values.keys()


def read_mdm_samples(values: Mapping, path: Path) -> Result:
    """MDM's `results.npy`: a person for each sample, each in a world of its own."""
    motion, lengths = numbers(values, "motion", None, None, 3, None), np.asarray(values["lengths"]).reshape(-1)
    if motion.shape[1] != 22:
        raise FormError(f"its motions have {motion.shape[1]} joints instead of HumanML3D's 22")
    people = [(f"sample {number + 1}", dict(zip(JOINT_NAMES, np.moveaxis(sample[..., :int(length)], 2, 1), strict=False)))
              for number, (sample, length) in enumerate(zip(motion, lengths, strict=False)) if length > 0]
    return _make_result("MDM", people, Y_UP, _HUMANML3D_FPS, (), shares_world=False)


def is_sam3d(values: Mapping) -> bool:
    return {"pred_keypoints_3d", "pred_cam_t"} <= values.keys()


def find_sam3d_points(values: Mapping) -> np.ndarray:
    """Return the 70 keypoints (70, 3) in the camera's axes, metres, of one person in one picture."""
    return numbers(values, "pred_keypoints_3d", 70, 3) + numbers(values, "pred_cam_t", 3)


def make_sam3d(tracks: list[tuple[np.ndarray, np.ndarray]]) -> Result:
    """SAM 3D Body: people's frames (N,) and keypoints (N, 70, 3), in a camera's axes."""
    people = [(str(number), {name: points[:, joint] for joint, name in _MHR70.items()}, frames)
              for number, (frames, points) in enumerate(tracks, start=1)]
    return _make_result("SAM 3D Body", people, LEVEL_CAMERA, None, (LEVEL_NOTE,))


def make_easymocap_points(tracks: Mapping[object, tuple[np.ndarray, np.ndarray]]) -> Result:
    """EasyMocap's `keypoints3d`: people's frames (N,) and BODY25's keypoints (N, 25 or more, 4) with their confidence."""
    people = []
    for key, (frames, points) in tracks.items():
        spots = np.where(points[..., 3:] > 0, points[..., :3], np.nan)
        people.append((str(key), {name: spots[:, joint] for joint, name in _BODY25.items()}, frames))
    return _make_result("EasyMocap (points)", people, Z_UP, None, ())


def read_text(path: Path) -> Result | None:
    """TRC files, and FreeMoCap's two kinds of CSV. None for other text. Raises FormError, OSError."""
    if path.suffix.lower() not in (".trc", ".csv") or path.stat().st_size > _MOST_TEXT:
        return None
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    if lines and lines[0].startswith("PathFileType"):
        return _read_trc([line.split("\t") for line in lines])
    header = next(csv.reader(lines[:1]), [])
    if {"frame", "keypoint", "x", "y", "z"} <= set(header):
        return _read_freemocap(*_pivot(list(csv.DictReader(lines))))
    if "left_hip_x" in header and "left_hip_z" in header:
        table = _make_table(list(csv.reader(lines[1:])), len(header))
        columns = {name: [header.index(f"{_BLAZEPOSE_NAMES.get(joint, name)}_{axis}") for axis in "xyz"]
                   for joint, name in _BLAZEPOSE.items() if f"{_BLAZEPOSE_NAMES.get(joint, name)}_x" in header}
        return _read_freemocap({name: table[:, column] for name, column in columns.items()})
    return None


def _read_trc(rows: list[list[str]]) -> Result:
    if len(rows) < 6 or len(rows[2]) < 5:
        raise FormError("it has no frames")
    rate, scale, names = _number(rows[2][0]), _SCALES.get(rows[2][4].strip(), 0.0), rows[3]
    body = [row for row in rows[5:] if len(row) > 2 and row[0].strip()]
    width = max(map(len, body), default=0)
    table = _make_table(body, width)
    if not scale or not rate > 0 or not len(table):
        raise FormError("its rate or unit is not given")
    named = {_MARKERS[name.strip()]: table[:, place:place + 3] * scale for place, name in enumerate(names)
             if name.strip() in _MARKERS and place + 3 <= width}
    return _make_result("TRC", [("1", named, frame_numbers({"Frame#": table[:, 0]}, "Frame#"))], _CYCLIC, rate, ())


def _make_table(rows: list[list[str]], width: int) -> np.ndarray:
    """Return the numbers of rows of text (T, width), NaN where there are none. Raises FormError."""
    if not rows:
        raise FormError("it has no frames")
    return np.array([[_number(cell) for cell in [*row[:width], *[""] * (width - len(row))]] for row in rows])


def _pivot(rows: list[dict]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return points (T, 3) by name from rows of one point each, and the numbers (T,) of their frames."""
    told = frame_numbers({"frame": [_number(row["frame"]) for row in rows]}, "frame")
    numbered = np.unique(told)
    frames = {frame: place for place, frame in enumerate(numbered.tolist())}
    theirs = {_BLAZEPOSE_NAMES.get(joint, name): name for joint, name in _BLAZEPOSE.items()}
    named = {name: np.full((len(frames), 3), np.nan) for name in theirs.values()}
    for frame, row in zip(told.tolist(), rows, strict=True):
        if row["keypoint"] in theirs and "body" in (row.get("model") or "body"):
            named[theirs[row["keypoint"]]][frames[frame]] = [_number(row[axis]) for axis in "xyz"]
    return named, numbered


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return np.nan
    return number if abs(number) < _FARTHEST else np.nan


def _make_result(system: str, people: list[tuple], axes: np.ndarray, framerate: float | None, notes: tuple[str, ...],
                 shares_world: bool = True) -> Result:
    """Return the people of points by name, solved with Z up; a person is a key, points (T, 3), and frames (T,) or none."""
    solved = []
    for key, named, *frames in people:
        upright = {name: np.asarray(points, np.float64) @ axes.T for name, points in named.items()}
        count = len(next(iter(upright.values()), ()))
        numbers_of_frames, kept = np.unique(frames[0] if frames else np.arange(count), return_index=True)
        upright = {name: points[kept] for name, points in upright.items()}
        rotmats, pelvis, rest = solve_points(upright, numbers_of_frames / (framerate or _DEFAULT_FPS))
        solved.append(ResultPerson(key, numbers_of_frames, rotmats, pelvis, np.zeros(10), rest))
    return Result(system, tuple(solved), np.eye(3), framerate, shares_world=shares_world, notes=notes)
