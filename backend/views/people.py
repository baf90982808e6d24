"""The people whom several views see, each as all views show it, and those whom one view alone sees: in the first camera's axes at
each moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..base.pinhole import compute_rays, project
from ..base.reporter import Reporter
from ..base.smoothing import interpolate, nearest_rotmats
from ..body.lifting import LandmarkRays, landmark_weights
from ..body.picture_fit import Picture
from ..engines.engine import CapturedPerson, Shot
from ..people.stitching import PersonTrack
from ..world.floor import STATURE_SIGMA
from .camera_paths import Cameras
from .fusion import FusedBody, fuse
from .hands import ViewedPerson, interpolate_hands, join_hands
from .members import Member
from .rays import Group, cast_rays, measure_size, read_moments
from .view import View

_FEWEST_FRAMES = 5              # of a person whom the first view does not see
# Logarithms of statures: those of adults have STATURE_SIGMA, a child has between half of an adult's and all of it. One of ten
# people in a video is a child: a guess, and which one hardly matters. From a ratio of 1.27 on, the smaller one of two people is
# a child; with one of twenty it would be 1.29, with one of five 1.23.
_CHILD_RANGE, _CHILDREN = float(np.log(2)), 0.1


def fuse_people(views: list[View], members: list[Member], groups: list[Group], cameras: Cameras,
                reporter: Reporter) -> tuple[list[CapturedPerson], Cameras]:
    """Return the people whom several views see, and the cameras, at the scale at which grown-ups have the asked stature."""
    clock = views[0].shot.clock
    people = []
    for member, group in zip(members, groups, strict=True):
        seen = [lines.at(cameras.seconds(number, clock.timestamps)) for number, lines in enumerate(group) if lines]
        rows = np.flatnonzero(np.any([lines.weights.any(1) for lines in seen], axis=0))
        times = clock.timestamps[rows]
        # Of a single person it is about 1, and what it is beside 1 is mostly error: on real pairs limbs were 0.05 degrees worse.
        taller = measure_size(cast_rays(cameras, read_moments(group, times, cameras))) if len(groups) > 1 else 1.0
        body = fuse(group, cameras, times, clock.frame_index[rows], reporter.check, taller)
        people.append(_as_captured(views, member, body, cameras, rows))
    scale = views[0].shot.stature / find_adult_stature(np.array([person.motion.stature for person in people]))
    return [person.scaled(scale) for person in people], cameras.scaled(scale)


def find_adult_stature(statures: np.ndarray) -> float:
    """Return the stature of which, among people's statures (P,) in any unit, it is most likely that it is a usual grown-up's."""
    logs = np.log(statures)
    adult = np.linspace(logs.min(), logs.max(), 501)
    beside = logs[:, None] - adult
    as_adult = np.exp(-0.5 * (beside / STATURE_SIGMA) ** 2) / (STATURE_SIGMA * np.sqrt(2 * np.pi))
    as_child = ((beside <= 0) & (beside >= -_CHILD_RANGE)) / _CHILD_RANGE
    likelihood = np.log(np.maximum((1 - _CHILDREN) * as_adult + _CHILDREN * as_child, 1e-300)).sum(0)
    return float(np.exp(adult[likelihood.argmax()]))


def _as_captured(views: list[View], member: Member, fused: FusedBody, cameras: Cameras, rows: np.ndarray) -> CapturedPerson:
    """Return a person of the first view with the body and the hands of all views, at its clock's rows (T,)."""
    assert member[0] is not None
    person, shot = views[0].people[member[0]], views[0].shot
    times = shot.clock.timestamps[rows]
    seen_by = [ViewedPerson(view.people[index], cameras.seconds(number, times), cameras.first_from_cam(number, times)[:, :3, :3])
               for number, (view, index) in enumerate(zip(views, member, strict=True)) if index is not None]
    motion, hands = join_hands(seen_by, fused.motion)
    first_from_now = cameras.first_from_cam(0, times)
    now_from_first = np.broadcast_to(np.linalg.inv(first_from_now), (len(times), 4, 4))
    pictures = tuple(Picture(picture.seen, picture.cam_from_frame @ first_from_now) for picture in fused.pictures)
    return CapturedPerson(_track_at(person.track, rows, shot), pictures[0].seen.body, motion.with_pose(*motion.pose_in(
        now_from_first)), person.seen_frames, person.repaired_frames, person.betas, None, pictures, hands)


def _track_at(track: PersonTrack, rows: np.ndarray, shot: Shot) -> PersonTrack:
    """Return the track at the clock's rows (T,): where it saw nothing, positions are interpolated and scores 0."""
    times, frames = shot.clock.timestamps[rows], shot.clock.frame_index[rows]
    filled = {name: interpolate(getattr(track, name), track.timestamps, times) for name in ("xy", "world", "score", "boxes")}
    filled["score"] = filled["score"] * np.isin(frames, track.frame_index)[:, None]
    return PersonTrack(frames, times, **filled, thumbnail=track.thumbnail)


def seen_by_one(views: list[View], members: list[Member], cameras: Cameras) -> list[CapturedPerson]:
    """Return the people who are no members: those whom one view alone sees."""
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
    known = person.track.timestamps
    rows = np.flatnonzero((times >= known[0]) & (times <= known[-1]))
    if len(rows) < _FEWEST_FRAMES:
        return None
    rotmats = interpolate(person.motion.rotmats, known, times[rows])
    rotmats = nearest_rotmats(rotmats.reshape(-1, 3, 3)).reshape(rotmats.shape)
    there = replace(person.motion, rotmats=rotmats, transl=interpolate(person.motion.transl, known, times[rows]),
                    timestamps=shot.clock.timestamps[rows])
    now_from_cam = np.broadcast_to(cameras.now_from_cam(number, there.timestamps), (len(rows), 4, 4))
    motion = there.with_pose(*there.pose_in(now_from_cam))
    drawn = project(person.body.posed_landmarks(*motion.pose()), shot.intrinsics)
    score = interpolate(person.track.score, known, times[rows])
    rays = interpolate(compute_rays(person.track.xy, view.shot.intrinsics), known, times[rows])
    picture = Picture(LandmarkRays(rays, landmark_weights(score), motion.timestamps, person.body), np.linalg.inv(now_from_cam))
    boxes = np.concatenate([drawn.min(1), drawn.max(1)], axis=1)
    track = replace(person.track, frame_index=shot.clock.frame_index[rows], timestamps=shot.clock.timestamps[rows], xy=drawn,
                    world=interpolate(person.track.world, known, times[rows]), score=np.zeros_like(score), boxes=boxes)
    return replace(person, track=track, motion=motion, seen_frames=len(rows), pictures=(picture,),
                   hands=interpolate_hands(person.hands, known, times[rows]))
