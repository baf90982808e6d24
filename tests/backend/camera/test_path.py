"""Cameras that move through a room of points with exact sightings, noise and outliers."""

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.regions import Region
from backend.camera.path import is_still, track_camera
from backend.camera.scenery import Scenery, Trails
from backend.video.frames import Frame
from backend.world.camera_scale import find_camera_scale, find_floor_scale
from tests.backend.made_people import IMAGE_SIZE, INTRINSICS, walker

FPS = 15


def room(generator, count=260):
    """Return points (N, 3) on the floor 1.5 m below the camera, on the far wall and on things between; y points down."""
    floor = np.column_stack([generator.uniform(-5, 5, count), np.full(count, 1.5), generator.uniform(2.5, 9, count)])
    wall = np.column_stack([generator.uniform(-6, 6, count), generator.uniform(-2, 1.5, count), np.full(count, 9.0)])
    things = generator.uniform((-4, -0.5, 4), (4, 1.5, 8), (count // 4, 3))
    return np.concatenate([floor, wall, things])


def trails_of(rotmats, positions, noise=0.3, outliers=0.05, seed=0, focal=INTRINSICS[0, 0]):
    """Return the points of a room that are followed by a camera with rotmats (T, 3, 3) and positions (T, 3)."""
    generator = np.random.default_rng(seed)
    points = room(generator)
    seen = np.einsum("tji,tpj->tpi", rotmats, points[None] - positions[:, None])
    xy = seen[..., :2] / np.maximum(seen[..., 2:], 1e-6) * focal + INTRINSICS[:2, 2]
    inside = (seen[..., 2] > 0.5) & (xy > 0).all(-1) & (xy < IMAGE_SIZE).all(-1)
    inside &= np.arange(len(points)) % 3 == 0
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


def degrees_between(first, second):
    return np.degrees((Rotation.from_matrix(first).inv() * Rotation.from_matrix(second)).magnitude())


TIMES = np.arange(90) / FPS


def test_a_still_camera_is_told_whatever_walks_about():
    trails = trails_of(yawed(np.zeros(90)), np.zeros((90, 3)), outliers=0.2)
    track = track_camera(trails, TIMES, INTRINSICS)
    assert track.is_still and is_still(trails, TIMES, 1280)
    np.testing.assert_array_equal(track.rotmats, np.tile(np.eye(3), (90, 1, 1)))


def test_a_camera_that_creeps_is_not_still():
    times = np.arange(150) / FPS
    creeping = trails_of(yawed(np.linspace(0, 1.0, 150)), np.zeros((150, 3)))
    assert not is_still(creeping, times, 1280)
    assert is_still(trails_of(yawed(np.zeros(150)), np.zeros((150, 3)), noise=0.6), times, 1280)


def test_too_few_points_or_frames_count_as_still():
    nothing = Trails(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)))
    for count in (1, 2, 90):
        assert track_camera(nothing, TIMES[:count], INTRINSICS).is_still


def test_a_panning_cameras_turns_are_found_and_it_goes_nowhere():
    rotmats = yawed(np.linspace(0, 50, 90), shake=0.3)
    track = track_camera(trails_of(rotmats, np.zeros((90, 3))), TIMES, INTRINSICS, lens_is_known=True)
    assert not track.is_still and not track.translates
    assert degrees_between(track.rotmats, rotmats).max() < 0.2


def test_a_walking_cameras_path_is_found_but_for_its_scale():
    rotmats = yawed(5 * np.sin(TIMES), shake=0.3)
    positions = np.column_stack([0.4 * np.sin(TIMES), 0.02 * np.sin(9 * TIMES), np.linspace(0, -3.5, 90)])
    track = track_camera(trails_of(rotmats, positions), TIMES, INTRINSICS, lens_is_known=True)
    assert track.translates and degrees_between(track.rotmats, rotmats).max() < 0.5
    scale = (track.positions * positions).sum() / (track.positions ** 2).sum()
    assert np.linalg.norm(scale * track.positions - positions, axis=1).max() < 0.06


def test_a_long_clips_windows_go_on_from_each_other():
    times = np.arange(450) / FPS
    rotmats = yawed(20 * np.sin(0.5 * times))
    positions = np.column_stack([1.5 * np.sin(0.4 * times), np.zeros(450), 0.8 * np.cos(0.3 * times) - 0.8])
    track = track_camera(trails_of(rotmats, positions), times, INTRINSICS, lens_is_known=True)
    scale = (track.positions * positions).sum() / (track.positions ** 2).sum()
    assert np.linalg.norm(scale * track.positions - positions, axis=1).max() < 0.12
    assert degrees_between(track.rotmats, rotmats).max() < 0.7


