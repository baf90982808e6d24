"""A capture on disk: a folder with a listing and one motion file for each person, or a single motion file."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import is_zipfile

import numpy as np

from ...shared.capture_listing import PEOPLE_FILE, CaptureListing, ListedPerson, ListingError, read_listing
from ...shared.motion_file import Motion, MotionFileError
from ...shared.picture_sequence import video_name
from ..base.footage_timing import merge_picture_times
from ..formats.smpl_rows import RowsOptions, is_rows, read_any_motion
from .read_result import find_result, make_motions
from .result import Result


@dataclass(frozen=True)
class Capture:
    """A capture: its name, its folder, and its listing; where the folder has no listing, one made of the motion files.

    result: that of another system, which may hold all its people in one file."""
    name: str
    folder: Path
    listing: CaptureListing
    result: Result | None = None

    @property
    def people(self) -> tuple[ListedPerson, ...]:
        return self.listing.people

    def motion_path(self, person: ListedPerson) -> Path:
        """Return the path of a person's motion file."""
        return self.folder / person.file

    def motion_name(self, person: ListedPerson) -> str:
        """Return a name without suffix that no other person of the capture has."""
        stem = Path(person.file).stem
        return stem if self.result is None or len(self.people) == 1 else f"{stem}_person_{person.person_id:02d}"

    def thumbnail(self, person: ListedPerson) -> Path | None:
        """Return the path of a person's picture, None where the capture has none."""
        path = self.folder / person.thumbnail if person.thumbnail else None
        return path if path and path.is_file() else None


@dataclass(frozen=True)
class ReadMotions:
    """The people whose motion could be read, one line for each motion file that could not be read, and notes on what was assumed.

    `origin_seconds` is the video's second at which the first person of the whole capture appears, even where other people
    were chosen: so people that are imported one by one stay in step. `picture_times` (N,) are the seconds at which the
    video's pictures begin, from the first to the last frame with a person.
    """
    motions: tuple[tuple[ListedPerson, Motion], ...]
    failures: tuple[str, ...]
    picture_times: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def origin_seconds(self) -> float:
        return float(self.picture_times[0])


def open_capture(path: Path) -> Capture:
    """Return the capture of a folder, of a people.json, or of one motion file. Raises MotionFileError where there is none."""
    path = Path(path)
    if path.name == PEOPLE_FILE:
        path = path.parent
    if path.is_dir():
        if (path / PEOPLE_FILE).is_file():
            return _open_listed(path)
        if (result := find_result(path)) is not None:
            return _open_result(path, result)
        return _open_unlisted(path.name, path, sorted(path.glob("*.npz")))
    if not path.is_file():
        raise MotionFileError(f"There is no file or folder {path}. Choose a motion file (.npz) or a capture's folder.")
    capture = find_capture_beside(path)
    if capture is None:
        result = None if is_rows(path) else find_result(path)
        if result is None and not is_zipfile(path):
            raise MotionFileError(f"{path} is not a motion file, nor the result of a system that can be read: "
                                  "docs/researchers.md lists them.")
        return _open_unlisted(path.stem, path.parent, [path]) if result is None else _open_result(path, result)
    alone = tuple(person for person in capture.people if person.file == path.name)
    return replace(capture, listing=replace(capture.listing, people=alone))


def find_capture_beside(path: Path) -> Capture | None:
    """Return the capture whose listing, in the same folder, names this motion file; None where no listing does."""
    try:
        capture = _open_listed(path.parent)
    except MotionFileError:
        return None
    return capture if any(person.file == path.name for person in capture.people) else None


def read_motions(capture: Capture, person_ids: Container[int] | None = None, options: RowsOptions | None = None) -> ReadMotions:
    """Return the motions of a capture's people, or of those with `person_ids`. Raises MotionFileError where none can be read.

    `options` are for files of other programs.
    """
    motions, failures, seen = [], [], []
    notes: list[str] = []
    if capture.result is not None:
        made = make_motions(capture.result, capture.folder / capture.people[0].file, options)
        motions = [(person, motion) for person, motion in zip(capture.people, made.motions, strict=True)
                   if person_ids is None or person.person_id in person_ids]
        seen, notes = [(motion.frame_index, motion.timestamps) for motion in made.motions], [*made.notes]
    for person in capture.people if capture.result is None else ():
        is_wanted = person_ids is None or person.person_id in person_ids
        try:
            motion, assumed = read_any_motion(capture.motion_path(person), options)
        except MotionFileError as error:
            failures += [str(error)] if is_wanted else []
            continue
        seen.append((motion.frame_index, motion.timestamps))
        if is_wanted:
            motions.append((person, motion))
            notes += assumed
    if not motions:
        raise MotionFileError(" ".join(failures) or f"The capture {capture.name} holds none of the people asked for.")
    return ReadMotions(tuple(motions), tuple(failures), merge_picture_times(seen), tuple(notes))


def _open_listed(folder: Path) -> Capture:
    try:
        listing = read_listing(folder / PEOPLE_FILE)
    except ListingError as error:
        raise MotionFileError(f"{error} Import the .npz files one by one.") from None
    return Capture(video_name(Path(listing.video)) or folder.name, folder, listing)


def _open_result(path: Path, result: Result) -> Capture:
    people = tuple(ListedPerson(number, path.name) for number in range(1, len(result.people) + 1))
    return Capture(path.stem, path.parent, CaptureListing(people=people), result)


def _open_unlisted(name: str, folder: Path, files: list[Path]) -> Capture:
    if not files:
        raise MotionFileError(f"{folder} holds no capture: neither {PEOPLE_FILE} nor motion files (.npz).")
    people = tuple(ListedPerson(number, path.name) for number, path in enumerate(files, start=1))
    return Capture(name, folder, CaptureListing(people=people))
