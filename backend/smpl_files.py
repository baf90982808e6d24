"""SMPL's body files, `.pkl` and `.npz`, as plain arrays. A pickle is read without running anything that it names.

SMPL's pickles hold numpy arrays, scipy's sparse matrices and chumpy objects. The unpickler here gives each a stand-in of
ours that only keeps what it is handed, so that no function of any package is within a pickle's reach.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.smpl_skeleton import JOINT_COUNT, PARENTS

from .errors import ModelError
from .model_sources import UnsafeModelError
from .models_folder import UNREADABLE

_VERTICES, _FACES, _SHAPES, _POSE_SHAPES = 6890, 13776, 10, 9 * (JOINT_COUNT - 1)
_MAX_SPARSE_SIZE = 10 * JOINT_COUNT * _VERTICES
_SHAPES_OF = {
    "v_template": (_VERTICES, 3), "shapedirs": (_VERTICES, 3, _SHAPES), "posedirs": (_VERTICES, 3, _POSE_SHAPES),
    "J_regressor": (JOINT_COUNT, _VERTICES), "weights": (_VERTICES, JOINT_COUNT), "kintree_table": (2, JOINT_COUNT),
    "f": (_FACES, 3),
}
_DAMAGED = (*UNREADABLE, pickle.UnpicklingError, AttributeError, LookupError, RecursionError, ImportError)
_DOWNLOAD = "Download it from its authors again; SMPL's bodies are at smpl.is.tue.mpg.de."


def is_body(contents: Mapping[str, object]) -> bool:
    """Tell a body of the SMPL family by its keys."""
    return "v_template" in contents and "posedirs" in contents


def gender_of(name: str) -> str:
    """Return "female", "male" or "neutral" by the name of a body file: nothing inside the file tells."""
    words = "".join(letter if letter.isalpha() else " " for letter in Path(name).stem.lower()).split()
    for gender in ("female", "male"):
        if gender in words or gender[0] in words:
            return gender
    return "neutral"


def body_arrays(contents: Mapping[str, object], name: str) -> dict[str, np.ndarray]:
    """Return a body's arrays as `models.body.BodyModel` takes them, float32, with `parents` (24,) and `faces`.

    contents: arrays or stand-ins by SMPL's keys; name: the file, for messages. Raises ModelError with key and shape.
    """
    arrays = {}
    for key, shape in _SHAPES_OF.items():
        if key not in contents:
            raise ModelError(f"{name} lacks {key}: it is not an SMPL body.", _DOWNLOAD)
        try:
            array = _dense(contents[key])
        except _DAMAGED as error:
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
    """Return the dictionary in a pickle, with stand-ins in it for `body_arrays`.

    Raises UnsafeModelError where it names anything that a body does not need, ModelError where it is damaged.
    """
    try:
        with open(path, "rb") as stream:
            contents = _BodyUnpickler(stream, name).load()
    except UnsafeModelError:
        raise
    except _DAMAGED as error:
        raise ModelError(f"{name} is truncated, or not a pickle ({error}).", _DOWNLOAD) from error
    if not isinstance(contents, dict):
        raise ModelError(f"{name} holds no dictionary: it is not an SMPL body.", _DOWNLOAD)
    return contents


class _Inert:
    """A stand-in that keeps the arguments it is made with, if any, and the state it is given."""
    arguments: tuple[object, ...] = ()
    state: object = None

    def __init__(self, *arguments: object):
        self.arguments = arguments

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Dtype(_Inert):
    """numpy.dtype("f8", ...), whose state's second entry is the byte order."""

    @property
    def dtype(self) -> np.dtype:
        code = str(self.arguments[0])
        if code[:1] not in "fiub" or not code[1:].isdigit():
            raise ValueError(f"an array of {code!r} instead of numbers")
        order = self.state[1] if isinstance(self.state, tuple) else "="
        return np.dtype(code).newbyteorder(order)


class _Array(_Inert):
    """numpy.ndarray: its state is (version, shape, dtype, is in Fortran order, bytes)."""

    def dense(self, depth: int) -> np.ndarray:
        _, shape, dtype, is_fortran, content = self.state
        content = content.encode("latin1") if isinstance(content, str) else content
        return np.frombuffer(content, dtype.dtype).reshape(shape, order="F" if is_fortran else "C")


