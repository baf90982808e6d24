"""Where the licensed body models have their pelvis: smplx adds it to `transl`."""

from __future__ import annotations

import numpy as np

# The pelvis of the mean shape at rest, metres, Y up, as public motion files of these models hold it: SMPL neutral and SMPL+H
# male, SMPL+H female, SMPL-X neutral. Shape coefficients move it by a few centimetres.
_REST_PELVES = {"smpl": (-0.0022, -0.2408, 0.0286), "smplh": (-0.0022, -0.2408, 0.0286), "smplx": (0.0031, -0.3514, 0.0120)}
_SMPLH_FEMALE = (-0.0009, -0.2114, 0.0278)


def find_rest_pelvis(model: str, gender: str) -> np.ndarray:
    """Return the rest pelvis (3,) of "smpl", "smplh" or "smplx": a pose's pelvis is at this point plus `transl`, however the
    root is turned."""
    return np.array(_SMPLH_FEMALE if model == "smplh" and gender == "female" else _REST_PELVES[model])
