"""The people of a capture as a panel lists them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..motion.capture_folder import CapturedPerson, open_capture
from ..motion.timing import clock


@dataclass(frozen=True)
class FoundPerson:
    """One person in words: a name, the time in the video, and the path of a picture, empty where there is none; the grade
    (green, amber, red) of the capture and what to do about it."""
    person_id: int
    label: str
    span: str
    thumbnail: str
    grade: str = ""
    advice: str = ""


def people_found(path: Path) -> tuple[FoundPerson, ...]:
    """Return the people of a capture's folder. Raises MotionFileError where it is none."""
    return tuple(_in_words(person) for person in open_capture(path).people)


def _in_words(person: CapturedPerson) -> FoundPerson:
    return FoundPerson(
        person_id=person.person_id, label=f"Person {person.person_id}",
        span=f"{clock(person.start_seconds)} to {clock(person.end_seconds)}", thumbnail=str(person.thumbnail or ""),
        grade=person.grade, advice=person.advice)
