"""Measures memory and seconds of long captures: `python3 benchmarks/long_capture.py VIDEO [--frames N ...]`. Needs no package.

The video is repeated forwards and backwards, at 320 px. From the second round on, the landmark models answer what they
answered for the same picture before: an hour then takes some minutes instead of hours. Everything else is computed as ever.
Prints the peak memory of each stage (MB), and its seconds.
"""

from __future__ import annotations

import argparse
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
from mpsnet_blender.client.terminal import ProgressPrinter  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402

LONG_SIDE = 320                 # px of the repeated video: decoding is not what is measured
DETECTED_FRAMES = 15            # from one detection to the next at 30 frames a second: each period has them in other frames
STAGES = ("find_people", "place_with_lens", "plant_feet", "make_motion", "measure_quality", "write_people")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("video", type=Path)
    parser.add_argument("--frames", type=int, nargs="+", default=[360, 10_000, 108_000], metavar="N")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        measure(given.video, given.frames[0], given.child)
        return
    environment = BackendEnvironment(default_home())
    environment.ensure(ProgressPrinter("[backend] ").print_message)
    for count in given.frames:
        with tempfile.TemporaryDirectory(prefix="mpsnet-benchmark-") as folder:
            subprocess.run([str(environment.python), __file__, str(given.video.absolute()), "--frames", str(count),
                            "--child", folder], env=child_environ(), check=True)


def measure(video: Path, count: int, folder: Path) -> None:
    """Capture a repeated video in this process; print each stage's memory and seconds."""
    from backend import pipeline
    from backend.base.reporter import Reporter
    from mpsnet_blender.shared.capture_request import CaptureRequest

    clip = folder / "long.mp4"
    period = repeat_video(video, clip, count)
    answer_as_before(period)
    meter = MemoryMeter()
    print(f"\n{count} frames{'':<16}{'before':>8}{'peak MB':>8}{'s':>8}", flush=True)
    for name in STAGES:
        setattr(pipeline, name, meter.watched(getattr(pipeline, name), name))
    make_engine = pipeline.make_engine

    def make_watched_engine(*arguments):
        engine = make_engine(*arguments)
        engine.solve = meter.watched(engine.solve, "solve")
        return engine

    pipeline.make_engine = make_watched_engine
    environment = BackendEnvironment(default_home())
    start = time.monotonic()
    pipeline.capture(clip, folder / "out", CaptureRequest(), environment.models_folder, environment.checkpoints_folder,
                     Reporter(Silence()), folder / "cache")
    meter.take_up()
    print(f"{'all':<36}{meter.peaks[0]:8.0f}{time.monotonic() - start:8.1f}", flush=True)


class Silence:
    """A sink that shows nothing."""

    def send(self, message) -> None:
        pass


class MemoryMeter:
    """Reads the most that this process had in memory (MB), of all time and of each stage that is watched; Linux only."""

    def __init__(self):
        self.peaks = [0.0]      # of all, and of the stages that run now, one in the other

    def watched(self, stage: Callable, name: str) -> Callable:
        """Return a stage that prints its memory and seconds."""
        def call(*arguments, **options):
            self.take_up()
            before, start = read_memory("VmRSS"), time.monotonic()
            self.peaks.append(before)
            try:
                return stage(*arguments, **options)
            finally:
                self.take_up()
                print(f"{name:<28}{before:8.0f}{self.peaks.pop():8.0f}{time.monotonic() - start:8.1f}", flush=True)
        return call

    def take_up(self) -> None:
        """Take up the peak since the last time, which the kernel knows exactly."""
        peak = read_memory("VmHWM")
        self.peaks = [max(peak, before) for before in self.peaks]
        Path("/proc/self/clear_refs").write_text("5")


def read_memory(name: str) -> float:
    """Return what this process has in memory now (VmRSS) or had at most (VmHWM), in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) * 1024 / 1e6


def repeat_video(video: Path, output: Path, frame_count: int) -> int:
    """Write that many frames of a video, forwards and backwards in turns; return the frames of both together."""
    import cv2

    source, images = cv2.VideoCapture(str(video)), []
    while (read := source.read())[0]:
        scale = LONG_SIDE / max(read[1].shape)
        images.append(cv2.resize(read[1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    images += images[-2:0:-1]
    writer = cv2.VideoWriter(str(output), cv2.VideoWriter.fourcc(*"mp4v"), source.get(cv2.CAP_PROP_FPS), images[0].shape[1::-1])
    for row in range(frame_count):
        writer.write(images[row % len(images)])
    writer.release()
    return len(images)


def answer_as_before(period: int) -> None:
    """Let the models answer, after the first period of frames, what they answered a period before."""
    from backend.people import detection, landmarks, tracking

    follow, read, detect = tracking.Tracker.step, landmarks.LandmarkNetwork.read, detection.PersonDetector.__call__
    current, known = [0], {}

    def step(self, frame):
        current[0] = frame.index
        return follow(self, frame)

    def answered(compute: Callable, key: tuple):
        if current[0] >= period and key in known:
            return known[key]
        answer = compute()
        known.setdefault(key, answer)       # the first one of a frame is that of the person who is followed
        return answer

    def read_before(self, crop, region, is_mirrored=False):
        return answered(lambda: read(self, crop, region, is_mirrored), ("read", current[0] % period, is_mirrored))

    def detect_before(self, image, tile_sizes=detection.TILE_SIZES):
        return answered(lambda: detect(self, image, tile_sizes), ("detect", current[0] % period // DETECTED_FRAMES, tile_sizes))

    tracking.Tracker.step, landmarks.LandmarkNetwork.read = step, read_before
    detection.PersonDetector.__call__ = detect_before


if __name__ == "__main__":
    main()
