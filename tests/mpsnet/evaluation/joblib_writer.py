"""Writes dictionaries of arrays in joblib's format, which the tests' environment does not have."""

import io
import pickle
import sys
import types
from pathlib import Path

import numpy as np


class NumpyArrayWrapper:
    """The note that joblib pickles in place of an array."""


def joblib_bytes(contents: dict, aligned: bool = True) -> bytes:
    """Return a dictionary as joblib's dump writes it; not aligned: as versions before 1.2."""
    stream = io.BytesIO()
    module = types.ModuleType("joblib.numpy_pickle")
    module.NumpyArrayWrapper = NumpyArrayWrapper
    NumpyArrayWrapper.__module__ = "joblib.numpy_pickle"
    sys.modules["joblib"], sys.modules["joblib.numpy_pickle"] = types.ModuleType("joblib"), module
    try:
        _Pickler(stream, aligned).dump(contents)
    finally:
        del sys.modules["joblib"], sys.modules["joblib.numpy_pickle"]
    return stream.getvalue()


def write_joblib(path: Path, contents: dict) -> Path:
    path.write_bytes(joblib_bytes(contents))
    return path


class _Pickler(pickle._Pickler):
    def __init__(self, stream, aligned):
        super().__init__(stream, protocol=4)
        self._stream, self._aligned = stream, aligned

    def save(self, obj, save_persistent_id=True):
        if type(obj) is not np.ndarray:
            return super().save(obj, save_persistent_id)
        note = NumpyArrayWrapper()
        note.__dict__.update(subclass=np.ndarray, shape=obj.shape, order="C", dtype=obj.dtype, allow_mmap=True)
        if self._aligned:
            note.numpy_array_alignment_bytes = 16
        super().save(note, save_persistent_id)
        self.framer.commit_frame(force=True)
        if self._aligned:
            padding = 16 - (self._stream.tell() + 1) % 16
            self._stream.write(bytes([padding]) + b"\xff" * padding)
        self._stream.write(obj.tobytes())
        return None
