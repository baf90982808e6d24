"""The parts of a clip, and the rooms. A path's keys are (s, x, y, yaw in degrees, half the distance of the feet).

Yaw 0 faces the camera, 90 faces to the right of the picture, 180 shows the back.
"""
from dataclasses import dataclass, field

from acting import Keys
from body import Phenotype
from camera import Camera
from outfit import Outfit
from room import Box, Panel, Room

WINDOW = Panel((-1.3, 0.9), (0.8, 2.2), (0, 0, 0), glows=True)
LIVING_ROOM = Room(
    panels=(WINDOW, Panel((1.7, 1.25), (2.4, 1.85), (150, 92, 70)), Panel((-2.6, 1.4), (-2.0, 2.0), (70, 96, 92))),
    boxes=(Box((1.6, 6.25, 0), (3.2, 6.78, 0.85), (122, 86, 60), 0.28),
           Box((-4.1, 5.9, 0), (-3.0, 6.78, 1.9), (186, 178, 168), 0.45),
           Box((2.0, 6.3, 0.85), (2.25, 6.55, 1.13), (196, 188, 60))))
HALL = Room(
    wall=(168, 182, 190), side_wall=(178, 176, 170), floor=(150, 150, 148), plank=0.6, tiles=True,
    back=8.2, side=5.6, ceiling=3.6,
    panels=(Panel((-4.0, 0.0), (-3.0, 2.1), (104, 76, 52)),
            Panel((-1.6, 1.1), (0.4, 2.5), (0, 0, 0), glows=True),
            Panel((1.6, 1.1), (3.6, 2.5), (0, 0, 0), glows=True)),
    boxes=(Box((-2.6, 7.5, 0), (0.9, 8.0, 0.45), (140, 112, 84), 0.2),
           Box((4.2, 6.2, 0), (5.0, 7.2, 1.3), (96, 112, 98), 0.4)))


@dataclass(frozen=True)
class Person:
    """A body, its clothes, its path, its acting, the seconds that a step takes, and the floor's height under it, metres."""

    phenotype: Phenotype
    outfit: Outfit
    path: list[tuple[float, float, float, float, float]]
    acting: dict[str, Keys] = field(default_factory=dict)
    step_time: float = 0.52
    level: float = 0.0


@dataclass(frozen=True)
class Clip:
    """What render.py needs to know. moves: one camera a frame, where it does not stand still; `camera` is the first."""

    seconds: float
    room: Room
    camera: Camera
    people: tuple[Person, ...]
    moves: tuple[Camera, ...] = ()
