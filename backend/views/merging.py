"""Several views become one: the first view's shot, with every person as all views together show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..base.reporter import Reporter
from ..engines.engine import CapturedPerson
from ..world.still_lens import change_lens
from .camera_paths import Cameras
from .cameras import find_cameras, start_cameras
from .members import find_by_place, find_members, lines_of
from .people import fuse_people, seen_by_one
from .sightlines import read_sightlines
from .timing import Timing
from .view import OtherView, View, find_standpoint
from .view_timing import find_timing

STAGE = "Joining the views"
_TOLD_FRAMES = 0.25             # that a clock gains over the video


@dataclass(frozen=True)
class JoinedViews:
    """The first view with everybody whom the views show, and all cameras in the axes of its first frame, of the people's scale.

    views have the intrinsics that were found, and the first one the path of its camera in that scale; people: of the first view's
    clock, in its camera's axes, first those whom several views see, each with a picture of every view.
    """
    views: list[View]
    cameras: Cameras
    people: list[CapturedPerson]


def join_views(views: list[View], others: Sequence[OtherView], reporter: Reporter) -> JoinedViews:
    """Return all views as one; given offsets of the others (V - 1) are taken as exact. Raises ViewsError, CancelRequested."""
    standpoints = [find_standpoint(view) for view in views]
    seen = [[read_sightlines(person, view.shot.intrinsics, standpoint.path) for person in view.people]
            for view, standpoint in zip(views, standpoints, strict=True)]
    timings: list[Timing] = []
    for number, other in enumerate(others, start=1):
        reporter.progress(STAGE, number - 1, len(views), "views")
        timings.append(find_timing(views, seen, standpoints, number, other, reporter))
    members = find_members([dict(timing.pairs) for timing in timings], len(views[0].people))
    groups = [lines_of(member, seen) for member in members]
    reporter.progress(STAGE, len(views) - 1, len(views), "views")
    start = start_cameras(np.array([0.0, *(timing.offset for timing in timings)]),
                          tuple(standpoint.path for standpoint in standpoints))
    cameras = find_cameras(groups, start, [view.lens_is_known for view in views], [other.offset is not None for other in others],
                           np.array([standpoint.tilt for standpoint in standpoints]), reporter.check)
    _report_gains(views, cameras, reporter)
    members = find_members([{**find_by_place(seen, members, cameras, number), **dict(timing.pairs)}
                            for number, timing in enumerate(timings, start=1)], len(views[0].people))
    people, cameras = fuse_people(views, members, [lines_of(member, seen) for member in members], cameras, reporter)
    views = [_with_zoom(view, float(zoom)) for view, zoom in zip(views, cameras.zooms, strict=True)]
    cameras = replace(cameras, zooms=np.ones(len(views)))
    people += seen_by_one(views, members, cameras)
    reporter.progress(STAGE, len(views), len(views), "views")
    return JoinedViews([_with_path(views[0], cameras), *views[1:]], cameras, people)


def _report_gains(views: list[View], cameras: Cameras, reporter: Reporter) -> None:
    for view, gain in zip(views, cameras.gains, strict=True):
        if abs(gain) * float(np.ptp(view.shot.clock.timestamps)) * view.shot.clock.fps > _TOLD_FRAMES:
            verb = "gains" if gain > 0 else "loses"
            reporter.log("info", f"The clock of {view.name} {verb} {abs(gain) * 60_000:.1f} ms a minute.")


def _with_zoom(view: View, zoom: float) -> View:
    """Return a view with another focal length, and its people moved to it."""
    viewpoint = view.viewpoint.zoomed(zoom)
    people = [change_lens(person, view.shot.intrinsics, viewpoint.intrinsics) for person in view.people]
    return replace(view, viewpoint=viewpoint, people=people, shot=replace(view.shot, intrinsics=viewpoint.intrinsics))


def _with_path(view: View, cameras: Cameras) -> View:
    """Return the first view with its camera's path in metres."""
    path, camera = cameras.paths[0], view.viewpoint.camera
    if not path.travels:
        return view
    metric = replace(camera, rotmats=path.rotmats, positions=path.places, is_metric=True)
    return replace(view, viewpoint=replace(view.viewpoint, camera=metric))
