"""Captures a clip with the MPS-Net engine in a real Blender window: files missing in turn, Add Files, cancel, capture.

Run it by the project's window tool. MPSNET_HOME names a home of the shell's whose mpsnet profile is set up; MPSNET_DOWNLOADS
the folder of downloaded (or seeded) files; MPSNET_CLIP the video. Prints what was measured and takes a picture of each state.
"""

import os
import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from capture_through_panel import SOME_WORK_DONE, find_main_button, press, wait_for_job
from panel_screenshot import SIDEBAR_DRAWN, find_cancel_button, install_extension, module

DOWNLOADS, CLIP = os.environ["MPSNET_DOWNLOADS"], os.environ["MPSNET_CLIP"]
REQUIRED = ("mpsnet", "spin", "smpl_neutral")


def ui(h):
    """Go from no files to an armature."""
    install_extension()
    h.area().spaces.active.show_region_ui = True
    yield SIDEBAR_DRAWN
    h.panel("Mocap")
    settings = h.window.scene.mpsnet
    settings.video, settings.engine, settings.end_seconds = CLIP, "mpsnet", 1.0
    yield SIDEBAR_DRAWN
    folder = module("doors.common.preferences").backend_environment(bpy.context).checkpoints_folder
    h.shot("m1_no_files.png")
    with h.override():
        bpy.ops.mpsnet.add_models("EXEC_DEFAULT", filepath=DOWNLOADS)
    yield from wait_for_job()
    print("added:", sorted(path.name for path in folder.glob("*.npz")), flush=True)
    h.shot("m2_added.png")
    for name in REQUIRED:
        path = folder / f"{name}.npz"
        path.rename(folder / "aside")
        h.move(400, 300)
        yield SIDEBAR_DRAWN
        module("scene.capture.job_timer").redraw_sidebars()
        yield SIDEBAR_DRAWN
        with h.override():
            print(f"without {name}: capture may start: {bpy.ops.mpsnet.capture_video.poll()}", flush=True)
        h.shot(f"m3_without_{name}.png")
        (folder / "aside").rename(path)
    module("scene.capture.job_timer").redraw_sidebars()
    yield SIDEBAR_DRAWN
    settings.end_seconds = 4.0
    yield from cancel_in_the_network(h)
    settings.end_seconds = 1.0
    yield from press(h, find_main_button(h))
    yield from wait_for_stage("Running MPS-Net")
    h.shot("m5_running.png")
    yield from wait_for_job()
    state = bpy.context.window_manager.mpsnet
    print("error:", state.error_message, "made:", [thing.name for thing in h.window.scene.objects], flush=True)
    with h.override():
        bpy.ops.mpsnet.view_footage()
    h.window.scene.frame_set(15)
    yield SIDEBAR_DRAWN


def wait_for_stage(stage):
    """Wait until a job is in a stage."""
    end = time.monotonic() + 200
    while (job := module("scene.capture.job_timer").running_job()) is not None and stage not in job.state.stage:
        if time.monotonic() > end:
            raise TimeoutError(stage)
        yield 0.1
    yield SOME_WORK_DONE / 3


def cancel_in_the_network(h):
    """Start a capture, cancel it by a click while the network runs; print how long its process still ran."""
    yield from press(h, find_main_button(h))
    yield from wait_for_stage("Running MPS-Net")
    process = module("scene.capture.job_timer").running_job().process
    asked = time.monotonic()
    yield from press(h, find_cancel_button(h.region()))
    while process.is_running:
        yield 0.02
    print(f"cancelled by a click: process gone after {time.monotonic() - asked:.2f} s", flush=True)
    yield from wait_for_job()
    h.shot("m4_cancelled.png")
