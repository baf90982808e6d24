"""The story of a capture: video -> people -> points in space -> rotations -> world -> motion files."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.motion_file import Motion, write_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT_COUNT

from .body import DEFAULT_STATURE, Body
from .camera import DEFAULT_FOV_DEGREES, camera_matrix, project
from .capture_folder import PEOPLE_FILE, PEOPLE_FORMAT_VERSION, CaptureFolder
from .contacts import find_contacts
from .detection import PersonDetector
from .errors import NobodyFoundError
from .gaps import Clock, fill_gaps
from .inference import Workers
from .kinematics import solve_rotations
from .landmarks import LandmarkModel
from .lean import lean_bias
from .lens import focal_length_35mm, fov_from_focal_length
from .lifting import lift
from .preview import PreviewPerson, write_preview
from .reporter import Reporter
from .root import CameraMotion, place_in_camera
from .sides import repair_sides
from .stitching import PersonTrack, stitch
from .tracking import Tracker
from .video import VideoSpan, open_span, read_frames
from .world import World, find_world, soles, to_world

ENGINE = "keypoints"
_FIND, _SOLVE, _PREVIEW = "Finding people", "Solving motion", "Drawing preview"
_UP_IN_WORLD = np.array((0.0, 0.0, 1.0))


@dataclass(frozen=True)
class CaptureOptions:
    """What a person may choose: everything has a default that suits most clips."""
    people: int | None = None
    stature: float = DEFAULT_STATURE
    fov_degrees: float | None = None
    start_seconds: float = 0.0
    end_seconds: float = math.inf
    preview: bool = False


@dataclass(frozen=True)
class CapturedPerson:
    """One person on the way to a file: the track with filled gaps, the body, and its motion before the camera."""
    track: PersonTrack
    body: Body
    motion: CameraMotion
    seen_frames: int
    repaired_frames: int

    def scaled(self, factor: float) -> CapturedPerson:
        """Return the person larger and farther by a factor: the picture stays the same."""
        return replace(self, body=self.body.scaled(factor), motion=self.motion.scaled(factor))


def capture(video: Path, destination: Path, options: CaptureOptions, models_folder: Path, reporter: Reporter) -> int:
    """Capture everybody in a video into a folder; return how many. Raises a FixableError, or CancelRequested."""
    span = open_span(video, options.start_seconds, options.end_seconds)
    reporter.plan({_FIND: 0.9, _SOLVE: 0.03, **({_PREVIEW: 0.15} if options.preview else {})})
    tracks, clock = find_people(span, options.people, models_folder, reporter)
    fov_degrees = options.fov_degrees or _fov_of_file(span, reporter)
    intrinsics = camera_matrix(span.size, fov_degrees)
    lean = lean_bias(tracks, intrinsics)
    people = []
    for count, track in enumerate(tracks):
        reporter.progress(_SOLVE, count, len(tracks), "people")
        people.append(solve_person(track, clock, intrinsics, options.stature, lean))
    world = find_world([person.motion for person in people])
    people = [person.scaled(factor) for person, factor in zip(people, world.stature_factors)]
    motions = [motion_in_world(person, world, clock, intrinsics, span) for person in people]
    reporter.progress(_SOLVE, len(tracks), len(tracks), "people")
    with CaptureFolder(destination) as folder:
        if options.preview:
            drawn = [_preview_person(number, person, intrinsics) for number, person in enumerate(people, start=1)]
            write_preview(folder.path / "preview.mp4", span, clock.fps, drawn,
                          lambda done: reporter.progress(_PREVIEW, done, len(clock.frame_index), "frames"))
        _write_people(folder.path, span, clock, people, motions, options, world)
        reporter.check()
    return len(people)


def _fov_of_file(span: VideoSpan, reporter: Reporter) -> float:
    """Return the field of view that the file's metadata gives, else the default."""
    focal_length = focal_length_35mm(span.path)
    if focal_length is None:
        return DEFAULT_FOV_DEGREES
    fov_degrees = fov_from_focal_length(focal_length, span.size)
    reporter.log("info", f"The video tells its lens: {focal_length:g} mm as on 35 mm film, {fov_degrees:.0f} degrees.")
    return fov_degrees


def find_people(span: VideoSpan, people: int | None, models_folder: Path, reporter: Reporter) -> tuple[list[PersonTrack], Clock]:
    """Return everybody's landmarks over the span, and when each frame is shown. Raises NobodyFoundError."""
    frame_index, timestamps = [], []
    with Workers() as workers:
        tracker = Tracker(PersonDetector(models_folder, workers), LandmarkModel(models_folder, workers))
        reporter.progress(_FIND, 0, span.expected_frames, "frames")
        for frame in read_frames(span):
            tracker.step(frame)
            frame_index.append(frame.index)
            timestamps.append(frame.timestamp)
            reporter.progress(_FIND, len(frame_index), span.expected_frames, "frames")
    tracks = stitch(tracker.finish(), span.size, people)
    if not tracks:
        raise NobodyFoundError(
            f"Nobody was found in {span.path.name} ({len(frame_index)} frames).",
            "People must be seen for a third of a second at least, and be 60 px tall or a tenth of the picture's width.")
    return tracks, Clock(np.array(frame_index), np.array(timestamps), span.fps)


