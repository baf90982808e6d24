"""How cameras moved, found from points of the background; `test_long_paths.py` has the paths that take long to solve."""

import cv2
import numpy as np
import pytest

from backend.base.regions import Region
from backend.camera import windows
from backend.camera.path import track_camera
from backend.camera.scenery import Scenery, Trails
from backend.camera.stillness import is_still
from backend.camera.windows import choose_key_rows
from backend.video.frames import Frame
from backend.world.camera_scale import find_camera_scale, find_floor_scale
from tests.backend.camera.scenes import FPS, degrees_between, room, trails_of, yawed
from tests.backend.made_people import INTRINSICS, walker

TIMES = np.arange(90) / FPS


def test_a_still_camera_is_recognised_whatever_moves_before_it():
    trails = trails_of(yawed(np.zeros(90)), np.zeros((90, 3)), outliers=0.2)
    track = track_camera(trails, TIMES, INTRINSICS)
    assert track.is_still and is_still(trails, TIMES, 1280)
    np.testing.assert_array_equal(track.rotmats, np.tile(np.eye(3), (90, 1, 1)))


def test_too_few_points_or_frames_count_as_still():
    nothing = Trails(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)))
    for count in (1, 2, 90):
        assert track_camera(nothing, TIMES[:count], INTRINSICS).is_still


def test_a_panning_cameras_turns_are_found_and_it_goes_nowhere():
    rotmats = yawed(np.linspace(0, 50, 90), shake=0.3)
    track = track_camera(trails_of(rotmats, np.zeros((90, 3)), every=6), TIMES, INTRINSICS, lens_is_known=True)
    assert not track.is_still and not track.translates
    assert degrees_between(track.rotmats, rotmats).max() < 0.2


def panned(unseen):
    """Return the track and the true turns of a camera that pans to both sides, with no background in the rows `unseen`."""
    rotmats = yawed(15 * np.sin(np.arange(90) * np.pi / 30), shake=0.3)
    trails = trails_of(rotmats, np.zeros((90, 3)), every=6)
    kept = ~np.isin(trails.row, unseen)
    trails = Trails(trails.row[kept], trails.point[kept], trails.xy[kept])
    return track_camera(trails, TIMES, INTRINSICS, lens_is_known=True), rotmats


@pytest.mark.parametrize(("unseen", "seconds"), [
    (range(30, 40), (29 / FPS, 40 / FPS)), (range(60, 90), (59 / FPS, 89 / FPS)), (range(9), (0, 9 / FPS))])
def test_a_time_without_background_is_told_and_the_cameras_turns_are_wrong_there(unseen, seconds):
    track, rotmats = panned(unseen)
    assert track.unseen == pytest.approx(seconds)
    assert degrees_between(track.rotmats[0].T @ track.rotmats, rotmats[0].T @ rotmats).max() > 1


@pytest.mark.parametrize("unseen", [[], range(31, 35)])
def test_a_third_of_a_second_without_background_is_bridged(unseen):
    track, rotmats = panned(unseen)
    assert track.unseen is None and degrees_between(track.rotmats, rotmats).max() < 5


def test_a_part_of_the_clip_that_is_solved_at_once_may_have_no_background(monkeypatch):
    monkeypatch.setattr(windows, "_BLOCK_FRAMES", 10)
    track, rotmats = panned(range(60, 80))
    assert track.unseen == pytest.approx((59 / FPS, 80 / FPS))
    assert degrees_between(track.rotmats, rotmats)[:60].max() < 0.5


@pytest.mark.parametrize(("fps", "count", "rows"), [
    (30, 31, [0, 6, 12, 18, 24, 30]), (30, 33, [0, 6, 12, 18, 24, 30, 32]), (10, 6, [0, 2, 4, 5]), (4, 4, [0, 1, 2, 3]),
    (30, 1, [0])])
def test_key_frames_are_a_fifth_of_a_second_apart_and_the_last_frame_is_one(fps, count, rows):
    assert choose_key_rows(100 + np.arange(count) / fps).tolist() == rows


SHORT = np.arange(37) / FPS         # 2.4 s: 13 key frames
GOING = np.column_stack([0.4 * np.sin(SHORT), 0.02 * np.sin(9 * SHORT), np.linspace(0, -1.6, 37)])


