"""The default engine: SMPL motion from body landmarks alone, by our trained temporal network. Needs no torch."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.arrays.frame_blocks import overlapping_blocks
from mpsnet_blender.shared.arrays.large_arrays import copy_array, make_array
from mpsnet_blender.shared.capture_request import CaptureRequest
from mpsnet_blender.shared.smpl_skeleton import JOINT_COUNT

from ..base.pinhole import project
from ..base.reporter import Reporter
from ..base.smoothing import interpolate, nearest_rotmats, smooth_rotmats
from ..body.analytic_solve import smooth_unseen_joints, solve_rotations
from ..body.camera_placement import fit_in_camera
from ..body.lean import measure_lean_bias
from ..body.lifting import LandmarkRays, LiftedTrack, SmoothedTrack, find_body, lift_on_body, smooth_landmarks
from ..body.picture_fit import fit_to_picture
from ..body.proportions import Body
from ..people.gaps import fill_gaps, span_starts
from ..people.sides import repair_sides
from ..people.stitching import PersonTrack
from .engine import CapturedPerson, Shot
from .hidden_steps import fill_hidden_steps
from .lifter import CLOSE_WEIGHTS, TemporalLifter
from .lifter_inputs import make_lifter_inputs
from .unseen_legs import measure_shown_feet, straighten_unseen_legs

# Frames around a part of a long clip that are solved with it: what smooths, fills hidden steps (2.5 s and as much before and
# after them) and carries a limb's depth from frame to frame reaches 12 s together.
_AROUND_SECONDS = 15.0
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

    @cached_property
    def _close_lifter(self) -> TemporalLifter:
        return TemporalLifter(CLOSE_WEIGHTS)

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
        smoothed = smooth_landmarks(repaired, shot.intrinsics, lean)
        reporter.check()
        body, scale = find_body(smoothed, repaired.score, shot.stature)
        motion, is_filled = self._find_motion(repaired, smoothed, body, scale, np.isin(repaired.frame_index, track.frame_index),
                                              shot, reporter)
        person = CapturedPerson(repaired, body, motion, len(track.frame_index), repaired_frames)
        if self._refine:
            before = person.reprojection_error(shot.intrinsics)
            seen = LandmarkRays(smoothed.point_rays, smoothed.weights, smoothed.timestamps, body)
            person = replace(person, motion=fit_to_picture(person.motion, seen, repaired.frame_index, check=reporter.check),
                             unrefined_reprojection_error=before)
        return _move_landmarks(person, is_filled, shot.intrinsics)

    def _find_motion(self, track: PersonTrack, smoothed: SmoothedTrack, body: Body, scale: float, seen: np.ndarray, shot: Shot,
                     reporter: Reporter) -> tuple[CameraMotion, np.ndarray]:
        """Return the motion before it is fitted to the picture, and whether a frame (T,) was filled with steps; seen (T,):
        whether the person was. A long clip is solved in parts, each with so many frames around it that this changes nothing."""
        rotmats, transl = make_array((len(seen), JOINT_COUNT, 3, 3)), np.empty((len(seen), 3))
        is_filled = np.empty(len(seen), bool)
        for block in overlapping_blocks(track.timestamps, _AROUND_SECONDS):
            lifted = lift_on_body(smoothed.at(block.part), body, scale)
            reporter.check()
            posed, filled = self._find_rotmats(track.at(block.part), lifted, seen[block.part], shot, reporter)
            rotmats[block.kept], is_filled[block.kept] = posed[block.inner], filled[block.inner]
            transl[block.kept] = fit_in_camera(lifted, posed).transl[block.inner]
        return CameraMotion(rotmats, transl, body.rest_joints, track.timestamps, body.stature), is_filled

    def _find_rotmats(self, track: PersonTrack, lifted: LiftedTrack, seen: np.ndarray, shot: Shot,
                      reporter: Reporter) -> tuple[np.ndarray, np.ndarray]:
        """Return the joints' rotations (T, 24, 3, 3), and whether a frame (T,) was filled with steps."""
        rotmats = smooth_unseen_joints(solve_rotations(lifted), lifted)
        reporter.check()
        if self._lifter:
            inputs, breaks = make_lifter_inputs(track, lifted, rotmats, shot.intrinsics), span_starts(track)
            rotmats = self._lifter.run(inputs, track.timestamps, breaks).rotmats
            share = measure_shown_feet(track.score, seen, track.timestamps)[:, None, None, None]
            if share.min() < 1:
                closely = self._close_lifter.run(inputs, track.timestamps, breaks).rotmats
                rotmats = np.where(share < 1, nearest_rotmats(share * rotmats + (1 - share) * closely), rotmats)
            del inputs
            reporter.check()
        rotmats = straighten_unseen_legs(rotmats, track.score, seen, track.timestamps)
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
    track, xy = person.track, copy_array(person.track.xy)
    for block in overlapping_blocks(track.timestamps, _AROUND_SECONDS):
        hidden, times = is_filled[block.part], track.timestamps[block.part]
        projected = project(person.body.posed_landmarks(*person.motion.at(block.part).pose()), intrinsics)
        residuals = interpolate((track.xy[block.part] - projected)[~hidden], times[~hidden], times)
        moved = np.where(hidden[:, None, None], projected + residuals, track.xy[block.part])
        xy[block.kept] = moved[block.inner]
    return replace(person, track=replace(track, xy=xy))
