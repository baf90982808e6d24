"""Systems that write a file for each frame: EasyMocap, SMPLer-X, FrankMocap."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...shared.containers.plain_values import ContainerError, read_plain
from ..base.rotations import rotmat_from_rotvec
from .camera_systems import follow_by_place, follow_rows
from .points import find_sam3d_points, is_sam3d, make_easymocap_points, make_sam3d
from .result import (
    LEVEL_CAMERA,
    LEVEL_NOTE,
    Z_UP,
    FormError,
    Result,
    numbers,
    rest_pelvis,
    rotmats_of_vectors,
    sorted_person,
)

_MOST_BYTES = 64 << 20          # of one frame's text; real ones have some kB
_FRANKMOCAP_SUFFIX = "_prediction_result.pkl"
_FEWEST_POINTS = 25             # of BODY25
_LARGE = frozenset(("mask", "pred_vertices", "img_cropped", "faces", "pred_vertices_smpl", "pred_vertices_img"))
_WIDTHS = {72: "smpl", 78: "smplh", 87: "smplx", 156: "smplh", 165: "smplx"}


def find_easymocap(path: Path) -> list[Path]:
    """Return EasyMocap's files of a folder, by frame, or one of them: numbered JSON with lists of people."""
    files = _numbered(path, ".json") if path.is_dir() else [path]
    people = next((people for file in files if (people := _read_json(file))), None)
    first = people[0] if isinstance(people, list) else None
    return files if isinstance(first, Mapping) and not {"Rh", "keypoints3d"}.isdisjoint(first) else []


def read_easymocap(files: list[Path]) -> Result:
    """EasyMocap's `smpl/*.json`. Its Rh turns a body about the origin, not about the pelvis."""
    rows: dict[object, list[tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]] = {}
    model = "smpl"
    for path in files:
        for person in _read_json(path):
            if not isinstance(person, Mapping) or not {"Rh", "Th", "poses"} <= person.keys():
                if isinstance(person, Mapping) and "keypoints3d" in person:
                    return _read_easymocap_points(files)
                raise FormError(f"{path.name} holds no Rh, Th and poses")
            turn, place, pose = (numbers(person, key, 1, None)[0] for key in ("Rh", "Th", "poses"))
            if len(pose) not in _WIDTHS or len(turn) != 3 or len(place) != 3:
                raise FormError(f"{path.name}: poses has {len(pose)} numbers; known are {', '.join(map(str, _WIDTHS))}")
            model = _WIDTHS[len(pose)]
            body = pose[3:72] if len(pose) == 72 else pose[3:66]
            shapes = np.asarray(person.get("shapes", np.zeros(10)), np.float64)
            rows.setdefault(person.get("id", 0), []).append((_number(path), turn, place, body, mean_shape(shapes)))
    people = []
    for key, seen in rows.items():
        frames, turns, places, bodies, shapes = (np.stack([row[part] for row in seen]) for part in range(5))
        pelvis = rotmat_from_rotvec(turns) @ rest_pelvis(model) + places
        people.append(sorted_person(key, frames, rotmats_of_vectors(turns, bodies), pelvis, shapes))
    return Result("EasyMocap", tuple(people), Z_UP)


def _read_easymocap_points(files: list[Path]) -> Result:
    rows: dict[object, list[tuple[int, np.ndarray]]] = {}
    for path in files:
        for person in _read_json(path):
            points = numbers(person, "keypoints3d", None, 4)
            if len(points) < _FEWEST_POINTS:
                raise FormError(f"{path.name}: keypoints3d has {len(points)} points instead of {_FEWEST_POINTS} or more")
            rows.setdefault(person.get("id", 0), []).append((_number(path), points[:_FEWEST_POINTS]))
    return make_easymocap_points({key: (np.array([row[0] for row in seen]), np.stack([row[1] for row in seen]))
                                  for key, seen in rows.items()})


def find_sam3d(folder: Path) -> list[Path]:
    """Return a folder's files that may be of SAM 3D Body: `.npz` with numbers in their names, one a person and picture."""
    found = sorted(path for path in folder.glob("*.npz") if re.search(r"\d", path.stem))
    return found if found and is_sam3d(_read_mapping(found[0])) else []


def read_sam3d(files: list[Path]) -> Result:
    """SAM 3D Body's people, whom it does not number: they are followed by place. A name's first number is the frame's."""
    frames = np.array([int(re.findall(r"\d+", path.stem)[0][-9:]) for path in files])
    points = np.stack([find_sam3d_points(_read_mapping(path)) for path in files])
    return make_sam3d([(frames[track], points[track]) for track in follow_rows(frames, points.mean(axis=1))])


def find_sam3d_people(values: object) -> list[tuple[int, Mapping]]:
    """Return frames and people of SAM 3D Body's dictionaries as its users pickle them: those of one picture, a list; or of
    every picture, a list or a dictionary of these. Empty for anything else."""
    if isinstance(values, Mapping):
        pictures = list(enumerate(values.values()))
    else:
        pictures = list(enumerate(values)) if isinstance(values, list) else []
        if pictures and all(isinstance(person, Mapping) for _, person in pictures):
            pictures = [(0, person) for _, person in pictures]      # a list of people, all of one picture
    found = [(frame, person) for frame, part in pictures for person in (part if isinstance(part, list) else [part])]
    return found if found and all(isinstance(person, Mapping) and is_sam3d(person) for _, person in found) else []


