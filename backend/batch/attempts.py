"""What became of each video of a batch, kept in the output folder, so that the next run repeats nothing in vain."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, path_as_text
from mpsnet_blender.shared.protocol import Error, Result
from mpsnet_blender.shared.typed_json import dataclass_from_json, json_from_dataclass
from mpsnet_blender.shared.whole_file import open_whole_file

from ..base.errors import BatchError, NobodyFoundError, OptionError, OutputError, VideoError
from ..output.folder_writer import find_capture
from .videos import Job, describe_state, find_time_of_change

RECORD_FILE = "batch_record.json"
_FORMAT = "mpsnet-batch-1"
_LARGEST_FILE = 64 * 2 ** 20    # bytes; a video takes less than a kilobyte
# They lie in the video and the options. Others pass: a full or unplugged disk, too little memory, a process that was killed.
_LASTING_KINDS = frozenset(error.__name__ for error in (VideoError, NobodyFoundError, OptionError))


@dataclass(frozen=True)
class Attempt:
    """The last attempt at a video: its path; the name of the capture's folder; the video's state, the options and the program's
    version at that time; the result's summary, or the error's kind, message and advice; the seconds that it took (None: unknown)
    and the time at which it ended."""
    video: str
    folder: str
    state: str
    options: str
    version: str
    summary: str = ""
    error_kind: str = ""
    message: str = ""
    advice: str = ""
    seconds: float | None = None
    ended: str = ""

    @property
    def has_failed(self) -> bool:
        return self.error_kind != ""


@dataclass(frozen=True)
class _RecordFile:
    format: str
    attempts: tuple[Attempt, ...]


class BatchRecord:
    """The attempts at a batch's videos, in a file of the output folder."""

    def __init__(self, output: Path, options: str, version: str):
        """options, version: those of this run. Raises BatchError where the file is damaged, or not a batch's."""
        self._path = output / RECORD_FILE
        self._options, self._version = options, version
        self._attempts = self._read()

    def find(self, video: Path) -> Attempt | None:
        """Return the last attempt at a video."""
        return self._attempts.get(path_as_text(video))

    def others(self, jobs: list[Job]) -> list[Attempt]:
        """Return the attempts at videos that are not among these."""
        videos = {path_as_text(job.video) for job in jobs}
        return [attempt for video, attempt in self._attempts.items() if video not in videos]

    def keep(self, job: Job, state: str, ending: Result | Error, seconds: float | None = None) -> Attempt:
        """Write what became of a video, whose state was that when the attempt began. Raises OutputError."""
        told = {"summary": ending.summary} if isinstance(ending, Result) else {
            "error_kind": ending.kind, "message": ending.message, "advice": ending.advice}
        attempt = Attempt(path_as_text(job.video), path_as_text(Path(job.folder.name)), state, self._options, self._version,
                          seconds=None if seconds is None else round(seconds, 1),
                          ended=datetime.now().isoformat(" ", "minutes"), **told)
        # Read again: another batch may write captures of other videos into the same folder.
        self._attempts = {**self._read(), attempt.video: attempt}
        self._write()
        return attempt

    def is_captured(self, job: Job) -> bool:
        """Return whether a folder holds a complete capture of the video as it is now.

        Of a capture that is not in the record, the dates decide; a video dated in the future has none that could.
        """
        listing = find_capture(job.folder)
        if (listing is None or listing.video != path_as_text(job.video)
                or not all((job.folder / person.file).is_file() for person in listing.people)):
            return False
        attempt = self.find(job.video)
        if attempt is not None and not attempt.has_failed:
            return attempt.state == describe_state(job.video)
        try:
            changed = find_time_of_change(job.video)
            return changed > time.time() or (job.folder / PEOPLE_FILE).stat().st_mtime >= changed
        except OSError:
            return False

    def lasting_failure(self, job: Job) -> Attempt | None:
        """Return the last attempt at a video where it would fail again: same video, options and version, and a lasting cause."""
        attempt = self.find(job.video)
        same = (describe_state(job.video), self._options, self._version)
        if attempt is None or attempt.error_kind not in _LASTING_KINDS or not attempt.state:
            return None
        return attempt if (attempt.state, attempt.options, attempt.version) == same else None

    def _read(self) -> dict[str, Attempt]:
        try:
            with open(self._path, "rb") as stream:
                content = stream.read(_LARGEST_FILE + 1)
            record: _RecordFile = dataclass_from_json(_RecordFile, json.loads(content.decode("utf-8")))
            if record.format != _FORMAT:
                raise ValueError(f"its format is {record.format[:40]!r}")
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError) as error:
            raise BatchError(f"{self._path} is damaged, or is not a batch's record: {error}.",
                             "Move it away, or choose another --output.") from None
        except OSError as error:
            raise BatchError(f"Cannot read {self._path}: {error.strerror}.", "Choose another --output.") from None
        return {attempt.video: attempt for attempt in record.attempts}

    def _write(self) -> None:
        record = _RecordFile(_FORMAT, tuple(self._attempts.values()))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open_whole_file(self._path) as stream:
                stream.write(json.dumps(json_from_dataclass(record), indent=1).encode("ascii"))
        except OSError as error:
            raise OutputError(f"Cannot write {self._path}: {error.strerror}.",
                              "Free some space, or choose another --output.") from None
