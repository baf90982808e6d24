"""The stages of a capture: video -> people -> an engine's SMPL motion in the camera's frame -> world -> motion files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from .camera.scenery import SeenScenery
from .camera.viewpoint import Viewpoint, find_viewpoint
from .engines.engine import CapturedPerson, Engine, Shot, make_engine
from .engines.hands import add_hands, pose_fingers
from .finding.find_people import FIND, find_people
from .output.folder_writer import CaptureFolder
from .output.people_files import write_people
from .output.preview import PreviewPerson, write_preview
from .output.quality import describe_quality, measure_quality
from .people.gaps import Clock
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
    looked = []
    for number, span in enumerate(spans, start=1):
        reporter.part(f"view {number} of {len(spans)}" if others else "")
        looked.append(look(span, engine, request, models_folder, cache if request.cache else None, reporter, divide=not others))
    reporter.part("")
    clock, views = looked[0]
    joined = join_views([view for _, (view,) in looked], others, reporter) if others else None
    if joined:
        views = [replace(joined.views[0], people=joined.people, lens_is_known=True)]
    scenes = [_place(view, request, reporter, _name_shot(number, len(views))) for number, view in enumerate(views, start=1)]
    people = [placed.person for scene in scenes for placed in scene.placed]
    motions = [make_motion(final, raw, scene.camera, scene.shot, request.engine, is_alone=len(scenes) == 1)
               for scene in scenes for final, raw in zip(scene.planted, scene.placed, strict=True)]
    qualities = [measure_quality(placed, scene.shot, scene.camera) for scene in scenes for placed in scene.planted]
    for number, quality in enumerate(qualities, start=1):
        reporter.log("info", f"Person {number}: {describe_quality(quality)}")
    with folder:
        listed = write_people(folder.path, people, motions, qualities)
        has_preview = request.preview and _write_preview(folder.path / PREVIEW_FILE, clock, scenes, reporter)
        listing = _make_listing(clock, scenes, request, listed, PREVIEW_FILE if has_preview else None)
        if joined:
            listing = replace(listing, views=list_views(joined, scenes[0].camera, scenes[0].placed))
        write_listing(folder.path / PEOPLE_FILE, listing)
        reporter.check()
    return len(people)


@dataclass(frozen=True)
class _Scene:
    """A shot with its camera in the world and all people there, before and after their feet were planted."""
    shot: Shot
    camera: WorldCamera
    placed: list[PlacedPerson]
    planted: list[PlacedPerson]


def _place(view: View, request: CaptureRequest, reporter: Reporter, part: str) -> _Scene:
    """Return a view's people in the world. part: the words for it in messages."""
    reporter.part(part)
    shot, camera, placed = place_with_lens(view.people, view.shot, view.viewpoint, view.lens_is_known, reporter)
    reporter.part("")
    return _Scene(shot, camera, placed, [plant_feet(person, request.foot_lock, shot, camera) for person in placed])


def _name_shot(number: int, count: int) -> str:
    return f"shot {number} of {count}" if count > 1 else ""


def _plan_stages(request: CaptureRequest, engine: Engine, views: int) -> dict[str, float]:
    """Return the stages' shares of the time, as `Reporter.plan` takes them."""
    looking = {FIND: 0.9, **({LOOK_AGAIN: 0.9} if request.quality == BEST else {}), engine.stage_title: engine.time_share}
    of_views = [looking] if views == 1 else [{f"{stage}, view {number} of {views}": share for stage, share in looking.items()}
                                             for number in range(1, views + 1)]
    shares = {stage: share for stages in of_views for stage, share in stages.items()}
    return {**shares, **({JOINING: 0.3} if views > 1 else {}), **({_PREVIEW: 0.15} if request.preview else {})}


def look(span: VideoSpan, engine: Engine, request: CaptureRequest, models_folder: Path, cache: Path | None,
         reporter: Reporter, divide: bool = True) -> tuple[Clock, list[View]]:
    """Return the times of a video's frames, and the people of each of its shots in the camera's axes; divide: whether cuts
    divide shots, of which one lens is assumed; else there is one. Raises a FixableError, or CancelRequested."""
    fov_degrees = request.fov_degrees or _read_fov(span, reporter)
    intrinsics = camera_matrix(span.size, fov_degrees or DEFAULT_FOV_DEGREES)

    def see(scenery: SeenScenery, clock: Clock, shots: int) -> tuple[Viewpoint, AsideReporter]:
        aside = AsideReporter(reporter)
        return find_viewpoint(scenery, clock.timestamps, intrinsics, fov_degrees is not None or shots > 1, aside), aside

    clock, found = find_people(span, request, models_folder, cache, reporter, see, divide)
    is_divided = len(found) > 1
    if is_divided:
        reporter.log("info", f"The video has cuts: {len(found)} shots show people, each by a camera of its own.")
    views = []
    for number, (seen, (viewpoint, aside)) in enumerate(found, start=1):
        if is_divided:
            reporter.part(_name_shot(number, len(found)))
        aside.tell()
        shot = Shot(span, seen.clock, viewpoint.intrinsics, request.stature)
        people = add_hands(engine.solve(seen.tracks, shot, reporter), seen.hands, shot, reporter)
        views.append(View(shot, viewpoint, people, fov_degrees is not None or is_divided))
    return clock, views


def _write_preview(path: Path, clock: Clock, scenes: Sequence[_Scene], reporter: Reporter) -> bool:
    """Write the preview; where that is impossible, say why and return False: the motion does not depend on it."""
    everybody = [(placed.person, scene.shot) for scene in scenes for placed in scene.placed]
    drawn = [_make_preview_person(number, *person) for number, person in enumerate(everybody, start=1)]
    try:
        write_preview(path, scenes[0].shot.span, clock.fps, drawn,
                      lambda done: reporter.progress(_PREVIEW, done, len(clock.frame_index), "frames"))
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


def make_motion(placed: PlacedPerson, raw: PlacedPerson, world_camera: WorldCamera, shot: Shot, engine: str,
                is_alone: bool = True) -> Motion:
    """Return the motion file's contents: the person in the world, and the raw motion before the feet were planted. is_alone:
    whether the video has one shot; of several, even those of cameras that stand still are of cameras at different places."""
    person = placed.person
    track = person.track
    is_still = is_alone and len(world_camera.world_from_cam) == 1
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


def _make_listing(clock: Clock, scenes: Sequence[_Scene], request: CaptureRequest, people: tuple[ListedPerson, ...],
                  preview: str | None) -> CaptureListing:
    span, camera = scenes[0].shot.span, scenes[0].camera
    return CaptureListing(
        engine=request.engine, landmark_quality=request.quality, video=path_as_text(span.path.absolute()),
        fps=clock.fps, image_size=span.size, frame_count=len(clock.frame_index), stature=request.stature,
        camera_pitch_degrees=round(math.degrees(camera.pitch), 2), camera_roll_degrees=round(math.degrees(camera.roll), 2),
        camera_moves=len(scenes) > 1 or len(camera.world_from_cam) > 1, preview=preview, people=people)
