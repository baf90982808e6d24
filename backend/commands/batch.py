"""Captures many videos, each in a separate process, so that none can stop the others."""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mpsnet_blender.shared.capture_listing import path_as_text
from mpsnet_blender.shared.capture_request import capture_arguments, option_words
from mpsnet_blender.shared.command_line import make_request
from mpsnet_blender.shared.protocol import Error, Result

from ..base.errors import BatchError
from ..base.reporter import Reporter
from ..batch.attempts import RECORD_FILE, Attempt, BatchRecord
from ..batch.capture_process import DIED, run_capture
from ..batch.cluster_task import make_task
from ..batch.ray_cluster import run_on_cluster
from ..batch.report import REPORT_FILE, Entry, Report
from ..batch.videos import Job, describe_state, find_videos, plan_folders

_MANIFEST = Path(__file__).resolve().parents[2] / "blender_manifest.toml"


@dataclass(frozen=True)
class Batch:
    """The sources, the folder for the captures' folders, the command of one capture: `command(video, folder)`, and the options
    as words. again: also those that are captured; retry: also those that would fail again. ray: the address of a Ray cluster that
    captures them, None: this machine does. recursive: also videos in subfolders."""
    sources: tuple[Path, ...]
    output: Path
    command: Callable[[Path, Path], list[str]]
    options: str = ""
    again: bool = False
    retry: bool = False
    ray: str | None = None
    recursive: bool = False

    @classmethod
    def of_command_line(cls, arguments: argparse.Namespace, checkpoints: Path) -> Batch:
        """Return the batch that the arguments of `mocap.py batch` describe."""
        program = [sys.executable, "-m", "backend", "--models", str(arguments.models), "--checkpoints", str(checkpoints)]
        program += ["--kept-in", str(arguments.cache_folder)] if arguments.cache_folder else []
        request = make_request(arguments)
        return cls(tuple(arguments.sources), arguments.output,
                   lambda video, folder: [*program, *capture_arguments(video, folder, request)],
                   " ".join(option_words(request)), arguments.again, arguments.retry, arguments.ray,
                   arguments.recursive)


@dataclass(frozen=True)
class Ended:
    """The end of a capture: the video's state when it began, its final message, and the seconds that it took."""
    job: Job
    state: str
    ending: Result | Error
    seconds: float


def capture_all(batch: Batch, reporter: Reporter) -> Result:
    """Capture every video. Raises BatchError, after the last one, where any of them failed, OutputError, and CancelRequested."""
    output = batch.output.absolute()
    jobs = plan_folders(find_videos(batch.sources, batch.recursive), output, (RECORD_FILE, REPORT_FILE))
    record = BatchRecord(output, batch.options, _read_version())
    progress = _Progress(jobs, record, Report(output, batch.options))
    todo = [job for job in jobs if not progress.settle(job, batch)]
    progress.write(is_running=True)
    try:
        capture = _capture_here if batch.ray is None else _capture_on_cluster
        for ended in capture(todo, batch, reporter):
            record.keep(ended.job, ended.state, ended.ending, ended.seconds)
            progress.endings[ended.job] = ended.ending
            progress.write(is_running=True)
    finally:
        progress.write(is_running=False)
    return progress.summarise(todo, reporter)


class _Progress:
    """What is known of every video of a batch, and its report."""

    def __init__(self, jobs: list[Job], record: BatchRecord, report: Report):
        self._jobs, self._record, self._report = jobs, record, report
        self.endings: dict[Job, Result | Error] = {}
        self._words: dict[Job, str] = {}    # of those that are not captured by this run

    def settle(self, job: Job, batch: Batch) -> bool:
        """Return whether nothing is to be done for a video: it is captured, or would fail again."""
        if not batch.again and self._record.is_captured(job):
            self._words[job] = f"captured before, skipped (--again captures it again): {job.folder}"
            if self._record.find(job.video) is None:
                self._record.keep(job, describe_state(job.video), Result(str(job.folder), "Captured before."))
            return True
        failure = None if batch.retry or batch.again else self._record.lasting_failure(job)
        if failure is None:
            return False
        self._words[job] = f"failed before, not tried again (--retry tries it). {failure.message} {failure.advice}".rstrip()
        self.endings[job] = Error(failure.error_kind, failure.message, failure.advice)
        return True

    def write(self, is_running: bool) -> None:
        """Write the report: this run's videos, then those of earlier runs into the same folder."""
        entries = [Entry(path_as_text(job.video), job.folder, self._find_attempt(job), job in self._words) for job in self._jobs]
        folder = self._report.path.parent
        entries += [Entry(attempt.video, folder / attempt.folder, attempt, True) for attempt in self._record.others(self._jobs)]
        self._report.write(entries, is_running)

    def _find_attempt(self, job: Job) -> Attempt | None:
        return self._record.find(job.video) if job in self.endings or job in self._words else None

    def summarise(self, todo: list[Job], reporter: Reporter) -> Result:
        """Log a line for each video and return the result. Raises BatchError where any failed."""
        for job in self._jobs:
            reporter.log("info", f"{job.video.name}: {self._words.get(job) or self._describe(job)}")
        reporter.log("info", f"Report: {self._report.path}")
        failed = [job for job in self._jobs if isinstance(self.endings.get(job), Error)]
        if failed:
            raise BatchError(f"{len(failed)} of {len(self._jobs)} videos could not be captured: "
                             f"{', '.join(job.video.name for job in failed)}.",
                             "Repair or remove them and run the same command again: videos that are captured are skipped.")
        return Result(str(self._report.path.parent), f"{len(todo)} captured, {len(self._jobs) - len(todo)} captured before.")

    def _describe(self, job: Job) -> str:
        ending = self.endings[job]
        if isinstance(ending, Result):
            return f"{ending.summary} {job.folder}"
        return f"failed. {ending.message} {ending.advice}".rstrip()


def _capture_here(jobs: list[Job], batch: Batch, reporter: Reporter) -> Iterator[Ended]:
    """Capture one video after another on this machine; one whose process was killed is tried a second time."""
    for number, job in enumerate(jobs, start=1):
        reporter.log("info", f"[{number} of {len(jobs)}] {job.video.name}")
        state, started, command = describe_state(job.video), time.monotonic(), batch.command(job.video, job.folder)
        ending = run_capture(command, reporter)
        if isinstance(ending, Error) and ending.kind == DIED:
            reporter.log("warning", f"{ending.message} It is tried once more.")
            ending = run_capture(command, reporter)
        yield Ended(job, state, ending, time.monotonic() - started)


def _capture_on_cluster(jobs: list[Job], batch: Batch, reporter: Reporter) -> Iterator[Ended]:
    """Capture videos on the batch's Ray cluster."""
    if not jobs:
        return
    states = [describe_state(job.video) for job in jobs]
    tasks = [make_task(job.video, job.folder, batch.command(job.video, job.folder)) for job in jobs]
    assert batch.ray is not None
    for count, (number, end) in enumerate(run_on_cluster(tasks, batch.ray, reporter), start=1):
        job = jobs[number]
        reporter.log("info", f"[{count} of {len(jobs)}] {job.video.name}: {end.seconds:.0f} s on {end.machine}")
        yield Ended(job, states[number], end.ending, end.seconds)


def _read_version() -> str:
    version: str = tomllib.loads(_MANIFEST.read_text(encoding="utf-8"))["version"]
    return version
