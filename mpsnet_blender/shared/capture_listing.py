"""The listing, `people.json`: the content of a capture's folder. The dataclasses are its format, one key for each field.

Fields with a default may be missing, as in files of earlier versions and for folders without a listing.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from .typed_json import dataclass_from_json, json_from_dataclass
from .whole_file import open_whole_file

PEOPLE_FILE = "people.json"
PREVIEW_FILE = "preview.mp4"
FORMAT_VERSION = 1
GRADES = ("green", "amber", "red")
GRADE_WORDS = {"green": "Good", "amber": "Fair", "red": "Poor"}     # for people: the same in all panels and reports
_FILE_NAMES = re.compile(r"person_[0-9]{2,}\.(npz|jpg)|preview\.mp4|people\.json")
_MOST_FPS = 100_000.0           # above every camera, below what overflows Blender's frame numbers within hours
_LONGEST_OFFSET = 1e7           # seconds: the most that --offset, and --end, take
_MOST_PICTURES = 20_000_000     # of a view whose times are listed: 92 hours at 60 a second; all of them lie in memory
MOST_TURNS = 6_000              # of a camera that are listed: 3.3 minutes at 30 a second, a sixth of the largest file
_LARGEST_FILE = 4 * 2 ** 20     # bytes; a person takes less than 1024
_LONGEST_NAME = 255             # bytes; file systems take no more


class ListingError(ValueError):
    """A listing cannot be read or written; the message says which file and what is wrong."""


@dataclass(frozen=True)
class Quality:
    """foot_slide: mm a frame, and mm a second, over the floor, of soles in contact; floor_penetration: mm under it, by the
    95th percentile of the lower sole; jitter: mm by which joints tremble about their smoothed paths; lean: of the
    standing body, in the mean, which then is not in balance; reprojection: px and % of the body's height between landmarks and
    body in the picture; feet_off_picture: the same in % for the ankles of the final motion in the world, by the 90th percentile;
    visible_share of the frames; frames in which left and right were swapped; grade: one of GRADES, empty where there is none,
    and advice on what to do; the shares of the frames in which each hand's fingers were seen, where fingers were looked for."""
    foot_slide_mm: float | None = None
    foot_slide_mm_per_second: float | None = None
    floor_penetration_mm: float | None = None
    jitter_mm: float | None = None
    lean_degrees: float | None = None
    reprojection_error_px: float | None = None
    reprojection_error_percent: float | None = None
    feet_off_picture_percent: float | None = None
    visible_share: float | None = None
    sides_repaired_frames: int | None = None
    grade: str = ""
    advice: str = ""
    left_hand_seen_share: float | None = None
    right_hand_seen_share: float | None = None


@dataclass(frozen=True)
class ListedPerson:
    """One person: the names of motion file and picture in the folder, first and last frame and second in the video,
    stature in metres, and figures.

    unrefined_reprojection_error_px: the error before the motion was fitted to the picture; None where it was not fitted.
    """
    person_id: int = field(metadata={"key": "id"})
    file: str
    thumbnail: str | None = None
    first_frame: int | None = None
    last_frame: int | None = None
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    stature: float | None = None
    visible_share: float | None = None
    sides_repaired_frames: int | None = None
    reprojection_error_px: float | None = None
    quality: Quality = Quality()
    unrefined_reprojection_error_px: float | None = None


