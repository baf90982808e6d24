"""Several views become one: the first view's shot, with every person as all views together show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import ViewsError
from ..base.pinhole import compute_rays, project
from ..base.reporter import Reporter
from ..base.smoothing import interpolate, nearest_rotmats
from ..body.lifting import LandmarkRays, landmark_weights
from ..body.picture_fit import Picture
from ..engines.engine import CapturedPerson, Shot
from ..people.stitching import PersonTrack
from ..world.placing import place_people
from ..world.still_lens import change_lens
from .agreement import measure_agreement
from .cameras import find_cameras
from .fusion import FusedBody, fuse
from .hands import ViewedPerson, interpolate_hands, join_hands
from .rays import Cameras, Group, measure_size, read_moments
from .sightlines import Sightlines, read_sightlines
from .timing import Timing
from .view import OtherView, View
from .view_timing import find_timing

STAGE = "Joining the views"
# Of somebody whom motion does not tell: % of the height by which rays may miss each other, and how far apart, as a share of the
# distance, both views alone may have the person; the root of the squares of both shares is 1 at most. Measured on real pairs:
# bystanders 0.4 % and 0.1, 4 % at the pictures' edges; a man half hidden by a woman 4.8 % and 0.2, or 1.7 % and 0.32; two
# people 5.0 % and 0.42, or more.
_MOST_MISSED, _MOST_APART = 6.0, 0.4
_TOLD_FRAMES = 0.25             # that a clock gains over the video
_FEWEST_FRAMES = 5              # of a person whom the first view does not see


@dataclass(frozen=True)
class JoinedViews:
    """The first view with everybody whom the views show, and all cameras in its axes, of the people's scale.

    views have the intrinsics that were found; people: of the first view's clock, in its camera's axes. pictures: what each view
    saw of the first of them, those whom several views see.
    """
    views: list[View]
    cameras: Cameras
    people: list[CapturedPerson]
    pictures: list[tuple[Picture, ...]]


def join_views(views: list[View], others: Sequence[OtherView], reporter: Reporter) -> JoinedViews:
    """Return all views as one; given offsets of the others (V - 1) are taken as exact. Raises ViewsError, CancelRequested."""
    _require_known_paths(views)
    seen = [[read_sightlines(person, view.shot.intrinsics, view.turns_at(person.track.timestamps)) for person in view.people]
            for view in views]
    tilts = np.array([find_tilt(view) for view in views])
    timings: list[Timing] = []
    for number, other in enumerate(others, start=1):
        reporter.progress(STAGE, number - 1, len(views), "views")
        timings.append(find_timing(views, seen, tilts, number, other, reporter))
    members = _find_members([dict(timing.pairs) for timing in timings], len(views[0].people))
    groups = [_lines_of(member, seen) for member in members]
    reporter.progress(STAGE, len(views) - 1, len(views), "views")
    cameras = find_cameras(groups, np.array([0.0, *(timing.offset for timing in timings)]),
                           [view.lens_is_known for view in views], [other.offset is not None for other in others], tilts,
                           reporter.check)
    _report_gains(views, cameras, reporter)
    members = _find_members([{**find_by_place(seen, members, cameras, number), **dict(timing.pairs)}
                             for number, timing in enumerate(timings, start=1)], len(views[0].people))
    groups = [_lines_of(member, seen) for member in members]
    people, pictures, cameras = _fuse_all(views, members, groups, cameras, reporter)
    views = [_with_zoom(view, float(zoom)) for view, zoom in zip(views, cameras.zooms, strict=True)]
    cameras = replace(cameras, zooms=np.ones(len(views)))
    people += _seen_by_one(views, members, cameras)
    reporter.progress(STAGE, len(views), len(views), "views")
    return JoinedViews(views, cameras, people, pictures)


def _require_known_paths(views: list[View]) -> None:
    first, *others = views
    if not first.viewpoint.camera.is_still:
        raise ViewsError(f"The camera of {first.name} moves. The first of several views needs a camera that stands still.",
                         "Make the video of a camera that stands still the first one; another camera may turn on the spot.")
    for view in others:
        if view.viewpoint.camera.translates:
            raise ViewsError(f"The camera of {view.name} goes through the room, or its background does not show that "
                             "it only turns. Of several views, the first one needs a camera that stands still, the others one "
                             "that at most turns on the spot.",
                             "Put the cameras on tripods or shelves, or capture each video by itself.")


def find_tilt(view: View) -> tuple[float, float]:
    """Return a camera's pitch and roll in radians, by its view alone."""
    camera, _ = place_people(view.people, view.shot, view.viewpoint.camera, view.viewpoint.vertical)
    return camera.pitch, camera.roll


