"""Colours in CIELAB, equal bit for bit to OpenCV's, which spends a sixth of a second on tables for large pictures first."""

from __future__ import annotations

import numpy as np

# As in OpenCV's color_lab.cpp, for sRGB and the white of D65: whole numbers with so many binary digits behind the point.
_LINEAR_DIGITS, _MATRIX_DIGITS = 3, 12
_ROOT_DIGITS = _LINEAR_DIGITS + _MATRIX_DIGITS
_XYZ_FROM_RGB = np.array(((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227)))
_WHITE = np.array((0.950456, 1.0, 1.088754))
# Of CIELAB: below this share of white the cube root is replaced by a line.
_DARK, _SLOPE, _START = 216 / 24389, 841 / 108, 16 / 116


def _make_linear_levels() -> np.ndarray:
    """Return the light (256,) of sRGB's levels."""
    level = np.arange(256) / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return np.round(light * (255 << _LINEAR_DIGITS)).astype(int)


def _make_roots() -> np.ndarray:
    """Return CIELAB's cube roots (2041,) of light up to white."""
    light = np.arange((255 << _LINEAR_DIGITS) + 1) / (255 << _LINEAR_DIGITS)
    roots = np.where(light < _DARK, light * _SLOPE + _START, np.cbrt(light)) * (1 << _ROOT_DIGITS)
    roots[[49, 628]] = 9454, 22126      # 9454.5001 and 22125.499995, which OpenCV's single precision rounds to the other side
    return np.round(roots).astype(int)


_LINEAR_LEVELS, _ROOTS = _make_linear_levels(), _make_roots()
_MATRIX = np.round(_XYZ_FROM_RGB / _WHITE[:, None] * (1 << _MATRIX_DIGITS)).astype(int)
_LIGHTNESS_FROM_ROOT = (116 * 255 + 50) // 100
_LEAST_LIGHTNESS = -((16 * 255 * (1 << _ROOT_DIGITS) + 50) // 100)


def convert_to_cielab(bgr: np.ndarray) -> np.ndarray:
    """Return lightness, a and b (N, 3), 0 to 255, of colours (N, 3) uint8 BGR."""
    x, y, z = _ROOTS[_round_off(_LINEAR_LEVELS[bgr[:, ::-1]] @ _MATRIX.T, _MATRIX_DIGITS)].T
    grey = 128 << _ROOT_DIGITS
    lab = (_LIGHTNESS_FROM_ROOT * y + _LEAST_LIGHTNESS, 500 * (x - y) + grey, 200 * (y - z) + grey)
    return np.clip(_round_off(np.stack(lab, axis=1), _ROOT_DIGITS), 0, 255)


def _round_off(values: np.ndarray, digits: int) -> np.ndarray:
    """Return whole numbers without so many binary digits."""
    return (values + (1 << digits - 1)) >> digits
