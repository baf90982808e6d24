#!/usr/bin/env bash
# Blender's keyframes take interpolations by foreach_set ten times faster as unsigned bytes than as any other whole numbers. An
# enumeration looks like an int, but is held here as one byte: only an array of that very type is copied at once, all others
# are taken number by number, without a word. The result is the same.
#
# Versions: bpy 5.0.1, numpy as it asks for, Python 3.11. Seen also in bpy 4.2.23 and 5.3.0 (12 to 16 times).
# Seen:     100,000 keys: uint8 0.5 ms, all others 5.8 to 6.8 ms
#           int8, int16, int32, int64, uint32: more than 4 times slower than uint8
# Fails where that changes. Takes a Python 3.11 (PYTHON, by default python3.11) and some minutes: bpy is 350 MB.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install -q bpy==5.0.1
cat > keys.py <<'PY'
import time
import bpy
import numpy as np
thing = bpy.data.objects.new("Moved", None)
bpy.context.scene.collection.objects.link(thing)
thing.keyframe_insert("location", index=0, frame=1)
points = thing.animation_data.action.layers[0].strips[0].channelbags[0].fcurves[0].keyframe_points
points.add(99_999)
linear = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items["LINEAR"].value


def fastest(dtype):
    values, seconds = np.full(len(points), linear, dtype=dtype), []
    for _ in range(7):
        points.foreach_set("interpolation", np.zeros(len(points), dtype=np.uint8))
        begun = time.perf_counter()
        points.foreach_set("interpolation", values)
        seconds.append(time.perf_counter() - begun)
    assert {points[0].interpolation, points[-1].interpolation} == {"LINEAR"}
    return min(seconds)


as_bytes = fastest(np.uint8)
for name in ("int8", "int16", "int32", "int64", "uint32"):
    print(f"{name}: {'more' if fastest(name) > 4 * as_bytes else 'not more'} than 4 times slower than uint8")
PY
venv/bin/python keys.py | grep "than uint8" | tee seen.txt
diff seen.txt - <<'END'
int8: more than 4 times slower than uint8
int16: more than 4 times slower than uint8
int32: more than 4 times slower than uint8
int64: more than 4 times slower than uint8
uint32: more than 4 times slower than uint8
END
