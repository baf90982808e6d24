"""The people of a capture, as the panel lists them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...motion.results.capture_folder import Capture, find_capture_beside, open_capture
from ...shared.capture_listing import PEOPLE_FILE, ListedPerson
from ...shared.wording import format_clock


@dataclass(frozen=True)
class FoundPerson:
    """One person as text: a name, the time in the video, the paths of a picture (empty: there is none) and of the motion file,
    the grade of the capture (green, amber, red) with advice, and whether the person is checked for import."""
    person_id: int
    label: str
    span: str
    thumbnail: str
    motion_file: str
    grade: str = ""
    advice: str = ""
    is_chosen: bool = True


@dataclass(frozen=True)
class FoundPeople:
    """The people of a capture, and the path to import them from: the capture's folder, or a single motion file."""
    path: Path
    people: tuple[FoundPerson, ...]


def list_people(path: Path) -> FoundPeople:
    """Return the people of a capture's folder, of its people.json, or of one motion file. Raises MotionFileError.

    For one motion file of a capture, all its people are listed, and only that file's person is checked. Pictures, times and
    grades are shown where the folder has them.
    """
    path = Path(path)
    if path.name == PEOPLE_FILE:
        path = path.parent
    whole = None if path.is_dir() else find_capture_beside(path)
    if whole is None:
        capture = open_capture(path)
        return FoundPeople(path, tuple(_describe_person(capture, person) for person in capture.people))
    present = (person for person in whole.people if whole.motion_path(person).is_file())
    return FoundPeople(whole.folder, tuple(_describe_person(whole, person, person.file == path.name) for person in present))


def _describe_person(capture: Capture, person: ListedPerson, is_chosen: bool = True) -> FoundPerson:
    has_times = person.end_seconds > person.start_seconds
    return FoundPerson(
        person_id=person.person_id, label=f"Person {person.person_id}" if has_times else capture.motion_name(person),
        span=f"{format_clock(person.start_seconds)} to {format_clock(person.end_seconds)}" if has_times else "",
        thumbnail=str(capture.thumbnail(person) or ""), motion_file=str(capture.motion_path(person)),
        grade=person.quality.grade, advice=person.quality.advice, is_chosen=is_chosen)
