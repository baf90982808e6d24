"""Properties of capture and import: the user's settings, saved with the scene, and the last results, kept with the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from ...scene.capture.found_people import FoundPeople
from ...scene.capture.import_options import ImportOptions
from ...shared.capture_request import OtherVideo
from ...shared.protocol import Error, Finding
from ..common import thumbnails
from ..common.path_options import absolute_path, relative_path_options
from .capture_properties import CaptureProperties

IMPORT_PROPERTIES = ("timing", "start_frame", "extend_range", "match_resolution", "with_camera", "with_body", "only_while_seen",
                     "relax_hands", "up_axis", "source_fps", "source_video")


class ImportProperties:
    """The options of an import, for the scene's settings and for the operators."""
    timing: bpy.props.EnumProperty(
        name="Timing", options={"SKIP_SAVE"},
        items=(("KEEP", "Keep Scene's fps",
                "Keep the scene's frame rate: the motion has the video's speed, with keys between its frames"),
               ("SET", "Use Video's fps", "Set the scene's frame rate to the video's, so that every key is on a whole frame")))
    start_frame: bpy.props.IntProperty(
        name="Start Frame", default=1, options={"SKIP_SAVE"}, description="The scene frame at which the motion begins")
    extend_range: bpy.props.BoolProperty(
        name="Extend Scene Range", default=False, options={"SKIP_SAVE"},
        description="Extend the scene's frame range so that it contains the motion")
    match_resolution: bpy.props.BoolProperty(
        name="Match Resolution", default=False, options={"SKIP_SAVE"},
        description="Set the render resolution to the video's. Off: the camera is fitted to the present resolution")
    with_camera: bpy.props.BoolProperty(
        name="Camera and Footage", default=True, options={"SKIP_SAVE"},
        description="Add a camera that matches the video's camera, with the video as its background")
    with_body: bpy.props.BoolProperty(
        name="Body", default=True, options={"SKIP_SAVE"},
        description="Add a body that follows the bones, with the person's stature and build. Off: bones only. "
                    "The bones lie inside the body: X-Ray (Alt Z) shows them")
    only_while_seen: bpy.props.BoolProperty(
        name="Only While Seen", default=True, options={"SKIP_SAVE"},
        description="Hide people before the first and after the last frame in which the video shows them, with keys that you can "
                    "edit. Off: people stand still there")
    relax_hands: bpy.props.BoolProperty(
        name="Relaxed Hands", default=True, options={"SKIP_SAVE"},
        description="Curl the hands slightly where they were not captured, so that they are not flat and stiff")

    up_axis: bpy.props.EnumProperty(
        name="Up Axis", options={"SKIP_SAVE"}, description="Which axis is up in motion files of other programs",
        items=(("auto", "Automatic", "The axis along which the body stands; a message says if that was not Z"),
               ("z", "Z", "As in AMASS and Blender"), ("y", "Y", "As in many research programs and games")))
    source_fps: bpy.props.FloatProperty(
        name="Rate of Files", default=30.0, min=1.0, max=1000.0, options={"SKIP_SAVE"},
        description="Frames a second of motion files of other programs that tell no rate")
    source_video: bpy.props.StringProperty(
        name="Video of Files", subtype="FILE_PATH", options=relative_path_options() | {"SKIP_SAVE"},
        description="The video that a motion file of another program was made of: its frame rate counts, and where the file has "
                    "a camera, it is shown behind the scene")

    def import_options(self) -> ImportOptions:
        """Return the options in the form that the importer takes."""
        return ImportOptions(
            start_frame=self.start_frame, set_scene_fps=self.timing == "SET", extend_scene_range=self.extend_range,
            match_resolution=self.match_resolution, with_camera=self.with_camera,
            with_body=self.with_body, only_while_seen=self.only_while_seen, relax_hands=self.relax_hands,
            up_axis=self.up_axis, source_fps=self.source_fps, source_video=bpy.path.abspath(self.source_video))


class MPSNET_view(bpy.types.PropertyGroup):
    """A further video of the moment that the scene's video shows."""
    filepath: bpy.props.StringProperty(
        name="View", subtype="FILE_PATH", options=relative_path_options(),
        description="Another video of the same moment, from a camera that stands elsewhere")
    knows_offset: bpy.props.BoolProperty(
        name="Time Offset",
        description="Say when the recording of this view begins. Off: found from sound and from how people move")
    offset: bpy.props.FloatProperty(
        name="Time Offset", unit="TIME_ABSOLUTE", precision=3, step=1, soft_min=-60.0, soft_max=60.0,
        description="By how many seconds the recording of this view begins later than the video above; negative: earlier")


