"""Measures the capture: `python3 benchmarks/capture_speed.py VIDEO [--frames N ...] [--skip-cancel]`. Needs no package.

Prints, on the backend's environment (made where it is missing): frames a second end to end, the seconds of each stage,
the peak memory of captures of N frames (the video repeated; 300 and 3,000 by default) and their ratio, and how long
after a request to cancel the process tree is gone, stage by stage. Other work on the machine lengthens all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT))

from mpsnet_blender.client.backend_environment import BackendEnvironment, child_environ  # noqa: E402
from mpsnet_blender.client.backend_process import BackendProcess  # noqa: E402
from mpsnet_blender.client.terminal import ProgressPrinter  # noqa: E402
from mpsnet_blender.shared.capture_request import FAST, QUALITIES  # noqa: E402
from mpsnet_blender.shared.protocol import Hello, Message, Progress  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402

CANCELLED_SECONDS_OF_VIDEO = 4.0
# Where a cancel is asked for: at the first message of that kind.
CANCEL_POINTS: dict[str, Callable[[Message], bool]] = {
    "starting": lambda message: isinstance(message, Hello),
    "finding people": lambda message: _is_progress(message, "Finding people", 10),
    "solving motion": lambda message: _is_progress(message, "Solving motion", 0),
    "drawing preview": lambda message: _is_progress(message, "Drawing preview", 10),
}


def _is_progress(message: Message, stage: str, done: int) -> bool:
    return isinstance(message, Progress) and message.stage == stage and message.done >= done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("video", type=Path)
    parser.add_argument("--frames", type=int, nargs="+", default=[300, 3000], metavar="N")
    parser.add_argument("--quality", choices=QUALITIES, default=FAST, help="of the captures whose time and memory are measured")
    parser.add_argument("--skip-cancel", action="store_true", help="do not measure how fast a cancel is")
    parser.add_argument("--child", choices=("repeat", "stages"), help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child == "repeat":
        repeat_video(given.video, given.output, given.frames[0])
    elif given.child == "stages":
        print(json.dumps(measure_stages(given.video, given.output)))
    else:
        measure(given.video.absolute(), given.frames, given.quality, not given.skip_cancel)


def measure(video: Path, frame_counts: list[int], quality: str, with_cancel: bool) -> None:
    environment = BackendEnvironment(default_home(), quality=quality)
    environment.ensure(ProgressPrinter("[backend] ").print_message)
    load = f", load before {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{video.name} on {os.cpu_count()} cores{load}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mpsnet-benchmark-") as name:
        folder = Path(name)
        clips = {count: make_repeated_video(environment, video, folder, count) for count in sorted(frame_counts)}
        print_stages(environment, clips[min(clips)], folder)
        print_captures(environment, clips, folder)
        if with_cancel:
            print_cancels(environment, clips[min(clips)], folder)


def make_repeated_video(environment: BackendEnvironment, video: Path, folder: Path, frame_count: int) -> Path:
    """Return a video of that many frames."""
    clip = folder / f"{frame_count}.mp4"
    run_child(environment, "repeat", video, clip, "--frames", str(frame_count))
    return clip


def run_child(environment: BackendEnvironment, child: str, video: Path, output: Path, *arguments: str) -> str:
    command = [environment.python, __file__, str(video), "--child", child, "--output", str(output), *arguments]
    done = subprocess.run(command, env=child_environ(), check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout


def print_stages(environment: BackendEnvironment, clip: Path, folder: Path) -> None:
    stages = json.loads(run_child(environment, "stages", clip, folder / "stages").splitlines()[-1])
    frames = stages.pop("frames")
    print(f"\n{'stage':<26}{'s':>8}{'ms/frame':>10}{'frames/s':>10}")
    for stage, seconds in stages.items():
        print(f"{stage:<26}{seconds:8.2f}{1000 * seconds / frames:10.2f}{frames / max(seconds, 1e-9):10.1f}")


def print_captures(environment: BackendEnvironment, clips: dict[int, Path], folder: Path) -> None:
    print(f"\n{'end to end':<26}{'s':>8}{'CPU s':>8}{'frames/s':>10}{'peak MB':>10}")
    peaks = []
    for count, clip in clips.items():
        for preview in ([], ["--preview"]) if count == min(clips) else ([],):
            seconds, cpu_seconds, peak = run_capture(environment, clip, folder / f"out-{count}", "--quality", environment.quality,
                                                     *preview)
            print(f"{f'{count} frames' + (', preview' if preview else ''):<26}{seconds:8.2f}{cpu_seconds:8.2f}"
                  f"{count / seconds:10.1f}{peak:10.0f}", flush=True)
            peaks += [] if preview else [peak]
    if len(peaks) > 1:
        print(f"memory of {max(clips)} frames over {min(clips)} frames: {peaks[-1] / peaks[0]:.3f}")


def run_capture(environment: BackendEnvironment, clip: Path, output: Path, *options: str) -> tuple[float, float, float]:
    """Return a capture's seconds, start of the process included, those of all cores, and its peak memory in MB."""
    command = environment.backend_command("capture", str(clip), "--output", str(output), "--no-cache", *options)
    start = time.monotonic()
    # stdin stays open until the end: closing it would cancel.
    process = subprocess.Popen(command, env=child_environ(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdin.close()
    if process.returncode != 0:
        sys.exit(f"The capture of {clip.name} ended with status {process.returncode}.")
    unit = 1.0 if sys.platform == "darwin" else 1024.0      # ru_maxrss: bytes on macOS, kilobytes elsewhere
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def print_cancels(environment: BackendEnvironment, clip: Path, folder: Path) -> None:
    print(f"\n{'cancel while':<26}{'s until the tree is gone':>26}")
    for stage, reached in CANCEL_POINTS.items():
        command = environment.backend_command("capture", str(clip), "--output", str(folder / "cancelled"), "--no-cache",
                                              "--preview", "--end", str(CANCELLED_SECONDS_OF_VIDEO))
        with BackendProcess(command, folder, folder / "cancelled.log") as process:
            if not any(reached(message) for message in process.messages()):
                sys.exit(f"The capture never came to {stage}.")
            start = time.monotonic()
            process.cancel()
            process.wait()      # the watcher has then killed what was left of the tree
            print(f"{stage:<26}{time.monotonic() - start:26.2f}", flush=True)
            list(process.messages())
        left = [path.name for path in folder.iterdir() if "cancelled" in path.name and path.suffix != ".log"]
        if left:
            sys.exit(f"The cancelled capture left {left}.")


def repeat_video(video: Path, output: Path, frame_count: int) -> None:
    """Write that many frames of a video, from the start again where it ends."""
    import cv2

    source = cv2.VideoCapture(str(video))
    size = int(source.get(cv2.CAP_PROP_FRAME_WIDTH)), int(source.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(str(output), cv2.VideoWriter_fourcc(*"mp4v"), source.get(cv2.CAP_PROP_FPS), size)
    for _ in range(frame_count):
        readable, image = source.read()
        if not readable:
            source.release()
            source = cv2.VideoCapture(str(video))
            readable, image = source.read()
        if not readable:
            sys.exit(f"{video} cannot be read.")
        writer.write(image)
    writer.release()


def measure_stages(video: Path, output: Path) -> dict[str, float]:
    """Capture a video in this process with stopwatches on its parts; return their seconds and the number of frames."""
    from backend import pipeline
    from backend.base.reporter import Reporter
    from backend.finding import find_people
    from mpsnet_blender.shared.capture_request import CaptureRequest

    start = time.monotonic()
    frames = sum(1 for _ in find_people.read_frames(pipeline.open_span(video)))
    seconds = {"frames": frames, "decode (alone)": time.monotonic() - start}

    def timed(function: Callable, name: str) -> Callable:
        def call(*arguments):
            begin = time.monotonic()
            try:
                return function(*arguments)
            finally:
                seconds[name] = seconds.get(name, 0.0) + time.monotonic() - begin
        return call

    read_frames = find_people.read_frames

    def timed_frames(*arguments):
        iterator = iter(read_frames(*arguments))
        step = timed(lambda: next(iterator, None), "waiting for frames")
        while (frame := step()) is not None:
            yield frame

    for model, name in ((find_people.PersonDetector, "detection"), (find_people.LandmarkModel, "landmarks")):
        model.__call__ = timed(model.__call__, name)
    find_people.read_frames = timed_frames
    find_people.stitch = timed(find_people.stitch, "stitching")
    moments = _StageTimes()
    request = CaptureRequest(preview=True)
    begun = time.monotonic()
    environment = BackendEnvironment(default_home())
    pipeline.capture(video, output, request, environment.models_folder, environment.checkpoints_folder, Reporter(moments))
    ended = time.monotonic()
    finding = moments.first["Solving motion"] - begun
    timed_parts = ("detection", "landmarks", "waiting for frames", "stitching")
    seconds["rest of finding people"] = finding - sum(seconds[name] for name in timed_parts)
    seconds["solving motion"] = moments.last["Solving motion"] - moments.first["Solving motion"]
    seconds["preview and files"] = ended - moments.last["Solving motion"]
    seconds["all, without start-up"] = ended - begun
    return seconds


class _StageTimes:
    """A sink that stores the times of each stage's first and last message."""

    def __init__(self):
        self.first: dict[str, float] = {}
        self.last: dict[str, float] = {}

    def send(self, message: Message) -> None:
        if isinstance(message, Progress):
            self.first.setdefault(message.stage, time.monotonic())
            self.last[message.stage] = time.monotonic()


if __name__ == "__main__":
    main()
