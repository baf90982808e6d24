"""SMPL's body files, `.pkl` and `.npz`, as plain arrays. A pickle is read without running anything that it names.

SMPL's pickles hold numpy arrays, scipy's sparse matrices and chumpy objects: each gets a stand-in, see `inert_pickles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.containers.inert_pickles import (
    DAMAGED_PICKLE,
    NUMPY_STAND_INS,
    InertArray,
    InertUnpickler,
    UnsafePickleError,
    make_array,
)
from mpsnet_blender.shared.smpl_skeleton import JOINT_COUNT, PARENTS

from ..base.errors import ModelError
from .model_sources import UnsafeModelError

_VERTICES, _FACES, _SHAPES, _POSE_SHAPES = 6890, 13776, 10, 9 * (JOINT_COUNT - 1)
_MAX_SPARSE_SIZE = 10 * JOINT_COUNT * _VERTICES
_SHAPES_OF = {
    "v_template": (_VERTICES, 3), "shapedirs": (_VERTICES, 3, _SHAPES), "posedirs": (_VERTICES, 3, _POSE_SHAPES),
    "J_regressor": (JOINT_COUNT, _VERTICES), "weights": (_VERTICES, JOINT_COUNT), "kintree_table": (2, JOINT_COUNT),
    "f": (_FACES, 3),
}
_DOWNLOAD = "Download it from its authors again; SMPL's bodies are at smpl.is.tue.mpg.de."


def is_body(contents: Mapping[str, object]) -> bool:
    """Return whether a file's contents are a body of the SMPL family, by its keys."""
    return "v_template" in contents and "posedirs" in contents


def find_gender(name: str) -> str:
    """Return "female", "male" or "neutral" by the name of a body file, because its contents do not say it."""
    words = "".join(letter if letter.isalpha() else " " for letter in Path(name).stem.lower()).split()
    for gender in ("female", "male"):
        if gender in words or gender[0] in words:
            return gender
    return "neutral"


def make_body_arrays(contents: Mapping[str, object], name: str) -> dict[str, np.ndarray]:
    """Return a body's arrays as `models.body.BodyModel` takes them, float32, with `parents` (24,) and `faces`.

    contents: arrays or stand-ins by SMPL's keys; name: the file, for messages. Raises ModelError with key and shape.
    """
    arrays = {}
    for key, shape in _SHAPES_OF.items():
        if key not in contents:
            raise ModelError(f"{name} lacks {key}: it is not an SMPL body.", _DOWNLOAD)
        try:
            array = make_array(contents[key])
        except DAMAGED_PICKLE as error:
            raise ModelError(f"{name}: {key} cannot be read ({error}).", _DOWNLOAD) from error
        if key == "shapedirs" and array.ndim == 3:
            array = array[..., :_SHAPES]
        if array.shape != shape:
            raise ModelError(f"{name}: {key} has shape {array.shape}, expected {shape}: it is not an SMPL body.",
                             "Choose SMPL itself; SMPL+H, SMPL-X and MANO are other bodies.")
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ModelError(f"{name}: {key} holds values that are not finite numbers.", _DOWNLOAD)
        arrays[key] = array
    parents, faces = arrays.pop("kintree_table")[0].astype(np.int64), arrays.pop("f").astype(np.int64)
    parents[0] = -1  # stored as the largest number of its type
    if tuple(parents) != PARENTS or faces.min() < 0 or faces.max() >= _VERTICES:
        raise ModelError(f"{name}: kintree_table or f is not SMPL's.", _DOWNLOAD)
    floats = {key: np.ascontiguousarray(array, dtype=np.float32) for key, array in arrays.items()}
    return floats | {"parents": parents, "faces": faces.astype(np.int32)}


def read_pickle(path: Path, name: str) -> dict[str, object]:
    """Return the dictionary in a pickle, with stand-ins in it for `make_body_arrays`.

    Raises UnsafeModelError where it names anything that a body does not need, ModelError where it is damaged.
    """
    try:
        with open(path, "rb") as stream:
            contents = InertUnpickler(stream, name, _BODY_STAND_INS).load()
    except UnsafePickleError as error:
        raise UnsafeModelError(str(error), _DOWNLOAD) from None
    except DAMAGED_PICKLE as error:
        raise ModelError(f"{name} is truncated, or not a pickle ({error}).", _DOWNLOAD) from error
    if not isinstance(contents, dict):
        raise ModelError(f"{name} holds no dictionary: it is not an SMPL body.", _DOWNLOAD)
    return contents


class _CscMatrix(InertArray):
    """scipy.sparse.csc_matrix: its state is a dictionary. scipy is not used: it writes to memory where damaged indices point."""

    def make_array(self, depth: int) -> np.ndarray:
        data, indices, starts = (make_array(self.state[key], depth + 1) for key in ("data", "indices", "indptr"))
        rows, columns = self.state["_shape"]
        if not (data.ndim == indices.ndim == starts.ndim == 1 and 0 < rows * columns <= _MAX_SPARSE_SIZE):
            raise ValueError(f"a sparse matrix of {rows} x {columns}")
        counts = np.diff(starts)
        if counts.min(initial=0) < 0 or counts.sum() != len(indices) or indices.min(initial=0) < 0:
            raise ValueError("a sparse matrix whose indices are damaged")
        matrix = np.zeros((rows, columns))
        np.add.at(matrix, self._find_places(indices, counts), data)  # numpy checks the upper ends
        return matrix

    @staticmethod
    def _find_places(indices: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and columns of the values, from each value's row and each column's number of values."""
        return indices, np.arange(len(counts)).repeat(counts)


class _CsrMatrix(_CscMatrix):
    @staticmethod
    def _find_places(indices: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.arange(len(counts)).repeat(counts), indices


class _Chumpy(InertArray):
    """chumpy's Ch, a value `x`; or its Select, `a.ravel()[idxs]` in `preferred_shape`."""

    def make_array(self, depth: int) -> np.ndarray:
        if "x" in self.state:
            return make_array(self.state["x"], depth + 1)
        chosen = make_array(self.state["a"], depth + 1).ravel()[make_array(self.state["idxs"], depth + 1)]
        return chosen.reshape(self.state.get("preferred_shape", chosen.shape))


_BODY_STAND_INS = NUMPY_STAND_INS | {
    **{f"scipy.sparse.{module}csc_matrix": _CscMatrix for module in ("", "csc.", "_csc.")},
    **{f"scipy.sparse.{module}csr_matrix": _CsrMatrix for module in ("", "csr.", "_csr.")},
    **{f"chumpy.{name}": _Chumpy for name in ("Ch", "ch.Ch", "reordering.Select")},
}