def _forget_other_views(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """Blender calls this when the video is set: views of the moment of another video go."""
    before, chosen = (absolute_path(path) for path in (settings.views_are_of, settings.video))
    if chosen != before:
        settings.views.clear()
    settings.views_are_of = settings.video


class MPSNET_scene_settings(CaptureProperties, ImportProperties, bpy.types.PropertyGroup):
    """Scene.mpsnet: the video, and the options of capture and import."""
    video: bpy.props.StringProperty(
        name="Video", subtype="FILE_PATH", options=relative_path_options(), update=_forget_other_views,
        description="The video to capture. You can drop one into the 3D view too")
    views: bpy.props.CollectionProperty(type=MPSNET_view)
    views_are_of: bpy.props.StringProperty(subtype="FILE_PATH", options=relative_path_options() | {"HIDDEN"})
    import_when_done: bpy.props.BoolProperty(
        name="Import When Done", default=True, description="Import all people as soon as the capture is finished")

    def other_videos(self) -> tuple[OtherVideo, ...]:
        """Return the further views of the video, with absolute paths."""
        return tuple(OtherVideo(absolute_path(view.filepath), view.offset if view.knows_offset else None)
                     for view in self.views)


class MPSNET_person(bpy.types.PropertyGroup):
    """One person in the panel's list."""
    person_id: bpy.props.IntProperty()
    label: bpy.props.StringProperty()
    span: bpy.props.StringProperty()
    thumbnail: bpy.props.StringProperty()
    motion_file: bpy.props.StringProperty()
    grade: bpy.props.StringProperty()
    advice: bpy.props.StringProperty()
    is_chosen: bpy.props.BoolProperty(name="Import", default=True, description="Import this person")


class MPSNET_finding(bpy.types.PropertyGroup):
    """One line of a check of the installation, as in `protocol.Finding`."""
    subject: bpy.props.StringProperty()
    words: bpy.props.StringProperty()
    is_well: bpy.props.BoolProperty()
    advice: bpy.props.StringProperty()
    remedy: bpy.props.StringProperty()


class MPSNET_window_state(bpy.types.PropertyGroup):
    """WindowManager.mpsnet: the last capture, the last import, the last error."""
    capture: bpy.props.StringProperty()
    people: bpy.props.CollectionProperty(type=MPSNET_person)
    findings: bpy.props.CollectionProperty(type=MPSNET_finding)
    notice: bpy.props.StringProperty()
    warning: bpy.props.StringProperty()
    camera: bpy.props.StringProperty()
    enclosing: bpy.props.StringProperty()
    error_message: bpy.props.StringProperty()
    error_advice: bpy.props.StringProperty()
    error_log_tail: bpy.props.StringProperty()
    error_log_path: bpy.props.StringProperty()

    def show_people(self, found: FoundPeople) -> None:
        """List the people of a capture, and load their pictures again."""
        thumbnails.clear_pictures()
        self.capture = str(found.path)
        self.people.clear()
        for person in found.people:
            item = self.people.add()
            item.person_id, item.label, item.is_chosen = person.person_id, person.label, person.is_chosen
            item.span, item.thumbnail, item.motion_file = person.span, person.thumbnail, person.motion_file
            item.grade, item.advice = person.grade, person.advice

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """List what a check of the installation found."""
        self.findings.clear()
        for finding in findings:
            item = self.findings.add()
            item.subject, item.words, item.is_well = finding.subject, finding.words, finding.is_well
            item.advice, item.remedy = finding.advice, finding.remedy

    def capture_folder(self) -> str:
        """Return the folder of the listed people's capture."""
        path = Path(self.capture)
        return str(path if path.is_dir() else path.parent)

    def show_notice(self, notice: str, warnings: Sequence[str] = (), camera: str = "") -> None:
        """Show a line about what was done and warnings for the user; remember the name of the imported camera."""
        self.enclosing = ""
        self.notice, self.warning, self.camera = notice, " ".join(warnings), camera

    def show_error(self, error: Error, log_path: Path | None = None) -> None:
        """Store an error for the dialog and the panel."""
        self.error_message, self.error_advice, self.error_log_tail = error.message, error.advice, error.log_tail
        self.error_log_path = str(log_path or "")

    def clear_error(self) -> None:
        """Remove the stored error."""
        self.error_message = self.error_advice = self.error_log_tail = self.error_log_path = ""


@bpy.app.handlers.persistent
def _forget_notice(_scene: bpy.types.Scene) -> None:
    """Remove a line about what was done when it was undone, or something before it."""
    bpy.context.window_manager.mpsnet.show_notice("")


def attach() -> None:
    """Add the settings to scenes and the state to the window manager."""
    bpy.app.handlers.undo_post.append(_forget_notice)
    bpy.types.Scene.mpsnet = bpy.props.PointerProperty(type=MPSNET_scene_settings)
    bpy.types.WindowManager.mpsnet = bpy.props.PointerProperty(type=MPSNET_window_state, options={"SKIP_SAVE"})


def detach() -> None:
    """Remove both again."""
    bpy.app.handlers.undo_post.remove(_forget_notice)
    del bpy.types.WindowManager.mpsnet
    del bpy.types.Scene.mpsnet
