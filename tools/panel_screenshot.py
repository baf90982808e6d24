"""Shows the Mocap tab in a real Blender window, state by state, with simulated clicks, and takes a picture of each.

Run it by the project's window tool: `blender_gui.sh shot tools/panel_screenshot.py OUT/last.png`. It builds and installs
the extension from this checkout, imports a synthetic capture of two people, and drives a child that only pretends to be
the backend: it needs no set-up and no network.
"""

import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

import bpy
import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = "bl_ext.user_default.mpsnet_blender"
SIDEBAR_DRAWN = 1.0  # seconds
WORK = Path(tempfile.mkdtemp(prefix="mpsnet_panel_"))


def install_extension() -> None:
    """Build the extension with Blender's build command, install and enable it."""
    program = Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    subprocess.run([sys.executable, "-I", str(program), "build", "--source-dir", str(REPOSITORY), "--output-dir", str(WORK)],
                   check=True, capture_output=True)
    bpy.ops.extensions.package_install_files(
        filepath=str(next(WORK.glob("*.zip"))), repo="user_default", enable_on_install=True)


def module(name: str):
    """Return a module of the installed extension."""
    return importlib.import_module(f"{PACKAGE}.mpsnet_blender.{name}")


def write_capture(folder: Path) -> Path:
    """Write a capture of two people who stand side by side and wave, with thumbnails, and return its folder."""
    motion_file, skeleton = module("shared.motion_file"), module("shared.smpl_skeleton")
    capture_listing = module("shared.capture_listing")
    rotations = module("motion.base.rotations")
    folder.mkdir()
    upright = rotations.rotmat_from_rotvec((np.pi / 2, 0, 0))
    seconds = np.arange(90) / 30
    people = []
    for number, place in enumerate((-0.6, 0.6), start=1):
        poses = np.zeros((90, 24, 3))
        poses[:, 0] = rotations.rotvec_from_rotmat(upright)
        poses[:, skeleton.JOINT["left_shoulder"], 2] = -1.1 + 0.3 * np.sin(3 * seconds + number)
        poses[:, skeleton.JOINT["right_shoulder"], 2] = -0.8 + 0.4 * np.sin(5 * seconds)
        poses[:, skeleton.JOINT["left_knee"], 0] = 0.4 + 0.3 * np.sin(4 * seconds)
        world_from_cam = np.array([[[1.0, 0, 0, 0], [0, 0, 1, -4], [0, -1, 0, 1.2], [0, 0, 0, 1]]])
        motion_file.write_motion(folder / f"person_{number:02d}.npz", motion_file.new_motion(
            poses=poses.reshape(90, 72), trans=np.tile((place, 0.0, 0.95), (90, 1)), mocap_framerate=30.0,
            camera_matrix=np.array(((1300.0, 0, 960), (0, 1300.0, 540), (0, 0, 1))), image_size=np.array((1920, 1080)),
            world_from_cam=world_from_cam, engine="synthetic"))
        _write_picture(folder / f"person_{number:02d}.jpg", (0.2, 0.3 + 0.3 * number, 0.7))
        people.append(capture_listing.ListedPerson(number, f"person_{number:02d}.npz", f"person_{number:02d}.jpg", 0, 89,
                                                   end_seconds=89 / 30))
    capture_listing.write_listing(folder / "people.json", capture_listing.CaptureListing(
        video="/videos/two_people.mp4", fps=30.0, people=tuple(people)))
    return folder


def start_pretended_job(h, what: str, folder: Path | None = None) -> None:
    """Start a job whose process is the tests' child, as the Capture button starts the backend."""
    child = REPOSITORY / "tests" / "blender" / "capture" / "child_script.py"
    process = module("client.backend_process").BackendProcess(
        [sys.executable, str(child), what, str(folder or "")], WORK, WORK / "capture.log")
    job_timer = module("scene.capture.job_timer")
    ended = module("doors.capture.job_endings").show_capture_end
    job_timer.start(job_timer.Job("Capturing clip.mp4", process, h.window.scene.name, ended))


def ui(h):
    """Walk through the panel's states."""
    install_extension()
    h.area().spaces.active.show_region_ui = True
    yield SIDEBAR_DRAWN
    h.panel("Mocap")
    yield SIDEBAR_DRAWN
    h.shot("1_set_up_offline.png")
    bpy.context.preferences.system.use_online_access = True
    yield SIDEBAR_DRAWN
    h.shot("2_set_up.png")
    start_pretended_job(h, "wait")
    yield SIDEBAR_DRAWN
    h.shot("3_progress.png")
    sidebar = h.region()
    h.click(*find_cancel_button(sidebar))
    yield 2.0
    h.shot("4_cancelled.png")
    start_pretended_job(h, "capture", write_capture(WORK / "capture"))
    yield 3.0
    h.shot("5_people_imported.png")
    with h.override():
        bpy.ops.view3d.view_camera()
    h.window.scene.frame_set(40)
    yield SIDEBAR_DRAWN
    h.shot("6_camera_view.png")
    with h.override():
        bpy.ops.ed.undo()
    yield SIDEBAR_DRAWN
    print("after undo:", [thing.name for thing in bpy.data.objects], flush=True)
    h.move(sidebar.x - 500, sidebar.y + 300)
    start_pretended_job(h, "crash")
    yield 3.0
    h.shot("7_error_dialog.png")


def find_cancel_button(sidebar) -> tuple[float, float]:
    """Return where the cancel button lies in the window: right of the progress bar, under the video's row."""
    return sidebar.x + sidebar.width - 48, sidebar.y + sidebar.height - 78


def _write_picture(path: Path, colour: tuple[float, float, float]) -> None:
    image = bpy.data.images.new("thumbnail", 64, 96)
    image.pixels.foreach_set(np.tile(np.array((*colour, 1.0), dtype=np.float32), 64 * 96))
    image.filepath_raw, image.file_format = str(path), "JPEG"
    image.save()
    bpy.data.images.remove(image)
