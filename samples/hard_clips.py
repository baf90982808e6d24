"""Clips of what goes wrong in real footage: people on a balcony, somebody behind somebody, a class that fills a small picture."""
from dataclasses import replace

from camera import Camera
from clip import HALL, Clip, Person
from development_clips import SHORT, TALL
from outfit import Outfit
from room import Box

_BALCONY_HEIGHT = 1.6
_WITH_BALCONY = replace(HALL, boxes=(Box((-5.6, 6.4, 0), (5.6, 8.2, _BALCONY_HEIGHT), (140, 112, 84), 0.4),))
_THIRD = Person(
    replace(TALL.phenotype, gender=0.8, height=0.5),
    Outfit(shirt=(214, 214, 220), trousers=(36, 36, 44), hair=(206, 170, 96), stripe=(180, 50, 60), stripe_kind=1),
    path=[(-2, 1.7, 6.7, 20, .10), (8.2, 1.7, 6.7, 10, .10)], level=_BALCONY_HEIGHT,
    acting={"right_flexion": [(1.0, 2), (1.6, 120), (2.6, 100), (3.2, 2)], "right_elbow": [(1.0, 14), (1.6, 60), (3.2, 14)]})
_SPECTATOR = replace(SHORT, path=[(-2, -1.5, 6.7, -10, .10), (8.2, -1.5, 6.7, 0, .10)],
                     level=_BALCONY_HEIGHT,
                     acting={"both_elbow": [(2.0, 14), (2.4, 110), (4.0, 110), (4.5, 14)]})
_WALKER = replace(TALL, path=[(-2, -2.4, 4.4, 90, .09), (0.3, -2.2, 4.4, 90, .09), (3.8, 1.0, 4.2, 90, .09),
                              (4.6, 1.1, 4.4, 0, .09), (5.2, 1.1, 4.4, -90, .09), (8.2, -1.4, 4.9, -90, .09)], acting={})
BALCONY = Clip(8.0, _WITH_BALCONY, Camera((0.0, 0.0, 1.5), 2.0, 820.0), (_WALKER, _SPECTATOR, _THIRD))

_BEHIND = replace(TALL, path=[(-2, -0.45, 4.9, 10, .11), (3.0, -0.45, 4.9, 10, .11), (4.4, 0.5, 4.9, 20, .11),
                              (8.2, 0.55, 4.9, 0, .11)],
                  acting={"both_abduction": [(0.5, 7), (1.3, 80), (2.4, 30), (3.2, 100), (4.2, 7), (5.2, 70), (6.4, 20)],
                          "both_elbow": [(0.5, 14), (1.3, 60), (2.4, 100), (3.2, 20), (6.4, 14)]})
_IN_FRONT = replace(SHORT, path=[(-2, 0.1, 3.0, 170, .10), (8.2, 0.1, 3.0, 190, .10)],
                    acting={"right_elbow": [(1.0, 14), (1.6, 100), (3.0, 100), (3.6, 14)],
                            "sway": [(0, 0), (2, .06), (4, -.06), (7, .03)]})
BEHIND = Clip(8.0, HALL, Camera((0.0, 0.0, 1.4), 4.0, 820.0), (_BEHIND, _IN_FRONT))

_MOVES = {"both_abduction": [(0.3, 7), (0.9, 100), (1.5, 20), (2.1, 120), (2.7, 7), (3.5, 90), (4.3, 7)],
          "sway": [(0, 0), (0.6, .15), (1.2, -.15), (1.8, .15), (2.4, -.15), (3.0, .15), (3.6, -.15), (4.2, .15), (4.8, 0)],
          "crouch": [(2.4, 0), (3.0, .15), (3.6, 0)]}
_PLACES = ((-1.6, 3.4), (-0.8, 2.9), (0.0, 3.3), (0.8, 2.9), (1.6, 3.4))
_CLASS = tuple(replace(person, path=[(-2, x, y, 10, .11), (6.2, x, y, -10, .11)], level=0.0, acting=_MOVES,
                       step_time=0.5)
               for person, (x, y) in zip((TALL, SHORT, _THIRD, SHORT, TALL), _PLACES, strict=True))
SMALL_CLASS = Clip(5.0, HALL, Camera((0.0, 0.0, 1.2), 6.0, 380.0, 480, 270), _CLASS)
