"""Puts small faults into copies of the sources, one at a time, and prints which of them the nearest tests notice.

    PYTHON tools/mutants.py [--sample 150] [--seed 1] [--only backend/world] [--keep out.json]

PYTHON is one of the tests' interpreters (`python3 tests/run.py` makes them; that of the keypoints engine has all that is
needed). `--sample` faults of each of the three groups are drawn with `--seed`. The working tree is only read.

A source's nearest tests are the file that is named after it and the others in the folder that mirrors its own: `backend/body/
lean.py` has `tests/backend/body/test_lean.py` first. Whatever takes longer by itself than `--slowest` seconds of the processor
is left out, and told. A fault that makes tests run for much longer than they do without one counts as noticed. Ctrl+C tells
what was found until then.

Why not mutmut or cosmic-ray: mutmut changes only what stands in functions, and our constants stand above them; it needs one
run of everything to learn which tests call what. cosmic-ray knows one command for all tests and draws no samples. Neither
takes a transpose, an axis or the lesser for the greater. Each would bring a dozen packages for what is 300 lines here.
Each fault has a fork of one process that has imported numpy and pytest already: seconds, where an interpreter of its own would
need half a minute on a busy machine. So it runs where there is fork: on Linux and on a Mac.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"       # a fork has none of its parent's threads

import cv2  # noqa: E402  (what the sources import is imported once, before the forks)
import numpy  # noqa: E402, F401
import pytest  # noqa: E402
import scipy.interpolate  # noqa: E402
import scipy.optimize  # noqa: E402
import scipy.sparse.linalg  # noqa: E402
import scipy.spatial.transform  # noqa: E402, F401
from mutations import Mutation, describe_mutation, find_mutations  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
# What is pure: arrays in, arrays out, no video, no network, no files but small ones.
GROUPS = {
    "shared": ("mpsnet_blender/shared/*.py",),
    "motion": ("mpsnet_blender/motion/*/*.py",),
    "backend": ("backend/base/[!del]*.py", "backend/base/e*.py", "backend/body/*.py", "backend/world/*.py",
                "backend/camera/[!ps]*.py", "backend/people/gaps.py", "backend/people/s*.py", "backend/people/tracklets.py",
                "backend/engines/engine.py", "backend/engines/hidden_steps.py", "backend/engines/lifter_inputs.py",
                "backend/output/quality.py"),
}
SETS_UP_SECONDS, TIMES_LONGER = 10.0, 6.0      # longest run with a fault: seconds, plus this factor times the run without one
WALL_SECONDS = 900.0                            # what waits for ever takes no time of the processor


@dataclass(frozen=True)
class Outcome:
    """What became of one fault in a file: whether the tests noticed it, and the lines that it changed."""
    group: str
    file: str
    line: int
    kind: str
    noticed: bool
    change: list[str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--sample", type=int, default=150, help="faults of each group (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only sources whose path begins so")
    parser.add_argument("--slowest", type=float, default=15.0, help="seconds of the processor for one file of tests")
    parser.add_argument("--keep", type=Path, help="write all outcomes to this JSON file")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "copy"
        copy_tree(copy)
        drawn = [(group, file, mutation) for group in GROUPS for file, mutation in draw(copy, group, given)]
        random.Random(given.seed).shuffle(drawn)        # so that what was tried before Ctrl+C is a fair sample too
        tests, outcomes = NearestTests(copy, given.slowest), []
        try:
            for number, one in enumerate(drawn, start=1):
                outcomes.append(try_mutation(copy, tests, number, len(drawn), *one))
        except KeyboardInterrupt:
            print(f"Stopped after {len(outcomes)} of {len(drawn)}.", file=sys.stderr)
    if given.keep:
        given.keep.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1), encoding="utf-8")
    print_outcomes(outcomes, tests)
    return 0


def copy_tree(copy: Path) -> None:
    """Copy what git tracks, or would, as it stands in the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())


def draw(copy: Path, group: str, given: argparse.Namespace) -> list[tuple[str, Mutation]]:
    """Return a sample of the faults that a group's sources can have, each with its source's path."""
    files = sorted({path.relative_to(copy).as_posix() for pattern in GROUPS[group] for path in copy.glob(pattern)})
    every = [(file, mutation) for file in files if file.startswith(given.only)
             for mutation in find_mutations((copy / file).read_bytes())]
    chosen = random.Random(given.seed).sample(range(len(every)), min(given.sample, len(every)))
    return [every[number] for number in sorted(chosen)]


