"""The default engine: SMPL motion from body landmarks alone, by an analytic solve. Needs no torch."""

from __future__ import annotations

from .engine import CapturedPerson, Shot
from .gaps import fill_gaps
from .kinematics import calm_unseen, solve_rotations
from .lean import lean_bias
from .lifting import lift
from .reporter import Reporter
from .root import place_in_camera
from .sides import repair_sides
from .stitching import PersonTrack


class KeypointsEngine:
    """Lifts each person's landmarks to points in space and solves SMPL's rotations for them."""
    name = "keypoints"
    stage = "Solving motion"
    time_share = 0.03

    def solve(self, tracks: list[PersonTrack], shot: Shot, reporter: Reporter) -> list[CapturedPerson]:
        """Return the people in the tracks' order. Raises CancelRequested."""
        lean = lean_bias(tracks, shot.intrinsics)
        people = []
        for track in tracks:
            reporter.progress(self.stage, len(people), len(tracks), "people")
            people.append(_solve_person(track, shot, lean, reporter))
        reporter.progress(self.stage, len(people), len(tracks), "people")
        return people


def _solve_person(track: PersonTrack, shot: Shot, lean: float, reporter: Reporter) -> CapturedPerson:
    repaired, repaired_frames = repair_sides(fill_gaps(track, shot.clock))
    reporter.check()
    lifted = lift(repaired, shot.intrinsics, shot.stature, lean)
    reporter.check()
    rotmats = calm_unseen(solve_rotations(lifted), lifted)
    reporter.check()
    motion = place_in_camera(lifted, rotmats)
    return CapturedPerson(repaired, lifted.body, motion, len(track.frame_index), repaired_frames)
