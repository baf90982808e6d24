"""A furnished room made of planes and boxes, ray-cast once per clip: floor at z = 0, three walls, a ceiling. Metres."""
from dataclasses import dataclass

import numpy as np
from camera import Camera
from outfit import Colour, linearize
from rasteriser import noise_at

FLOOR, BACK, SIDE, CEILING, BOX = range(5)


@dataclass(frozen=True)
class Panel:
    """A coloured rectangle on the back wall, from (x, z) to (x, z); glows as a window does, or has a frame."""

    low: tuple[float, float]
    high: tuple[float, float]
    colour: Colour
    glows: bool = False
    frame: Colour = (236, 232, 224)


@dataclass(frozen=True)
class Box:
    """A piece of furniture between two corners; `boards` draws lines that far apart."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    colour: Colour
    boards: float = 0.0


@dataclass(frozen=True)
class Room:
    """The surroundings. plank is the width of a floor board, or of a tile where `tiles`."""

    back: float = 6.8
    side: float = 4.6
    ceiling: float = 3.0
    wall: Colour = (206, 198, 182)
    side_wall: Colour = (190, 190, 186)
    floor: Colour = (150, 108, 70)
    plank: float = 0.17
    tiles: bool = False
    panels: tuple[Panel, ...] = ()
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Backdrop:
    """The empty picture in linear light (H, W, 3), its depth (H, W) in metres, and where it shows floor (H, W)."""

    picture: np.ndarray
    depth: np.ndarray
    floor: np.ndarray


def draw_room(room: Room, camera: Camera, scale: int) -> Backdrop:
    """Return the room as the camera sees it, in a picture `scale` times as large."""
    rays = camera.rays(scale)
    shape = rays.shape[:2]
    directions, place = rays.reshape(-1, 3), np.array(camera.place)
    distance, surface, box = _cast(room, directions, place)
    points = place + directions * distance[:, None]
    colour = np.empty_like(points)
    for kind, paint in ((FLOOR, _paint_floor), (BACK, _paint_back), (SIDE, _paint_side), (CEILING, _paint_ceiling)):
        seen = surface == kind
        colour[seen] = paint(room, points[seen])
    for i, item in enumerate(room.boxes):
        seen = (surface == BOX) & (box == i)
        colour[seen] = _paint_box(item, points[seen])
    colour *= _light(room, points, surface)[:, None]
    depth = directions @ camera.axes[2] * distance
    return Backdrop(colour.reshape(*shape, 3), depth.reshape(shape), (surface == FLOOR).reshape(shape))


def _cast(room: Room, directions: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        planes = np.stack([(0 - place[2]) / directions[:, 2], (room.back - place[1]) / directions[:, 1],
                           (np.sign(directions[:, 0]) * room.side - place[0]) / directions[:, 0],
                           (room.ceiling - place[2]) / directions[:, 2]])
        planes[~(planes > 0)] = np.inf
        surface, distance = planes.argmin(0), planes.min(0)
        box = np.full(len(directions), -1)
        for i, item in enumerate(room.boxes):
            first, last = ((np.array(corner) - place) / directions for corner in (item.low, item.high))
            enter, leave = np.minimum(first, last).max(1), np.maximum(first, last).min(1)
            hit = (enter < leave) & (enter > 0) & (enter < distance)
            distance[hit], surface[hit], box[hit] = enter[hit], BOX, i
    return distance, surface, box


def _make_fractal_noise(points: np.ndarray, frequency: float) -> np.ndarray:
    """Return noise (N,) about 0, in [-1, 1]: three octaves."""
    octaves = [noise_at(points * frequency * 2**k) / 2**k for k in range(3)]
    return np.sum(octaves, 0) / 1.75 * 2 - 1


def _paint_floor(room: Room, points: np.ndarray) -> np.ndarray:
    x, y = points[:, 0] / room.plank, points[:, 1] / room.plank
    row = np.floor(x)
    if room.tiles:
        tone = 0.06 * _make_fractal_noise(np.stack([np.floor(x), np.floor(y), 0 * x], 1) * 3.7, 1.0)
        seam = np.minimum(np.minimum(x % 1, 1 - x % 1), np.minimum(y % 1, 1 - y % 1)) < 0.018
        grain = 0.07 * _make_fractal_noise(points, 6.0)
    else:
        end = y / 8 + 0.37 * (row % 5)
        tone = 0.5 * (noise_at(np.stack([row * 5.3, np.floor(end) * 9.1, 0 * x], 1)) - 0.5)
        seam = (np.minimum(x % 1, 1 - x % 1) < 0.025) | (end % 1 < 0.006)
        grain = 0.16 * _make_fractal_noise(points * np.array([30.0, 1.6, 1.0]), 1.0)
    return linearize(room.floor) * ((1 + tone + grain) * np.where(seam, 0.55, 1.0))[:, None]


def _paint_back(room: Room, points: np.ndarray) -> np.ndarray:
    x, z = points[:, 0], points[:, 2]
    noise = 0.06 * _make_fractal_noise(points, 1.1) + 0.03 * _make_fractal_noise(points, 30.0)
    colour = linearize(room.wall) * (1 + noise)[:, None]
    colour[z < 0.11] = linearize((232, 230, 224)) * 0.9
    for panel in room.panels:
        inside = _within(panel, x, z, 0.0)
        frame = _within(panel, x, z, 0.05) & ~inside
        colour[frame] = linearize(panel.frame)
        colour[inside] = _paint_panel(panel, points[inside])
    return colour


def _within(panel: Panel, x: np.ndarray, z: np.ndarray, margin: float) -> np.ndarray:
    return ((x > panel.low[0] - margin) & (x < panel.high[0] + margin)
            & (z > panel.low[1] - margin) & (z < panel.high[1] + margin))


def _paint_panel(panel: Panel, points: np.ndarray) -> np.ndarray:
    colour = linearize(panel.colour) * (1 + 0.35 * _make_fractal_noise(points, 3.0))[:, None]
    if not panel.glows:
        return colour
    across, up = ((points[:, axis] - low) / (high - low) for axis, low, high in
                  zip((0, 2), panel.low, panel.high, strict=True))
    trees = up < 0.42 + 0.16 * _make_fractal_noise(points, 2.6)
    sky = linearize((196, 216, 236)) * (1.15 + 0.25 * up)[:, None]
    sky[trees] = linearize((112, 134, 98)) * (1.0 + 0.5 * _make_fractal_noise(points[trees], 9.0))[:, None]
    bar = (np.abs(across - 0.5) < 0.02) | (np.abs(up - 0.62) < 0.018)
    sky[bar] = linearize(panel.frame) * 0.8
    return sky


def _paint_side(room: Room, points: np.ndarray) -> np.ndarray:
    colour = linearize(room.side_wall) * (1 + 0.06 * _make_fractal_noise(points, 1.3))[:, None]
    colour[points[:, 2] < 0.11] = linearize((226, 224, 218)) * 0.85
    return colour


def _paint_ceiling(room: Room, points: np.ndarray) -> np.ndarray:
    return linearize((226, 224, 220)) * (1 + 0.03 * _make_fractal_noise(points, 1.0))[:, None]


def _paint_box(item: Box, points: np.ndarray) -> np.ndarray:
    tone = 1 + 0.14 * _make_fractal_noise(points * np.array([1.5, 4.0, 14.0]), 1.0)
    on_top = np.abs(points[:, 2] - item.high[2]) < 1e-6
    on_front = np.abs(points[:, 1] - item.low[1]) < 1e-6
    tone = tone * np.where(on_top, 1.25, np.where(on_front, 0.9, 0.62))
    if item.boards:
        rise = (points[:, 2] - item.low[2]) / item.boards
        tone = np.where(on_front & (rise % 1 < 0.07), 0.5 * tone, tone)
    return linearize(item.colour) * tone[:, None]


def _light(room: Room, points: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """Return the brightness (N,): brighter near the lamp, darker in corners and at the furniture's feet."""
    x, y, z = points.T
    lamp = np.array([-1.5, 3.2, room.ceiling])
    far = np.linalg.norm(points - lamp, axis=1)
    bright = 0.62 + 0.55 / (1 + (far / 2.6) ** 2)
    for gap, kind in ((room.back - y, BACK), (room.side - np.abs(x), SIDE), (z, FLOOR), (room.ceiling - z, CEILING)):
        bright *= np.where(surface == kind, 1.0, 1 - 0.35 * np.exp(-np.maximum(gap, 0) / 0.22))
    for item in room.boxes:
        across = np.maximum(np.maximum(item.low[0] - x, x - item.high[0]), 0)
        along = np.maximum(np.maximum(item.low[1] - y, y - item.high[1]), 0)
        above = np.maximum(z - item.high[2], 0)
        near = np.exp(-np.sqrt(across**2 + along**2 + above**2) / 0.12)
        bright *= np.where(surface == BOX, 1.0, 1 - 0.5 * near)
    return bright
