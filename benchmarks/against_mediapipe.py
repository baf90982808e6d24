"""Compares the time of a capture with MediaPipe's own program: `python3 benchmarks/against_mediapipe.py VIDEO [--rounds N]`.

MediaPipe's Pose solution (package mediapipe 0.10.21, full model, landmarks of one person) reads the video by OpenCV and does
nothing else with it. Ours is the whole capture by the command line, with hands and without. All are whole processes, start-up
included, and alternate. Prints the median seconds and frames a second of each, their processor seconds (not on Windows), and the
ratio of their rates. Needs Python 3.9 to 3.12, for which mediapipe 0.10.21 has wheels; it is installed in a temporary folder
(150 MB). Other work on the machine lengthens the seconds of all, not equally, and processor seconds less.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT))

from mpsnet_blender.client.backend_environment import BackendEnvironment  # noqa: E402
from mpsnet_blender.client.terminal import ProgressPrinter  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402

# What the Pose solution imports. All that the wheel asks for would be a gigabyte.
PACKAGES = ("absl-py", "attrs", "flatbuffers", "matplotlib", "numpy<2", "opencv-contrib-python==4.11.0.86", "protobuf>=4.25.3,<5")
POSE = """
import sys
import cv2, mediapipe
video, frames = cv2.VideoCapture(sys.argv[1]), 0
with mediapipe.solutions.pose.Pose(model_complexity=1) as pose:
    while True:
        readable, image = video.read()
        if not readable:
            break
        pose.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        frames += 1
print(frames)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("video", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="of one run each (default: 3)")
    given = parser.parse_args()
    if not (3, 9) <= sys.version_info < (3, 13):
        sys.exit("mediapipe 0.10.21 has no wheel for this Python: run this by Python 3.9 to 3.12.")
    BackendEnvironment(default_home()).ensure(ProgressPrinter("[backend] ").print_message)
    with tempfile.TemporaryDirectory(prefix="mpsnet-benchmark-") as name:
        folder = Path(name)
        python = install_mediapipe(folder / "mediapipe")
        # Nothing is kept: another round would go on after the finding of people.
        capture = [sys.executable, str(ROOT / "mocap.py"), "capture", str(given.video), "--output", str(folder / "out"),
                   "--no-cache"]
        compare({"mediapipe": [str(python), "-c", POSE, str(given.video)], "capture": capture,
                 "without hands": [*capture, "--no-hands"]}, given.rounds)


def install_mediapipe(folder: Path) -> Path:
    """Make an environment with mediapipe's Pose solution, and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for packages in (("--no-deps", "mediapipe==0.10.21"), PACKAGES):
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True)
    return python


def compare(programs: dict[str, list[str]], rounds: int) -> None:
    """Run the programs in turns, and print their times."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    processor: dict[str, list[float]] = {name: [] for name in programs}
    frames = 0
    for _ in range(rounds):
        for name, command in programs.items():
            start, before = time.monotonic(), measure_children()
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            seconds[name].append(time.monotonic() - start)
            processor[name].append(measure_children() - before)
            if done.returncode != 0:
                sys.exit(f"{name} ended with status {done.returncode}:\n{done.stderr}")
            if name == "mediapipe":
                frames = int(done.stdout.split()[-1])
    print(f"{frames} frames on {os.cpu_count()} cores, median of {rounds} runs")
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, median in medians.items():
        times = ", ".join(f"{one:.2f}" for one in seconds[name])
        print(f"{name:<14}{median:8.2f} s{frames / median:8.1f} frames/s{statistics.median(processor[name]):8.2f} processor s   "
              f"({times})   {medians['mediapipe'] / median:.2f} of mediapipe's rate")


def measure_children() -> float:
    """Return the processor seconds of all child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    main()