@dataclass(frozen=True)
class ListedView:
    """The camera of one of several views: the path of its video with frames a second and size in px; the second of that video
    in which the first view's second 0 lies; camera_matrix (9) px, and world_from_cam (16), row by row; the mean distance in px
    between its landmarks and the bodies. picture_seconds: when the pictures of the 0-based picture_numbers begin; between
    these, the rate is constant. clock_rate: seconds that its clock counts in one second of the first view's. Of a camera that
    moves, world_from_cam is that of its first frame; turn_vectors (3 N), rotation vectors in radians, take its axes at
    turn_seconds (N) of the first view to those, in which it is then at turn_places (3 N) m, where it does not only turn."""
    video: str
    fps: float
    image_size: tuple[int, int]
    offset_seconds: float
    camera_matrix: tuple[float, ...]
    world_from_cam: tuple[float, ...]
    reprojection_error_px: float | None = None
    picture_numbers: tuple[int, ...] = ()
    picture_seconds: tuple[float, ...] = ()
    clock_rate: float = 1.0
    turn_seconds: tuple[float, ...] = ()
    turn_vectors: tuple[float, ...] = ()
    turn_places: tuple[float, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the camera is complete, and it and its times can be."""
        times = zip(self.picture_numbers, self.picture_seconds, strict=False)
        return (len(self.camera_matrix) == 9 and min(self.camera_matrix[0], self.camera_matrix[4], *self.image_size) > 0
                and len(self.world_from_cam) == 16 and 0 < self.fps <= _MOST_FPS and abs(self.offset_seconds) <= _LONGEST_OFFSET
                and 0.5 < self.clock_rate < 2 and len(self.picture_numbers) == len(self.picture_seconds)
                and all(a < c and b < d for (a, b), (c, d) in pairwise(times))
                and len(self.turn_vectors) == 3 * len(self.turn_seconds)
                and len(self.turn_places) in (0, len(self.turn_vectors)) and len(self.turn_seconds) <= MOST_TURNS
                and all(before < after for before, after in pairwise(self.turn_seconds))
                and max(map(abs, (*self.turn_seconds, *self.picture_seconds)), default=0) <= _LONGEST_OFFSET
                and max(self.picture_numbers, default=0) - min(self.picture_numbers, default=0) < _MOST_PICTURES)


@dataclass(frozen=True)
class CaptureListing:
    """A capture: the engine that made it, and how carefully people were looked at ("fast" or "best"); the path of its video with
    frames a second, size in px and number of frames; the stature that was asked for in metres, the camera's angles and
    whether it moves, the preview's name, and the people. views: all cameras, the first one included, where there were several."""
    engine: str = ""
    landmark_quality: str = ""
    video: str = ""
    fps: float | None = None
    image_size: tuple[int, int] | None = None
    frame_count: int | None = None
    stature: float | None = None
    camera_pitch_degrees: float | None = None
    camera_roll_degrees: float | None = None
    camera_moves: bool | None = None
    preview: str | None = None
    people: tuple[ListedPerson, ...] = field(kw_only=True)
    views: tuple[ListedView, ...] = ()

    def files(self) -> frozenset[str]:
        """Return the names of the capture's files, people.json included; names that no capture gives are left out."""
        return frozenset(name for name in (PEOPLE_FILE, *self._list_names()) if is_capture_file(name))

    def require_consistency(self) -> None:
        """Raise ValueError where values contradict each other or are impossible."""
        if not self.people:
            raise ValueError("it names no people")
        if self.fps is not None and not 0 < self.fps <= _MOST_FPS:
            raise ValueError(f"fps is {self.fps:g}, not above 0 and up to {_MOST_FPS:g}")
        for view in self.views:
            if not view.is_whole:
                raise ValueError(f"the camera of the view {view.video[-_LONGEST_NAME:]!r} is incomplete, "
                                 "or its times are impossible")
        for values in ([person.person_id for person in self.people], [person.file for person in self.people]):
            if len(set(values)) < len(values):
                raise ValueError("two people have one id, or one file")
        for name in self._list_names():
            if not _is_plain_name(name):
                raise ValueError(f"{name[:_LONGEST_NAME]!r} is not a plain file name")
        for grade in (person.quality.grade for person in self.people):
            if grade not in ("", *GRADES):
                raise ValueError(f"the grade {grade[:_LONGEST_NAME]!r} is none of {', '.join(GRADES)}")

    def _list_names(self) -> list[str]:
        names = [self.preview, *(name for person in self.people for name in (person.file, person.thumbnail))]
        return [name for name in names if name is not None]


def motion_name(person_id: int) -> str:
    """Return the name of a person's motion file in a capture."""
    return f"person_{person_id:02d}.npz"


def thumbnail_name(person_id: int) -> str:
    """Return the name of a person's picture in a capture."""
    return f"person_{person_id:02d}.jpg"


def path_as_text(path: Path) -> str:
    """Return a path as UTF-8 text for a listing, also where Python decodes file names by another encoding."""
    return os.fsencode(path).decode("utf-8", "replace")


def is_capture_file(name: str) -> bool:
    """Tell whether a name is one that captures give to their files. A capture may replace no other files."""
    return _FILE_NAMES.fullmatch(name) is not None


def write_listing(path: str | os.PathLike, listing: CaptureListing) -> None:
    """Write a listing atomically. Raises ListingError where it could not be read back, and OSError."""
    path = Path(path)
    contents = {"format_version": FORMAT_VERSION, **json_from_dataclass(listing)}
    content = json.dumps(contents, indent=2).encode("ascii")
    _parse(content, path)
    with open_whole_file(path) as stream:
        stream.write(content)


def read_listing(path: str | os.PathLike) -> CaptureListing:
    """Return the listing in a file. Raises ListingError where it is missing, damaged, or of another version."""
    path = Path(path)
    if not path.is_file():
        raise ListingError(f"There is no file {path}.")
    try:
        with open(path, "rb") as stream:
            content = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise ListingError(f"{path} cannot be read ({error.strerror}).") from None
    return _parse(content, path)


def _parse(content: bytes, path: Path) -> CaptureListing:
    if len(content) > _LARGEST_FILE:
        raise ListingError(f"{path} is too large for a listing: it has more than {_LARGEST_FILE} bytes.")
    try:
        contents = json.loads(content.decode("utf-8"))
        version = contents.get("format_version") if isinstance(contents, dict) else FORMAT_VERSION
        if type(version) is not int or version != FORMAT_VERSION:
            raise ListingError(f"{path} is of another version. Update the add-on.")
        listing: CaptureListing = dataclass_from_json(CaptureListing, contents)
        listing.require_consistency()
    except ListingError:
        raise
    except RecursionError:
        raise ListingError(f"{path} is damaged: it is nested too deep.") from None
    except ValueError as error:
        raise ListingError(f"{path} is damaged: {error}.") from None
    return listing


def _is_plain_name(name: str) -> bool:
    """Tell whether a name is a file name without a path, valid on every system."""
    return (name not in ("", ".", "..") and name.isprintable() and not set(name) & set('/\\:')
            and len(name.encode()) <= _LONGEST_NAME)
