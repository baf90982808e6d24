"""Meshcapade's `.smpl`, and the bodies that MDM fits to its motions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..base.rotations import rotmat_from_rotvec
from .result import Y_UP, FormError, Result, numbers, rest_pelvis, sorted_person

_MODELS = {0: "smpl", 1: "smplh", 2: "smplx"}       # smplVersion; later ones are other skeletons
_MDM_FPS = 20.0                                     # of HumanML3D, on which MDM is trained


def is_smpl_codec(values: Mapping) -> bool:
    return {"bodyPose", "smplVersion"} <= values.keys()


def read_smpl_codec(values: Mapping, path: Path) -> Result:
    """A `.smpl` of Meshcapade's codec. Which axis is up is not in it; their programs write Y up."""
    version = int(np.asarray(values["smplVersion"]).reshape(-1)[0])
    if version not in _MODELS:
        raise FormError(f"smplVersion is {version}: its skeleton is none of SMPL, SMPL+H and SMPL-X")
    pose = numbers(values, "bodyPose", None, None, 3)
    if pose.shape[1] not in (22, 24):
        raise FormError(f"bodyPose has {pose.shape[1]} joints instead of 22 or 24")
    vectors = np.zeros((len(pose), 24, 3))
    vectors[:, :pose.shape[1]] = pose
    moved = numbers(values, "bodyTranslation", None, 3) if "bodyTranslation" in values else np.zeros((len(pose), 3))
    rate = float(np.asarray(values["frameRate"]).reshape(-1)[0]) if "frameRate" in values else None
    person = sorted_person(1, np.arange(len(pose)), rotmat_from_rotvec(vectors), moved + rest_pelvis(_MODELS[version]),
                           np.asarray(values.get("shapeParameters", np.zeros(10))))
    return Result("Meshcapade", (person,), Y_UP, rate)


def is_mdm_body(values: Mapping) -> bool:
    return {"thetas", "root_translation"} <= values.keys()


def read_mdm_body(values: Mapping, path: Path) -> Result:
    """MDM's `sample*_smpl_params.npy`: rotations as their first two rows, and the pelvis itself."""
    rows, place = numbers(values, "thetas", 24, 6, None), numbers(values, "root_translation", 3, None).T
    length = int(values.get("length", len(place)) or len(place))
    first, second = np.moveaxis(rows, 2, 0).reshape(-1, 24, 2, 3).transpose(2, 0, 1, 3)
    turns = np.stack((first, second, np.cross(first, second)), axis=-2)[:length]
    person = sorted_person(1, np.arange(len(turns)), turns, place[:length], np.zeros(10))
    return Result("MDM", (person,), Y_UP, _MDM_FPS)
