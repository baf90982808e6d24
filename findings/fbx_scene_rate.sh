#!/usr/bin/env bash
# Blender's FBX importers set the scene's frame rate from the file, silently: of a file without animation too, and with
# `use_anim=False`. Actions that are there keep their keys' frames, and play at another speed from then on.
#
# Versions: bpy 5.0.1, Python 3.11. Seen also in bpy 4.2.23 to 5.3.0, with the importer in Python and, from 4.5 on, the native one.
# Seen:     import_scene.fbx: a scene of 30 frames a second has 24
#           wm.fbx_import: a scene of 30 frames a second has 24
# Fails where that changes. Takes a Python 3.11 (PYTHON, by default python3.11) and some minutes: bpy is 350 MB.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install -q bpy==5.0.1
cat > rate.py <<'PY'
import os
import bpy
path, scene = os.path.abspath("cube.fbx"), bpy.context.scene
bpy.data.objects.remove(bpy.data.objects["Light"])  # on a light, 5.0.1's importer in Python fails
scene.render.fps = 24
bpy.ops.export_scene.fbx(filepath=path, bake_anim=False)
for name, importer in (("import_scene.fbx", bpy.ops.import_scene.fbx), ("wm.fbx_import", bpy.ops.wm.fbx_import)):
    scene.render.fps = 30
    importer(filepath=path, use_anim=False)
    print(f"{name}: a scene of 30 frames a second has {scene.render.fps}")
PY
venv/bin/python rate.py | grep "frames a second" | tee seen.txt
diff seen.txt - <<'END'
import_scene.fbx: a scene of 30 frames a second has 24
wm.fbx_import: a scene of 30 frames a second has 24
END