def _report_gains(views: list[View], cameras: Cameras, reporter: Reporter) -> None:
    for view, gain in zip(views, cameras.gains, strict=True):
        if abs(gain) * float(np.ptp(view.shot.clock.timestamps)) * view.shot.clock.fps > _TOLD_FRAMES:
            verb = "gains" if gain > 0 else "loses"
            reporter.log("info", f"The clock of {view.name} {verb} {abs(gain) * 60_000:.1f} ms a minute.")


def find_by_place(seen: list[list[Sightlines]], members: list[tuple[int | None, ...]], cameras: Cameras,
                  number: int) -> dict[int, int]:
    """Return who of the first view is who in another one among those who do not move alike, as people who stand still: their
    rays meet. The closest pairs come first."""
    pair = cameras.at([0, number])
    known = {(member[0], member[number]) for member in members if member[number] is not None}
    ours = set(range(len(seen[0]))) - {first for first, _ in known}
    theirs = set(range(len(seen[number]))) - {other for _, other in known}
    misses = sorted((_measure_miss(seen[0][a], seen[number][b], pair), a, b) for a in ours for b in theirs)
    found: dict[int, int] = {}
    for miss, a, b in misses:
        if miss < 1 and a not in found and b not in found.values():
            found[a] = b
    return found


def _measure_miss(first: Sightlines, other: Sightlines, pair: Cameras) -> float:
    """Return how far what two views see is from one person at one place: below 1 it may be one."""
    there = other.at(pair.seconds(1, first.timestamps))
    both = first.weights.any(1) & there.weights.any(1)
    if not both.any():
        return np.inf
    ours, theirs = (np.median(lines.joints[both].mean(1) * (1.0, 1.0, zoom), axis=0)
                    for lines, zoom in zip((first, there), pair.zooms, strict=True))
    apart = ours - pair.places[1] - pair.rotmats[1] @ theirs
    share = float(np.linalg.norm(apart)) / max(float(np.linalg.norm(ours)), 1e-9)
    if share >= _MOST_APART:
        return np.inf
    return float(np.hypot(measure_agreement([(first, other)], pair, 0.0).percent / _MOST_MISSED, share / _MOST_APART))


def _find_members(partners: list[dict[int, int]], people: int) -> list[tuple[int | None, ...]]:
    """Return the people whom the first view and another one see: their numbers in each view, by the partners (V - 1)."""
    members = [(number, *(match.get(number) for match in partners)) for number in range(people)]
    return [member for member in members if any(number is not None for number in member[1:])]


def _lines_of(member: tuple[int | None, ...], seen: list[list[Sightlines]]) -> Group:
    return tuple(None if number is None else people[number] for number, people in zip(member, seen, strict=True))


def _fuse_all(views: list[View], members: list[tuple[int | None, ...]], groups: list[Group], cameras: Cameras,
              reporter: Reporter) -> tuple[list[CapturedPerson], list[tuple[Picture, ...]], Cameras]:
    """Return the people whom several views see, and the cameras, at the scale at which people have the asked stature."""
    clock, stature = views[0].shot.clock, views[0].shot.stature
    people, pictures = [], []
    for member, group in zip(members, groups, strict=True):
        seen = [lines.at(cameras.seconds(number, clock.timestamps)) for number, lines in enumerate(group) if lines]
        rows = np.flatnonzero(np.any([lines.weights.any(1) for lines in seen], axis=0))
        # Of a single person it is about 1, and what it is beside 1 is mostly error: on real pairs limbs were 0.05 degrees worse.
        taller = measure_size(cameras, read_moments(group, clock.timestamps[rows], cameras)) if len(groups) > 1 else 1.0
        body = fuse(group, cameras, clock.timestamps[rows], clock.frame_index[rows], reporter.check, taller)
        assert member[0] is not None
        times = clock.timestamps[rows]
        seen_by = [ViewedPerson(view.people[index], cameras.seconds(number, times), cameras.first_from_cam(
                       number, view.turns_at(cameras.seconds(number, times)))[..., :3, :3])
                   for number, (view, index) in enumerate(zip(views, member, strict=True)) if index is not None]
        people.append(_as_captured(views[0].people[member[0]], body, rows, views[0].shot, seen_by))
        pictures.append(body.pictures)
    scale = stature / float(np.median([person.motion.stature for person in people]))
    return [person.scaled(scale) for person in people], pictures, replace(cameras, places=cameras.places * scale)


