"""Numbered pictures that stand for a video: a folder of them, a pattern such as shot_####.png or shot_%04d.png, or the first one.

Needs the standard library only.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

# ".gif" is always a video, ".webp" only where it is animated. The camera's raw formats and OpenEXR need a look first.
PICTURE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tga", ".tif", ".tiff", ".webp"))
DEFAULT_FPS = 30.0              # of numbered pictures, which have no times
_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<digits>[0-9]{1,9})(?P<suffix>[^0-9]*)", re.DOTALL)
_PATTERN = re.compile(r"(?P<prefix>.*?)(?:%0?(?P<width>[0-9]?)d|(?P<hashes>#+))(?P<suffix>[^#%]*)", re.DOTALL)
_MOST_SHOWN = 5                 # gaps or sequences in a message
_ADVICE = "Choose a video file, or numbered pictures: a folder of them, a pattern such as shot_####.png, or the first one."


class SequenceError(ValueError):
    """Numbered pictures cannot be read as a video. `str()` is the message, `advice` what to do."""

    def __init__(self, message: str, advice: str = _ADVICE):
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True)
class PictureSequence:
    """Pictures `prefix`, number, `suffix` in a folder, numbered from `first` without gaps, with at least `width` digits."""
    folder: Path
    prefix: str
    suffix: str
    width: int
    first: int
    count: int

    def __contains__(self, path: Path) -> bool:
        named = _NUMBERED.fullmatch(path.stem)
        index = int(named["digits"]) - self.first if named else -1
        return 0 <= index < self.count and path == self.path_of(index)

    def path_of(self, index: int) -> Path:
        """Return the path of a picture, counted from 0."""
        return self.folder / f"{self.prefix}{self.first + index:0{self.width}d}{self.suffix}"

    @property
    def pattern(self) -> Path:
        """The path with # for the number's digits."""
        return self.folder / f"{self.prefix}{'#' * self.width}{self.suffix}"


def find_sequence(path: Path) -> PictureSequence | None:
    """Return the numbered pictures that a path stands for; None where it is a video, or nothing.

    Raises SequenceError where it stands for pictures that are no video: numbers are missing, there is only one, or several
    sequences are in a folder.
    """
    try:
        if path.is_dir():
            return _find_in_folder(path)
        if path.is_file():
            return _find_from(path) if is_picture(path) else None
        return _find_by_pattern(path)
    except OSError as error:
        raise SequenceError(f"Cannot read {path}: {error.strerror}.", "Check the folder's permissions.") from None
    except ValueError as error:     # a character that no name can have
        if isinstance(error, SequenceError):
            raise
        return None


def list_patterns(folder: Path) -> list[Path]:
    """Return the patterns of two or more numbered pictures in a folder, by name, even if numbers are missing. Raises OSError."""
    return [PictureSequence(folder, *group, min(numbers), len(numbers)).pattern
            for group, numbers in sorted(_group(folder).items()) if len(numbers) > 1]


def list_sequences(folder: Path) -> list[PictureSequence]:
    """Return the sequences of two or more numbered pictures in a folder, by name. Raises OSError, and SequenceError for gaps."""
    return [_make_sequence(folder, group, numbers) for group, numbers in sorted(_group(folder).items()) if len(numbers) > 1]


def is_picture(path: Path) -> bool:
    """Tell by its name, and for WebP by its header, whether a file is a single picture."""
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        return False
    return path.suffix.lower() != ".webp" or not is_animated_webp(path)


def is_animated_webp(path: Path) -> bool:
    """Tell whether a file is a WebP with more than one picture, by the flag in its header."""
    with open(path, "rb") as stream:
        head = stream.read(21)
    return len(head) == 21 and head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & 0x02)


def video_name(path: Path) -> str:
    """Return a short name of a video, or of numbered pictures: a file's without suffix, a pattern's without its number."""
    by_pattern = _PATTERN.fullmatch(path.name)
    if by_pattern and path.suffix.lower() in PICTURE_SUFFIXES and not os.path.isfile(path):
        name = f"{by_pattern['prefix']}{Path('x' + by_pattern['suffix']).stem[1:]}".strip("._- ")
        return name or path.parent.name or "pictures"
    return path.name if path.suffix.lower() not in PICTURE_SUFFIXES and os.path.isdir(path) else path.stem


