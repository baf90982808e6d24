"""Clips with a moving camera: one that pans to follow a person, and one that walks backwards in front of a person; and any clip,
filmed by a camera that is carried to the side."""
from dataclasses import replace

import numpy as np
from body import Phenotype
from camera import Camera
from clip import HALL, Clip, Person
from gait import draw_path, smooth
from outfit import Outfit

FPS = 30
SECONDS = 8.0
WALKER = (Phenotype(gender=0.2, height=0.42),
          Outfit(shirt=(232, 230, 226), trousers=(70, 86, 120), hair=(88, 60, 36), shoes=(60, 60, 64), stripe=(60, 90, 140),
                 stripe_kind=1))
TIMES = np.arange(round(SECONDS * FPS)) / FPS


def shake(seconds: float, size: float, seed: int, frames: int = len(TIMES)) -> np.ndarray:
    """Return a hand's tremor (T,): noise of standard deviation `size` that changes within about `seconds`."""
    noise = np.random.default_rng(seed).normal(size=(frames + 200, 1))
    tremor = smooth(noise, seconds * FPS)[100:100 + frames, 0]
    return size * tremor / tremor.std()


def pan_after(person: Person) -> tuple[Camera, ...]:
    """Return the cameras of a hand-held camera that turns on the spot to follow a person."""
    place = draw_path(person.path).at(TIMES)[0]
    yaw = smooth(np.degrees(np.arctan2(place[:, 0], place[:, 1]))[:, None], 12)[:, 0]
    return tuple(Camera((0.0, 0.0, 1.45), 5.0 + nod, 820.0, yaw_degrees=turn, roll_degrees=tilt)
                 for turn, nod, tilt in zip(yaw, shake(0.25, 0.4, 1), shake(0.25, 0.3, 2), strict=True))


def walk_backwards() -> tuple[Camera, ...]:
    """Return the cameras of a hand-held camera whose holder walks backwards, 5.8 m in all."""
    steps = 2 * np.pi * 1.8 * TIMES
    x = -0.2 + 0.05 * np.sin(steps / 2) + shake(0.6, 0.05, 6)
    return tuple(Camera((x[t], 2.6 - 5.8 * TIMES[t] / TIMES[-1], 1.5 + 0.02 * np.cos(steps[t])), 4.0 + nod, 780.0,
                        yaw_degrees=turn, roll_degrees=tilt)
                 for t, (nod, turn, tilt) in enumerate(zip(shake(0.2, 0.5, 3), shake(0.3, 1.2, 4), shake(0.2, 0.4, 5),
                                                           strict=True)))


def carry(clip: Clip, metres: float) -> Clip:
    """Return the clip filmed by a hand-held camera that walks so far to its right, past its place, and looks at the people."""
    times = np.arange(round(clip.seconds * FPS)) / FPS
    camera, middle = clip.camera, np.mean([key[1:3] for person in clip.people for key in person.path if key[0] >= 0], axis=0)
    right, ahead = camera.axes[0, :2], camera.axes[2, :2] / np.linalg.norm(camera.axes[2, :2])

    def tremble(seconds: float, size: float, seed: int) -> np.ndarray:
        return shake(seconds, size, seed, len(times))

    aside = metres * (times / times[-1] - 0.5) + tremble(0.6, 0.04, 6)
    places = np.array(camera.place[:2]) + aside[:, None] * right + tremble(0.8, 0.05, 7)[:, None] * ahead
    heights = camera.place[2] + 0.02 * np.cos(2 * np.pi * 1.8 * times)
    yaw = np.degrees(np.arctan2(*(middle - places).T)) + tremble(0.3, 1.0, 4)
    pitch, roll = camera.pitch_degrees + tremble(0.2, 0.5, 3), tremble(0.2, 0.4, 5)
    moves = tuple(replace(camera, place=(*place, height), pitch_degrees=down, yaw_degrees=turn, roll_degrees=tilt)
                  for place, height, down, turn, tilt in zip(places, heights, pitch, yaw, roll, strict=True))
    return replace(clip, camera=moves[0], moves=moves)


_ACROSS = Person(*WALKER, path=[(-2, -4.2, 4.6, 90, .085), (0, -2.9, 4.6, 90, .085), (3.0, -0.2, 4.5, 90, .085),
                                (4.2, 0.7, 4.2, 60, .085), (6.5, 2.4, 4.6, 100, .085), (8.3, 3.6, 4.6, 90, .085)])
_TOWARDS = Person(*WALKER, path=[(-2, -.6, 8.0, 0, .085), (0, -.6, 6.6, 0, .085), (8.3, .4, 0.8, 8, .085)])
PANNING = Clip(SECONDS, HALL, pan_after(_ACROSS)[0], (_ACROSS,), pan_after(_ACROSS))
WALKING = Clip(SECONDS, HALL, walk_backwards()[0], (_TOWARDS,), walk_backwards())