def _as_captured(person: CapturedPerson, fused: FusedBody, rows: np.ndarray, shot: Shot,
                 seen_by: list[ViewedPerson]) -> CapturedPerson:
    """Return a person of the first view with the body and the hands of all views, at the clock's rows (T,)."""
    motion, hands = join_hands(seen_by, fused.motion)
    track = _track_at(person.track, rows, shot)
    return CapturedPerson(track, fused.pictures[0].seen.body, motion, person.seen_frames, person.repaired_frames,
                          person.betas, None, fused.pictures, hands)


def _track_at(track: PersonTrack, rows: np.ndarray, shot: Shot) -> PersonTrack:
    """Return the track at the clock's rows (T,): where it saw nothing, positions are interpolated and scores 0."""
    times, frames = shot.clock.timestamps[rows], shot.clock.frame_index[rows]
    filled = {name: interpolate(getattr(track, name), track.timestamps, times) for name in ("xy", "world", "score", "boxes")}
    filled["score"] = filled["score"] * np.isin(frames, track.frame_index)[:, None]
    return PersonTrack(frames, times, **filled, thumbnail=track.thumbnail)


def _with_zoom(view: View, zoom: float) -> View:
    """Return a view with another focal length, and its people moved to it."""
    viewpoint = view.viewpoint.zoomed(zoom)
    people = [change_lens(person, view.shot.intrinsics, viewpoint.intrinsics) for person in view.people]
    return replace(view, viewpoint=viewpoint, people=people, shot=replace(view.shot, intrinsics=viewpoint.intrinsics))


def _seen_by_one(views: list[View], members: list[tuple[int | None, ...]], cameras: Cameras) -> list[CapturedPerson]:
    """Return the people whom one view alone sees, in the first camera's axes and at its clock."""
    alone = []
    for number, view in enumerate(views):
        joined = {member[number] for member in members}
        for index, person in enumerate(view.people):
            if index in joined:
                continue
            moved = person if number == 0 else _moved_to_first(person, view, views[0].shot, cameras, number)
            alone += [moved] if moved is not None else []
    return alone


def _moved_to_first(person: CapturedPerson, view: View, shot: Shot, cameras: Cameras, number: int) -> CapturedPerson | None:
    """Return a person whom another view sees, in the first view's frames; None where it ends before that person
    comes."""
    times = cameras.seconds(number, shot.clock.timestamps)
    own = person.track.timestamps
    rows = np.flatnonzero((times >= own[0]) & (times <= own[-1]))
    if len(rows) < _FEWEST_FRAMES:
        return None
    rotmats = interpolate(person.motion.rotmats, own, times[rows])
    rotmats = nearest_rotmats(rotmats.reshape(-1, 3, 3)).reshape(rotmats.shape)
    there = replace(person.motion, rotmats=rotmats, transl=interpolate(person.motion.transl, own, times[rows]),
                    timestamps=shot.clock.timestamps[rows])
    first_from_cam = cameras.first_from_cam(number, view.turns_at(times[rows]))
    motion = there.with_pose(*there.pose_in(first_from_cam))
    drawn = project(person.body.posed_landmarks(*motion.pose()), shot.intrinsics)
    score = interpolate(person.track.score, own, times[rows])
    rays = interpolate(compute_rays(person.track.xy, view.shot.intrinsics), own, times[rows])
    picture = Picture(LandmarkRays(rays, landmark_weights(score), motion.timestamps, person.body),
                      np.linalg.inv(first_from_cam))
    boxes = np.concatenate([drawn.min(1), drawn.max(1)], axis=1)
    track = replace(person.track, frame_index=shot.clock.frame_index[rows], timestamps=shot.clock.timestamps[rows], xy=drawn,
                    world=interpolate(person.track.world, own, times[rows]), score=np.zeros_like(score), boxes=boxes)
    return replace(person, track=track, motion=motion, seen_frames=len(rows), pictures=(picture,),
                   hands=interpolate_hands(person.hands, own, times[rows]))
