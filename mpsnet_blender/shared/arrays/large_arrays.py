"""Arrays of long motions in temporary files instead of memory.

A large array is used like any other one. What was read or written of it stays in memory until `let_go` is called, which
`frame_blocks` does after each block: so an hour needs no more memory than five minutes, if nothing takes all frames at once.
"""

from __future__ import annotations

import contextlib
import mmap
import tempfile
import weakref
from typing import IO

import numpy as np

_LARGE_BYTES = 16_000_000       # rotations of 9,000 frames as matrices: below that, memory is no matter
_WRITTEN_AT_ONCE = 1 << 20      # bytes
_COPIED_AT_ONCE = 6000          # frames

_mapped: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()


def make_array(shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    """Return an array of zeros. A large one lies in a temporary file, which is gone when it is not used any more; where there is
    no room for that, in memory."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if size < _LARGE_BYTES:
        return np.zeros(shape, dtype)
    try:
        with tempfile.TemporaryFile(prefix="mpsnet-") as file:
            _fill(file, size)
            mapped = mmap.mmap(file.fileno(), size)
    except OSError:
        return np.zeros(shape, dtype)
    _mapped.add(mapped)
    return np.frombuffer(mapped, dtype).reshape(shape)


def _fill(file: IO[bytes], size: int) -> None:
    """Write zeros. A file of holes would need no time, but a process that writes to it ends where the disk is full."""
    zeros = bytes(_WRITTEN_AT_ONCE)
    for start in range(0, size, len(zeros)):
        file.write(zeros[:size - start])
    file.flush()


def copy_array(values: np.ndarray) -> np.ndarray:
    """Return a copy of an array (T, ...), large where that one is."""
    copy = make_array(values.shape, values.dtype.type)
    for start in range(0, len(values), _COPIED_AT_ONCE):
        copy[start:start + _COPIED_AT_ONCE] = values[start:start + _COPIED_AT_ONCE]
        if len(values) > _COPIED_AT_ONCE:
            let_go()
    return copy


def let_go() -> None:
    """Take what was read and written of large arrays out of memory: their files hold it. Windows does so when memory is short."""
    if hasattr(mmap, "MADV_DONTNEED"):
        for mapped in list(_mapped):
            with contextlib.suppress(ValueError):       # it is being closed
                mapped.madvise(mmap.MADV_DONTNEED)
