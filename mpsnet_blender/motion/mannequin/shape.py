"""The shape of the mannequin: a generic adult in T-pose, as one solid.

All lengths are in statures, from the pelvis joint of `generic_rest_joints(1)`, in SMPL's axes (y up, facing +z, left is +x).
Proportions are those of the joints; girths were chosen by eye as those of a slim adult in shoes.
"""

from __future__ import annotations

import numpy as np

from ...shared.smpl_skeleton import JOINT, generic_rest_joints
from .solids import Capsule, Ellipsoid, Sweep, cut, unite

ANKLE_ABOVE_SOLE = 0.0614  # of an adult of 1.75 m in shoes
SOLE = float(generic_rest_joints(1.0)[JOINT["left_ankle"], 1]) - ANKLE_ABOVE_SOLE

# Along y: place, centre x and z, half width, depth to the front and to the back.
_TORSO = Sweep(1, (
    (-0.110, 0, 0.000, 0.040, 0.034, 0.040),
    (-0.080, 0, 0.000, 0.074, 0.050, 0.060),
    (-0.047, 0, 0.000, 0.088, 0.058, 0.069),
    (-0.015, 0, 0.000, 0.090, 0.061, 0.072),
    (0.025, 0, 0.000, 0.085, 0.061, 0.062),
    (0.062, 0, 0.001, 0.079, 0.059, 0.051),
    (0.092, 0, 0.002, 0.078, 0.058, 0.050),
    (0.130, 0, 0.003, 0.084, 0.062, 0.056),
    (0.165, 0, 0.004, 0.092, 0.069, 0.062),
    (0.200, 0, 0.003, 0.098, 0.069, 0.065),
    (0.228, 0, -0.001, 0.094, 0.058, 0.061),
    (0.250, 0, -0.005, 0.076, 0.044, 0.052),
    (0.268, 0, -0.009, 0.050, 0.036, 0.043),
    (0.286, 0, -0.011, 0.0345, 0.0325, 0.035),
    (0.310, 0, -0.006, 0.0310, 0.0305, 0.032),
    (0.345, 0, 0.004, 0.0305, 0.0300, 0.031),
), power=2.4, caps=(0.02, 0.0))
# Along x: place, centre y and z, half height, half width to the front and to the back. From the deltoid to the finger tips.
_ARM = Sweep(0, (
    (0.060, 0.232, -0.002, 0.034, 0.032, 0.032),
    (0.085, 0.235, -0.002, 0.041, 0.037, 0.037),
    (0.110, 0.237, -0.002, 0.043, 0.039, 0.039),
    (0.137, 0.240, -0.003, 0.0385, 0.0355, 0.0355),
    (0.170, 0.241, -0.005, 0.0320, 0.0325, 0.0315),
    (0.215, 0.243, -0.007, 0.0285, 0.0285, 0.0285),
    (0.256, 0.243, -0.008, 0.0240, 0.0245, 0.0245),
    (0.290, 0.243, -0.008, 0.0255, 0.0265, 0.0255),
    (0.325, 0.243, -0.008, 0.0230, 0.0240, 0.0235),
    (0.365, 0.243, -0.008, 0.0170, 0.0185, 0.0185),
    (0.397, 0.243, -0.008, 0.0140, 0.0170, 0.0170),
    (0.412, 0.2425, -0.008, 0.0140, 0.0190, 0.0185),
    (0.430, 0.2410, -0.008, 0.0140, 0.0235, 0.0225),
    (0.450, 0.2390, -0.008, 0.0130, 0.0240, 0.0240),
    (0.475, 0.2370, -0.008, 0.0115, 0.0225, 0.0225),
    (0.500, 0.2350, -0.009, 0.0105, 0.0205, 0.0190),
    (0.514, 0.2340, -0.010, 0.0100, 0.0195, 0.0170),
), power=2.2, caps=(0.0, 0.028))
# The same to the knuckles, for hands whose fingers are solids of their own; it ends obliquely, as the knuckles lie.
_ARM_TO_KNUCKLES = Sweep(0, (*_ARM.rows[:13], (0.441, 0.2400, -0.008, 0.0136, 0.0235, 0.0215),
                             (0.453, 0.2390, -0.008, 0.0120, 0.0225, 0.0120)), power=2.2, caps=(0.0, 0.008))