class _CscMatrix(_Inert):
    """scipy.sparse.csc_matrix: its state is a dictionary. Not left to scipy, which writes where damaged indices point."""

    def dense(self, depth: int) -> np.ndarray:
        data, indices, starts = (_dense(self.state[key], depth + 1) for key in ("data", "indices", "indptr"))
        rows, columns = self.state["_shape"]
        if not (data.ndim == indices.ndim == starts.ndim == 1 and 0 < rows * columns <= _MAX_SPARSE_SIZE):
            raise ValueError(f"a sparse matrix of {rows} x {columns}")
        counts = np.diff(starts)
        if counts.min(initial=0) < 0 or counts.sum() != len(indices) or indices.min(initial=0) < 0:
            raise ValueError("a sparse matrix whose indices are damaged")
        dense = np.zeros((rows, columns))
        np.add.at(dense, self._places(indices, counts), data)  # numpy checks the upper ends
        return dense

    @staticmethod
    def _places(indices: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and columns of the values, from each value's row and each column's number of values."""
        return indices, np.arange(len(counts)).repeat(counts)


class _CsrMatrix(_CscMatrix):
    @staticmethod
    def _places(indices: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.arange(len(counts)).repeat(counts), indices


class _Chumpy(_Inert):
    """chumpy's Ch, a value `x`; or its Select, `a.ravel()[idxs]` in `preferred_shape`."""

    def dense(self, depth: int) -> np.ndarray:
        if "x" in self.state:
            return _dense(self.state["x"], depth + 1)
        chosen = _dense(self.state["a"], depth + 1).ravel()[_dense(self.state["idxs"], depth + 1)]
        return chosen.reshape(self.state.get("preferred_shape", chosen.shape))


def _dense(value: object, depth: int = 0) -> np.ndarray:
    if depth > 8:
        raise ValueError("it is nested too deeply")
    return value.dense(depth) if isinstance(value, _Array | _CscMatrix | _Chumpy) else np.asarray(value)


def _new_array(*arguments: object) -> _Array:
    return _Array(*arguments)


def _array_from_buffer(content: bytes, dtype: _Dtype, shape: tuple[int, ...], order: str) -> _Array:
    array = _Array()
    array.state = (1, shape, dtype, order == "F", bytes(content))
    return array


def _latin1_bytes(text: str, encoding: str) -> bytes:
    # Python 3 writes bytes into old pickles as a call of codecs.encode(text, "latin1").
    return text.encode("latin1")


def _reconstruct(stand_in: type[_Inert], *ignored: object) -> _Inert:
    # copyreg's way to make an object without calling its constructor.
    if not (isinstance(stand_in, type) and issubclass(stand_in, _Inert)):
        raise TypeError("copyreg is asked for something else than an object")
    return stand_in()


_STAND_INS: dict[str, Callable] = {
    "numpy.ndarray": _Array, "numpy.dtype": _Dtype,
    "_codecs.encode": _latin1_bytes,
    "copy_reg._reconstructor": _reconstruct, "copyreg._reconstructor": _reconstruct,
    "__builtin__.object": _Inert, "builtins.object": _Inert,
    **{f"numpy.{core}.multiarray._reconstruct": _new_array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _Inert for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _array_from_buffer for core in ("core", "_core")},
    **{f"scipy.sparse.{module}csc_matrix": _CscMatrix for module in ("", "csc.", "_csc.")},
    **{f"scipy.sparse.{module}csr_matrix": _CsrMatrix for module in ("", "csr.", "_csr.")},
    **{f"chumpy.{name}": _Chumpy for name in ("Ch", "ch.Ch", "reordering.Select")},
}


class _BodyUnpickler(pickle.Unpickler):
    """Admits the stand-ins of the table above by name, and nothing else."""

    def __init__(self, stream, name: str):
        super().__init__(stream, encoding="latin1")
        self._name = name

    def find_class(self, module: str, name: str) -> Callable:
        try:
            return _STAND_INS[f"{module}.{name}"]
        except KeyError:
            raise UnsafeModelError(f"{self._name} is refused: it asks for {module}.{name}, which no model file needs. "
                                   "Nothing of it was executed.", _DOWNLOAD) from None
