"""Captures the sample clip in a real Blender window by clicks on the panel's buttons: set up, cancel, kill, capture.

Run it by the project's window tool, with time for the set-up's download:
`BLENDER_GUI_LIMIT=590 blender_gui.sh shot tools/capture_through_panel.py OUT/last.png`; with BLENDER_USER_RESOURCES set to a
folder that is kept, the set-up is needed once. Prints what was measured and takes a picture of each state.
"""

import os
import signal
import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from panel_screenshot import REPOSITORY, SIDEBAR_DRAWN, find_cancel_button, install_extension, module

CLIP = REPOSITORY / "samples" / "walk_turn.mp4"
LONGEST_JOB = 400.0  # seconds
SOME_WORK_DONE = 6.0  # seconds


def ui(h):
    """Go from an installed extension to an armature over its footage."""
    install_extension()
    bpy.context.preferences.system.use_online_access = True
    h.area().spaces.active.show_region_ui = True
    yield SIDEBAR_DRAWN
    h.panel("Mocap")
    h.window.scene.mpsnet.video = str(CLIP)
    yield SIDEBAR_DRAWN
    if not module("doors.common.preferences").backend_environment(bpy.context).is_ready():
        yield from press(h, find_main_button(h))
        yield SOME_WORK_DONE
        h.shot("1_setting_up.png")
        yield from wait_for_job()
        h.shot("2_set_up.png")
    yield from cancel_a_capture(h)
    yield from kill_a_capture(h)
    yield from press(h, find_main_button(h))
    yield SOME_WORK_DONE
    h.shot("5_capturing.png")
    yield from wait_for_job()
    with h.override():
        bpy.ops.mpsnet.view_footage()
    h.window.scene.frame_set(100)
    yield SIDEBAR_DRAWN
    print("made:", [thing.name for thing in h.window.scene.objects], flush=True)


def cancel_a_capture(h):
    """Start a capture and cancel it by a click; print how long its process still ran."""
    yield from press(h, find_main_button(h))
    yield SOME_WORK_DONE
    process = module("scene.capture.job_timer").running_job().process
    asked = time.monotonic()
    yield from press(h, find_cancel_button(h.region()))
    while process.is_running:
        yield 0.02
    print(f"cancelled by a click: process gone after {time.monotonic() - asked:.2f} s", flush=True)
    yield from wait_for_job()
    h.shot("3_cancelled.png")


def kill_a_capture(h):
    """Start a capture, kill its process, and print how long it took until the panel showed an error."""
    yield from press(h, find_main_button(h))
    yield SOME_WORK_DONE
    state = bpy.context.window_manager.mpsnet
    (backend,) = [child for child in list_children() if "capture" in child.read_text().split("\0")]
    killed = time.monotonic()
    os.kill(int(backend.parent.name), signal.SIGKILL)
    while not state.error_message:
        yield 0.02
    print(f"killed: shown after {time.monotonic() - killed:.2f} s: {state.error_message}", flush=True)
    yield SIDEBAR_DRAWN
    h.shot("4_killed.png")
    h.key("ESC")
    bpy.ops.mpsnet.dismiss_error()
    yield SIDEBAR_DRAWN


def list_children() -> list[Path]:
    """Return the command line files of this process's children."""
    mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [Path(f"/proc/{pid}/cmdline") for pid in mine]


def find_main_button(h) -> tuple[float, float]:
    """Return where the Capture or Set Up button lies in the window."""
    sidebar = h.region()
    return sidebar.x + sidebar.width / 2, sidebar.y + sidebar.height - 82


def press(h, place: tuple[float, float]):
    """Move the mouse there as a hand does, in more than one step, and click."""
    for away in (8, 2):
        h.move(place[0] + away, place[1] + away)
        yield 0.2
    h.click(*place)
    yield 0.3


def wait_for_job():
    """Wait until no job runs."""
    end = time.monotonic() + LONGEST_JOB
    while module("scene.capture.job_timer").running_job() is not None:
        if time.monotonic() > end:
            raise TimeoutError("the job did not end")
        yield 0.2
    yield SIDEBAR_DRAWN
