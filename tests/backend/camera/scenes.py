"""Scenes for cameras: a few points that are all seen exactly, and a room of points with noise and outliers."""

import numpy as np
from scipy.spatial.transform import Rotation

from backend.camera.bundle import Bundle, Sightings
from backend.camera.scenery import Trails
from tests.backend.made_people import IMAGE_SIZE, INTRINSICS

FPS = 15
TO_THE_RIGHT, BACKWARDS = (0.8, 0.1, -0.3), (0.2, -0.1, -2.0)      # metres over all


def translating_bundle(cameras=5, points=40, seed=0, zoom=0.0, travel=TO_THE_RIGHT):
    """Return the true bundle: a camera that moves by a distance and rotates, with points 3 to 9 m away."""
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


def room(generator, count=260):
    """Return points (N, 3) on the floor 1.5 m below the camera, on the far wall and on things between; y points down."""
    floor = np.column_stack([generator.uniform(-5, 5, count), np.full(count, 1.5), generator.uniform(2.5, 9, count)])
    wall = np.column_stack([generator.uniform(-6, 6, count), generator.uniform(-2, 1.5, count), np.full(count, 9.0)])
    things = generator.uniform((-4, -0.5, 4), (4, 1.5, 8), (count // 4, 3))
    return np.concatenate([floor, wall, things])


def trails_of(rotmats, positions, noise=0.3, outliers=0.05, seed=0, focal=INTRINSICS[0, 0], every=3):
    """Return those points of a room, one of so many, that are followed by a camera with rotmats (T, 3, 3), positions (T, 3)."""
    generator = np.random.default_rng(seed)
    points = room(generator)
    seen = np.einsum("tji,tpj->tpi", rotmats, points[None] - positions[:, None])
    xy = seen[..., :2] / np.maximum(seen[..., 2:], 1e-6) * focal + INTRINSICS[:2, 2]
    inside = (seen[..., 2] > 0.5) & (xy > 0).all(-1) & (xy < IMAGE_SIZE).all(-1)
    inside &= np.arange(len(points)) % every == 0
    xy = xy + generator.normal(0, noise, xy.shape)
    strays = generator.uniform(size=len(points)) < outliers
    xy[:, strays] += np.cumsum(generator.normal(0, 4, (len(rotmats), strays.sum(), 2)), axis=0)
    row, point = np.nonzero(inside)
    return Trails(row, point, xy[row, point])


def yawed(degrees, shake=0.0):
    angles = np.zeros((len(degrees), 3))
    angles[:, 1] = degrees
    angles += shake * np.random.default_rng(3).normal(size=angles.shape)
    rotmats = Rotation.from_euler("xyz", angles, degrees=True)
    return (rotmats[0].inv() * rotmats).as_matrix()