_THUMB = Capsule((0.414, 0.239, 0.004), (0.460, 0.231, 0.0265), (0.0115, 0.0090))
# Along y: place, centre x and z, half width, depth to the front and to the back.
_LEG = Sweep(1, (
    (-0.575, 0.053, -0.015, 0.0190, 0.022, 0.023),
    (-0.531, 0.052, -0.016, 0.0185, 0.021, 0.021),
    (-0.490, 0.0525, -0.0155, 0.0195, 0.021, 0.0205),
    (-0.440, 0.054, -0.0130, 0.0245, 0.0245, 0.0275),
    (-0.395, 0.0555, -0.0100, 0.0310, 0.0280, 0.0385),
    (-0.355, 0.0565, -0.0070, 0.0335, 0.0300, 0.0405),
    (-0.318, 0.0565, -0.0030, 0.0310, 0.0320, 0.0340),
    (-0.285, 0.0560, 0.0000, 0.0315, 0.0350, 0.0310),
    (-0.250, 0.0560, 0.0010, 0.0345, 0.0375, 0.0350),
    (-0.200, 0.0565, 0.0025, 0.0395, 0.0450, 0.0430),
    (-0.150, 0.0575, 0.0020, 0.0440, 0.0505, 0.0500),
    (-0.100, 0.0580, 0.0000, 0.0475, 0.0530, 0.0570),
    (-0.060, 0.0560, 0.0000, 0.0455, 0.0520, 0.0630),
    (-0.025, 0.0540, 0.0000, 0.0390, 0.0460, 0.0580),
    (0.010, 0.0510, 0.0000, 0.0300, 0.0380, 0.0420),
    (0.040, 0.0480, 0.0000, 0.0200, 0.0280, 0.0280),
), power=2.1, caps=(0.0, 0.03))
# Along z: place, centre x and y (on the sole), half width, height of the foot over the sole, and below it, where it is cut off.
_FOOT = Sweep(2, (
    (-0.054, 0.0525, SOLE, 0.0200, 0.046, 0.05),
    (-0.035, 0.0530, SOLE, 0.0235, 0.054, 0.05),
    (-0.010, 0.0540, SOLE, 0.0245, 0.060, 0.05),
    (0.015, 0.0575, SOLE, 0.0260, 0.054, 0.05),
    (0.040, 0.0620, SOLE, 0.0290, 0.0450, 0.05),
    (0.060, 0.0655, SOLE, 0.0305, 0.0385, 0.05),
    (0.085, 0.0670, SOLE, 0.0280, 0.0320, 0.05),
    (0.110, 0.0665, SOLE, 0.0235, 0.0270, 0.05),
), power=2.4, caps=(0.025, 0.045))
_CRANIUM = Ellipsoid((0.0, 0.376, 0.010), (0.0455, 0.052, 0.0570))
_JAW = Ellipsoid((0.0, 0.337, 0.027), (0.0350, 0.0415, 0.0365))
_NOSE = Capsule((0.0, 0.370, 0.060), (0.0, 0.350, 0.0650), (0.0040, 0.0070))
_EAR = Ellipsoid((0.0435, 0.356, 0.004), (0.0065, 0.0165, 0.0105))


def evaluate_body(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return about the distance of points to the mannequin's skin, negative inside; x, y and z broadcast."""
    arm = unite(_ARM(np.abs(x), y, z), _THUMB(np.abs(x), y, z), 0.012)
    return _unite_with_trunk(arm, np.abs(x), y, z)


def evaluate_body_to_knuckles(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the same of the mannequin without fingers and thumbs."""
    return _unite_with_trunk(_ARM_TO_KNUCKLES(np.abs(x), y, z), np.abs(x), y, z)


def _unite_with_trunk(arm: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    head = unite(_CRANIUM(x, y, z), _JAW(x, y, z), 0.020)
    head = unite(unite(head, _NOSE(x, y, z), 0.010), _EAR(x, y, z), 0.005)
    leg = cut(unite(_LEG(x, y, z), _FOOT(x, y, z), 0.020), SOLE - y, 0.006)
    body = unite(_TORSO(x, y, z), head, 0.020)
    return unite(unite(body, leg, 0.022), arm, 0.030)


def _space_lines(start: float, *stretches: tuple[float, float]) -> np.ndarray:
    """Return places from `start` on: up to each stretch's end in steps of about its step."""
    places = [np.array([start])]
    for end, step in stretches:
        count = max(1, round((end - places[-1][-1]) / step))
        places.append(np.linspace(places[-1][-1], end, count + 1)[1:])
    return np.concatenate(places)


# The grid on which the surface is found, in x, y and z: fine at hands, feet, head and shoulders.
GRID = (
    _space_lines(-0.006, (0.006, 0.012), (0.110, 0.0115), (0.390, 0.0150), (0.410, 0.0095), (0.530, 0.0066)),
    _space_lines(SOLE - 0.012, (SOLE + 0.055, 0.0075), (-0.130, 0.0170), (-0.020, 0.0135), (0.190, 0.0135),
                 (0.215, 0.0090), (0.260, 0.0070), (0.300, 0.0085), (0.445, 0.0095)),
    _space_lines(-0.100, (-0.035, 0.0105), (0.040, 0.0068), (0.120, 0.0105)),
)