def join_pictures(paths: Iterable[Path]) -> list[Path]:
    """Return chosen files with numbered pictures of one sequence joined to one pattern, each video once. Raises SequenceError."""
    joined: dict[Path, None] = {}
    patterns: dict[Path, Path] = {}
    for path in paths:
        if is_picture(path) and path not in patterns:
            sequences = [sequence for sequence in list_sequences(path.parent) if path in sequence]
            if not sequences:
                raise SequenceError(f"{path} is a picture, not a video.")
            patterns |= {sequences[0].path_of(index): sequences[0].pattern for index in range(sequences[0].count)}
        joined[patterns.get(path, path)] = None
    return list(joined)


def _find_in_folder(folder: Path) -> PictureSequence:
    groups = {group: numbers for group, numbers in sorted(_group(folder).items()) if len(numbers) > 1}
    if not groups:
        raise SequenceError(f"{folder} is a folder, not a video, and holds no numbered pictures.")
    if len(groups) > 1:
        names = [f"{prefix}{'#' * width}{suffix}" for prefix, suffix, width in groups]
        raise SequenceError(f"{folder} holds {len(names)} sequences of pictures: {_shorten(names)}.",
                            f"Give one of them: {folder / names[0]}")
    ((group, numbers),) = groups.items()
    return _make_sequence(folder, group, numbers)


def _find_from(path: Path) -> PictureSequence:
    named = _NUMBERED.fullmatch(path.stem)
    if named:
        number = int(named["digits"])
        for group, numbers in _group(path.parent).items():
            if group[:2] == (named["prefix"], named["suffix"] + path.suffix) and number in numbers:
                following = {other for other in numbers if other >= number}
                if len(following) > 1:
                    return _make_sequence(path.parent, group, following)
    raise SequenceError(f"{path} is a picture, not a video.")


def _find_by_pattern(path: Path) -> PictureSequence | None:
    by_pattern = _PATTERN.fullmatch(path.name)
    if by_pattern is None or path.suffix.lower() not in PICTURE_SUFFIXES or not path.parent.is_dir():
        return None
    wanted = (by_pattern["prefix"], by_pattern["suffix"])
    width = len(by_pattern["hashes"] or "") or int(by_pattern["width"] or 1)
    for group, numbers in _group(path.parent).items():
        if group == (*wanted, width):
            if len(numbers) == 1:
                raise SequenceError(f"Only one picture is named like {path}.")
            return _make_sequence(path.parent, group, numbers)
    raise SequenceError(f"No picture is named like {path}.",
                        "Check the folder and the name: one # for each digit, or %04d for four digits.")


Group = tuple[str, str, int]


def _group(folder: Path) -> dict[Group, set[int]]:
    """Return the numbers of a folder's pictures by prefix, suffix and number of digits.

    Where numbers grow beyond their digits (99, 100), they are one group; "7" and "007" are two.
    """
    found: dict[tuple[str, str], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.name.startswith(".")]
    for name in names:
        stem, suffix = os.path.splitext(name)
        named = _NUMBERED.fullmatch(stem)
        if named and suffix.lower() in PICTURE_SUFFIXES:
            found[named["prefix"], named["suffix"] + suffix][len(named["digits"])].add(int(named["digits"]))
    groups: dict[Group, set[int]] = {}
    for (prefix, suffix), by_width in found.items():
        last = None
        for width, numbers in sorted(by_width.items()):
            if last is not None and min(numbers) >= 10 ** (width - 1):
                groups[prefix, suffix, last] |= numbers
            else:
                groups[prefix, suffix, width] = set(numbers)
                last = width
    return groups


def _make_sequence(folder: Path, group: Group, numbers: set[int]) -> PictureSequence:
    sequence = PictureSequence(folder, *group, min(numbers), len(numbers))
    missing = _describe_gaps(sorted(numbers))
    if missing:
        raise SequenceError(f"Of the pictures {sequence.pattern}, numbers are missing: {_shorten(missing)}.",
                            "Add them, or number the pictures without gaps.")
    return sequence


def _describe_gaps(numbers: list[int]) -> list[str]:
    gaps = [(before + 1, after - 1) for before, after in pairwise(numbers) if after > before + 1]
    return [f"{first}" if first == last else f"{first} to {last}" for first, last in gaps]


def _shorten(names: list[str]) -> str:
    more = len(names) - _MOST_SHOWN
    return ", ".join(names[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
