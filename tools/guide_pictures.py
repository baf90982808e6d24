"""Makes the pictures of docs/animators.md: the Mocap tab before the first capture, and after it.

First `python3 mocap.py capture samples/walk_turn.mp4 --output DIR`. Then run it by the project's window tool:
`MPSNET_CAPTURE=DIR BLENDER_GUI_SIZE=1120x700 blender_gui.sh shot tools/guide_pictures.py docs/pictures/people_found.png`, with
DIR in a place that the window can see; before_capture.png is written beside it.
"""

import os
import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from panel_screenshot import REPOSITORY, SIDEBAR_DRAWN, install_extension, module

CLIP = REPOSITORY / "samples" / "walk_turn.mp4"
FRAME = 120


def ui(h):
    """Show the default scene with a video chosen, then the imported capture."""
    install_extension()
    bpy.context.preferences.system.use_online_access = True
    with h.override():
        bpy.ops.mpsnet.choose_video(filepath=str(CLIP))
    yield 2 * SIDEBAR_DRAWN
    h.window.scene.mpsnet.video = f"//{CLIP.name}"
    yield SIDEBAR_DRAWN
    h.shot("before_capture.png")
    module("client.backend_environment").BackendEnvironment.is_ready = lambda _self: True  # as after the set-up
    with h.override():
        bpy.ops.mpsnet.import_motion(filepath=os.environ["MPSNET_CAPTURE"])
        bpy.ops.mpsnet.hide_enclosing()
    h.window.scene.frame_set(FRAME)
    h.move(40, 40)
    yield 2 * SIDEBAR_DRAWN
