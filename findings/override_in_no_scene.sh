#!/usr/bin/env bash
# `Collection.override_hierarchy_create` returns None, without an error, for a linked collection that stands in no scene. Blender up
# to 5.2 made the override and linked it to the scene. With the collection in the scene, or in an instance there, it still does.
#
# Versions: bpy 5.3.0, Python 3.13. Not so in bpy 4.2.23, 4.5.15, 5.0.1 and 5.2.3.
# Seen:     in no scene: None
#           in the scene: Collection
# Fails where that changes. Takes a Python 3.13 (PYTHON, by default python3.13) and some minutes: bpy is 380 MB.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3.13}" -m venv venv
venv/bin/pip install -q bpy==5.3.0
cat > override.py <<'PY'
import os
import bpy
path = os.path.abspath("library.blend")
collection = bpy.data.collections.new("character")
collection.objects.link(bpy.data.objects.new("hero", bpy.data.armatures.new("hero")))
bpy.data.libraries.write(path, {collection})
for place in ("no scene", "the scene"):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(path, link=True) as (stored, wanted):
        wanted.collections = stored.collections
    if place == "the scene":
        bpy.context.scene.collection.children.link(wanted.collections[0])
    made = wanted.collections[0].override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    print(f"in {place}: {made and type(made).__name__}")
PY
venv/bin/python override.py | grep "^in " | tee seen.txt
diff seen.txt - <<'END'
in no scene: None
in the scene: Collection
END
