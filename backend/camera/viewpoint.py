"""The camera of a shot: its lens, its motion, and the direction of gravity in its axes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from ..base.reporter import Reporter
from .path import CameraTrack, track_camera
from .scenery import SeenScenery, UprightLines
from .vertical_lines import Vertical, find_vertical

FOLLOW = "Following the camera"     # reported only where it moves; the number of steps is not known before


@dataclass(frozen=True)
class Viewpoint:
    """intrinsics (3, 3) in px, the camera's track, and the steep lines of the background."""
    intrinsics: np.ndarray
    camera: CameraTrack
    lines: UprightLines

    @property
    def vertical(self) -> Vertical | None:
        """The direction of gravity in the first frame's camera axes, or None where the picture does not show it."""
        return find_vertical(self.lines.lines, self.camera.rotmats[self.lines.row], self.lines.pictures, self.intrinsics)

    def zoomed(self, factor: float) -> Viewpoint:
        """Return the viewpoint with the focal length multiplied by a factor."""
        intrinsics = self.intrinsics.copy()
        intrinsics[(0, 1), (0, 1)] *= factor
        return replace(self, intrinsics=intrinsics)

    @property
    def fov_degrees(self) -> float:
        """The field of view across the picture's long side, degrees."""
        return float(2 * np.degrees(np.arctan(max(self.intrinsics[:2, 2]) / self.intrinsics[0, 0])))


def find_viewpoint(scenery: SeenScenery, timestamps: np.ndarray, intrinsics: np.ndarray, lens_is_known: bool,
                   reporter: Reporter) -> Viewpoint:
    """Return the viewpoint of a shot with frames at timestamps (T,) s. Where the camera moves and the lens is not known, the
    focal length is measured. Raises CancelRequested."""
    for seconds in scenery.cuts:
        reporter.log("warning", f"The whole picture changes at {seconds:.1f} s, as at a cut. "
                     "Capture each shot by itself, with --start and --end.")
    steps = itertools.count(1)
    camera = track_camera(scenery.trails, timestamps, intrinsics, lens_is_known,
                          lambda: reporter.progress(FOLLOW, next(steps), 0, "steps"))
    if not camera.is_still:
        reporter.log("info", "The camera moves: it " + ("goes through the room." if camera.translates else "turns on the spot."))
    if camera.unseen is not None:
        begin, end = camera.unseen
        reporter.log("warning", f"The background cannot be followed from {begin:.1f} to {end:.1f} s: where the camera looks from "
                     "then on is not sure. Capture the parts before and after it by themselves, with --start and --end.")
    view = Viewpoint(intrinsics, camera, scenery.lines)
    if camera.focal_factor != 1.0:
        view = view.zoomed(camera.focal_factor)
        reporter.log("info", f"Field of view measured from the moving camera: {view.fov_degrees:.0f} degrees.")
    return view
