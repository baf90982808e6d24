"""Gestures of a standing person, one after the other: what the arms do (channels of `acting`), and the poses of both hands."""
from dataclasses import dataclass, field

import numpy as np
from acting import Acting, Keys, act, follow
from hand_poses import HandPose

SECONDS = 1.4  # of each gesture; the first part is the way to it
_MOVE_SECONDS = 0.5

RELAXED = HandPose((30, 25, 10, 15), (18, 22, 12, -3), (22, 26, 14, 0), (25, 28, 15, 2), (28, 28, 16, 6))
OPEN = HandPose()
FIST = HandPose((20, 45, 35, 45), (80, 95, 60, 0), (85, 98, 60, 0), (88, 98, 60, 0), (88, 95, 60, 0))
POINT = HandPose((20, 45, 35, 45), (5, 5, 3, 0), FIST.middle, FIST.ring, FIST.little)
PINCH = HandPose((35, 50, 20, 25), (50, 50, 25, 0), (30, 30, 15, 0), (25, 25, 15, 0), (20, 20, 10, 5))
TWO = HandPose((15, 55, 40, 40), (5, 5, 3, -8), (5, 5, 3, 4), FIST.ring, FIST.little)
THREE = HandPose((15, 55, 40, 40), (5, 5, 3, -10), (5, 5, 3, 0), (5, 5, 3, 10), FIST.little)
FOUR = HandPose((15, 55, 40, 40), (5, 5, 3, -10), (5, 5, 3, -2), (5, 5, 3, 5), (5, 5, 3, 14))
FLAT = HandPose((15, 10, 5, 5), (2, 3, 2, 0), (2, 3, 2, 0), (2, 3, 2, 0), (2, 3, 2, 0))
GRIP = HandPose((30, 55, 25, 30), (60, 70, 35, 0), (65, 75, 35, 0), (68, 75, 35, 0), (70, 70, 35, 0))
THUMB = HandPose((50, 5, 5, 0), FIST.index, FIST.middle, FIST.ring, FIST.little)
HORNS = HandPose((15, 55, 40, 40), (5, 5, 3, -6), FIST.middle, FIST.ring, (5, 5, 3, 10))
CALL = HandPose((50, 10, 5, 0), FIST.index, FIST.middle, FIST.ring, (5, 5, 3, 12))
GUN = HandPose((50, 10, 5, 5), (5, 5, 3, -4), (5, 5, 3, 0), (75, 90, 50, 0), (75, 88, 50, 0))
RING = HandPose((38, 48, 18, 25), (52, 55, 28, 0), (8, 8, 4, 0), (5, 6, 3, 6), (4, 5, 3, 14))
CLAW = HandPose((40, 35, 25, 30), (5, 65, 35, -8), (5, 68, 35, 0), (5, 68, 35, 6), (5, 65, 35, 14))
HOOK = HandPose((25, 25, 15, 15), (0, 95, 55, 0), (0, 98, 55, 0), (0, 98, 55, 0), (0, 95, 55, 0))
CUP = HandPose((35, 35, 15, 20), (35, 35, 18, 0), (38, 38, 18, 0), (40, 40, 18, 2), (42, 40, 18, 5))
HIP = HandPose((60, 20, 10, 10), (30, 25, 10, 0), (30, 25, 10, 0), (32, 25, 10, 2), (34, 25, 10, 5), (35, 0))


@dataclass(frozen=True)
class Gesture:
    """arms: channels of `acting` without "both_", to keys over the gesture's time (0 to 1), or one value; for both sides or for
    one ("left_elbow"). hands: both, or left and right. bat: both hands hold one."""

    name: str
    arms: dict[str, float | Keys]
    hands: HandPose | tuple[HandPose, HandPose]
    bat: bool = False


def _raised(pronation: float, **more: float | Keys) -> dict[str, float | Keys]:
    """Forearms up before the shoulders."""
    return {"flexion": 35, "abduction": 22, "twist": 0, "elbow": 118, "pronation": pronation, **more}


