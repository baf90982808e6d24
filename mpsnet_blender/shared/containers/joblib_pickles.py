"""Pickles as joblib writes them, without joblib and without running anything.

joblib pickles a header in place of each array and writes the array's bytes directly after it. The arrays are mapped, not read,
so that a file may be larger than memory; a compressed file is first unpacked into a temporary one. A plain pickle is read too.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import pickle
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from ..npz_reading import most_unpacked_bytes
from .inert_pickles import Inert, InertArray, InertUnpickler

_CHUNK_BYTES = 1 << 22                 # read at once, to bound memory


@contextlib.contextmanager
def open_joblib_tree(path: Path, stand_ins: Mapping[str, Callable]) -> Iterator[object]:
    """Open what joblib wrote, or pickle, with stand-ins in it. Raises UnsafePickleError, or one of DAMAGED_PICKLE."""
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(_unpack(stack.enter_context(open(path, "rb")), most_unpacked_bytes(path)))
        yield _JoblibUnpickler(stream, path.name, stand_ins).load()


class _Note(InertArray):
    """joblib's NumpyArrayWrapper: shape, order and dtype in its state, the bytes at `offset` of the file."""
    stream: BinaryIO
    offset: int
    nested: object = None

    def byte_count(self) -> int:
        shape = self._shape()
        return int(np.prod(shape, dtype=object)) * self._dtype().itemsize

    def is_of_objects(self) -> bool:
        return str(self.state["dtype"].arguments[0]).startswith("O")

    def make_array(self, depth: int) -> np.ndarray:
        if self.is_of_objects():
            return np.empty(0, dtype=object)
        if self.byte_count() == 0:
            return np.empty(self._shape(), self._dtype())
        return np.memmap(self.stream, self._dtype(), "r", self.offset, self._shape(), "F" if self.state["order"] == "F" else "C")

    def _dtype(self) -> np.dtype:
        return self.state["dtype"].dtype

    def _shape(self) -> tuple[int, ...]:
        shape = tuple(int(length) for length in self.state["shape"])
        if min(shape, default=0) < 0:
            raise ValueError(f"an array of shape {shape}")
        return shape


class _JoblibUnpickler(InertUnpickler):
    """Skips the bytes after each header. typeshed does not declare the unpickler written in Python."""
    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(InertUnpickler.dispatch)

    def __init__(self, stream: BinaryIO, name: str, stand_ins: Mapping[str, Callable]):
        super().__init__(stream, name, {**stand_ins, "joblib.numpy_pickle.NumpyArrayWrapper": _Note})
        self._stream = stream

    def load_build(self) -> None:
        super().load_build()
        note = self.stack[-1]
        if not isinstance(note, _Note):
            return
        if not isinstance(note.state, dict) or not isinstance(note.state.get("dtype"), Inert):
            raise pickle.UnpicklingError("an array without a shape or type")
        if note.is_of_objects():
            # Such an array is a pickle inside the pickle, which must be read to find its end.
            note.nested = InertUnpickler(self._stream, self._name, self._stand_ins).load()
            return
        if note.state.get("numpy_array_alignment_bytes") is not None:
            self._stream.seek(self._stream.read(1)[0], 1)
        note.stream, note.offset = self._stream, self._stream.tell()
        end = note.offset + note.byte_count()
        if end > self._stream.seek(0, 2):
            raise EOFError("the file ends before its arrays do")
        self._stream.seek(end)

    dispatch[pickle.BUILD[0]] = load_build


def _find_opener(stream: BinaryIO) -> Callable[[BinaryIO], Any] | None:
    """Return the function that unpacks a stream, by its first bytes; None where it is not packed."""
    head = stream.read(6)
    stream.seek(0)
    if head[:1] == b"\x78":
        return _ZlibReader
    for magic, opener in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open), (b"\x5d\0\0", lzma.open)):
        if head.startswith(magic):
            return opener
    return None


@contextlib.contextmanager
def _unpack(stream: BinaryIO, most_bytes: int) -> Iterator[BinaryIO]:
    """Yield the stream, or a temporary file with a packed one's contents. Raises ValueError where they exceed the limit."""
    opener = _find_opener(stream)
    if opener is None:
        yield stream
        return
    with tempfile.TemporaryFile() as plain:
        packed, size = opener(stream), 0
        while chunk := packed.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > most_bytes:
                raise ValueError(f"it unpacks to more than {most_bytes >> 20} MB")
            plain.write(chunk)
        plain.seek(0)
        yield plain


class _ZlibReader:
    """Reads a zlib stream a chunk at a time."""

    def __init__(self, stream: BinaryIO):
        self._stream, self._unpacker = stream, zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end. Raises EOFError where the stream is truncated."""
        while not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._stream.read(_CHUNK_BYTES)
            if not packed:
                raise EOFError("the packed data is cut off")
            if chunk := self._unpacker.decompress(packed, size):
                return chunk
        return b""
