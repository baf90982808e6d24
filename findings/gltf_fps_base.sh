#!/usr/bin/env bash
# Blender's glTF exporter takes fps * fps_base for the scene's frame rate, which is fps / fps_base. At 29.97 frames a second
# (30 / 1.001) every time in the file is too small by 0.2 %: a clip of an hour ends 7 seconds early.
#
# Versions: bpy 5.0.1, Python 3.11. Seen also in bpy 4.2.23, 5.2.3 and 5.3.0.
# Seen:     the last of 300 frames is at 9.9900 s, and 300 * 1.001 / 30 are 10.0100 s
# Fails where that changes. Takes a Python 3.11 (PYTHON, by default python3.11) and some minutes: bpy is 350 MB.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install -q bpy==5.0.1
cat > times.py <<'PY'
import json
import os
import struct

import bpy
import addon_utils

addon_utils.enable("io_scene_gltf2")
path, scene = os.path.abspath("moving.glb"), bpy.context.scene
scene.render.fps, scene.render.fps_base = 30, 1.001
scene.frame_start, scene.frame_end = 0, 300
cube = bpy.data.objects["Cube"]
for frame, place in ((0, 0.0), (300, 1.0)):
    cube.location.x = place
    cube.keyframe_insert("location", frame=frame)
bpy.ops.export_scene.gltf(filepath=path)
with open(path, "rb") as stream:
    content = stream.read()
(length,) = struct.unpack_from("<I", content, 12)
document = json.loads(content[20:20 + length])
last = max(document["accessors"][sampler["input"]]["max"][0]
           for animation in document["animations"] for sampler in animation["samplers"])
print(f"the last of 300 frames is at {last:.4f} s, and 300 * 1.001 / 30 are {300 * 1.001 / 30:.4f} s")
PY
venv/bin/python times.py | grep "the last of" | tee seen.txt
diff seen.txt - <<'END'
the last of 300 frames is at 9.9900 s, and 300 * 1.001 / 30 are 10.0100 s
END
