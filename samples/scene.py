"""One picture of dressed bodies in a room: shadows on the floor, a shared z-buffer, twice the resolution, reduced."""
from dataclasses import dataclass

import cv2
import numpy as np
from body import Body, skin, vertex_normals
from camera import Camera
from outfit import Outfit, dress, zone_fields
from rasteriser import cover, fill, shade
from room import Backdrop, Room, draw_room

SCALE = 2
LIGHT = np.array([-0.42, -0.62, 0.98]) / np.linalg.norm([-0.42, -0.62, 0.98])  # towards the lamp
SHADOW_PX = 300  # of the shadow map, per side
SHADOW_SPAN = 3.0  # metres that it covers


@dataclass(frozen=True)
class Actor:
    """A dressed body with what its shading needs: zones (V, Z), palette and pattern."""

    body: Body
    zones: np.ndarray
    palette: np.ndarray
    pattern: np.ndarray


@dataclass(frozen=True)
class EmptyScene:
    """A camera in a room, drawn empty once, large and at the picture's size."""

    camera: Camera
    large: Backdrop
    picture: np.ndarray
    floor: np.ndarray


def cast_actor(body: Body, outfit: Outfit) -> Actor:
    """Return the body in these clothes."""
    zones = zone_fields(body, outfit)
    return Actor(dress(body, zones), np.ascontiguousarray(zones), outfit.palette(), outfit.pattern())


def draw_empty_scene(room: Room, camera: Camera, sharp: bool = True) -> EmptyScene:
    """Return the room without people. Not sharp: drawn at the picture's size instead of twice that, four times as fast."""
    large = draw_room(room, camera, SCALE) if sharp else _enlarge(draw_room(room, camera, 1))
    size = (camera.width, camera.height)
    picture = cv2.resize(large.picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    floor = cv2.resize(large.floor.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return EmptyScene(camera, large, picture, floor)


def _enlarge(backdrop: Backdrop) -> Backdrop:
    picture, depth, floor = (values.repeat(SCALE, 0).repeat(SCALE, 1) for values in
                             (backdrop.picture, backdrop.depth, backdrop.floor))
    return Backdrop(picture, depth, floor)


def draw(empty: EmptyScene, actors: list[Actor], poses: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 RGB of actors in poses (rotations (J, 3, 3), heads (J, 3))."""
    surfaces = [skin(actor.body, actor.body.surface_rest, *pose) for actor, pose in zip(actors, poses, strict=True)]
    picture = empty.picture.copy()
    if actors:
        light = _compute_floor_light(empty, actors, surfaces)
        picture *= light[:, :, None]
        _draw_actors(empty, actors, surfaces, picture, light)
    return _develop(picture)


def _draw_actors(empty: EmptyScene, actors: list[Actor], surfaces: list[np.ndarray], picture: np.ndarray,
                 light: np.ndarray) -> None:
    projected = [empty.camera.project(surface, SCALE) for surface in surfaces]
    points = np.concatenate([pixels[depth > 0.1] for pixels, depth in projected])
    if not len(points):
        return
    size = np.array([empty.camera.width, empty.camera.height])
    left, top = np.clip(points.min(0) // SCALE - 2, 0, size).astype(int)
    right, bottom = np.clip(points.max(0) // SCALE + 3, 0, size).astype(int)
    if right <= left or bottom <= top:
        return
    window = np.s_[top * SCALE:bottom * SCALE, left * SCALE:right * SCALE]
    z_buffer = empty.large.depth[window].copy()
    triangle = np.full((*z_buffer.shape, 2), -1, np.int32)
    weights = np.zeros((*z_buffer.shape, 2))
    corner = np.array([left, top]) * SCALE + 0.5  # a pixel's sample lies at its middle
    for i, (actor, (pixels, depth)) in enumerate(zip(actors, projected, strict=True)):
        cover(pixels - corner, depth, actor.body.faces, i, z_buffer, triangle, weights)
    shown = empty.large.picture[window] * np.repeat(np.repeat(light[top:bottom, left:right], SCALE, 0), SCALE, 1)[..., None]
    for i, (actor, surface) in enumerate(zip(actors, surfaces, strict=True)):
        spots, shadow_map = _make_shadow_map(actor.body, surface)
        shade(i, triangle, weights, actor.body.faces, vertex_normals(surface, actor.body.faces), actor.body.vertices_rest,
              actor.zones, actor.palette, actor.pattern, spots, shadow_map, LIGHT, shown)
    picture[top:bottom, left:right] = cv2.resize(shown, (right - left, bottom - top), interpolation=cv2.INTER_AREA)


def _make_shadow_map(body: Body, surface: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices (V, 3) in the map's px and m, and the map (S, S) of the depths seen from the light."""
    across = np.cross([0.0, 0.0, 1.0], LIGHT)
    across /= np.linalg.norm(across)
    axes = np.stack([across, np.cross(LIGHT, across), -LIGHT])
    seen = (surface - surface.mean(0)) @ axes.T + np.array([0, 0, 10.0])
    spots = np.ascontiguousarray(seen * np.array([SHADOW_PX / SHADOW_SPAN] * 2 + [1.0]))
    spots[:, :2] += SHADOW_PX / 2
    depths = np.full((SHADOW_PX, SHADOW_PX), 1e9)
    scratch = np.zeros((SHADOW_PX, SHADOW_PX, 2), np.int32), np.zeros((SHADOW_PX, SHADOW_PX, 2))
    cover(np.ascontiguousarray(spots[:, :2]), np.ascontiguousarray(spots[:, 2]), body.faces, 0, depths, *scratch)
    return spots, depths


def _compute_floor_light(empty: EmptyScene, actors: list[Actor], surfaces: list[np.ndarray]) -> np.ndarray:
    """Return how much light (H, W) in [0, 1] the floor keeps: a soft cast shadow and a tight one under the feet."""
    half = (empty.camera.width // 2, empty.camera.height // 2)
    cast, contact = (np.zeros(half[::-1], np.uint8) for _ in range(2))
    for actor, surface in zip(actors, surfaces, strict=True):
        standing = np.zeros(len(surface), bool)
        for mask, direction, lifted in ((cast, LIGHT, standing), (contact, np.array([0, 0, 1.0]), surface[:, 2] > 0.16)):
            flat = surface - direction * (surface[:, 2:] / direction[2])
            pixels, depth = empty.camera.project(flat, 0.5)
            fill(pixels, actor.body.faces, lifted | (depth < 0.3), mask)
    cast = cv2.GaussianBlur(cast, (0, 0), 4.5).astype(np.float32) / 255
    contact = cv2.GaussianBlur(contact, (0, 0), 2.2).astype(np.float32) / 255
    dark = cv2.resize(1 - (1 - 0.38 * cast) * (1 - 0.5 * contact), (empty.camera.width, empty.camera.height))
    return 1 - dark * empty.floor


def _develop(picture: np.ndarray) -> np.ndarray:
    """Return sRGB uint8 from linear light (gamma 2.2) by table."""
    table = (255 * (np.arange(4096) / 4095) ** (1 / 2.2) + 0.5).astype(np.uint8)
    return table[np.clip(picture * 4095, 0, 4095).astype(np.uint16)]
