from dataclasses import replace

import cv2
import numpy as np
import pytest

from backend.base.errors import ModelError
from backend.base.regions import Region, region_from_alignment
from backend.people.detection import PersonDetector, _anchors, _tiles
from backend.people.landmarks import LANDMARK, LANDMARK_NAMES, MIRRORED, LandmarkModel

BODY = [f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")]


@pytest.fixture(scope="module")
def detector(models_folder, workers):
    return PersonDetector(models_folder, workers)


class CountingDetector(PersonDetector):
    """Counts the tiles in which the model searches."""

    def __init__(self, models_folder, workers):
        super().__init__(models_folder, workers)
        self.searched = 0

    def _search(self, letterbox):
        self.searched += 1
        return super()._search(letterbox)


@pytest.fixture(scope="module")
def landmark_model(models_folder, workers):
    return LandmarkModel(models_folder, workers)


def true_box(true_points, frame):
    xy = true_points[1][frame]
    return xy.min(0), xy.max(0)


def test_the_anchors_are_the_2254_cell_centres_of_strides_8_16_and_32():
    anchors = _anchors()
    assert anchors.shape == (2254, 2) and (28 * 28 + 14 * 14) * 2 + 7 * 7 * 6 == 2254
    np.testing.assert_array_equal(anchors[:4], ((4, 4), (4, 4), (12, 4), (12, 4)))
    np.testing.assert_array_equal(anchors[28 * 28 * 2], (8, 8))
    np.testing.assert_array_equal(anchors[-1], (208, 208))


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (640, 480), (97, 61)])
def test_the_tiles_cover_every_pixel_at_every_scale_and_stay_inside(size):
    covered = np.zeros((size[1], size[0]), int)
    for x, y, width, height in _tiles(*size, (1.0, 1 / 2, 1 / 3.5)):
        assert x >= 0 and y >= 0 and x + width <= size[0] and y + height <= size[1]
        covered[y:y + height, x:x + width] += 1
    assert covered.min() >= 3


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.5, np.pi])
def test_a_region_maps_its_centre_and_top_and_back(angle):
    region = Region(320.0, 200.0, 100.0, angle)
    affine = region.affine(256)
    to_image = lambda point: affine[:, :2] @ point + affine[:, 2]     # noqa: E731
    np.testing.assert_allclose(to_image((128, 128)), (320, 200), atol=1e-9)
    np.testing.assert_allclose(to_image((128, 0)), (320 + 50 * np.sin(angle), 200 - 50 * np.cos(angle)), atol=1e-9)
    back = np.linalg.solve(affine[:, :2], to_image((17, 203)) - affine[:, 2])
    np.testing.assert_allclose(back, (17, 203), atol=1e-9)


def test_a_crop_of_the_whole_square_is_the_image_in_rgb():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    np.testing.assert_array_equal(Region(32.0, 32.0, 64.0, 0.0).crop(image, 64), image[..., ::-1])


@pytest.mark.parametrize(("top", "angle"), [((0, -80), 0), ((80, 0), 90), ((-80, 0), -90), ((0, 80), 180)])
def test_the_region_stands_as_the_person_does(top, angle):
    region = region_from_alignment(np.array((300.0, 200.0)), np.array((300.0, 200.0)) + top)
    assert (region.centre_x, region.centre_y) == (300, 200) and region.side == pytest.approx(200)
    assert abs(np.degrees(region.angle)) == pytest.approx(abs(angle)) if abs(angle) == 180 else \
        np.degrees(region.angle) == pytest.approx(angle)
    assert region.body_radius == pytest.approx(80)


def test_mirroring_exchanges_left_and_right_and_keeps_the_nose():
    assert [LANDMARK_NAMES[MIRRORED[LANDMARK[name]]] for name in ("nose", "left_knee", "mouth_right")] \
        == ["nose", "right_knee", "mouth_left"]
    np.testing.assert_array_equal(MIRRORED[MIRRORED], np.arange(33))


@pytest.mark.parametrize("frame", [30, 60, 89])
def test_the_detector_finds_the_one_person_where_the_truth_has_it(detector, sample_frames, true_points, frame):
    found = detector(sample_frames[frame].image)
    low, high = true_box(true_points, frame)
    assert found[0].score > 0.9      # the others, where there are any, the landmark model weeds out
    assert np.abs(found[0].region.centre - (low + high) / 2).max() < 0.15 * (high - low)[1]
    assert 0.8 < 2 * found[0].region.body_radius / (high - low)[1] < 1.5


@pytest.mark.parametrize("frame", [30, 60, 89])
def test_somebody_is_found_and_read_in_the_dark(detector, landmark_model, sample_frames, frame):
    image = sample_frames[frame].image
    dark = np.clip(image * 0.06 + np.random.default_rng(0).normal(scale=4, size=image.shape), 0, 255).astype(np.uint8)
    found, bright = detector(dark)[0], detector(image)[0]
    assert found.score > 0.8 and np.abs(found.region.centre - bright.region.centre).max() < 0.1 * bright.region.side
    read, true = (landmark_model(picture, [bright.region])[0] for picture in (dark, image))
    assert np.linalg.norm(read.xy - true.xy, axis=1).mean() < 0.025 * bright.region.side


