"""The default engine: SMPL motion from body landmarks alone, by our trained temporal network. Needs no torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.capture_request import CaptureRequest

from ..base.pinhole import project
from ..base.reporter import Reporter
from ..base.smoothing import interpolate, smooth_rotmats
from ..body.analytic_solve import smooth_unseen_joints, solve_rotations
from ..body.camera_placement import fit_in_camera
from ..body.lean import measure_lean_bias
from ..body.lifting import LiftedTrack, lift
from ..body.picture_fit import fit_to_picture
from ..people.gaps import fill_gaps, span_starts
from ..people.sides import repair_sides
from ..people.stitching import PersonTrack
from .engine import CapturedPerson, Shot
from .hidden_steps import fill_hidden_steps
from .lifter import TemporalLifter
from .lifter_inputs import make_lifter_inputs

_SMOOTH_SECONDS = 0.16      # a local parabola of this width keeps hits and reduces the error of accelerations by a tenth


class KeypointsEngine:
    """Lifts each person's landmarks to points in space, solves SMPL's rotations from them, and corrects these by our network.

    lifter: "trained", or "analytic" without the network; refine: whether the body is fitted to the picture at the end.
    """
    stage_title = "Solving motion"
    time_share = 0.06

    def __init__(self, lifter: str = "trained", refine: bool = True):
        self._lifter = TemporalLifter() if lifter == "trained" else None
        self._refine = refine

    def solve(self, tracks: list[PersonTrack], shot: Shot, reporter: Reporter) -> list[CapturedPerson]:
        """Return the people in the tracks' order. Raises CancelRequested."""
        lean = measure_lean_bias(tracks, shot.intrinsics)
        people: list[CapturedPerson] = []
        for track in tracks:
            reporter.progress(self.stage_title, len(people), len(tracks), "people")
            people.append(self._solve_person(track, shot, lean, reporter))
        reporter.progress(self.stage_title, len(people), len(tracks), "people")
        return people

    def _solve_person(self, track: PersonTrack, shot: Shot, lean: float, reporter: Reporter) -> CapturedPerson:
        repaired, repaired_frames = repair_sides(fill_gaps(track, shot.clock))
        reporter.check()
        lifted = lift(repaired, shot.intrinsics, shot.stature, lean)
        reporter.check()
        seen = np.isin(repaired.frame_index, track.frame_index)
        rotmats, is_filled = self._find_rotmats(repaired, lifted, seen, shot, reporter)
        person = CapturedPerson(repaired, lifted.body, fit_in_camera(lifted, rotmats), len(track.frame_index), repaired_frames)
        if self._refine:
            before = person.reprojection_error(shot.intrinsics)
            person = replace(person, motion=fit_to_picture(person.motion, lifted, repaired.frame_index, check=reporter.check),
                             unrefined_reprojection_error=before)
        return _move_landmarks(person, is_filled, shot.intrinsics)

    def _find_rotmats(self, track: PersonTrack, lifted: LiftedTrack, seen: np.ndarray, shot: Shot,
                      reporter: Reporter) -> tuple[np.ndarray, np.ndarray]:
        """Return the joints' rotations (T, 24, 3, 3), and whether a frame (T,) was filled with steps; seen (T,): whether the
        person was. What is computed on the way is large, and gone afterwards."""
        rotmats = smooth_unseen_joints(solve_rotations(lifted), lifted)
        reporter.check()
        if self._lifter:
            inputs = make_lifter_inputs(track, lifted, rotmats, shot.intrinsics)
            rotmats = self._lifter.run(inputs, track.timestamps, span_starts(track)).rotmats
            del inputs
            reporter.check()
        stepped = fill_hidden_steps(rotmats, track.timestamps, seen)
        is_filled = ~seen & (stepped != rotmats).any((1, 2, 3))
        return smooth_rotmats(stepped, track.timestamps, _SMOOTH_SECONDS, degree=2), is_filled


def make_engine(request: CaptureRequest, _checkpoints_folder: Path) -> KeypointsEngine:
    """Return the engine that a request asks for."""
    return KeypointsEngine(request.lifter, request.refine)


def _move_landmarks(person: CapturedPerson, is_filled: np.ndarray, intrinsics: np.ndarray) -> CapturedPerson:
    """Return the person with landmarks on the body in the frames (T,) that were filled with steps: contacts are found there.

    The landmarks' distance from the body is interpolated between the ends of the span.
    """
    if not is_filled.any():
        return person
    track = person.track
    projected = project(person.body.posed_landmarks(*person.motion.pose()), intrinsics)
    residuals = interpolate((track.xy - projected)[~is_filled], track.timestamps[~is_filled], track.timestamps)
    return replace(person, track=replace(track, xy=np.where(is_filled[:, None, None], projected + residuals, track.xy)))
