"""What a finding depends on: the video, by its content, the span, the models, and the program that finds people."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from functools import lru_cache
from pathlib import Path

from ..hands.landmarks import HAND
from ..people.detection import DETECTOR
from ..people.landmarks import FULL
from ..video.frames import VideoSpan
from ..video.picture_files import read_sequence

# Of a video's file, the beginning, the middle and the end are read: with size and time of the file they tell videos apart, and
# take milliseconds where all of an hour's video would take a minute.
_PART_BYTES = 1 << 20
_ROOMS = ("base", "video", "people", "camera", "hands", "finding")      # of the backend, whose code finds people
_PACKAGES = ("numpy", "scipy", "opencv-python-headless", "av", "ai-edge-litert")


def identify_finding(span: VideoSpan, reads_hands: bool, rests: bool) -> str:
    """Return 32 hexadecimal digits that differ wherever people could be found differently. Raises OSError."""
    described = {"video": _identify_video(span.path), "fps": span.fps, "start": span.start_seconds,
                 "end": repr(span.end_seconds), "rests": rests,
                 "models": [DETECTOR.sha256, FULL.sha256, *([HAND.sha256] if reads_hands else [])],
                 "program": _identify_program()}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:32]


def _identify_video(path: Path) -> list:
    """Return what tells a video's content: of a file, parts of it; of numbered pictures, their listing."""
    sequence = read_sequence(path)
    if sequence is None:
        return [path.stat().st_size, path.stat().st_mtime_ns, _hash_parts(path)]
    pictures = [sequence.path_of(index) for index in range(sequence.count)]
    return [(picture.name, picture.stat().st_size, picture.stat().st_mtime_ns) for picture in pictures]


def _hash_parts(path: Path) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as stream:
        size = stream.seek(0, 2)
        for start in (0, size // 2, max(0, size - _PART_BYTES)):
            stream.seek(start)
            found.update(stream.read(_PART_BYTES))
    return found.hexdigest()


def list_program_files() -> list[Path]:
    """Return the code that finds people and reads their hands."""
    return sorted(path for room in _ROOMS for path in (Path(__file__).parents[1] / room).glob("*.py"))


@lru_cache(maxsize=1)
def _identify_program() -> str:
    """Return a hash of the code that finds people, so that every change of it counts, and of its packages' versions."""
    found = hashlib.sha256()
    for path in list_program_files():
        found.update(path.name.encode() + path.read_bytes())
    for package in _PACKAGES:
        found.update(f"{package} {importlib.metadata.version(package)}".encode())
    return found.hexdigest()
