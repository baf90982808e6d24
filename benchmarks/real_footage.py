"""Captures real footage and compares it with where the joints truly are: `python3 benchmarks/real_footage.py`. Needs no package.

A man keeps his balance on a treadmill, filmed by four calibrated cameras at once, two of them rolled: the
single-person demo of the package pose2sim (BSD-3-Clause), which pip fetches into a temporary folder (51 MB). The truth beside
this file is ours (`real_truth.py`): good for errors above some 5 degrees, not below, and our landmarks had a part in it.
With --two-people, its multi-person demo: the same trial, with a woman before or behind him. He is compared, she has no truth.

Prints, for each camera: angles in degrees between true and captured upper arms, forearms, thighs and shins, in space, within
the picture and in depth, and each of these limbs in space; MPJPE and PA-MPJPE in mm; the worst frame's limbs; the share of
frames above 25 degrees; frames in which left and right are exchanged. --captures takes the captures of an earlier run: its
--output. --quality best also fetches the heavy landmark model, where it is missing (41 MB).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT))

from mpsnet_blender.client.backend_environment import BackendEnvironment, child_environ  # noqa: E402
from mpsnet_blender.client.terminal import ProgressPrinter  # noqa: E402
from mpsnet_blender.shared.capture_request import FAST, QUALITIES  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402

PACKAGE = "pose2sim==0.10.49"
CAMERAS = (1, 2, 3, 4)
TRUTH = Path(__file__).with_name("real_footage.npz")
BAD_DEGREES = 25.0
COLUMNS = ("limbs", "image", "depth", "upper arm", "forearm", "thigh", "shin", "MPJPE", "PA", "worst",
           f"> {BAD_DEGREES:.0f} deg", "mirrored", "found")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--output", type=Path, help="keep the captures in this folder")
    parser.add_argument("--captures", type=Path, help="compare these, instead of capturing")
    parser.add_argument("--quality", choices=QUALITIES, default=FAST)
    parser.add_argument("--two-people", action="store_true", help="the videos in which a woman is beside the man")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print_table(given.captures)
        return
    environment = BackendEnvironment(default_home(), quality=given.quality)
    environment.ensure(ProgressPrinter("[backend] ").print_message)
    with tempfile.TemporaryDirectory(prefix="mpsnet-benchmark-") as name:
        captures = given.captures or capture_all(environment, Path(name), given.output or Path(name) / "captures", given)
        run([environment.python, __file__, "--child", "--captures", captures.absolute()])


def capture_all(environment: BackendEnvironment, folder: Path, output: Path, given: argparse.Namespace) -> Path:
    """Fetch the videos into a folder, capture them, and return the folder of the captures."""
    for camera, video in zip(CAMERAS, fetch_videos(environment, folder, given.two_people), strict=True):
        run([sys.executable, ROOT / "mocap.py", "capture", video, "--output", output.absolute() / name_of(camera),
             "--quality", given.quality])
    return output


def fetch_videos(environment: BackendEnvironment, folder: Path, two_people: bool) -> list[str]:
    """Fetch the videos of the four cameras into a folder, and return where they are."""
    run([environment.python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE])
    demo = "Demo_MultiPerson" if two_people else "Demo_SinglePerson"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return [wheel.extract(f"Pose2Sim/{demo}/videos/{name_of(camera)}.mp4", folder) for camera in CAMERAS]


def name_of(camera: int) -> str:
    """Return the name of a camera's video, and of its capture's folder."""
    return f"cam{camera:02d}"


def run(command: list[str | Path]) -> None:
    """Run a program to its end; leave where it fails."""
    status = subprocess.run([str(word) for word in command], env=child_environ(), check=False).returncode
    if status != 0:
        sys.exit(status)


def print_table(captures: Path) -> None:
    """Print the errors of the captures of all cameras, and their means."""
    import numpy as np
    sys.path.insert(0, str(Path(__file__).parent))      # Python's own line for that is off in the environment
    from real_errors import measure_camera, read_truth

    cameras, joints = read_truth(TRUTH)
    print(f"{'camera':<10}" + "".join(f"{column:>10}" for column in COLUMNS))
    rows = []
    for camera in CAMERAS:
        rows.append(measure_camera(captures / name_of(camera), cameras, joints, camera - 1, BAD_DEGREES))
        print_row(str(camera), rows[-1])
    print_row("mean", np.mean(rows, axis=0))


def print_row(name: str, row) -> None:
    print(f"{name:<10}" + "".join(f"{value:10.1f}" for value in row))


if __name__ == "__main__":
    main()