def read_sam3d_people(found: list[tuple[int, Mapping]]) -> Result:
    """SAM 3D Body's people of `find_sam3d_people`; their keys, such as pictures' names, are in the order of time."""
    frames, points = np.array([frame for frame, _ in found]), np.stack([find_sam3d_points(person) for _, person in found])
    return make_sam3d([(frames[track], points[track]) for track in follow_rows(frames, points.mean(axis=1))])


def _read_mapping(path: Path) -> Mapping:
    values = read_plain(path, _LARGE)
    return values if isinstance(values, Mapping) else {}


def find_smplerx(folder: Path) -> list[Path]:
    """Return SMPLer-X's files of a folder: `<frame>_<rank>.npz`, with `meta/` beside it."""
    found = [path for path in _numbered(folder, ".npz") if re.fullmatch(r"\d+_\d+", path.stem)]
    return found if found and is_smplerx(_read_mapping(found[0])) else []


def is_smplerx(values: Mapping) -> bool:
    return {"global_orient", "body_pose", "transl", "betas"} <= values.keys() and np.shape(values["body_pose"]) == (21, 3)


def read_smplerx(files: list[Path]) -> Result:
    """SMPLer-X: a body in the camera of each crop. With `meta/` it has a place; people are followed by it."""
    frames, turns, bodies, places, shapes = [], [], [], [], []
    for path in files:
        values, meta_path = read_plain(path), path.parent.parent / "meta" / f"{path.stem}.json"
        if not isinstance(values, Mapping):
            raise FormError(f"{path.name} holds no body")
        if not meta_path.is_file():
            raise FormError(f"{meta_path} is missing: without it bodies have no places")
        meta = _read_json(meta_path)
        focal, centre = numbers(meta, "focal", 2), numbers(meta, "princpt", 2)
        x, y, z = numbers(values, "transl", 1, 3)[0]
        frames.append(int(path.stem.split("_")[0]) - 1)
        turns.append(numbers(values, "global_orient", 1, 3)[0])
        bodies.append(numbers(values, "body_pose", 21, 3).reshape(-1))
        # A pixel of the picture, and a depth for a camera of the same focal length in every frame.
        places.append((x / z * focal[0] + centre[0], y / z * focal[1] + centre[1], z / focal[0]))
        shapes.append(mean_shape(np.asarray(values.get("betas", np.zeros(10)), np.float64)))
    spots = np.array(places)
    size = 2 * np.median(spots[:, :2], axis=0)
    picture = np.hypot(*size)
    depth = spots[:, 2] * picture
    pelvis = np.concatenate(((spots[:, :2] - size / 2) / picture * depth[:, None], depth[:, None]), axis=1) + rest_pelvis("smplx")
    people = follow_by_place(np.array(frames), rotmats_of_vectors(np.array(turns), np.array(bodies)), pelvis, np.array(shapes))
    return Result("SMPLer-X", people, LEVEL_CAMERA, notes=(
        LEVEL_NOTE, "it tells neither the picture's size nor its focal length: distances are a guess"))


def find_frankmocap(folder: Path) -> list[Path]:
    """Return FrankMocap's files of a folder."""
    return [path for path in _numbered(folder, ".pkl") if path.name.endswith(_FRANKMOCAP_SUFFIX)]


def is_frankmocap(values: Mapping) -> bool:
    return {"demo_type", "pred_output_list"} <= values.keys()


def read_frankmocap(files: list[Path]) -> Result:
    """FrankMocap: bodies without a path, in the detector's order."""
    rows: dict[int, list[tuple[int, np.ndarray, np.ndarray]]] = {}
    for path in files:
        values = read_plain(path, _LARGE)
        bodies = values.get("pred_output_list") if isinstance(values, Mapping) else None
        if not isinstance(bodies, list):
            raise FormError(f"{path.name} lacks pred_output_list")
        for rank, body in enumerate(bodies):
            if isinstance(body, Mapping):
                betas = np.asarray(body.get("pred_betas", np.zeros(10)), np.float64)
                rows.setdefault(rank, []).append((_number(path), numbers(body, "pred_rotmat", 1, 24, 3, 3)[0], mean_shape(betas)))
    people = []
    for key, seen in rows.items():
        frames, turns, betas = (np.stack([row[part] for row in seen]) for part in range(3))
        people.append(sorted_person(key + 1, frames, turns, np.tile(rest_pelvis("smpl"), (len(frames), 1)), betas))
    return Result("FrankMocap", tuple(people), LEVEL_CAMERA, shares_world=False,
                  notes=(LEVEL_NOTE, "it tells no path: everybody stays at the origin"))


def mean_shape(betas: np.ndarray) -> np.ndarray:
    """Return ten coefficients (10,) of any number of them."""
    flat = betas.reshape(-1)[:10]
    return np.concatenate((flat, np.zeros(10 - len(flat))))


def _read_json(path: Path) -> Any:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FormError(f"{path.name} is too large")
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ContainerError(f"{path} is damaged ({error}).") from None


def _numbered(folder: Path, suffix: str) -> list[Path]:
    found = [path for path in folder.glob(f"*{suffix}") if path.stem[:1].isdigit()]
    return sorted(found, key=lambda path: (_number(path), path.name))


def _number(path: Path) -> int:
    digits = re.match(r"\d{1,9}", path.stem)
    return int(digits[0]) if digits else 0
