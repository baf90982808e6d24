"""The clips: who walks where, does what, in which room, seen from where. Path keys: (s, x, y, yaw degrees, half width).

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
    boxes=(Box((1.6, 6.25, 0), (3.2, 6.78, 0.85), (122, 86, 60), 0.28), Box((-4.1, 5.9, 0), (-3.0, 6.78, 1.9), (186, 178, 168), 0.45),
           Box((2.0, 6.3, 0.85), (2.25, 6.55, 1.13), (196, 188, 60))))
HALL = Room(
    wall=(168, 182, 190), side_wall=(178, 176, 170), floor=(150, 150, 148), plank=0.6, tiles=True, back=8.2, side=5.6, ceiling=3.6,
    panels=(Panel((-4.0, 0.0), (-3.0, 2.1), (104, 76, 52)), Panel((-1.6, 1.1), (0.4, 2.5), (0, 0, 0), glows=True),
            Panel((1.6, 1.1), (3.6, 2.5), (0, 0, 0), glows=True)),
    boxes=(Box((-2.6, 7.5, 0), (0.9, 8.0, 0.45), (140, 112, 84), 0.2), Box((4.2, 6.2, 0), (5.0, 7.2, 1.3), (96, 112, 98), 0.4)))


@dataclass(frozen=True)
class Person:
    """A body, its clothes, its path, its acting and the seconds that a step takes."""

    phenotype: Phenotype
    outfit: Outfit
    path: list[tuple[float, float, float, float, float]]
    acting: dict[str, Keys] = field(default_factory=dict)
    step_time: float = 0.52


@dataclass(frozen=True)
class Clip:
    """What render.py needs to know."""

    seconds: float
    room: Room
    camera: Camera
    people: tuple[Person, ...]


ADULT = Phenotype()
WALK_TURN = Clip(10.0, LIVING_ROOM, Camera((0.0, 0.0, 1.3), 4.0), (Person(
    ADULT, Outfit(),
    path=[(-2.0, -4.0, 4.38, 90, .085), (0.0, -1.8, 4.33, 90, .085), (2.1, 0.45, 4.18, 88, .085), (2.8, 0.93, 4.28, 150, .09),
          (3.4, 0.85, 4.63, 235, .09), (4.0, 0.4, 4.58, 275, .085), (4.8, -0.25, 4.18, 310, .085), (5.35, -0.25, 3.73, 355, .10),
          (5.6, -0.2, 3.58, 360, .13), (10.0, -0.2, 3.58, 360, .13)],
    acting={
        "left_abduction": [(5.6, 7), (6.2, 168), (6.45, 168), (6.95, 88), (7.6, 88), (8.1, 12)],
        "right_abduction": [(5.6, 7), (6.2, 168), (6.45, 168), (6.95, 88), (7.6, 88), (8.1, 12), (8.6, 12), (9.0, 75)],
        "left_twist": [(6.8, 0), (7.2, 85), (7.5, 85), (7.9, 0)],
        "right_twist": [(6.8, 0), (7.2, 85), (7.5, 85), (7.9, 0), (8.6, 0), (9.0, 80)],
        "left_elbow": [(5.6, 14), (6.2, 8), (6.95, 10), (7.3, 95), (7.5, 95), (8.0, 20)],
        "right_elbow": [(5.6, 14), (6.2, 8), (6.95, 10), (7.3, 95), (7.5, 95), (8.0, 20), (8.6, 20), (9.0, 115),
                        (9.2, 80), (9.4, 120), (9.6, 80), (9.8, 120), (10.0, 80)],
        "left_pronation": [(5.6, -20), (6.2, 10), (7.6, 10), (8.05, 25), (8.3, 25), (8.7, -20)],
        "right_pronation": [(5.6, -20), (6.2, 10), (7.6, 10), (8.05, 25), (8.6, 25), (9.0, 30)],
        "both_flexion": [(7.5, 2), (8.05, 62), (8.3, 62), (8.7, 4)],
        "crouch": [(7.5, 0), (8.05, 0.20), (8.25, 0.20), (8.7, 0)],
        "lean": [(7.5, 3), (8.05, 20), (8.25, 20), (8.7, 3)],
        "head_yaw": [(5.0, 0), (5.6, 0), (6.4, -10), (7.0, 12), (7.6, 0)]}),))

CLIPS: dict[str, Clip] = {"walk_turn": WALK_TURN}
