"""The stages of a capture: video -> people -> an engine's SMPL motion in the camera's frame -> world -> motion files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array
from mpsnet_blender.shared.capture_listing import (
    PEOPLE_FILE,
    PREVIEW_FILE,
    CaptureListing,
    ListedPerson,
    path_as_text,
    write_listing,
)
from mpsnet_blender.shared.capture_request import BEST, DEFAULT_FOV_DEGREES, CaptureRequest
from mpsnet_blender.shared.hands.poses import SEEN
from mpsnet_blender.shared.motion_file import Motion

from .base.errors import OutputError, VideoError
from .base.pinhole import camera_matrix, project
from .base.reporter import AsideReporter, Reporter
from .camera.viewpoint import find_viewpoint
from .engines.engine import CapturedPerson, Engine, Shot, make_engine
from .engines.hands import add_hands, pose_fingers
from .finding.find_people import FIND, find_people
from .output.folder_writer import CaptureFolder
from .output.people_files import write_people
from .output.preview import PreviewPerson, write_preview
from .output.quality import describe_quality, measure_quality
from .people.second_look import LOOK_AGAIN
from .people.stitching import PersonTrack
from .video.frames import VideoSpan, open_span
from .video.lens_tags import fov_from_focal_length, read_focal_length_35mm
from .views.listing import list_views
from .views.merging import STAGE as JOINING
from .views.merging import join_views
from .views.view import OtherView, View, hear_offsets, open_other_view
from .world.placing import PlacedPerson, WorldCamera
from .world.planting import plant_feet
from .world.still_lens import place_with_lens

_PREVIEW = "Drawing preview"


def capture(video: Path, destination: Path, request: CaptureRequest, models_folder: Path, checkpoints_folder: Path,
            reporter: Reporter, cache: Path | None = None, others: Sequence[OtherView] = ()) -> int:
    """Capture everybody in a video into a folder; return how many. Raises a FixableError, or CancelRequested.

    cache: the folder in which what is found is kept, so that an interrupted capture goes on where it was; others: further videos
    of the same moment, from other cameras.
    """
    folder = CaptureFolder(destination, video)
    folder.require_place()
    others = hear_offsets(video, others)
    spans = [open_span(video, request.start_seconds, request.end_seconds, request.picture_fps),
             *(open_other_view(other, request) for other in others)]
    engine = make_engine(request, checkpoints_folder)
    reporter.plan(_plan_stages(request, engine, len(spans)))
    reporter.log("info", f"Quality: {request.quality}.")
    views = []
    for number, span in enumerate(spans, start=1):
        reporter.part(f"view {number} of {len(spans)}" if others else "")
        views.append(look(span, engine, request, models_folder, cache if request.cache else None, reporter))
    reporter.part("")
    joined = join_views(views, others, reporter) if others else None
    view = joined.views[0] if joined else views[0]
    people = joined.people if joined else view.people
    shot, world_camera, placed = place_with_lens(people, view.shot, view.viewpoint, view.lens_is_known or bool(others), reporter)
    people = [placed_person.person for placed_person in placed]
    planted = [plant_feet(placed_person, request.foot_lock, shot, world_camera) for placed_person in placed]
    motions = [make_motion(final, raw, world_camera, shot, request.engine)
               for final, raw in zip(planted, placed, strict=True)]
    qualities = [measure_quality(placed_person, shot, world_camera) for placed_person in planted]
    for number, quality in enumerate(qualities, start=1):
        reporter.log("info", f"Person {number}: {describe_quality(quality)}")
    with folder:
        listed = write_people(folder.path, people, motions, qualities)
        preview = PREVIEW_FILE if request.preview and _write_preview(folder.path / PREVIEW_FILE, shot, people, reporter) else None
        listing = _make_listing(shot, world_camera, request, listed, preview)
        if joined:
            listing = replace(listing, views=list_views(joined, world_camera, placed))
        write_listing(folder.path / PEOPLE_FILE, listing)
        reporter.check()
    return len(people)


def _plan_stages(request: CaptureRequest, engine: Engine, views: int) -> dict[str, float]:
    """Return the stages' shares of the time, as `Reporter.plan` takes them."""
    looking = {FIND: 0.9, **({LOOK_AGAIN: 0.9} if request.quality == BEST else {}), engine.stage_title: engine.time_share}
    of_views = [looking] if views == 1 else [{f"{stage}, view {number} of {views}": share for stage, share in looking.items()}
                                             for number in range(1, views + 1)]
    shares = {stage: share for stages in of_views for stage, share in stages.items()}
    return {**shares, **({JOINING: 0.3} if views > 1 else {}), **({_PREVIEW: 0.15} if request.preview else {})}