class NearestTests:
    """The files of tests that are near to a source, quickest first, with the seconds that they take."""

    def __init__(self, copy: Path, slowest: float):
        self._copy, self._slowest = copy, slowest
        self._seconds: dict[str, float] = {}
        self.left_out: dict[str, str] = {}

    def of(self, file: str) -> dict[str, float]:
        """Return each file of tests with its seconds of the processor; the one named after the source comes first."""
        source = Path(file)
        folder = Path("tests", *source.parent.parts[source.parts[0] == "mpsnet_blender":])
        while not list((self._copy / folder).rglob("test_*.py")):
            folder = folder.parent
        near = [path.relative_to(self._copy).as_posix() for path in sorted((self._copy / folder).rglob("test_*.py"))]
        for name in near:
            if name not in self._seconds and name not in self.left_out:
                self._measure(name)
        kept = {name: self._seconds[name] for name in near if name in self._seconds}
        return dict(sorted(kept.items(), key=lambda pair: (not pair[0].endswith(f"/test_{source.name}"), pair[1])))

    def _measure(self, name: str) -> None:
        status, seconds = run_tests(self._copy, [name], self._slowest)
        if status == pytest.ExitCode.OK:
            self._seconds[name] = seconds
        else:
            self.left_out[name] = "too slow" if status is None else f"fails without a fault, pytest's status {status}"


def run_tests(copy: Path, names: list[str], seconds: float) -> tuple[int | None, float]:
    """Run files of tests in a fork, up to the first failure. Return pytest's exit status, None where they took longer than so
    many seconds of the processor, and the seconds that they took."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            status = _tests_in_this_process(copy, names, seconds)
        finally:
            os._exit(status)
    _, ended, used = os.wait4(child, 0)
    status = os.waitstatus_to_exitcode(ended)
    return (None if status < 0 else status), used.ru_utime + used.ru_stime


def _tests_in_this_process(copy: Path, names: list[str], seconds: float) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    import signal
    signal.alarm(int(WALL_SECONDS))
    os.chdir(copy)
    sys.dont_write_bytecode = True
    return int(pytest.main(["-x", "-q", "--rootdir", str(copy), "-c", str(copy / "pyproject.toml"), *names]))


def try_mutation(copy: Path, tests: NearestTests, number: int, count: int, group: str, file: str, mutation: Mutation) -> Outcome:
    """Return what became of one fault; the copy is as before afterwards."""
    near = tests.of(file)
    source = (copy / file).read_bytes()
    (copy / file).write_bytes(mutation.applied(source))
    try:
        status, _ = run_tests(copy, list(near), SETS_UP_SECONDS + TIMES_LONGER * sum(near.values()))
    finally:
        (copy / file).write_bytes(source)
    if status not in (None, pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        raise SystemExit(f"pytest ended with status {status} in {file}:{mutation.line}: {list(near)}")
    noticed = status != pytest.ExitCode.OK
    print(f"[{number} of {count}] {file}:{mutation.line} {mutation.kind}: {'noticed' if noticed else 'SURVIVED'}",
          file=sys.stderr, flush=True)
    return Outcome(group, file, mutation.line, mutation.kind, noticed, list(describe_mutation(source, mutation)))


def print_outcomes(outcomes: list[Outcome], tests: NearestTests) -> None:
    """Print the faults that no test noticed, and a table by room and by group."""
    for outcome in outcomes:
        if not outcome.noticed:
            print(f"\n{outcome.file}:{outcome.line} ({outcome.kind})", *outcome.change, sep="\n")
    rows: dict[str, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        rows[str(Path(outcome.file).parent)].append(outcome.noticed)
        rows[f"all of {outcome.group}"].append(outcome.noticed)
    print(f"\n{'room':<34}{'faults':>8}{'noticed':>9}{'survived':>10}{'share':>8}")
    for room, noticed in sorted(rows.items(), key=lambda row: (row[0].startswith("all of"), row[0])):
        share = sum(noticed) / len(noticed)
        print(f"{room:<34}{len(noticed):>8}{sum(noticed):>9}{len(noticed) - sum(noticed):>10}{share:>8.0%}")
    for name, why in tests.left_out.items():
        print(f"Left out: {name} ({why}).")


if __name__ == "__main__":
    sys.exit(main())
