"""Solves clips again with each tuned constant of the backend halved and doubled. For the backend's environment.

    python benchmarks/constants.py [--clip VIDEO TRUTH] [--only REGEX] [--end S]

The constants are those that the sources themselves name: top-level numbers with a fraction, alone or in tuples, in the rooms
that work after the landmarks were read. Detection, landmarks and tracking run once for each clip. Prints, for each constant,
how the mean errors of all people and clips change: limb directions (degrees), MPJPE (mm), path in the world (mm), slide of
standing feet (mm a frame). A constant that another one is computed from at import changes nothing here: it prints zeros.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import math
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
from scipy.optimize import linear_sum_assignment

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from backend.base.litert import Workers  # noqa: E402
from backend.base.pinhole import camera_matrix  # noqa: E402
from backend.base.reporter import Reporter  # noqa: E402
from backend.camera.scenery import Scenery  # noqa: E402
from backend.camera.viewpoint import Viewpoint, find_viewpoint  # noqa: E402
from backend.engines.engine import CapturedPerson, Shot  # noqa: E402
from backend.engines.keypoints import KeypointsEngine  # noqa: E402
from backend.evaluation.ground import compare_in_world  # noqa: E402
from backend.evaluation.metrics import direction_error  # noqa: E402
from backend.evaluation.score import compare, compute_camera_joints  # noqa: E402
from backend.evaluation.truth import Truth, read_truth  # noqa: E402
from backend.people.detection import PersonDetector  # noqa: E402
from backend.people.gaps import Clock  # noqa: E402
from backend.people.landmarks import LandmarkModel  # noqa: E402
from backend.people.stitching import PersonTrack, person_track, stitch  # noqa: E402
from backend.people.tracking import Tracker  # noqa: E402
from backend.people.tracklets import Tracklet  # noqa: E402
from backend.pipeline import make_motion  # noqa: E402
from backend.video.frames import VideoSpan, open_span, read_frames  # noqa: E402
from backend.world.planting import plant_feet  # noqa: E402
from backend.world.still_lens import place_with_lens  # noqa: E402
from mpsnet_blender.client.backend_environment import BackendEnvironment  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402

# In the order in which a capture runs them: from the room of the constant on, everything is computed again.
ROOMS = ("people", "camera", "base", "body", "engines", "world")
# These modules run while the landmarks are read, which happens once.
BEFORE = ("people.appearance", "people.detection", "people.landmarks", "people.tracking", "camera.scenery",
          "base.litert", "base.regions", "base.reporter")
NEEDS_TORCH = ("base.devices", "engines.mpsnet")
STATURE = 1.7       # metres: as a capture assumes


class Silence:
    """Receives a capture's messages and shows none."""

    def send(self, message) -> None:
        pass


@dataclass(frozen=True)
class Constant:
    """A name at the top level of a module of the backend, and its number or numbers."""
    module: str
    name: str
    value: float | tuple

    @property
    def room(self) -> str:
        return self.module.split(".")[0]


@dataclass(frozen=True)
class Clip:
    """What was read from a clip, its truth, and what the unchanged constants made of it."""
    span: VideoSpan
    clock: Clock
    tracklets: list[Tracklet]
    scenery: Scenery
    truth: Truth
    tracks: list[PersonTrack] | None = None
    view: Viewpoint | None = None
    people: list[CapturedPerson] | None = None


def find_constants(pattern: str) -> list[Constant]:
    """Return the tuned constants whose `module.NAME` the pattern matches."""
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / "backend" / room).glob("*.py")):
            module = f"{room}.{path.stem}"
            if path.stem != "__init__" and module not in (*BEFORE, *NEEDS_TORCH):
                found += [constant for constant in _list_constants(module, path)
                          if re.search(pattern, f"{module}.{constant.name}")]
    return found


def _list_constants(module: str, path: Path) -> list[Constant]:
    loaded = importlib.import_module(f"backend.{module}")
    names = [name.id for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)
             for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name) and name.id.isupper()]
    return [Constant(module, name, getattr(loaded, name)) for name in names if _is_tuned(getattr(loaded, name))]


def _is_tuned(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(part, float) for part in value)
    return isinstance(value, float)


@contextmanager
def multiply_constant(constant: Constant, factor: float) -> Iterator[None]:
    """Multiply a constant by a factor in its module, and in those that imported it."""
    value = tuple(factor * part for part in constant.value) if isinstance(constant.value, tuple) else factor * constant.value
    holders = [module for name, module in sys.modules.items() if name.startswith("backend.") and isinstance(module, ModuleType)
               and getattr(module, constant.name, None) is constant.value]
    for module in holders:
        setattr(module, constant.name, value)
    try:
        yield
    finally:
        for module in holders:
            setattr(module, constant.name, constant.value)


