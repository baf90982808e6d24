"""Writes a .blend with Rigify's basic human, the metarig and the generated rig: `python rigify_script.py OUT.blend`.

A process of its own: bpy 4.5 with Rigify enabled never comes to its end by itself.
"""

import os
import sys

import bpy  # isort: skip (what follows is found through it)

import addon_utils

bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
addon_utils.enable("rigify", default_set=True)
bpy.ops.object.armature_basic_human_metarig_add()
bpy.ops.pose.rigify_generate()
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1])
sys.stdout.flush()
os._exit(0)
