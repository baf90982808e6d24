"""Makes the README's picture of the Mocap tab: the sample clip's capture over its footage, the whole tab beside it.

First `python3 mocap.py capture samples/walk_turn.mp4 --output DIR`. Then run it by the project's window tool:
`MPSNET_CAPTURE=DIR BLENDER_GUI_SIZE=1120x760 blender_gui.sh shot tools/readme_picture.py samples/panel.png`, with DIR, and
MPSNET_HOME where the backend is set up, in places that the window can see.
"""

import os
import shutil
import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from panel_screenshot import REPOSITORY, SIDEBAR_DRAWN, WORK, install_extension

CLIP = REPOSITORY / "samples" / "walk_turn.mp4"
FRAME = 149  # arms raised


def ui(h):
    """Import the capture into an empty file, look over the footage, and fill the window with the 3D view."""
    install_extension()
    shutil.copy(CLIP, WORK)
    bpy.data.batch_remove(list(bpy.data.objects))  # opening another file would end the window tool's timer
    bpy.ops.wm.save_as_mainfile(filepath=str(WORK / "scene.blend"))
    yield SIDEBAR_DRAWN
    bpy.context.preferences.system.use_online_access = True
    h.area().spaces.active.show_region_ui = True
    yield SIDEBAR_DRAWN
    h.panel("Mocap")
    h.window.scene.mpsnet.video = f"//{CLIP.name}"
    with h.override():
        bpy.ops.mpsnet.import_motion(filepath=os.environ["MPSNET_CAPTURE"])
    yield SIDEBAR_DRAWN
    with h.override():
        bpy.ops.mpsnet.view_footage()
        bpy.ops.screen.screen_full_area(use_hide_panels=True)
        bpy.context.active_object.select_set(False)  # its outline would lie over the body
    h.window.scene.frame_set(FRAME)
    yield SIDEBAR_DRAWN
    h.area().spaces.active.show_region_ui = True
    yield SIDEBAR_DRAWN
    h.panel("Mocap")
    h.move(40, 40)
    yield SIDEBAR_DRAWN