def look(span: VideoSpan, engine: Engine, request: CaptureRequest, models_folder: Path, cache: Path | None,
         reporter: Reporter) -> View:
    """Return one camera's view: the people in its axes. Raises a FixableError, or CancelRequested."""
    fov_degrees = request.fov_degrees or _read_fov(span, reporter)
    intrinsics, aside = camera_matrix(span.size, fov_degrees or DEFAULT_FOV_DEGREES), AsideReporter(reporter)
    found, viewpoint = find_people(
        span, request, models_folder, cache, reporter,
        lambda scenery, clock: find_viewpoint(scenery, clock.timestamps, intrinsics, fov_degrees is not None, aside))
    aside.tell()
    tracks, hands, shot = found.tracks, found.hands, Shot(span, found.clock, viewpoint.intrinsics, request.stature)
    del found       # the background of a long video takes as much memory as its people
    people = add_hands(engine.solve(tracks, shot, reporter), hands, shot, reporter)
    return View(shot, viewpoint, people, fov_degrees is not None)


def _write_preview(path: Path, shot: Shot, people: list[CapturedPerson], reporter: Reporter) -> bool:
    """Write the preview; where that is impossible, say why and return False: the motion does not depend on it."""
    drawn = [_make_preview_person(number, person, shot) for number, person in enumerate(people, start=1)]
    try:
        write_preview(path, shot.span, shot.clock.fps, drawn,
                      lambda done: reporter.progress(_PREVIEW, done, len(shot.clock.frame_index), "frames"))
        return True
    except (VideoError, OutputError) as error:
        path.unlink(missing_ok=True)
        reporter.log("warning", f"There is no preview: {error}")
        return False


def _read_fov(span: VideoSpan, reporter: Reporter) -> float | None:
    """Return the field of view in degrees by the file's metadata, or None."""
    focal_length = read_focal_length_35mm(span.path)
    if focal_length is None:
        return None
    fov_degrees = fov_from_focal_length(focal_length, span.size)
    reporter.log("info", f"Lens by the video's metadata: {focal_length:g} mm as on 35 mm film, {fov_degrees:.0f} degrees.")
    return fov_degrees


def make_motion(placed: PlacedPerson, raw: PlacedPerson, world_camera: WorldCamera, shot: Shot, engine: str) -> Motion:
    """Return the motion file's contents: the person in the world, and the raw motion before the feet were planted."""
    person = placed.person
    track = person.track
    is_still = len(world_camera.world_from_cam) == 1
    rows = track.frame_index - shot.clock.frame_index[0]
    world_from_cam = world_camera.world_from_cam if is_still else world_camera.poses_at(rows)
    return Motion(
        poses=placed.in_world.poses, trans=placed.in_world.transl,
        raw_poses=raw.in_world.poses, raw_trans=raw.in_world.transl,
        betas=person.betas, gender="neutral", mocap_framerate=shot.clock.fps, rest_joints=person.motion.rest_joints,
        frame_index=track.frame_index, timestamps=track.timestamps, confidence=person.joint_confidence(),
        contacts=placed.in_world.contacts,
        keypoints2d=_make_keypoints(track),
        camera_matrix=shot.intrinsics, image_size=np.array(shot.span.size), world_from_cam=world_from_cam,
        hands=placed.in_world.hands,
        source=str(shot.span.path.absolute()), engine=engine)


def _make_keypoints(track: PersonTrack) -> np.ndarray:
    """Return a track's landmarks (T, 33, 3) as x, y and score."""
    keypoints = make_array((*track.score.shape, 3), np.float32)
    for rows in frame_blocks(len(keypoints)):
        keypoints[rows, :, :2], keypoints[rows, :, 2] = track.xy[rows], track.score[rows]
    let_go()
    return keypoints


def _make_preview_person(person_id: int, person: CapturedPerson, shot: Shot) -> PreviewPerson:
    fingers = pose_fingers(person)
    if person.hands is not None and fingers is not None:
        fingers = np.where(person.hands.hand_confidence[..., None, None, None] >= SEEN, project(fingers, shot.intrinsics), np.nan)
    return PreviewPerson(person_id, person.track.frame_index, project(person.motion.joints(), shot.intrinsics),
                         person.joint_confidence(), person.track.boxes, fingers)


def _make_listing(shot: Shot, world_camera: WorldCamera, request: CaptureRequest,
                  people: tuple[ListedPerson, ...], preview: str | None) -> CaptureListing:
    return CaptureListing(
        engine=request.engine, landmark_quality=request.quality, video=path_as_text(shot.span.path.absolute()),
        fps=shot.clock.fps, image_size=shot.span.size, frame_count=len(shot.clock.frame_index), stature=request.stature,
        camera_pitch_degrees=round(math.degrees(world_camera.pitch), 2),
        camera_roll_degrees=round(math.degrees(world_camera.roll), 2),
        camera_moves=len(world_camera.world_from_cam) > 1, preview=preview, people=people)
