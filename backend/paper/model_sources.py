"""The files in a folder, a single file or a zip that may hold a model."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from mpsnet_blender.shared.npz_reading import UNREADABLE

from ..base.errors import ModelError

_ZIP, _NUMPY, _PICKLE = b"PK\x03\x04", b"\x93NUMPY", b"\x80"
_MODEL_SUFFIXES = (".pkl", ".pickle", ".npz", ".npy", ".pth", ".pt", ".tar")
# Limits against zip bombs, far above the sizes of the authors' files.
_MAX_MEMBERS = 20_000
_MAX_MEMBER_BYTES = 2 << 30
_MAX_ARCHIVE_BYTES = 8 << 30


class UnsafeModelError(ModelError):
    """A file that could execute code: it was refused, and nothing of it was executed."""


@dataclass(frozen=True)
class ModelSource:
    """A file that may hold a model: `name` as the user knows it, `path` of its bytes."""
    name: str
    path: Path


def find_sources(source: Path, scratch: Path) -> Iterator[ModelSource]:
    """Yield the files that may hold a model in a folder, a single file or a zip archive.

    Members of an archive are unpacked one at a time into the folder `scratch`, under names of ours, and removed when
    the next one is asked for. Raises ModelError, and UnsafeModelError for an archive that would write elsewhere.
    """
    if source.is_dir():
        for path in _find_files(source):
            name = path.relative_to(source).as_posix()
            if _is_archive(path):
                yield from _unpack_members(path, name, scratch)
            elif _may_hold_model(path.name, _read_head(path)):
                yield ModelSource(name, path)
    elif not source.is_file():
        raise ModelError(f"There is no file or folder {source}.", "Choose the downloaded file, its folder, or the zip.")
    elif _is_archive(source):
        yield from _unpack_members(source, source.name, scratch)
    else:
        yield ModelSource(source.name, source)


def _find_files(folder: Path) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(parent, name) for name in sorted(names) if not name.startswith("._")]
        if len(found) > _MAX_MEMBERS:
            raise ModelError(f"{folder} holds more than {_MAX_MEMBERS} files.", "Choose the folder of the models only.")
    return [path for path in found if path.is_file()]


def _read_head(path: Path) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(8)
    except OSError as error:
        raise ModelError(f"Cannot open {path}: {error.strerror}.", "Check the file's permissions.") from error


def _may_hold_model(name: str, head: bytes) -> bool:
    return head.startswith((_ZIP, _NUMPY, _PICKLE)) or name.lower().endswith(_MODEL_SUFFIXES)


def _is_archive(path: Path) -> bool:
    """Return whether a file is a zip of files; numpy's `.npz` and torch's checkpoints are zips too, and are not."""
    if path.name.lower().endswith(_MODEL_SUFFIXES) or not _read_head(path).startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except UNREADABLE as error:
        raise ModelError(f"{path} is truncated or damaged ({error}).", "Download it again.") from error
    is_torch = any(PurePosixPath(name).name == "data.pkl" for name in names)
    return not (is_torch or all(name.endswith(".npy") for name in names))


def _unpack_members(path: Path, name: str, scratch: Path) -> Iterator[ModelSource]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _require_harmless(members, name)
            for member in members:
                with archive.open(member) as stream:
                    head = stream.read(8)
                base_name = PurePosixPath(member.filename).name
                if member.is_dir() or base_name.startswith("._") or not _may_hold_model(base_name, head):
                    continue
                with tempfile.TemporaryDirectory(dir=scratch) as folder:
                    unpacked = Path(folder, "member" + PurePosixPath(base_name).suffix)
                    with archive.open(member) as stream, open(unpacked, "wb") as copy:
                        shutil.copyfileobj(stream, copy)
                    yield ModelSource(f"{name}/{member.filename}", unpacked)
    except UNREADABLE as error:
        raise ModelError(f"{name} is truncated, damaged or encrypted ({error}).",
                         "Download it again, or unpack it and choose the folder.") from error


def _require_harmless(members: list[zipfile.ZipInfo], name: str) -> None:
    if len(members) > _MAX_MEMBERS or sum(member.file_size for member in members) > _MAX_ARCHIVE_BYTES:
        raise UnsafeModelError(f"{name} is refused: it holds more than {_MAX_MEMBERS} files or "
                               f"{_MAX_ARCHIVE_BYTES >> 30} GB.", "Unpack it and choose the models' folder.")
    for member in members:
        parts = PureWindowsPath(member.filename)  # it takes both kinds of slashes
        if parts.is_absolute() or parts.drive or parts.root or ".." in parts.parts:
            raise UnsafeModelError(f"{name} is refused: its member {member.filename!r} points outside the archive.",
                                   "Download the archive from its authors.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UnsafeModelError(f"{name} is refused: its member {member.filename!r} is a link.",
                                   "Download the archive from its authors.")
        if member.file_size > _MAX_MEMBER_BYTES:
            raise UnsafeModelError(f"{name} is refused: {member.filename!r} is larger than {_MAX_MEMBER_BYTES >> 30} GB.",
                                   "Unpack it and choose the models' folder.")
