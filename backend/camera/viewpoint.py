"""From where a shot is seen: the lens, how the camera moved, and which way is down before it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from ..base.reporter import Reporter
from .path import CameraTrack, track_camera
from .scenery import Scenery, UprightLines
from .vertical_lines import Vertical, find_vertical

_STAGE = "Following the camera"     # only where it moves; how many steps that takes shows on the way


@dataclass(frozen=True)
class Viewpoint:
    """intrinsics (3, 3) in px, the camera's track, and the upright lines behind the people."""
    intrinsics: np.ndarray
    camera: CameraTrack
    lines: UprightLines

    @property
    def vertical(self) -> Vertical | None:
        """Return down before the first frame's camera, where the picture tells it."""
        return find_vertical(self.lines.lines, self.camera.turns[self.lines.row], self.lines.pictures, self.intrinsics)

    def zoomed(self, factor: float) -> Viewpoint:
        """Return the viewpoint through a lens of another focal length."""
        intrinsics = self.intrinsics.copy()
        intrinsics[(0, 1), (0, 1)] *= factor
        return replace(self, intrinsics=intrinsics)

    @property
    def fov_degrees(self) -> float:
        """Return the angle across the picture's long side."""
        return float(2 * np.degrees(np.arctan(max(self.intrinsics[:2, 2]) / self.intrinsics[0, 0])))


def find_viewpoint(scenery: Scenery, timestamps: np.ndarray, intrinsics: np.ndarray, lens_is_known: bool,
                   reporter: Reporter) -> Viewpoint:
    """Return the viewpoint of a shot with frames at timestamps (T,) s; a lens that is only assumed is measured where the
    camera moves. Raises CancelRequested."""
    for seconds in scenery.cuts:
        reporter.log("warning", f"The picture changes as a whole at {seconds:.1f} s, as at a cut. "
                     "Capture each shot by itself, with --start and --end.")
    steps = itertools.count(1)
    camera = track_camera(scenery.trails(), timestamps, intrinsics, lens_is_known,
                          lambda: reporter.progress(_STAGE, next(steps), 0, "steps"))
    if not camera.still:
        reporter.log("info", "The camera moves: it " + ("goes through the room." if camera.goes else "turns on the spot."))
    view = Viewpoint(intrinsics, camera, scenery.upright_lines())
    if camera.focal_factor != 1.0:
        view = view.zoomed(camera.focal_factor)
        reporter.log("info", f"The moving camera tells its field of view: {view.fov_degrees:.0f} degrees.")
    return view