@pytest.mark.parametrize("factor", (0.85, 1.0, 1.2))
def test_a_panning_camera_tells_its_focal_length(factor):
    trails = trails_of(yawed(np.linspace(0, 50, 90)), np.zeros((90, 3)), focal=INTRINSICS[0, 0] * factor)
    assert track_camera(trails, TIMES, INTRINSICS).focal_factor == pytest.approx(factor, rel=0.02)


def test_a_walking_camera_tells_its_focal_length_too_unless_it_is_known():
    positions = np.column_stack([0.4 * np.sin(TIMES), 0.02 * np.sin(9 * TIMES), np.linspace(0, -3.5, 90)])
    trails = trails_of(yawed(5 * np.sin(TIMES)), positions, focal=INTRINSICS[0, 0] * 0.87)
    assert track_camera(trails, TIMES, INTRINSICS).focal_factor == pytest.approx(0.87, rel=0.04)
    assert track_camera(trails, TIMES, INTRINSICS, lens_is_known=True).focal_factor == 1.0


def test_a_still_camera_tells_nothing_of_its_lens():
    assert track_camera(trails_of(yawed(np.zeros(90)), np.zeros((90, 3))), TIMES, INTRINSICS).focal_factor == 1.0


def test_the_points_of_the_floor_settle_the_scale_that_feet_only_guess():
    generator = np.random.default_rng(0)
    floor = np.column_stack([generator.uniform(-4, 4, 80), generator.normal(1.5, 0.02, 80), generator.uniform(3, 9, 80)])
    things = generator.uniform((-4, -1, 3), (4, 1.4, 9), (60, 3))
    down = np.array((0.0, 1.0, 0.0))
    assert find_floor_scale(np.concatenate([floor, things]) / 2.0, down, 1.5, 1.75) == pytest.approx(2.0, rel=0.01)
    assert find_floor_scale(things / 2.0, down, 1.5, 1.75) == 1.75                       # no floor is seen
    assert find_floor_scale(floor / 6.0, down, 1.5, 1.75) == 1.75                        # that floor lies too far from the feet's


def test_planted_feet_tell_how_far_the_camera_went():
    person = walker(120, velocity=(0.0, 0.75))
    _, joints = person.motion.pose()
    feet = joints[:, [7, 10, 8, 11]]
    place = np.column_stack([np.linspace(0, 2.5, 120), np.zeros(120), np.full(120, 1.5)])
    forward = np.tile((0.0, 1.0, 0.0), (120, 1))
    scale = find_camera_scale([feet - place[:, None]], [place / 3.0], [forward], [person.timestamps])
    assert scale == pytest.approx(3.0, rel=0.12)


def picture(shift, seed=0):
    """Return a picture (360, 640, 3) of blotches, moved to the left by `shift` px."""
    noise = np.random.default_rng(seed).uniform(0, 255, (90, 260)).astype(np.float32)
    large = cv2.resize(cv2.GaussianBlur(noise, (0, 0), 1.2), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    moved = cv2.warpAffine(large, np.array(((1, 0, -shift), (0, 1, 0.0))), (640, 360))
    return cv2.cvtColor(np.clip(moved * 3 - 255, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def test_scenery_follows_the_background_and_not_the_people():
    scenery, person = Scenery(), Region(320, 180, 250, 0.0)
    for index in range(30):
        scenery.step(Frame(index, index / 30, picture(2.5 * index)), [person])
    trails = scenery.trails()
    assert scenery.cuts == [] and len(trails.row) > 30 * 50
    first, last = (trails.row == row for row in (0, 29))
    common, a, b = np.intersect1d(trails.point[first], trails.point[last], return_indices=True)
    moved = (trails.xy[last][b] - trails.xy[first][a])
    assert len(common) > 20
    np.testing.assert_allclose(np.median(moved, axis=0), (-72.5, 0), atol=0.3)
    assert np.linalg.norm(trails.xy - (320, 180), axis=1).min() >= person.body_radius - 1


def test_a_cut_is_noticed_and_points_are_not_followed_across():
    scenery = Scenery()
    for index in range(20):
        scenery.step(Frame(index, index / 30, picture(index, seed=index // 10)), [])
    assert scenery.cuts == [pytest.approx(10 / 30)]
    trails = scenery.trails()
    assert not set(trails.point[trails.row < 10]) & set(trails.point[trails.row >= 10])
