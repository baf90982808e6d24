"""The panel "Queue": the videos that wait, run or have ended, and what can be done with each."""

from __future__ import annotations

import bpy

from ...scene.capture import job_timer
from ...scene.capture.capture_queue import QUEUE, QueuedVideo, QueueState
from ...shared.capture_listing import GRADE_WORDS
from ..common.grades import GRADE_ICONS
from ..common.text_lines import count_line_characters, draw_lines

_BUTTON_HEIGHT = 1.4
_ICONS = {QueueState.WAITING: "TIME", QueueState.RUNNING: "PLAY", QueueState.DONE: "CHECKMARK", QueueState.FAILED: "ERROR",
          QueueState.CANCELLED: "CANCEL"}
# The buttons of a video's row by its state: action and icon.
_BUTTONS = {QueueState.WAITING: (("REMOVE", "X"),), QueueState.RUNNING: (("CANCEL", "CANCEL"),),
            QueueState.DONE: (("REMOVE", "X"),), QueueState.FAILED: (("RETRY", "FILE_REFRESH"), ("REMOVE", "X")),
            QueueState.CANCELLED: (("RETRY", "FILE_REFRESH"), ("REMOVE", "X"))}


class MPSNET_PT_queue(bpy.types.Panel):
    bl_label = "Queue"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"
    bl_parent_id = "MPSNET_PT_capture"

    @classmethod
    def poll(cls, _context):
        return bool(QUEUE.videos)

    def draw(self, context):
        layout = self.layout
        waiting = QUEUE.count(QueueState.WAITING)
        row = layout.row(align=True)
        row.scale_y = _BUTTON_HEIGHT
        if QUEUE.is_active:
            row.operator("mpsnet.cancel_queue", icon="CANCEL")
        elif waiting:
            row.operator("mpsnet.capture_queue", text=f"Capture All ({waiting})", icon="OUTLINER_OB_ARMATURE")
        row.operator("mpsnet.clear_queue", text="" if QUEUE.is_active or waiting else "Clear Ended", icon="TRASH")
        for queued in QUEUE.videos:
            _draw_video(layout.box(), queued, count_line_characters(context) - 2)


def _draw_video(box: bpy.types.UILayout, queued: QueuedVideo, characters: int) -> None:
    column = box.column(align=True)
    row = column.row(align=True)
    icon = GRADE_ICONS.get(queued.grade, "CHECKMARK") if queued.state is QueueState.DONE else _ICONS[queued.state]
    row.label(text=queued.video.name, icon=icon)
    if queued.state is QueueState.DONE and queued.folder is not None:
        row.operator("wm.path_open", text="", icon="FILE_FOLDER").filepath = str(queued.folder)
        _draw_button(row, queued, "IMPORT", "IMPORT")
    for action, button_icon in _BUTTONS[queued.state]:
        _draw_button(row, queued, action, button_icon)
    if queued.views:
        draw_lines(column, f"With {', '.join(view.video.name for view in queued.views)}", "CAMERA_DATA", characters)
    draw_lines(column, _describe(queued), "BLANK1", characters)


def _draw_button(row: bpy.types.UILayout, queued: QueuedVideo, action: str, icon: str) -> None:
    button = row.operator("mpsnet.queued_video", text="", icon=icon)
    button.number, button.action = queued.number, action


def _describe(queued: QueuedVideo) -> str:
    """Return a video's state in words."""
    if queued.state is QueueState.DONE:
        grade = f"{GRADE_WORDS[queued.grade]}. " if queued.grade in GRADE_WORDS else ""
        return f"{grade}{queued.words}{' Imported.' if queued.is_imported else ''}"
    job = job_timer.running_job()
    if queued.state is QueueState.RUNNING and job is not None:
        share = "" if job.state.fraction is None else f" {job.state.fraction:.0%}"
        return "Stopping" if job.state.is_cancelling else f"{job.state.stage}{share}"
    return queued.words or queued.state.value


CLASSES = (MPSNET_PT_queue,)
