"""The queue of videos that are captured one after another, as the panel shows it. It lasts as long as Blender runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from ...shared.capture_request import CaptureRequest, OtherVideo


class QueueState(Enum):
    """What becomes of a video in the queue."""
    WAITING = "Waiting"
    RUNNING = "Running"
    DONE = "Done"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


@dataclass(frozen=True)
class QueuedVideo:
    """A video in the queue. `request`: how to capture it, None until the queue is started. `views`: further videos of its moment,
    captured with it. `scene_name`: the scene for the result, None after another file was opened. `words`: the summary, or why
    there is none. `folder`: the capture; `grade`: that of its best person."""
    number: int
    video: Path
    scene_name: str | None
    request: CaptureRequest | None = None
    views: tuple[OtherVideo, ...] = ()
    state: QueueState = QueueState.WAITING
    words: str = ""
    folder: Path | None = None
    grade: str = ""
    is_imported: bool = False


class CaptureQueue:
    """The videos in the order in which they were added. `is_active`: the next one starts when the running job ends."""

    def __init__(self) -> None:
        self.videos: tuple[QueuedVideo, ...] = ()
        self.is_active = False
        self._request: CaptureRequest | None = None
        self._last_number = 0

    def add(self, videos: Iterable[Path], scene_name: str,
            views: Mapping[Path, tuple[OtherVideo, ...]] = MappingProxyType({})) -> int:
        """Add videos with their views, without captures that wait or run already; return how many were added."""
        pending = {(queued.video, queued.views) for queued in self.videos
                   if queued.state in (QueueState.WAITING, QueueState.RUNNING)}
        wanted = [(video, views.get(video, ())) for video in dict.fromkeys(videos)]
        new = [capture for capture in wanted if capture not in pending]
        for video, its_views in new:
            self._last_number += 1
            self.videos = (*self.videos, QueuedVideo(self._last_number, video, scene_name, self._request, its_views))
        return len(new)

    def start(self, request: CaptureRequest) -> None:
        """Capture the waiting videos, and those that will be added meanwhile, by this request."""
        self.is_active, self._request = True, request
        self.videos = tuple(replace(queued, request=request) if queued.state is QueueState.WAITING else queued
                            for queued in self.videos)

    def stop(self) -> None:
        """Start no more videos; those that wait go on waiting."""
        self.is_active, self._request = False, None

    def find(self, number: int) -> QueuedVideo | None:
        """Return the video with this number."""
        return next((queued for queued in self.videos if queued.number == number), None)

    def next_waiting(self) -> QueuedVideo | None:
        """Return the video that is to be captured next."""
        return next((queued for queued in self.videos if queued.state is QueueState.WAITING), None)

    def running(self) -> QueuedVideo | None:
        """Return the video that is being captured."""
        return next((queued for queued in self.videos if queued.state is QueueState.RUNNING), None)

    def count(self, state: QueueState) -> int:
        """Return how many videos are in a state."""
        return sum(queued.state is state for queued in self.videos)

    def change(self, number: int, **changes: object) -> None:
        """Change fields of a video; no effect where it was removed."""
        self.videos = tuple(replace(queued, **changes) if queued.number == number else queued  # type: ignore[arg-type]
                            for queued in self.videos)

    def remove(self, number: int) -> None:
        """Remove a video; one that is being captured stays."""
        self.videos = tuple(queued for queued in self.videos
                            if queued.number != number or queued.state is QueueState.RUNNING)

    def retry(self, number: int) -> None:
        """Let a video that failed or was cancelled wait again."""
        queued = self.find(number)
        if queued is not None and queued.state in (QueueState.FAILED, QueueState.CANCELLED):
            self.change(number, state=QueueState.WAITING, words="", request=self._request)

    def clear_ended(self) -> None:
        """Remove all videos that neither wait nor run."""
        self.videos = tuple(queued for queued in self.videos if queued.state in (QueueState.WAITING, QueueState.RUNNING))

    def detach_from_file(self) -> None:
        """Forget the scenes, because another file was opened: the results must not go into that file by themselves."""
        self.videos = tuple(replace(queued, scene_name=None) for queued in self.videos)


QUEUE = CaptureQueue()