def test_a_small_person_is_found_on_a_tile(detector, sample_frames, true_points):
    picture = np.full((1080, 1920, 3), 120, np.uint8)
    small = cv2.resize(sample_frames[60].image, (360, 270), interpolation=cv2.INTER_AREA)
    picture[700:970, 1300:1660] = small
    best = detector(picture)[0]
    true = true_points[1][60].mean(0) * 0.375 + (1300, 700)
    assert np.abs(best.region.centre - true).max() < 25 and 60 < best.region.body_radius < 130


def test_nobody_is_found_in_noise_and_in_an_even_picture(detector):
    noise = np.random.default_rng(0).integers(0, 256, (720, 960, 3), np.uint8)
    assert detector(noise) == [] == detector(np.full((720, 960, 3), 128, np.uint8))


def test_tiles_that_have_not_changed_are_searched_again_every_sixth_time_only(models_folder, workers, sample_frames):
    detector, image = CountingDetector(models_folder, workers), sample_frames[0].image
    tiles = len(_tiles(*image.shape[1::-1], (1.0, 1 / 2, 1 / 3.5)))
    noise, found, searched = np.random.default_rng(0), [], []
    for _ in range(8):
        found.append(detector(np.clip(image + noise.normal(scale=4, size=image.shape), 0, 255).astype(np.uint8)))
        searched.append(detector.searched)
    assert searched == [tiles] * 6 + [2 * tiles] * 2
    assert found[0] == found[5] != []


def test_only_the_tiles_that_changed_are_searched_again(models_folder, workers, sample_frames):
    detector, empty = CountingDetector(models_folder, workers), np.full_like(sample_frames[0].image, 128)
    assert detector(empty) == []
    detector.searched = 0
    image = empty.copy()
    image[100:140, 60:75] = 0           # somebody 40 px tall in the upper left corner of 1280 x 720
    detector(image)
    tiles = _tiles(*image.shape[1::-1], (1.0, 1 / 2, 1 / 3.5))
    assert detector.searched == sum(x < 75 and y < 140 for x, y, _, _ in tiles) < 6


def test_small_tiles_are_searched_every_third_time_where_only_a_known_tall_person_moves(models_folder, workers):
    detector, searched = CountingDetector(models_folder, workers), []
    for x in (300, 310, 320, 330):
        image = np.full((720, 1280, 3), 128, np.uint8)
        image[200:500, x:x + 80] = 0        # 300 px tall: found in the whole picture and in its halves
        detector.searched = 0
        detector(image, known=[Region(x + 40, 350, 375, 0.0)])
        searched.append(detector.searched)
    assert searched[:3] == [1 + 6 + 18, 1 + 4, 1 + 4] and searched[3] > 1 + 4 + 6
    image[600:640, 1100:1120] = 0           # somebody else
    detector.searched = 0
    detector(image, known=[Region(370, 350, 375, 0.0)])
    assert detector.searched == 1 + 2 + sum(x < 1120 < x + side and y < 640 < y + side for x, y, side, _ in
                                            _tiles(1280, 720, (1.0, 1 / 2, 1 / 3.5))[7:])