def solve_person(track: PersonTrack, clock: Clock, intrinsics: np.ndarray, stature: float, lean: float) -> CapturedPerson:
    """Return one person's SMPL motion in the camera's frame; `lean` in radians as `lean_bias` gives it."""
    filled = fill_gaps(track, clock)
    repaired, repaired_frames = repair_sides(filled)
    lifted = lift(repaired, intrinsics, stature, lean)
    motion = place_in_camera(lifted, solve_rotations(lifted))
    return CapturedPerson(repaired, lifted.body, motion, len(track.frame_index), repaired_frames)


def motion_in_world(person: CapturedPerson, world: World, clock: Clock, intrinsics: np.ndarray, span: VideoSpan) -> Motion:
    """Return the motion file's contents: the person on the floor of the world."""
    rotmats, trans = to_world(person.motion, world)
    in_world = CameraMotion(rotmats, trans, person.motion.rest_joints, person.motion.stature, person.motion.timestamps)
    contacts = find_contacts(soles(in_world, -_UP_IN_WORLD), person.motion.timestamps)
    track = person.track
    return Motion(
        poses=Rotation.from_matrix(rotmats.reshape(-1, 3, 3)).as_rotvec().reshape(len(rotmats), 3 * JOINT_COUNT),
        trans=trans, mocap_framerate=clock.fps, rest_joints=person.motion.rest_joints,
        frame_index=track.frame_index, timestamps=track.timestamps, confidence=_joint_confidence(person),
        contacts=contacts, keypoints2d=np.concatenate([track.xy, track.score[..., None]], axis=-1).astype(np.float32),
        camera_matrix=intrinsics, image_size=np.array(span.size), world_from_cam=world.world_from_cam[None],
        source=str(span.path.absolute()), engine=ENGINE)


def _joint_confidence(person: CapturedPerson) -> np.ndarray:
    """Return each joint's confidence (T, 24): the score of its nearest landmarks in the rest pose."""
    body = person.body
    distances = np.linalg.norm(body.rest_joints[:, None] - body.rest_landmarks[None], axis=-1)
    nearness = np.exp(-0.5 * (distances / 0.08 / body.stature) ** 2) + 1e-6
    return np.clip(person.track.score @ (nearness / nearness.sum(1, keepdims=True)).T, 0.0, 1.0)


def _preview_person(person_id: int, person: CapturedPerson, intrinsics: np.ndarray) -> PreviewPerson:
    _, joints = person.motion.pose()
    return PreviewPerson(person_id, person.track.frame_index, project(joints, intrinsics),
                         _joint_confidence(person), person.track.boxes)


def _reprojection_error(person: CapturedPerson, intrinsics: np.ndarray) -> float:
    """Return the mean distance in px between seen landmarks and those of the posed body."""
    global_rotmats, joints = person.motion.pose()
    drawn = project(person.body.posed_landmarks(global_rotmats, joints), intrinsics)
    distance = np.linalg.norm(drawn - person.track.xy, axis=-1)
    return float((distance * person.track.score).sum() / np.maximum(person.track.score.sum(), 1e-9))


def _write_people(folder: Path, span: VideoSpan, clock: Clock, people: list[CapturedPerson], motions: list[Motion],
                  options: CaptureOptions, world: World) -> None:
    listed = []
    for number, (person, motion) in enumerate(zip(people, motions), start=1):
        name = f"person_{number:02d}"
        write_motion(folder / f"{name}.npz", motion)
        if person.track.thumbnail:
            (folder / f"{name}.jpg").write_bytes(person.track.thumbnail)
        listed.append({
            "id": number, "file": f"{name}.npz", "thumbnail": f"{name}.jpg" if person.track.thumbnail else None,
            "first_frame": int(motion.frame_index[0]), "last_frame": int(motion.frame_index[-1]),
            "start_seconds": float(motion.timestamps[0]), "end_seconds": float(motion.timestamps[-1]),
            "stature": round(person.motion.stature, 3),
            "visible_share": round(person.seen_frames / motion.frame_count, 4),
            "sides_repaired_frames": person.repaired_frames,
            "reprojection_error_px": round(_reprojection_error(person, motion.camera_matrix), 2),
        })
    contents = {
        "format_version": PEOPLE_FORMAT_VERSION, "engine": ENGINE, "video": str(span.path.absolute()),
        "fps": clock.fps, "image_size": list(span.size), "frame_count": len(clock.frame_index),
        "stature": options.stature, "camera_pitch_degrees": round(math.degrees(world.pitch), 2),
        "preview": "preview.mp4" if options.preview else None, "people": listed,
    }
    (folder / PEOPLE_FILE).write_text(json.dumps(contents, indent=2, allow_nan=False))