def test_a_going_cameras_path_and_the_points_that_it_sees_are_found_but_for_the_scale():
    rotmats = yawed(5 * np.sin(SHORT))
    track = track_camera(trails_of(rotmats, GOING, noise=0.1, outliers=0.0, every=9), SHORT, INTRINSICS, lens_is_known=True)
    assert track.translates and not track.is_still and track.focal_factor == 1.0
    assert degrees_between(track.rotmats, rotmats).max() < 0.3
    scale = (track.positions * GOING).sum() / (track.positions ** 2).sum()
    assert np.linalg.norm(scale * track.positions - GOING, axis=1).max() < 0.04
    away = np.linalg.norm(scale * track.points[:, None] - room(np.random.default_rng(0)), axis=-1).min(1)
    assert len(track.points) > 30 and np.median(away) < 0.1


def test_points_more_than_33_metres_away_give_no_position():
    """Half of the points are 75 to 270 m away: they show where the camera looks, and not where it goes."""
    near = room(np.random.default_rng(0))[::14]
    points = np.concatenate([near, 30 * near])
    row, point = np.divmod(np.arange(37 * len(points)), len(points))
    seen = points[point] - GOING[row]
    trails = Trails(row, point, seen[:, :2] / seen[:, 2:] * INTRINSICS[0, 0] + INTRINSICS[:2, 2])
    track = track_camera(trails, SHORT, INTRINSICS, lens_is_known=True)
    assert 0.7 * len(near) < len(track.points) <= len(near)


@pytest.mark.parametrize("factor", [0.85, 1.2])
def test_a_panning_camera_gives_its_focal_length(factor):
    trails = trails_of(yawed(np.linspace(0, 24, 37)), np.zeros((37, 3)), focal=INTRINSICS[0, 0] * factor, noise=0.1, every=9)
    track = track_camera(trails, SHORT, INTRINSICS)
    assert track.focal_factor == pytest.approx(factor, rel=0.02) and not track.translates


def test_a_still_camera_gives_nothing_of_its_lens():
    assert track_camera(trails_of(yawed(np.zeros(90)), np.zeros((90, 3))), TIMES, INTRINSICS).focal_factor == 1.0


def test_the_points_of_the_floor_settle_the_scale_that_feet_only_guess():
    generator = np.random.default_rng(0)
    floor = np.column_stack([generator.uniform(-4, 4, 80), generator.normal(1.5, 0.02, 80), generator.uniform(3, 9, 80)])
    things = generator.uniform((-4, -1, 3), (4, 1.4, 9), (60, 3))
    down = np.array((0.0, 1.0, 0.0))
    assert find_floor_scale(np.concatenate([floor, things]) / 2.0, down, 1.5, 1.75) == pytest.approx(2.0, rel=0.01)
    assert find_floor_scale(things / 2.0, down, 1.5, 1.75) == 1.75                       # no floor is seen
    assert find_floor_scale(floor / 6.0, down, 1.5, 1.75) == 1.75                        # that floor lies too far from the feet's


