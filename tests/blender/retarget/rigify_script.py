"""Writes a .blend with Rigify's basic human, or its human with fingers, the metarig and the generated rig:
`python rigify_script.py OUT.blend [basic_human | human]`.

A process of its own: bpy 4.5 with Rigify enabled never comes to its end by itself.
"""

import os
import sys

import bpy  # isort: skip (what follows is found through it)

import addon_utils

bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
addon_utils.enable("rigify", default_set=True)
getattr(bpy.ops.object, f"armature_{(sys.argv[2:] or ['basic_human'])[0]}_metarig_add")()
bpy.ops.pose.rigify_generate()
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1])
sys.stdout.flush()
os._exit(0)
