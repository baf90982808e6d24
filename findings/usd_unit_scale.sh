#!/usr/bin/env bash
# Blender's USD exporter writes metersPerUnit = 1 and the coordinates as they are, whatever the scene's Unit Scale is: in a scene
# whose unit is a centimetre, a cube of 2 cm becomes one of 2 m. (4.2.23 wrote metersPerUnit = 0.01.)
#
# Versions: bpy 5.0.1, Python 3.11. Seen also in bpy 4.5.15, 5.2.3 and 5.3.0.
# Seen:     metersPerUnit = 1
#           float3[] extent = [(-1, -1, -1), (1, 1, 1)]
# Fails where that changes. Takes a Python 3.11 (PYTHON, by default python3.11) and some minutes: bpy is 350 MB.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install -q bpy==5.0.1
cat > unit.py <<'PY'
import os
import bpy
bpy.context.scene.unit_settings.scale_length = 0.01
bpy.ops.wm.usd_export(filepath=os.path.abspath("cube.usda"), export_lights=False, export_cameras=False)
PY
venv/bin/python unit.py > /dev/null
grep -oE "metersPerUnit = .*|float3\[\] extent = .*" cube.usda | tee seen.txt
diff seen.txt - <<'END'
metersPerUnit = 1
float3[] extent = [(-1, -1, -1), (1, 1, 1)]
END
