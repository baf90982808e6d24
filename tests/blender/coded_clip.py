"""A clip whose every picture shows its number in black and white blocks, at uneven times, and who reads the number in Blender.

`coded_clip.mp4` was made by `python tests/blender/coded_clip.py`, in a Python with PyAV (`av`) and numpy.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

CLIP = Path(__file__).with_name("coded_clip.mp4")
# In sixtieths of a second: most pictures stay two, as at 30 a second; some come early, some were dropped. FFmpeg, and Blender
# with it, calls that 60 frames a second; the mean is 28.
STEPS = np.tile((2, 2, 3, 1, 2, 2, 2, 4, 2, 1, 2, 2, 3, 2), 4)
TIMES = np.concatenate(((0,), np.cumsum(STEPS))) / 60
_BLOCK, _COLUMNS, _ROWS = 16, 3, 2  # 6 bits
_RENDERED = 2  # pixels a side of a block when Blender shows it; it renders no picture below 4 pixels


def _picture(number: int) -> np.ndarray:
    bits = np.array([number >> bit & 1 for bit in range(_COLUMNS * _ROWS)], dtype=np.uint8).reshape(_ROWS, _COLUMNS)
    return np.repeat(np.repeat(bits * 255, _BLOCK, axis=0), _BLOCK, axis=1)[..., None].repeat(3, axis=2)


def _write_clip() -> None:
    import av
    with av.open(str(CLIP), "w") as container:
        stream = container.add_stream("libx264", rate=60, options={"crf": "12", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = _COLUMNS * _BLOCK, _ROWS * _BLOCK, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 15360)
        for number, seconds in enumerate(TIMES):
            frame = av.VideoFrame.from_ndarray(_picture(number), format="rgb24")
            frame.pts, frame.time_base = round(seconds * 15360), Fraction(1, 15360)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def numbers_shown(counts: list[int], folder: Path) -> list[int]:
    """Return the numbers of the pictures that Blender shows at its movie frames `counts`, rendered on one square each."""
    import bpy
    scene = bpy.data.scenes.new("coded clip")
    image = bpy.data.images.load(str(CLIP))
    corners = [(column * _COLUMNS, (row + place) * _ROWS, 0)
               for place in range(len(counts)) for column, row in ((0, 0), (1, 0), (1, 1), (0, 1))]
    mesh = bpy.data.meshes.new("squares")
    mesh.from_pydata(corners, [], np.arange(len(corners)).reshape(-1, 4).tolist())
    mesh.uv_layers.new().data.foreach_set("uv", np.tile((0, 0, 1, 0, 1, 1, 0, 1), len(counts)).astype(np.float32))
    for place, count in enumerate(counts):
        mesh.materials.append(_material(image, count))
        mesh.polygons[place].material_index = place
    scene.collection.objects.link(bpy.data.objects.new("squares", mesh))
    _look_at_squares(scene, len(counts))
    bpy.context.scene.frame_set(1)  # the frame at which image users stand, whichever scene is rendered
    scene.render.filepath = str(folder / "numbers.png")
    bpy.ops.render.render(write_still=True, scene=scene.name)
    rendered = bpy.data.images.load(scene.render.filepath)
    pixels = np.array(rendered.pixels[:]).reshape(len(counts), _ROWS, _RENDERED, _COLUMNS, _RENDERED, -1)
    blocks = pixels[..., 0].mean(axis=(2, 4))[:, ::-1].reshape(len(counts), -1)  # Blender's rows begin below
    return [int(number) for number in (blocks > 0.5) @ (1 << np.arange(_COLUMNS * _ROWS))]


def _material(image, count: int):
    """Return a material that shines as the image does at a movie frame (scene frame 1 is the movie's frame 0)."""
    import bpy
    material = bpy.data.materials.new("square")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    texture, emission, output = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("TexImage", "Emission", "OutputMaterial"))
    texture.image, texture.interpolation = image, "Closest"
    user = texture.image_user
    user.frame_start, user.frame_duration, user.frame_offset, user.use_auto_refresh = 1, 1000, count, True
    tree.links.new(texture.outputs[0], emission.inputs[0])
    tree.links.new(emission.outputs[0], output.inputs[0])
    return material


def _look_at_squares(scene, square_count: int) -> None:
    """Render a column of squares, each a unit a block, from above."""
    import bpy
    camera = bpy.data.objects.new("from above", bpy.data.cameras.new("from above"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", _ROWS * square_count
    camera.data.sensor_fit = "VERTICAL"
    camera.location = (_COLUMNS / 2, _ROWS * square_count / 2, 5)
    scene.collection.objects.link(camera)
    scene.camera = camera
    render = scene.render
    render.engine, scene.cycles.samples, scene.cycles.pixel_filter_type = "CYCLES", 1, "BOX"
    scene.cycles.use_denoising = False
    render.resolution_x, render.resolution_y = _RENDERED * _COLUMNS, _RENDERED * _ROWS * square_count
    render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"


if __name__ == "__main__":
    _write_clip()
