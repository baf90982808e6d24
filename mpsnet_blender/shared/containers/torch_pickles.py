"""PyTorch's tensors, without PyTorch: in its `.pt` files, and inside pickles of other programs."""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..npz_reading import check_claimed_size
from .inert_pickles import InertArray, InertUnpickler

_PICKLE, _DATA = "/data.pkl", "/data/"
_MAX_NUMBERS = 1 << 27                  # of a tensor: 512 MB of float32, far above those of a motion
# Before a storage in torch's older form: these two pickled numbers and a dictionary about the machine.
_LEGACY_MAGIC, _LEGACY_VERSION = 0x1950A86A20F9469CFC6C, 1001
_STORAGE_TYPES = {"Float": "<f4", "Double": "<f8", "Half": "<f2", "Long": "<i8", "Int": "<i4", "Short": "<i2", "Char": "<i1",
                  "Byte": "<u1", "Bool": "?"}


class _StorageType:
    """torch.FloatStorage and the like, as a persistent id names them."""

    def __init__(self, dtype: str):
        self.dtype = np.dtype(dtype)


class _Storage:
    """The flat values that tensors view."""

    def __init__(self, values: np.ndarray):
        self.values = values


class _Tensor(InertArray):
    """torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...)."""

    def make_array(self, depth: int) -> np.ndarray:
        storage, offset, size, stride = self.arguments[:4]
        if not isinstance(storage, _Storage):
            raise ValueError("a tensor without values")
        sizes, strides, first = [[int(number) for number in part] for part in (_tuple(size), _tuple(stride), (offset,))]
        if len(sizes) != len(strides) or min((*sizes, *strides, *first), default=0) < 0 or math.prod(sizes) > _MAX_NUMBERS:
            raise ValueError(f"a tensor of size {sizes} and stride {strides}")
        last = first[0] + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
        if math.prod(sizes) and last >= len(storage.values):
            raise ValueError("a tensor that is larger than its values")
        values = storage.values[first[0]:]
        return np.lib.stride_tricks.as_strided(values, sizes, [values.itemsize * stride for stride in strides]).copy()


def _tuple(value: object) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise ValueError("a tensor without a size")
    return value


def _load_from_bytes(content: object) -> _Storage:
    """Return the storage in torch's older form, which pickles hold as bytes. Where it was computed, "cuda:0", is left alone."""
    if not isinstance(content, bytes):
        raise ValueError("a storage that holds no bytes")
    stream = io.BytesIO(content)
    if [_LegacyUnpickler(stream).load() for _ in range(2)] != [_LEGACY_MAGIC, _LEGACY_VERSION]:
        raise ValueError("a storage in an unknown form")
    _LegacyUnpickler(stream).load()         # about the machine
    unpickler = _LegacyUnpickler(stream)
    storage = unpickler.load()
    _LegacyUnpickler(stream).load()         # the keys, of which there is one
    if not isinstance(storage, _Storage):
        raise ValueError("a storage that holds something else")
    count = int.from_bytes(stream.read(8), "little")
    if count != len(storage.values):
        raise ValueError("a storage of another length than it says")
    storage.values = np.frombuffer(stream.read(count * storage.values.itemsize), storage.values.dtype)
    if len(storage.values) != count:
        raise EOFError("a storage that ends too early")
    return storage


TORCH_STAND_INS: dict[str, Callable | _StorageType] = {
    "torch._utils._rebuild_tensor_v2": _Tensor, "torch.storage._load_from_bytes": _load_from_bytes,
    **{f"torch.{kind}Storage": _StorageType(dtype) for kind, dtype in _STORAGE_TYPES.items()},
}


class _LegacyUnpickler(InertUnpickler):
    """Reads one of the pickles of a storage in torch's older form."""

    def __init__(self, stream: BinaryIO):
        super().__init__(stream, "A tensor", TORCH_STAND_INS)  # type: ignore[arg-type]  # storage types are no functions

    def persistent_load(self, pid: object) -> _Storage:
        _, kind, _, _, count, *_ = _tuple(pid)
        if not isinstance(kind, _StorageType) or not 0 <= int(count) <= _MAX_NUMBERS:
            raise ValueError("a storage of an unknown type or length")
        return _Storage(np.lib.stride_tricks.as_strided(np.zeros(1, kind.dtype), (int(count),), (0,)))


class _ZipUnpickler(InertUnpickler):
    """Reads the pickle of a `.pt`, whose storages are members of the archive."""

    def __init__(self, archive: zipfile.ZipFile, member: str, name: str, stand_ins: Mapping[str, Callable]):
        super().__init__(io.BytesIO(archive.read(member)), name, {**stand_ins, **TORCH_STAND_INS})  # type: ignore[dict-item]
        self._archive, self._folder = archive, member.removesuffix(_PICKLE) + _DATA
        self._storages: dict[str, _Storage] = {}

    def persistent_load(self, pid: object) -> _Storage:
        _, kind, key, _, count = _tuple(pid)
        if not isinstance(kind, _StorageType) or not isinstance(key, str):
            raise ValueError("a storage of an unknown type")
        if key not in self._storages:
            info = self._archive.getinfo(self._folder + key)
            if info.file_size != int(count) * kind.dtype.itemsize or int(count) > _MAX_NUMBERS:
                raise ValueError("a storage of another length than it says")
            self._storages[key] = _Storage(np.frombuffer(self._archive.read(info), kind.dtype))
        return self._storages[key]


def is_torch_archive(path: Path) -> bool:
    """Tell whether a file is a zip as `torch.save` writes it. Raises zipfile.BadZipFile for a damaged one."""
    with zipfile.ZipFile(path) as archive:
        return _find_pickle(archive) is not None


def read_torch_tree(path: Path, stand_ins: Mapping[str, Callable]) -> object:
    """Return what a `.pt` holds, with stand-ins in it. Raises UnsafePickleError, or one of DAMAGED_PICKLE."""
    with zipfile.ZipFile(path) as archive:
        member = _find_pickle(archive)
        if member is None:
            raise pickle.UnpicklingError("it is no file of PyTorch's")
        check_claimed_size(path, archive.infolist())
        return _ZipUnpickler(archive, member, path.name, stand_ins).load()


def _find_pickle(archive: zipfile.ZipFile) -> str | None:
    return next((name for name in archive.namelist() if name.endswith(_PICKLE) and name.count("/") == 1), None)


