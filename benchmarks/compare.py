"""Compares this tree with an older commit: `python3 benchmarks/compare.py OLD_COMMIT [VIDEO ...] [--rounds 3]`.

Both builds capture the same clips in turn, so that other work on the machine lengthens both. Prints for each clip the
medians of seconds and of peak memory with their ranges, new over old, and, where a truth file (.npz) lies beside the video,
the accuracy of both by this tree's scorer. Without videos it takes the sample. Needs no package; each build's environment is
made where it is missing. The exit status is 1 where a ratio is above --limit, or limbs are worse by more than 0.2 degrees.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "samples" / "walk_turn.mp4"
MOST_DEGREES = 0.2      # of the mean direction of limbs, by which a quicker build may be worse
LIMBS = re.compile(r"limb\w*[^0-9]*([0-9.]+)", re.IGNORECASE)


@dataclass
class Build:
    """A tree of sources, and what its captures took: seconds, peak MB, and the scorer's words."""
    name: str
    root: Path
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    score: str = ""

    def capture(self, video: Path, folder: Path) -> None:
        """Capture a video into a folder, with nothing kept of an earlier one, and add what it took."""
        command = [sys.executable, str(self.root / "mocap.py"), "capture", str(video), "--output", str(folder / self.name)]
        environ = os.environ | {"MPSNET_CACHE": tempfile.mkdtemp(dir=folder)}
        start = time.monotonic()
        process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        words = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{self.name} cannot capture {video.name}: {words.decode(errors='replace')[-2000:]}")
        self.seconds.append(time.monotonic() - start)
        unit = 1.0 if sys.platform == "darwin" else 1024.0      # ru_maxrss: bytes on macOS, kilobytes elsewhere
        # Of the largest process: the backend is a child of the shell's.
        self.megabytes.append(usage.ru_maxrss * unit / 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("commit", help="the older build: a commit, a tag or a branch")
    parser.add_argument("videos", type=Path, nargs="*", default=[SAMPLE])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=1.1, help="largest ratio of time and of memory (default: 1.1)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mpsnet-compare-") as name:
        folder = Path(name)
        old_root = check_out(given.commit, folder / "old")
        try:
            failed = [not compare(video.absolute(), old_root, folder / str(number), given.rounds, given.limit)
                      for number, video in enumerate(given.videos)]
        finally:
            git("worktree", "remove", "--force", str(old_root))
    sys.exit(any(failed))


def check_out(commit: str, folder: Path) -> Path:
    """Return a folder with a commit's files, whose environment exists."""
    git("worktree", "add", "--detach", str(folder), commit)
    return folder


def git(*words: str) -> None:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)


def compare(video: Path, old_root: Path, folder: Path, rounds: int, limit: float) -> bool:
    """Print the comparison for one video; return whether it is within the limits."""
    folder.mkdir()
    builds = [Build("old", old_root), Build("new", ROOT)]
    warm_up = [Build(build.name, build.root) for build in builds]       # sets up what is missing, and fills the disk's cache
    for build in warm_up:
        build.capture(video, folder)
    for number in range(rounds):
        for build in builds[::1 if number % 2 else -1]:
            build.capture(video, folder)
    truth = video.with_suffix(".npz")
    for build in builds if truth.is_file() else ():
        build.score = score(folder / build.name, truth)
    return report(video, *builds, limit)


def score(capture: Path, truth: Path) -> str:
    command = [sys.executable, str(ROOT / "mocap.py"), "score", str(capture), str(truth)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def report(video: Path, old: Build, new: Build, limit: float) -> bool:
    print(f"{video.name}: {len(old.seconds)} rounds in turn on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':<10}{'old':>22}{'new':>22}{'new / old':>12}")
    ratios = []
    for title, kind in (("seconds", "seconds"), ("peak MB", "megabytes")):
        first, second = getattr(old, kind), getattr(new, kind)
        ratios.append(statistics.median(second) / statistics.median(first))
        print(f"{title:<10}{describe(first):>22}{describe(second):>22}{ratios[-1]:12.3f}")
    worse = limbs(new.score) - limbs(old.score)
    for build in (old, new):
        print(f"{build.name}: {build.score.splitlines()[0] if build.score else 'no truth beside the video'}")
    sys.stdout.flush()
    return max(ratios) <= limit and not worse > MOST_DEGREES


def describe(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def limbs(words: str) -> float:
    found = LIMBS.search(words)
    return float(found[1]) if found else 0.0


if __name__ == "__main__":
    main()
