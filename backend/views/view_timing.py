"""The time between two views by sound or motion, and whether they show one moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..base.errors import ViewsError
from ..base.reporter import Reporter
from .agreement import Agreement, measure_agreement
from .cameras import find_cameras, start_cameras
from .rays import Group
from .sightlines import Sightlines
from .timing import Timing, find_timings
from .view import SEARCHED_SECONDS, OtherView, Standpoint, View

_TRIED_TIMINGS = 2              # of the most likely ones: the bundle tells which of two neighbouring peaks is right


def find_timing(views: list[View], seen: list[list[Sightlines]], standpoints: list[Standpoint], number: int, other: OtherView,
                reporter: Reporter) -> Timing:
    """Return the timing of a view by the first one, refined by the bundle: by sound where the motion agrees with it, else by the
    motion. Raises ViewsError where the views do not agree."""
    best, is_told = None, other.offset is not None
    if not is_told and other.heard is not None:
        best = _try_timings(views, seen, standpoints, number, find_timings(seen[0], seen[number], other.heard), reporter)
        if best is None or not best[1].is_enough(is_told=True):
            reporter.log("info", f"The sound of {views[number].name} fits at {other.heard:.2f} s, but what is seen does not.")
            best = None
        is_told = best is not None
    if best is None:
        timings = find_timings(seen[0], seen[number], other.offset, _TRIED_TIMINGS)
        best = _try_timings(views, seen, standpoints, number, timings, reporter, other.offset is not None)
    if best is None or not best[1].is_enough(is_told):
        raise _refuse(views[0], views[number], other, best and best[1])
    _report(views, number, best[0], best[1], reporter)
    return best[0]


def _refuse(first: View, view: View, other: OtherView, agreement: Agreement | None) -> ViewsError:
    """Return the error that says that two views do not show the same moment."""
    is_part = other.offset is None and other.heard is None and (view.shot.span.start_seconds > 0
                                                                or np.isfinite(view.shot.span.end_seconds))
    moving = [each.name for each in (first, view) if not each.viewpoint.camera.is_still]
    return ViewsError(f"{first.name} and {view.name} do not show the same moment: nobody moves alike in both"
                      + (f" ({agreement.describe()})." if agreement else "."),
                      "Choose videos of the same people at the same time, which overlap by two seconds or more. "
                      "If these do, give the time between them (Time Offset; --offset in the shell)."
                      + (f" It was looked for up to {SEARCHED_SECONDS:g} s." if is_part else "")
                      + (f" Where the camera of {' and '.join(moving)} went may be wrong too: let it stand." if moving else ""))


def _try_timings(views: list[View], seen: list[list[Sightlines]], standpoints: list[Standpoint], number: int,
                 timings: list[Timing], reporter: Reporter, is_exact: bool = False) -> tuple[Timing, Agreement] | None:
    """Return the one of a view's timings whose cameras fit best, refined unless it is exact, and how well the views agree."""
    pair = standpoints[0], standpoints[number]
    best: tuple[Timing, Agreement] | None = None
    for timing in timings:
        groups: list[Group] = [(seen[0][a], seen[number][b]) for a, b in timing.pairs]
        cameras = find_cameras(groups, start_cameras(np.array([0.0, timing.offset]), tuple(point.path for point in pair)),
                               [views[0].lens_is_known, views[number].lens_is_known], [is_exact],
                               np.array([point.tilt for point in pair]), reporter.check)
        timing = replace(timing, offset=float(cameras.offsets[1]))
        agreement = measure_agreement(groups, cameras, timing.likeness)
        if best is None or agreement.cost < best[1].cost:
            best = timing, agreement
    return best


def _report(views: list[View], number: int, timing: Timing, agreement: Agreement, reporter: Reporter) -> None:
    seconds, people = abs(timing.offset), len(timing.pairs)
    frames = seconds * views[number].shot.clock.fps
    reporter.log("info", f"{views[number].name} starts {seconds:.3f} s ({frames:.1f} of its frames) "
                 f"{'before' if timing.offset > 0 else 'after'} {views[0].name}; "
                 f"{people} {'person is' if people == 1 else 'people are'} in both: {agreement.describe()}.")
