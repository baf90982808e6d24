"""How exactly the time between views is found, and whether wrong pairs are refused: `benchmarks/views_timing.py VIDEO ...`.

VIDEO: two or more videos that show one moment and start together, such as those of `real_footage.py`; --late: by how many
seconds each of them starts late, where they do not. For each pair the second video is cut at its beginning 20 times, by 7 to 40
frames, at the whole rate and at 30 and 24 frames a second (the nearest pictures, as an encoder takes them); prints the errors in
milliseconds. Then pairs of other moments and other people, from --others (samples/walk_turn.mp4): how many are refused. People
are looked for once in each video. Needs no package.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]      # Python's own line for the second is off in the environment

from real_footage import run  # noqa: E402

from mpsnet_blender.client.backend_environment import BackendEnvironment  # noqa: E402
from mpsnet_blender.client.terminal import ProgressPrinter  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402

CUTS, PART_SECONDS = 20, 2.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("videos", type=Path, nargs="+", metavar="VIDEO")
    parser.add_argument("--late", type=float, nargs="+", default=[], metavar="S")
    parser.add_argument("--others", type=Path, default=ROOT / "samples" / "walk_turn.mp4")
    parser.add_argument("--models", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.models is None:
        environment = BackendEnvironment(default_home())
        environment.ensure(ProgressPrinter("[backend] ").print_message)
        run([environment.python, __file__, *sys.argv[1:], "--models", environment.models_folder])
        return
    late = given.late or [0.0] * len(given.videos)
    looked = [Looked(video, given.models) for video in given.videos]
    for (first, first_late), (other, other_late) in itertools.combinations(zip(looked, late, strict=True), 2):
        measure_cuts(first, other, first_late - other_late)
    count_refused(looked, Looked(given.others, given.models))


class Silence:
    """A reporter that says nothing."""

    def __getattr__(self, _name: str):
        return lambda *_arguments, **_named: None


class Looked:
    """The people found in a video, of which views of any part are made."""

    def __init__(self, video: Path, models: Path):
        from backend.base.pinhole import camera_matrix
        from backend.camera.viewpoint import find_viewpoint
        from backend.finding.find_people import find_people
        from backend.video.frames import open_span
        from mpsnet_blender.shared.capture_request import DEFAULT_FOV_DEGREES, CaptureRequest

        self.span = open_span(video)
        intrinsics = camera_matrix(self.span.size, DEFAULT_FOV_DEGREES)
        found, self.viewpoint = find_people(
            self.span, CaptureRequest(hands=False), models, None, Silence(),
            lambda scenery, clock: find_viewpoint(scenery, clock.timestamps, intrinsics, False, Silence()))
        self.tracks, self.clock = found.tracks, found.clock

    def view(self, first: int = 0, last: int | None = None, fps: float | None = None):
        """Return the view of frames first to last, at another rate."""
        import numpy as np

        from backend.engines.engine import Shot
        from backend.engines.keypoints import KeypointsEngine
        from backend.people.gaps import Clock
        from backend.views.view import View

        times = self.clock.timestamps[first:last] - self.clock.timestamps[first]
        rows = np.arange(len(times))
        if fps:
            even = np.arange(0, times[-1] + 1e-9, 1 / fps)
            rows, times = np.abs(times[:, None] - even).argmin(0), even
        clock = Clock(np.arange(len(rows)), times, fps or self.clock.nominal_fps)
        shot = Shot(self.span, clock, self.viewpoint.intrinsics, 1.7)
        tracks = [cut for track in self.tracks if (cut := _cut(track, self.clock.frame_index[first + rows], times)) is not None]
        return View(shot, self.viewpoint, KeypointsEngine().solve(tracks, shot, Silence()), False)


def _cut(track, frames, times):
    """Return a track in frames (N,) of its video, which are numbered anew and have times (N,) s; None below ten of them."""
    from dataclasses import replace

    import numpy as np
    here = np.flatnonzero(np.isin(frames, track.frame_index))
    if len(here) < 10:
        return None
    rows = np.searchsorted(track.frame_index, frames[here])
    return replace(track, frame_index=here, timestamps=times[here], **{
        name: getattr(track, name)[rows] for name in ("xy", "world", "score", "boxes")})


def measure_cuts(first: Looked, other: Looked, true: float) -> None:
    """Print the errors of the offset of two videos, the second one cut at its beginning."""
    import numpy as np
    rng, whole, errors = np.random.default_rng(16), first.view(), []
    for number in range(CUTS):
        cut = int(rng.integers(7, 41))
        found = find_offset(whole, other.view(cut, fps=(None, 30.0, 24.0)[number % 3]))
        if found is not None:
            errors.append(1000 * (found - true + other.clock.timestamps[cut]))
    beside = np.abs(errors)
    print(f"{first.span.path.name} and {other.span.path.name}: {len(errors)} of {CUTS} joined; "
          f"off by {beside.mean():.1f} ms in the mean, {beside.max():.1f} at most, {np.mean(errors):+.1f} with sign", flush=True)


def count_refused(looked: list[Looked], others: Looked) -> None:
    """Print how many pairs of other moments and other people are refused."""
    frames = round(PART_SECONDS * others.clock.nominal_fps)
    parts = [others.view(start, start + frames) for start in range(0, len(others.clock.timestamps) - frames + 1, frames)]
    pairs = [*itertools.product([video.view() for video in looked], parts), *itertools.combinations(parts, 2)]
    refused = sum(find_offset(*pair) is None for pair in pairs)
    print(f"wrong pairs: {refused} of {len(pairs)} refused")


def find_offset(first, other) -> float | None:
    """Return the offset of two views in seconds, or None where they are refused."""
    from backend.base.errors import ViewsError
    from backend.views.merging import join_views
    from backend.views.view import OtherView
    try:
        return float(join_views([first, other], [OtherView(other.shot.span.path)], Silence()).cameras.offsets[1])
    except ViewsError:
        return None


if __name__ == "__main__":
    main()
