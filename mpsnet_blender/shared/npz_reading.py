"""Arrays from `.npz` files of strangers: what a member claims to be is looked at before its data is read."""

from __future__ import annotations

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

# What numpy, zipfile and zlib raise for archives that are damaged, encrypted, or claim more memory than there is.
UNREADABLE = (ValueError, OSError, EOFError, KeyError, SyntaxError, RuntimeError, MemoryError, OverflowError, TypeError,
               AttributeError, IndexError, struct.error, tokenize.TokenError, lzma.LZMAError, zipfile.BadZipFile, zlib.error)
_SUFFIX = ".npy"
# Of all members that are read, uncompressed: at most so many bytes, or, where that is more, so many times the file's own size. A
# person's motion takes 1.6 kB a frame, and packs to a third; a body that never moves packs to a thousandth.
_ALWAYS_READ, _MOST_PACKED = 256 * 2 ** 20, 50
_KINDS = "biufUS"           # of numbers and texts; Python objects could run code


def read_arrays(path: Path, names: Collection[str], texts: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Return the arrays of these names that an `.npz` file holds; other members are not read. Of `texts`, those that are no
    Python objects: some programs store words so.

    Raises ValueError where a member is no array of numbers or text, or claims another size than it has, or more than a file of
    its size can hold; and whatever zipfile and numpy raise for damaged files.
    """
    with zipfile.ZipFile(path) as archive:
        wanted = {name: archive.getinfo(name + _SUFFIX) for name in (*names, *texts) if name + _SUFFIX in archive.NameToInfo}
        check_claimed_size(path, wanted.values())
        return {name: _read_array(archive, info) for name, info in wanted.items()
                if name not in texts or _read_header(archive, info)[1].kind in _KINDS}


def find_arrays(path: Path, names: Collection[str]) -> set[str]:
    """Return which of these names an `.npz` file holds as arrays, by their headers alone. Raises what `read_arrays` raises."""
    with zipfile.ZipFile(path) as archive:
        wanted = {name: archive.getinfo(name + _SUFFIX) for name in names if name + _SUFFIX in archive.NameToInfo}
        check_claimed_size(path, wanted.values())
        for info in wanted.values():
            _require_numbers(archive, info)
        return set(wanted)


def most_unpacked_bytes(path: Path) -> int:
    """Return how much a file of its size may hold."""
    return max(_ALWAYS_READ, _MOST_PACKED * path.stat().st_size)


def check_claimed_size(path: Path, members: Iterable[zipfile.ZipInfo]) -> None:
    """Raise ValueError where members of an archive claim to be more than it can hold."""
    if sum(info.file_size for info in members) > most_unpacked_bytes(path):
        raise ValueError("it claims to hold more than a file of its size can")


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    _require_numbers(archive, info)
    with archive.open(info) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _require_numbers(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    size, dtype = _read_header(archive, info)
    if dtype.kind not in _KINDS:
        raise ValueError(f"{info.filename} holds no numbers and no text")
    if size != info.file_size:
        raise ValueError(f"{info.filename} has another size than it says")


def _read_header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[int, np.dtype]:
    """Return how many bytes a member must have by its header (-1: a length below zero), and its type."""
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if read_header is None:
            raise ValueError(f"{info.filename} has the unknown version {version}")
        shape, _, dtype = read_header(stream)
        return -1 if any(length < 0 for length in shape) else stream.tell() + math.prod(shape) * dtype.itemsize, dtype
