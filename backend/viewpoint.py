"""From where a shot is seen: the lens, how the camera moved, and which way is down before it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from .camera_motion import CameraTrack, track_camera
from .reporter import Reporter
from .scenery import Scenery
from .vertical_lines import Vertical, find_vertical

_STAGE = "Following the camera"     # only where it moves; how many steps that takes shows on the way


@dataclass(frozen=True)
class Viewpoint:
    """intrinsics (3, 3) in px, the camera's track, and down before the first frame's camera where the picture tells it."""
    intrinsics: np.ndarray
    camera: CameraTrack
    vertical: Vertical | None


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
    if camera.focal_factor != 1.0:
        intrinsics = intrinsics.copy()
        intrinsics[(0, 1), (0, 1)] *= camera.focal_factor
        degrees = 2 * np.degrees(np.arctan(max(intrinsics[:2, 2]) / intrinsics[0, 0]))
        reporter.log("info", f"The moving camera tells its field of view: {degrees:.0f} degrees.")
    seen = scenery.upright_lines()
    vertical = find_vertical(seen.lines, camera.turns[seen.row], seen.pictures, intrinsics)
    return Viewpoint(intrinsics, camera, vertical)
