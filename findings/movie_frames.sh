#!/usr/bin/env bash
# Blender counts a movie's frames by its nominal rate (FFmpeg's av_guess_frame_rate), not by its pictures: its frame n is the
# last picture that begins no later than n / rate. So a movie of 4 pictures at 0, 2, 3 and 6 sixtieths has 8 frames, and a
# picture that lies with the next one between two counts is never shown.
#
# Versions: bpy 5.0.1, av 18.1.0 (numpy as bpy wants it), Python 3.11. Seen also in bpy 4.2.23, 4.5.15, 5.2.3 and 5.3.0.
# Seen:     uneven.mp4: 60.0 a second, pictures shown at frames 0 to 6: 0 0 1 2 2 2 3
#           early.mp4: 30.0 a second, pictures shown at frames 0 to 3: 0 0 2 3
#           (its pictures begin at 0, 0.036, 0.065, 0.1, 0.133, ... s)
# Fails where that changes. Takes a Python 3.11 (PYTHON, by default python3.11) and some minutes: bpy is 350 MB.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install -q bpy==5.0.1 av==18.1.0
cat > movie.py <<'PY'
import sys
from fractions import Fraction
import av, numpy as np
name, rate, unit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with av.open(name, "w") as out:
    stream = out.add_stream("libx264", rate=rate, options={"crf": "5", "bf": "0"})
    stream.width = stream.height = 64; stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(1, unit)
    for number, begin in enumerate(map(int, sys.argv[4:])):
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 20 + 60 * (number % 4), np.uint8), format="rgb24")
        frame.pts, frame.time_base = begin, Fraction(1, unit)
        out.mux(stream.encode(frame))
    out.mux(stream.encode())
PY
cat > shown.py <<'PY'
import os, sys
import bpy
name, counts = sys.argv[1], int(sys.argv[2])
path, picture_path = os.path.abspath(name), os.path.abspath("shown.png")
bpy.ops.wm.read_factory_settings(use_empty=True)
image, clip, scene = bpy.data.images.load(path), bpy.data.movieclips.load(path), bpy.context.scene
mesh = bpy.data.meshes.new("plane"); mesh.from_pydata([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], [], [(0, 1, 2, 3)])
material = bpy.data.materials.new("shown"); material.use_nodes = True
nodes, links = material.node_tree.nodes, material.node_tree.links; nodes.clear()
texture, emission, output = (nodes.new(f"ShaderNode{kind}") for kind in ("TexImage", "Emission", "OutputMaterial"))
texture.image = image; user = texture.image_user
user.frame_start, user.frame_duration, user.use_auto_refresh = 0, 1000, True
links.new(texture.outputs[0], emission.inputs[0]); links.new(emission.outputs[0], output.inputs[0])
mesh.materials.append(material); scene.collection.objects.link(bpy.data.objects.new("plane", mesh))
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera")); camera.location.z = 2; scene.collection.objects.link(camera)
camera.data.type, camera.data.ortho_scale, scene.camera = "ORTHO", 1, camera
scene.render.engine, scene.cycles.samples, scene.view_settings.view_transform = "CYCLES", 1, "Standard"
scene.render.resolution_x = scene.render.resolution_y = 8; scene.render.filepath = picture_path
shown = []
for count in range(counts):
    scene.frame_set(count); bpy.ops.render.render(write_still=True)
    picture = bpy.data.images.load(picture_path)
    shown.append(str(round((picture.pixels[0] * 255 - 20) / 60)))
    bpy.data.images.remove(picture)
print(f"{name}: {clip.fps} a second, pictures shown at frames 0 to {counts - 1}: {' '.join(shown)}")
PY
venv/bin/python movie.py uneven.mp4 60 15360 0 512 768 1536
venv/bin/python movie.py early.mp4 30 90000 0 3240 5850 $(seq 9000 3000 180000)
{ venv/bin/python shown.py uneven.mp4 7; venv/bin/python shown.py early.mp4 4; } 2>/dev/null | grep "pictures shown" | tee seen.txt
diff seen.txt - <<'END'
uneven.mp4: 60.0 a second, pictures shown at frames 0 to 6: 0 0 1 2 2 2 3
early.mp4: 30.0 a second, pictures shown at frames 0 to 3: 0 0 2 3
END