def read_clip(video: Path, truth: Path, end_seconds: float) -> Clip:
    """Run detection, landmarks and tracking over a clip, up to a time."""
    models_folder = BackendEnvironment(default_home()).models_folder
    span, frames = open_span(video, 0.0, end_seconds), []
    scenery = Scenery(span.fps)
    with Workers() as workers:
        tracker = Tracker(PersonDetector(models_folder, workers), LandmarkModel(models_folder, workers))
        for frame in read_frames(span):
            scenery.step(frame, [tracklet.region for tracklet in tracker.step(frame)])
            frames.append((frame.index, frame.timestamp))
    index, timestamps = zip(*frames, strict=True)
    return Clip(span, Clock(np.array(index), np.array(timestamps), span.fps), tracker.finish(), scenery, read_truth(truth))


def solve(clip: Clip, engine: KeypointsEngine, room: str) -> tuple[Clip, np.ndarray]:
    """Return the clip with what was computed from a room on, and the errors (4,): degrees, mm, mm, mm a frame."""
    reporter, stage = Reporter(Silence()), ROOMS.index(room)
    tracks, view, people = clip.tracks, clip.view, clip.people
    if tracks is None or stage == 0:
        tracks = [person_track(person) for person in stitch(clip.tracklets, clip.span.size)]
    if view is None or stage <= ROOMS.index("base"):
        view = find_viewpoint(clip.scenery, clip.clock.timestamps, camera_matrix(clip.span.size), False, reporter)
    shot = Shot(clip.span, clip.clock, view.intrinsics, STATURE)
    if people is None or stage < ROOMS.index("world"):
        people = engine.solve(tracks, shot, reporter)
    shot, world_camera, placed = place_with_lens(people, shot, view, False, reporter)
    motions = [make_motion(plant_feet(person, 1.0, shot, world_camera), person, world_camera, shot, "keypoints")
               for person in placed]
    return replace(clip, tracks=tracks, view=view, people=people), compute_errors(motions, clip.truth)


def compute_errors(motions: list, truth: Truth) -> np.ndarray:
    """Return the mean errors (4,) of motions, each against the true person that is nearest in direction."""
    joints = [compute_camera_joints(motion) for motion in motions]
    costs = [[direction_error(ours.mean(1), true[motion.frame_index].mean(1)) for true in truth.joints]
             for motion, ours in zip(motions, joints, strict=True)]
    rows = []
    for row, column in zip(*linear_sum_assignment(costs), strict=True):
        score, ground = compare(joints[row], truth.joints[column], motions[row].frame_index), \
            compare_in_world(motions[row], truth, column)
        rows.append((score.limb_direction, score.mpjpe, ground.root_path, ground.slide))
    return np.mean(rows, axis=0)


def describe_changes(constant: Constant, clips: list[Clip], before: np.ndarray, engine: KeypointsEngine) -> str:
    """Return in words how the errors (4,) change where a constant is halved, and doubled."""
    words = []
    for factor in (0.5, 2.0):
        try:
            with multiply_constant(constant, factor):
                after = np.mean([solve(clip, engine, constant.room)[1] for clip in clips], axis=0)
            words.append(" ".join(f"{change:+8.2f}" for change in after - before))
        except (ValueError, IndexError, ArithmeticError) as error:      # such a value makes no sense there
            words.append(f"{type(error).__name__:>35}")
    return "  | ".join(words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", nargs=2, type=Path, action="append", metavar=("VIDEO", "TRUTH"))
    parser.add_argument("--only", default="", metavar="REGEX", help="only constants whose module.NAME it matches")
    parser.add_argument("--end", type=float, default=math.inf, metavar="S", help="end S seconds into each clip")
    options = parser.parse_args()
    samples = ROOT / "samples"
    paths = options.clip or [(samples / "walk_turn.mp4", samples / "walk_turn.npz")]
    constants, engine = find_constants(options.only), KeypointsEngine()
    solved = [solve(read_clip(*pair, options.end), engine, ROOMS[0]) for pair in paths]
    clips, before = [clip for clip, _ in solved], np.mean([error for _, error in solved], axis=0)
    print("limbs {:.2f} degrees, MPJPE {:.1f} mm, path {:.1f} mm, slide {:.2f} mm a frame".format(*before))
    print(f"{'constant':55} {'halved: limbs  MPJPE  path  slide':36} | doubled", flush=True)
    for constant in constants:
        start = time.monotonic()
        words = describe_changes(constant, clips, before, engine)
        print(f"{constant.module + '.' + constant.name:55} {words}   ({time.monotonic() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
