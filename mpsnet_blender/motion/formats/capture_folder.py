"""What a capture left on disk: a folder with `people.json` and a motion file a person, or one motion file alone."""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path

from ...shared.motion_file import Motion, MotionFileError, read_motion

PEOPLE_FILE = "people.json"
_FORMAT_VERSION = 1


@dataclass(frozen=True)
class CapturedPerson:
    """One person of a capture: motion file, first and last second in the video, thumbnail where there is one.

    grade: green, amber or red, as the capture judged itself, with the advice it gave; empty where it did not.
    """
    person_id: int
    motion_path: Path
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    thumbnail: Path | None = None
    grade: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Capture:
    """A capture: its name, its people, the source video and its frames a second (None where nothing tells them)."""
    name: str
    people: tuple[CapturedPerson, ...]
    video: Path | None = None
    video_fps: float | None = None


@dataclass(frozen=True)
class ReadMotions:
    """The people whose motion could be read, and one line for each who could not.

    `origin_seconds` is the video's second at which the first person of the whole capture appears, whoever was asked for:
    people that are imported one by one keep time with each other.
    """
    motions: tuple[tuple[CapturedPerson, Motion], ...]
    failures: tuple[str, ...]
    origin_seconds: float


def open_capture(path: Path) -> Capture:
    """Return the capture in a folder, of its people.json, or of one motion file. Raises MotionFileError if none is there."""
    path = Path(path)
    if path.name == PEOPLE_FILE:
        path = path.parent
    if path.is_dir():
        return _open_folder(path)
    if not path.is_file():
        raise MotionFileError(f"There is no file or folder {path}. Choose a motion file (.npz) or a capture's folder.")
    return _open_single(path)


def read_motions(capture: Capture, person_ids: Container[int] | None = None) -> ReadMotions:
    """Return the motions of a capture's people, or of some. Raises MotionFileError where not one can be read."""
    motions, failures, origins = [], [], []
    for person in capture.people:
        is_wanted = person_ids is None or person.person_id in person_ids
        try:
            motion = read_motion(person.motion_path)
        except MotionFileError as error:
            failures += [str(error)] if is_wanted else []
            continue
        origins.append(float(motion.timestamps[0]))
        motions += [(person, motion)] if is_wanted else []
    if not motions:
        raise MotionFileError(" ".join(failures) or f"The capture {capture.name} holds none of the people asked for.")
    return ReadMotions(tuple(motions), tuple(failures), min(origins))


def _open_folder(folder: Path) -> Capture:
    listing = folder / PEOPLE_FILE
    if not listing.is_file():
        files = sorted(folder.glob("*.npz"))
        if not files:
            raise MotionFileError(f"{folder} holds no capture: neither {PEOPLE_FILE} nor motion files (.npz).")
        people = tuple(CapturedPerson(number, path) for number, path in enumerate(files, start=1))
        return Capture(name=folder.name, people=people)
    return _parse_listing(folder, _read_listing(listing), listing)


def capture_beside(path: Path) -> Capture | None:
    """Return the capture that a motion file belongs to: the listing beside it names it; None where none does."""
    listing = path.parent / PEOPLE_FILE
    try:
        capture = _parse_listing(path.parent, _read_listing(listing), listing)
    except MotionFileError:
        return None
    return capture if any(person.motion_path.name == path.name for person in capture.people) else None


def _open_single(path: Path) -> Capture:
    """Return one motion file as a capture; the listing beside it, if it names the file, tells of video and thumbnail."""
    capture = capture_beside(path)
    if capture is None:
        return Capture(name=path.stem, people=(CapturedPerson(1, path),))
    return replace(capture, people=tuple(person for person in capture.people if person.motion_path.name == path.name))


def _read_listing(listing: Path) -> dict:
    try:
        fields = json.loads(listing.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MotionFileError(f"{listing} cannot be read ({error}). Import the .npz files one by one.") from None
    if not isinstance(fields, dict) or fields.get("format_version") != _FORMAT_VERSION:
        raise MotionFileError(f"{listing} is of another version. Update the add-on, or import the .npz files one by one.")
    return fields


def _parse_listing(folder: Path, fields: dict, listing: Path) -> Capture:
    try:
        people = tuple(_parse_person(folder, entry) for entry in fields["people"])
        video = Path(fields["video"]) if fields.get("video") else None
        video_fps = float(fields["fps"]) if fields.get("fps") else None
    except (KeyError, TypeError, ValueError) as error:
        raise MotionFileError(f"{listing} is damaged ({error!r}). Import the .npz files one by one.") from None
    if not people:
        raise MotionFileError(f"{listing} names no people. Capture a video in which somebody is seen.")
    return Capture(name=video.stem if video else folder.name, people=people, video=video, video_fps=video_fps)


def _parse_person(folder: Path, entry: dict) -> CapturedPerson:
    thumbnail = folder / Path(entry["thumbnail"]).name if entry.get("thumbnail") else None
    quality = entry.get("quality") if isinstance(entry.get("quality"), dict) else {}
    return CapturedPerson(
        person_id=int(entry["id"]),
        motion_path=folder / Path(entry["file"]).name,
        start_seconds=float(entry.get("start_seconds", 0.0)),
        end_seconds=float(entry.get("end_seconds", 0.0)),
        thumbnail=thumbnail if thumbnail and thumbnail.is_file() else None,
        grade=str(quality.get("grade", "")), advice=str(quality.get("advice", "")))