def test_planted_feet_give_the_length_of_the_cameras_path():
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
    scenery, person = Scenery(30.0), Region(320, 180, 250, 0.0)
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
    scenery = Scenery(30.0)
    for index in range(20):
        scenery.step(Frame(index, index / 30, picture(index, seed=index // 10)), [])
    assert scenery.cuts == [pytest.approx(10 / 30)]
    trails = scenery.trails()
    assert not set(trails.point[trails.row < 10]) & set(trails.point[trails.row >= 10])


@pytest.mark.parametrize("frame", [60, 61, 62])
def test_a_cut_from_a_camera_at_rest_is_noticed_in_its_frame(frame):
    scenery = Scenery(30.0)
    for index in range(90):
        scenery.step(Frame(index, index / 30, picture(0, seed=index >= frame)), [])
    assert scenery.cuts == [pytest.approx(frame / 30)]
    trails = scenery.trails()
    assert not set(trails.point[trails.row < frame]) & set(trails.point[trails.row >= frame])


@pytest.mark.parametrize("flashed", [1, 4])
def test_a_flash_and_a_whipped_camera_are_no_cuts(flashed):
    flash, whipped = Scenery(30.0), Scenery(30.0)
    for index in range(40):
        white = np.clip(picture(0).astype(int) + 200, 0, 255).astype(np.uint8)
        other = white if flashed == 1 else picture(0, seed=1)       # damaged pictures
        flash.step(Frame(index, index / 30, other if 20 <= index < 20 + flashed else picture(0)), [])
        whipped.step(Frame(index, index / 30, picture(5 * index if index < 20 else 100 + 120 * (index - 19) % 300)), [])
    assert flash.cuts == [] == whipped.cuts


def test_the_background_of_a_camera_at_rest_is_followed_ten_times_a_second_until_it_moves():
    scenery, rng = Scenery(30.0), np.random.default_rng(3)
    places = np.maximum(np.arange(90) - 70, 0) * 1.5        # px: at rest for 70 frames
    for index, place in enumerate(places):
        noisy = np.clip(picture(place) + rng.normal(scale=3, size=(360, 640, 3)), 0, 255).astype(np.uint8)
        scenery.step(Frame(index, index / 30, noisy), [])
    trails = scenery.trails()
    seen = [trails.at(np.array([row])) for row in range(90)]
    repeated = [row for row in range(1, 90) if np.array_equal(seen[row].xy, seen[row - 1].xy)]
    assert repeated == [row for row in range(31, 72) if row % 3]
    for row in (20, 60, 75, 89):
        _, first, second = np.intersect1d(seen[5].point, seen[row].point, return_indices=True)
        moved = np.median(seen[row].xy[second] - seen[5].xy[first], axis=0)
        np.testing.assert_allclose(moved, (-places[row], 0), atol=0.3)


@pytest.mark.parametrize("frames", [40, 43, 44, 45])
def test_a_scenery_goes_on_from_a_state_in_the_same_way(frames):
    rng = np.random.default_rng(4)
    video = [Frame(index, index / 30, np.clip(picture(0) + rng.normal(scale=3, size=(360, 640, 3)), 0, 255).astype(np.uint8))
             for index in range(60)]
    whole, begun, other = Scenery(30.0), Scenery(30.0), Scenery(30.0)
    for frame in video:
        whole.step(frame, [])
    for frame in video[:frames]:
        begun.step(frame, [])
    other.restore(begun.state)
    other.remember(video[frames - 1 - other.frames_since])
    for frame in video[frames:]:
        other.step(frame, [])
    np.testing.assert_array_equal(other.trails().xy, whole.trails().xy)


@pytest.mark.parametrize("speed", [10, 55, 75])
def test_points_are_followed_where_the_picture_moves_fast(speed):
    """px of 640 a frame; from the sixth frame on at full speed."""
    wide = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (240, 4000), np.uint8), (0, 0), 4)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    places = np.cumsum(np.minimum(np.arange(20), 6) / 6 * speed).astype(int)
    scenery = Scenery(30.0)
    for number, place in enumerate(places):
        scenery.step(Frame(number, number / 30, np.repeat(wide[:, place:place + 640, None], 3, axis=2)), [])
    trails = scenery.trails()
    before, after = (trails.at(np.array([row])) for row in (15, 16))
    _, first, second = np.intersect1d(before.point, after.point, return_indices=True)
    moved = after.xy[second] - before.xy[first]
    is_right = np.linalg.norm(moved + (places[16] - places[15], 0), axis=1) < 1
    assert is_right.sum() > 60 and is_right.mean() > 0.9


def test_points_that_contradict_the_turn_for_longer_than_a_moment_are_told():
    rotmats = yawed(15 * np.sin(np.arange(90) * np.pi / 30))
    trails = trails_of(rotmats, np.zeros((90, 3)), every=6)
    lost = (trails.row >= 40) & (trails.row < 43)
    rng = np.random.default_rng(2)
    xy = np.where(lost[:, None], rng.uniform(0, 600, trails.xy.shape), trails.xy)
    track = track_camera(Trails(trails.row, trails.point, xy), TIMES, INTRINSICS, lens_is_known=True)
    assert track.unseen == pytest.approx((39 / FPS, 43 / FPS), abs=2.1 / FPS)
