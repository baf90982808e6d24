"""Small scenes for bundle adjustment: cameras that translate and rotate before points, all seen exactly."""

import numpy as np
from scipy.spatial.transform import Rotation

from backend.camera.bundle_adjustment import Bundle, Sightings

TO_THE_RIGHT, BACKWARDS = (0.8, 0.1, -0.3), (0.2, -0.1, -2.0)      # metres over all


def translating_bundle(cameras=5, points=40, seed=0, zoom=0.0, travel=TO_THE_RIGHT):
    """Return the true bundle: a camera that travels so far and rotates, before points 3 to 9 m away."""
    generator = np.random.default_rng(seed)
    share = np.linspace(0, 1, cameras)[:, None]
    rotmats = Rotation.from_rotvec(share * (0.05, -0.15, 0.03)).as_matrix()
    positions = share * travel
    where = generator.uniform((-2, -1.5, 3), (2, 1.5, 9), (points, 3))
    distance = np.linalg.norm(where, axis=1)
    return Bundle(rotmats, positions, where / distance[:, None], 1 / distance, zoom)


def all_seen(bundle):
    """Return every camera's sighting of every point, exact."""
    cameras, points = len(bundle.rotmats), len(bundle.inverse)
    camera, point = (grid.ravel() for grid in np.meshgrid(np.arange(cameras), np.arange(points), indexing="ij"))
    where = bundle.directions[point] / bundle.inverse[point, None]
    before = np.einsum("mji,mj->mi", bundle.rotmats[camera], where - bundle.positions[camera])
    return Sightings(camera, point, np.exp(bundle.zoom) * before[:, :2] / before[:, 2:])


def degrees_between(first, second):
    return np.degrees((Rotation.from_matrix(first).inv() * Rotation.from_matrix(second)).magnitude())
