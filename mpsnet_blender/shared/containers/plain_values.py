"""What a file of any of these containers holds, as plain values: dictionaries, lists, numpy's arrays, numbers and text.

Containers are recognised by content: PyTorch's archives, joblib's and other pickles, `.npy` and `.npz` with Python objects in
them. Nothing in them is executed.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..npz_reading import check_claimed_size
from .inert_pickles import DAMAGED_PICKLE, NUMPY_STAND_INS, Inert, InertArray, InertDtype, InertUnpickler, UnsafePickleError
from .joblib_pickles import open_joblib_tree
from .torch_pickles import TORCH_STAND_INS, is_torch_archive, read_torch_tree

_ZIP, _NUMPY = b"PK\x03\x04", b"\x93NUMPY"
_ZLIB = tuple(b"\x78" + level for level in (b"\x01", b"\x5e", b"\x9c", b"\xda"))
# First bytes of pickles (of protocol 2 and later), and of them packed by zlib, gzip, bzip2, xz and lzma.
_PICKLES = (b"\x80", *_ZLIB, b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\0\0")
_DEEPEST = 20                   # of dictionaries in dictionaries; real files have six
_SHOWN_CHARACTERS = 200         # of what a library says of a damaged file: it may repeat 64 kB of it
_OBJECTS = "O"
_UNFINISHED = object()


class ContainerError(ValueError):
    """A file that holds no values that can be read: the message says which and why."""


def is_container(path: Path) -> bool:
    """Tell by its first bytes whether a file is one of these containers. Raises OSError."""
    with open(path, "rb") as stream:
        return stream.read(len(_NUMPY)).startswith((_ZIP, _NUMPY, *_PICKLES))


def read_plain(path: Path, skipped: Collection[str] = ()) -> object:
    """Return the values in a file. `skipped`: keys of dictionaries that are left out, because their values are large.

    Raises ContainerError where the file is damaged, of another kind, or asks for code.
    """
    try:
        return _read(path, skipped)
    except UnsafePickleError as error:
        raise ContainerError(str(error)) from None
    except (*DAMAGED_PICKLE, AssertionError) as error:
        reason = str(error) or type(error).__name__
        raise ContainerError(f"{path} is damaged, or of an unknown kind ({reason[:_SHOWN_CHARACTERS]}).") from None


def _read(path: Path, skipped: Collection[str]) -> object:
    with open(path, "rb") as stream:
        head = stream.read(len(_NUMPY))
        if head == _NUMPY:
            stream.seek(0)
            return _Plain(skipped).make(_read_array(stream, path.name))
    if not head.startswith(_ZIP):
        with open_joblib_tree(path, _STAND_INS) as tree:
            return _Plain(skipped).make(tree)
    if is_torch_archive(path):
        return _Plain(skipped).make(read_torch_tree(path, _STAND_INS))
    with zipfile.ZipFile(path) as archive:
        names = {info.filename.removesuffix(".npy"): info for info in archive.infolist() if info.filename.endswith(".npy")}
        wanted = {name: info for name, info in names.items() if name not in skipped}
        check_claimed_size(path, wanted.values())
        return {name: _Plain(skipped).make(_read_array(io.BytesIO(archive.read(info)), path.name))
                for name, info in wanted.items()}


def _read_array(stream: BinaryIO, name: str) -> object:
    """Return the array of a `.npy`, or the tree of a pickled one."""
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    if dtype.kind == _OBJECTS:
        return InertUnpickler(stream, name, _STAND_INS).load()
    if min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {shape}")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


class _Plain:
    """Makes plain values of one tree with stand-ins; what is shared in the tree is made once."""

    def __init__(self, skipped: Collection[str]):
        self._skipped = skipped
        self._made: dict[int, object] = {}      # by identity, which is that of another value once the tree is gone

    def make(self, value: object, depth: int = 0) -> object:
        """Return a value without stand-ins: an array of objects becomes a list, or the object itself where it holds one alone."""
        if isinstance(value, (dict, list, tuple, InertArray)):
            if id(value) not in self._made:
                self._made[id(value)] = _UNFINISHED
                self._made[id(value)] = self._make_new(value, depth + 1)
            if self._made[id(value)] is _UNFINISHED:
                raise ValueError("it contains itself")
            return self._made[id(value)]
        return None if isinstance(value, Inert) else value      # other stand-ins are nothing that these files need

    def _make_new(self, value: object, depth: int) -> object:
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        if isinstance(value, dict):
            return {key: self.make(item, depth) for key, item in value.items() if key not in self._skipped}
        if not isinstance(value, InertArray):
            return [self.make(item, depth) for item in value]  # type: ignore[attr-defined]  # a list or a tuple
        objects = _find_objects(value)
        if objects is not None:
            return self.make(objects, depth)
        array = np.array(value.make_array(depth))
        return array if array.ndim else array.item()


def _find_objects(value: InertArray) -> object | None:
    """Return the objects of an array of them: its only one where it has no dimension, or a list. None for an array of numbers."""
    nested = getattr(value, "nested", None)
    if isinstance(nested, InertArray):
        return _find_objects(nested)
    state = value.state
    if not (isinstance(state, tuple) and len(state) == 5 and isinstance(state[4], list)):
        return None
    _, shape, _, _, objects = state
    return objects[0] if shape == () and len(objects) == 1 else objects


def _make_scalar(dtype: object, content: object = b"") -> object:
    """numpy's scalars: they may be keys of dictionaries, so that no stand-in will do."""
    if not isinstance(dtype, InertDtype):
        raise TypeError("a number without a type")
    raw = content.encode("latin1") if isinstance(content, str) else content
    if not isinstance(raw, bytes):
        return None         # of Python objects
    return np.frombuffer(raw, dtype.dtype, 1)[0].item()


def _make_dictionary(*arguments: object) -> dict:
    """collections.OrderedDict and defaultdict: their entries follow in the pickle."""
    return dict(arguments[0]) if arguments and isinstance(arguments[0], (list, dict)) else {}


_STAND_INS: dict[str, Callable] = {
    **NUMPY_STAND_INS, **TORCH_STAND_INS,  # type: ignore[dict-item]  # storage types are no functions
    **{f"numpy.{core}.multiarray.scalar": _make_scalar for core in ("core", "_core")},
    "collections.OrderedDict": _make_dictionary, "collections.defaultdict": _make_dictionary,
    "builtins.dict": _make_dictionary, "__builtin__.dict": _make_dictionary,
}