GESTURES = (
    Gesture("open", _raised(60), OPEN),
    Gesture("fist", _raised(40), FIST),
    Gesture("point", _raised(20, right_elbow=75, right_flexion=60), POINT),
    Gesture("pinch", _raised(-20), PINCH),
    Gesture("two", _raised(60), TWO),
    Gesture("three", _raised(80), THREE),
    Gesture("four", _raised(-60), FOUR),
    Gesture("wave", _raised(70, right_abduction=60, right_twist=[(0, -25), (.4, -25), (.55, 15), (.7, -25), (.85, 15), (1, -25)]),
            (RELAXED, OPEN)),
    Gesture("clap", {"flexion": 45, "abduction": 8, "elbow": 85, "pronation": -5,
                     "twist": [(0, -12), (.4, -12), (.5, -33), (.6, -14), (.7, -33), (.8, -14), (.9, -33), (1, -14)]}, FLAT),
    Gesture("hips", {"flexion": -12, "abduction": 48, "twist": -75, "elbow": 100, "pronation": 40}, HIP),
    Gesture("bat", {"flexion": 50, "abduction": 2, "twist": -28, "elbow": 88, "pronation": 0, "left_elbow": 70}, GRIP, True),
    Gesture("rest", {"flexion": 2, "abduction": 7, "twist": 0, "elbow": 14, "pronation": -20}, RELAXED),
)
# Other gestures with other arms: no number of the program was chosen by these.
HELD_OUT = (
    Gesture("thumb", _raised(-5, right_elbow=95), THUMB),
    Gesture("horns", _raised(45), HORNS),
    Gesture("call", _raised(10, abduction=40), CALL),
    Gesture("gun", _raised(0, flexion=55, elbow=85), GUN),
    Gesture("ring", _raised(50, left_elbow=100), RING),
    Gesture("claw", _raised(75), CLAW),
    Gesture("hook", _raised(-30), HOOK),
    Gesture("cup", _raised(-70, elbow=100), CUP),
)
HIDDEN = (
    Gesture("rest", {"flexion": 2, "abduction": 7, "twist": 0, "elbow": 14, "pronation": -20}, RELAXED),
    Gesture("behind", {"flexion": -35, "abduction": 12, "twist": -80, "elbow": 85, "pronation": 0}, FIST),
    Gesture("behind open", {"flexion": -35, "abduction": 12, "twist": -80, "elbow": 85, "pronation": 0}, OPEN),
)


@dataclass(frozen=True)
class Performance:
    """acting; hands (2, T, 22): angles of left and right; names (T,) of the gestures; held (T,): the way to it is over."""

    acting: Acting
    hands: np.ndarray
    names: np.ndarray
    held: np.ndarray
    bat: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))


def perform(gestures: tuple[Gesture, ...], fps: float) -> Performance:
    """Return the gestures one after the other."""
    times = np.arange(round(len(gestures) * SECONDS * fps)) / fps
    number = np.minimum((times / SECONDS).astype(int), len(gestures) - 1)
    hands = np.stack([np.stack([_follow_angles([_hand_of(gesture, side).angles()[k] for gesture in gestures], times)
                                for k in range(22)], 1) for side in (0, 1)])
    return Performance(act(times, _arm_keys(gestures)), hands, np.array([gestures[n].name for n in number]),
                       times - number * SECONDS >= _MOVE_SECONDS, np.array([gestures[n].bat for n in number]))


def _hand_of(gesture: Gesture, side: int) -> HandPose:
    return gesture.hands[side] if isinstance(gesture.hands, tuple) else gesture.hands


def _follow_angles(values: list[float], times: np.ndarray) -> np.ndarray:
    keys = [(0.0, values[0])]
    for number, value in enumerate(values):
        keys += [(number * SECONDS, keys[-1][1]), (number * SECONDS + _MOVE_SECONDS, value)] if number else []
    return follow(keys, times)


def _arm_keys(gestures: tuple[Gesture, ...]) -> dict[str, Keys]:
    channels: dict[str, Keys] = {}
    for side in ("left", "right"):
        for name in ("flexion", "abduction", "twist", "elbow", "pronation"):
            keys: Keys = []
            for number, gesture in enumerate(gestures):
                wanted = gesture.arms.get(f"{side}_{name}", gesture.arms[name])
                inside = wanted if isinstance(wanted, list) else [(0.0, wanted)]
                start, moved = number * SECONDS, _MOVE_SECONDS if number else 0.0
                if keys:
                    keys.append((start + 1e-6, keys[-1][1]))
                keys += [(start + max(moved, share * SECONDS), value) for share, value in inside
                         if share == 0 or share * SECONDS > moved]
            channels[f"{side}_{name}"] = keys
    return channels
