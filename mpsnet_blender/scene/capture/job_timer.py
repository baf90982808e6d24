"""The running job: a backend process seen from Blender. A timer polls it in a window; without one, the caller waits."""

from __future__ import annotations

import atexit
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

import bpy

from ...client.backend_process import BackendProcess
from ...client.terminal import ProgressPrinter
from ...shared import protocol
from ...shared.wording import format_clock

FinalMessage = protocol.Result | protocol.Error | protocol.Cancelled
_INTERVAL = 0.1  # seconds between polls: progress looks continuous, and polling costs nothing noticeable
_LONGEST_WAIT = 20.0  # seconds to wait for the end of a user's modal operator; longer than moving an object takes, by estimate
_SETUP_STAGE_TITLES = {"environment": "Making the environment", "packages": "Downloading packages",
                       "installing": "Installing packages", "models": "Downloading models"}
# Of the set-up's time, in the stages' order; by estimate, as downloads are slower or faster by the connection.
_SETUP_SHARES = {"environment": 0.1, "packages": 0.5, "installing": 0.3, "models": 0.1}


@dataclass(frozen=True)
class JobState:
    """The state of a job for the panel. `stage` is its present stage's title; `fraction`, 0..1, how much of the job is done, or
    of the stage where only that is known; None where nothing is known. `trouble`: what is wrong now, and what to do."""
    title: str
    stage: str = "Starting"
    fraction: float | None = None
    detail: str = ""
    trouble: str = ""
    warnings: tuple[str, ...] = ()
    findings: tuple[protocol.Finding, ...] = ()
    is_cancelling: bool = False
    final: FinalMessage | None = None


class Job:
    """A backend process with its state, which only `poll()` changes. `on_end` is called once, with the job, when it has ended.

    `scene_name` is the scene for the result, None after another file was opened.
    """

    def __init__(self, title: str, process: BackendProcess, scene_name: str, on_end: Callable[[Job], None]):
        self.process = process
        self.scene_name: str | None = scene_name
        self.on_end = on_end
        self.state = JobState(title)

    def poll(self) -> list[protocol.Message]:
        """Return the messages that have arrived, after updating the state with them, and with how long none has come."""
        messages = self.process.poll()
        for message in messages:
            self.state = advance_state(self.state, message)
        trouble = "" if self.state.is_cancelling else _describe_silence(self.process.silent_seconds)
        if trouble != self.state.trouble:
            self.state = replace(self.state, trouble=trouble)
        return messages

    def cancel(self) -> None:
        """Ask the process to stop; its final message comes with a later poll."""
        self.process.cancel()
        self.state = replace(self.state, is_cancelling=True, detail="Stopping", trouble="")


def _describe_silence(seconds: float) -> str:
    if not seconds:
        return ""
    return (f"No sign of life for {5 * int(seconds / 5)} s: the backend hangs, or the computer is overloaded. Wait, or cancel "
            "and start again: a capture then goes on where it was.")


def advance_state(state: JobState, message: protocol.Message) -> JobState:
    """Return a job's state after one more message."""
    if isinstance(message, protocol.FINAL_TYPES):
        return replace(state, final=message)
    if isinstance(message, protocol.Log) and message.level == "warning":
        return replace(state, warnings=(*state.warnings, message.message))
    if isinstance(message, protocol.Finding):
        return replace(state, findings=(*state.findings, message))
    if isinstance(message, protocol.Progress) and not state.is_cancelling:
        return replace(state, stage=_SETUP_STAGE_TITLES.get(message.stage, message.stage[:1].upper() + message.stage[1:]),
                       fraction=_job_fraction(message),
                       detail=_progress_detail(message))
    return state


def _job_fraction(message: protocol.Progress) -> float | None:
    """Return how much of the job is done (0..1), by the job's plan or the set-up's; else how much of its stage."""
    if message.job_share is not None:
        return message.job_share
    shares = _SETUP_SHARES if message.stage in _SETUP_SHARES else {message.stage: 1.0}
    return protocol.share_of_job(shares, message.stage, message.done, message.total)


def _progress_detail(message: protocol.Progress) -> str:
    """Return a progress as text, without unknown parts: "120 of 300 frames, 14/s, 0:20 left"."""
    parts = []
    if message.unit:
        of_total = f" of {message.total:.0f}" if message.total > 0 else ""
        parts.append(f"{message.done:.0f}{of_total} {message.unit}")
    if message.rate:
        parts.append(f"{message.rate:.{0 if message.rate >= 10 else 1}f}/s")
    if message.seconds_left is not None:
        parts.append(f"{format_clock(message.seconds_left)} left")
    return ", ".join(parts)


when_idle: list[Callable[[], None]] = []    # called in the window when a job has ended and none has followed

_job: Job | None = None
_ended_at: float | None = None  # when the job's final message came, by time.monotonic()


def running_job() -> Job | None:
    """Return the running job, None where none is running."""
    return _job


def start(job: Job) -> None:
    """Poll the job by a timer until it ends. At most one job runs at a time."""
    global _job
    _job = job
    bpy.app.timers.register(_tick, first_interval=_INTERVAL, persistent=True)


def run_to_end(job: Job) -> FinalMessage:
    """Block until the job ends, with its progress on the console; return its final message. For scripts."""
    printer = ProgressPrinter(f"{job.state.title}: ")
    try:
        while job.state.final is None:
            for message in job.poll():
                printer.print_message(message)
            time.sleep(_INTERVAL)
    finally:
        job.process.kill()
    return job.state.final


def stop() -> None:
    """Kill the running job and drop its result, because the add-on or Blender ends."""
    global _job
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _job is not None:
        _job.process.kill()
        _job = None


@bpy.app.handlers.persistent
def detach_from_file(_path: str) -> None:
    """Forget the job's scene when another file is opened: the job continues, but its result must not go into that file."""
    if _job is not None:
        _job.scene_name = None


def register() -> None:
    atexit.register(stop)
    bpy.app.handlers.load_post.append(detach_from_file)


def unregister() -> None:
    stop()
    atexit.unregister(stop)
    bpy.app.handlers.load_post.remove(detach_from_file)


def _tick() -> float | None:
    """Timer: poll, redraw, and end the job. Return the seconds until the next call, None for the last."""
    global _job, _ended_at
    job = _job
    if job is None:
        return None
    before = job.state
    if job.poll() or job.state is not before:
        redraw_sidebars()
    if job.state.final is None:
        _ended_at = None
        return _INTERVAL
    _ended_at = _ended_at or time.monotonic()
    if user_is_busy() and time.monotonic() - _ended_at < _LONGEST_WAIT:
        return _INTERVAL
    _job = _ended_at = None
    _end_job(job)
    if _job is None:
        for call in when_idle:
            call()
    redraw_sidebars()
    return None


def _end_job(job: Job) -> None:
    try:
        job.on_end(job)
    except Exception as error:  # Blender drops a timer that raises, without informing the user
        traceback.print_exc()
        advice = "Please report it with the text in the system console."
        job.state = replace(job.state, final=protocol.Error(type(error).__name__, str(error), advice))
        job.on_end(job)


def user_is_busy() -> bool:
    """Tell whether a modal operator is running (moving an object, for example): then the scene must not change."""
    return any(len(window.modal_operators) for window in bpy.context.window_manager.windows)


def redraw_sidebars() -> None:
    """Redraw the sidebars of all 3D views."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