def test_known_people_are_not_found_where_they_were_when_a_tile_was_searched(models_folder, workers, sample_frames):
    detector, image = PersonDetector(models_folder, workers), sample_frames[60].image
    (person, *_) = detector(image)
    place = person.region.moved(90, 0)
    moved = cv2.warpAffine(image, np.array(((1, 0, 90.0), (0, 1, 0))), image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    reused = [tile for tile, search in detector.searches.items() if len(search.rows)]
    found = [other.region for other in detector(moved, known=[place])]
    assert any(detector.searches[tile].reuses for tile in reused)
    assert found and all(np.hypot(*(region.centre - place.centre)) < 65 for region in found)


@pytest.mark.parametrize(("tile_sizes", "searched"), [(1, 1), (2, 1 + 6), (3, 1 + 6 + 24)])
def test_fewer_sizes_of_tiles_are_searched_where_that_is_asked_for(models_folder, workers, sample_frames, tile_sizes, searched):
    detector = CountingDetector(models_folder, workers)
    assert detector(sample_frames[60].image, tile_sizes)
    assert detector.searched == searched


def test_landmarks_lie_on_the_body_within_a_fortieth_of_its_height(detector, landmark_model, sample_frames, true_points):
    names, xy = true_points
    columns, landmarks_of_body = [names.index(name) for name in BODY], [LANDMARK[name] for name in BODY]
    errors = []
    for frame in range(20, 90, 10):
        region = detector(sample_frames[frame].image)[0].region
        (first,) = landmark_model(sample_frames[frame].image, [region])
        (landmarks,) = landmark_model(sample_frames[frame].image, [first.next_region])
        height = np.ptp(xy[frame][:, 1]) * 1.08      # from the soles to the eyes, and the crown above
        errors.append(np.linalg.norm(landmarks.xy[landmarks_of_body] - xy[frame][columns], axis=1) / height)
        assert landmarks.presence > 0.9 and landmarks.torso_score > 0.8
    assert np.mean(errors) < 0.025


def test_a_mirrored_picture_gives_mirrored_landmarks(detector, landmark_model, sample_frames):
    image = sample_frames[60].image
    region = detector(image)[0].region
    mirrored_region = Region(image.shape[1] - 1 - region.centre_x, region.centre_y, region.side, -region.angle)
    (straight,) = landmark_model(image, [region])
    (mirrored,) = landmark_model(np.ascontiguousarray(image[:, ::-1]), [mirrored_region])
    back = mirrored.xy[MIRRORED] * (-1, 1) + (image.shape[1] - 1, 0)
    assert np.abs(back - straight.xy)[[LANDMARK[name] for name in BODY]].max() < 0.02 * region.side
    assert np.abs(mirrored.world[MIRRORED] * (-1, 1, 1) - straight.world)[[LANDMARK[name] for name in BODY]].max() < 0.03


def test_what_was_begun_is_used_for_the_same_region_of_the_same_picture_alone(models_folder, workers, detector, sample_frames,
                                                                              monkeypatch):
    model, image, other = LandmarkModel(models_folder, workers), sample_frames[0].image, sample_frames[30].image
    region = detector(image)[0].region
    plain = model(image, [region])[0]
    read, read_view = [], LandmarkModel._read_view
    monkeypatch.setattr(LandmarkModel, "_read_view", lambda self, *view: read.append(view[1:]) or read_view(self, *view))
    model.begin(image, [region])
    begun = model(image, [region])[0]
    np.testing.assert_array_equal(begun.xy, plain.xy)
    assert read.count((region, False)) == 1
    for asked, picture in ((region.moved(1.0, 0.0), image), (region, other)):
        read.clear()
        model.begin(image, [region])
        model(picture, [asked])
        assert (asked, False) in read and len(read) == 3


def test_a_second_reading_that_is_carried_over_differs_from_the_first_as_it_did(detector, landmark_model, sample_frames):
    first_image, image = sample_frames[60].image, sample_frames[61].image
    (last,) = landmark_model(first_image, [detector(first_image)[0].region])
    region = last.next_region
    read, carried = landmark_model(image, [region, region], carry_from=[None, last])
    assert (read.is_carried, carried.is_carried) == (False, True)
    first, second = carried.readings
    np.testing.assert_array_equal(first.xy, read.readings[0].xy)
    for values, last_values in ((second.xy - first.xy, last.readings[1].xy - last.readings[0].xy),
                                (second.world - first.world, last.readings[1].world - last.readings[0].world),
                                (second.score - first.score, last.readings[1].score - last.readings[0].score)):
        np.testing.assert_allclose(values, last_values, atol=1e-4)
    np.testing.assert_allclose(carried.xy, (first.xy + second.xy) / 2, atol=1e-4)
    body = [LANDMARK[name] for name in BODY]
    assert np.linalg.norm(carried.xy - read.xy, axis=1)[body].mean() < 0.01 * region.side
    assert np.hypot(*(carried.next_region.centre - read.next_region.centre)) < 0.02 * region.side


@pytest.mark.parametrize("lean_degrees", [0, 40])
def test_a_region_to_recheck_is_read_a_second_time_with_another_turn(landmark_model, detector, sample_frames, lean_degrees):
    image = sample_frames[60].image
    region = detector(image)[0].region
    (upright,) = landmark_model(image, [region])
    turn = cv2.getRotationMatrix2D(tuple(upright.next_region.centre), -lean_degrees, 1.0)
    leaning = cv2.warpAffine(image, turn, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    region = replace(upright.next_region, angle=np.radians(lean_degrees))
    plain, rechecked = (landmark_model(leaning, [region], [recheck])[0] for recheck in (False, True))
    np.testing.assert_array_equal(plain.readings[0].xy, rechecked.readings[0].xy)
    moved = np.linalg.norm(plain.readings[1].xy - rechecked.readings[1].xy, axis=1).mean() / region.side
    assert moved == 0 if lean_degrees == 0 else 0.001 < moved < 0.03
    assert (plain.is_rechecked, rechecked.is_rechecked, rechecked.is_crosswise) == (False, True, False)


@pytest.mark.parametrize("load", [PersonDetector, LandmarkModel])
def test_a_damaged_model_is_recognised_by_its_checksum(models_folder, workers, tmp_path, load):
    for model in models_folder.glob("*.tflite"):
        content = bytearray(model.read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / model.name).write_bytes(content)
    with pytest.raises(ModelError, match="checksum"):
        load(tmp_path, workers)


@pytest.mark.parametrize("load", [PersonDetector, LandmarkModel])
def test_a_missing_model_is_reported(workers, tmp_path, load):
    with pytest.raises(ModelError, match="no model file"):
        load(tmp_path, workers)
