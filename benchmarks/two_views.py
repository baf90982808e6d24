"""Captures real footage by two to four cameras together: `python3 benchmarks/two_views.py`. Needs no package.

The videos and the truth are those of `real_footage.py`, also --two-people's. Every pair of the four cameras is captured with
`--also`, then three and all four; nothing is told but the videos. Prints, in the first camera's axes: limb directions in
degrees, MPJPE and PA-MPJPE in mm, and how far the cameras' directions and the time between the videos are off. --captures
takes those of an earlier run.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]      # Python's own line for the second is off in the environment

from real_footage import CAMERAS, TRUTH, fetch_videos, run  # noqa: E402

from mpsnet_blender.client.backend_environment import BackendEnvironment, child_environ  # noqa: E402
from mpsnet_blender.client.terminal import ProgressPrinter  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402

GROUPS = [*itertools.combinations(CAMERAS, 2), *itertools.combinations(CAMERAS, 3), CAMERAS]
FPS = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--output", type=Path, help="keep the captures in this folder")
    parser.add_argument("--captures", type=Path, help="compare these, instead of capturing")
    parser.add_argument("--two-people", action="store_true", help="the videos in which a woman is beside the man")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print_table(given.captures)
        return
    environment = BackendEnvironment(default_home())
    environment.ensure(ProgressPrinter("[backend] ").print_message)
    with tempfile.TemporaryDirectory(prefix="mpsnet-benchmark-") as name:
        captures = given.captures or capture_groups(fetch_videos(environment, Path(name), given.two_people),
                                                    given.output or Path(name) / "captures")
        run([environment.python, __file__, "--child", "--captures", captures.absolute()])


def capture_groups(videos: list[str], output: Path) -> Path:
    """Capture all groups of the videos, and return the folder of the captures. Groups that are refused have none."""
    for group in GROUPS:
        first, *others = (videos[camera - 1] for camera in group)
        also = [word for video in others for word in ("--also", video)]
        command = [sys.executable, str(ROOT / "mocap.py"), "capture", first, *also, "--output", str(output / name_of(group))]
        subprocess.run(command, env=child_environ(), check=False)
    return output


def name_of(group: tuple[int, ...]) -> str:
    """Return the name of a group's folder."""
    return "cameras" + "".join(map(str, group))


def print_table(captures: Path) -> None:
    """Print a row for each group of cameras that was captured. Runs in the backend's environment."""
    import numpy as np
    from real_errors import measure_camera, read_truth

    from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, read_listing

    cameras, joints = read_truth(TRUTH)
    print("cameras   limbs  MPJPE     PA   turned off  time off (frames)")
    for group in GROUPS:
        folder = captures / name_of(group)
        if not folder.is_dir():
            print(f"{'+'.join(map(str, group)):8} no capture")
            continue
        first = group[0] - 1
        errors = measure_camera(folder, cameras, joints, first, 25.0)
        views = read_listing(folder / PEOPLE_FILE).views
        poses = [np.reshape(view.world_from_cam, (4, 4))[:3, :3] for view in views]
        turned = [degrees_between(poses[0].T @ pose, cameras.rotations[first] @ cameras.rotations[camera - 1].T)
                  for pose, camera in zip(poses[1:], group[1:], strict=True)]
        late = [FPS * view.offset_seconds - (cameras.lag[first] - cameras.lag[camera - 1])
                for view, camera in zip(views[1:], group[1:], strict=True)]
        print(f"{'+'.join(map(str, group)):8} {errors[0]:6.1f} {errors[7]:6.0f} {errors[8]:6.0f}   "
              f"{'  '.join(f'{angle:.1f}' for angle in turned):>10}  {'  '.join(f'{frames:+.2f}' for frames in late)}")


def degrees_between(found, true) -> float:
    """Return the angle in degrees between two rotations (3, 3)."""
    import numpy as np
    return float(np.degrees(np.arccos(np.clip((np.trace(found @ true.T) - 1) / 2, -1, 1))))


if __name__ == "__main__":
    main()
