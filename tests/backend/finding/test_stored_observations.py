"""Lists of which some items lie in files behave as lists."""

import random

import numpy as np

from backend.base.regions import Region
from backend.finding.stored_observations import ObservationStore, StoredList, find_unstored_rows
from backend.hands.readings import COLUMNS, read_tables
from backend.people.landmarks import Landmarks, Reading
from backend.people.tracklets import Tracklet


def made_reading(generator):
    return Reading(*(generator.random(shape, np.float32) for shape in ((33, 2), (33, 3), (33,))))


def made_observation(seed):
    generator = np.random.default_rng(seed)
    mean = made_reading(generator)
    regions = [Region(*generator.normal(size=4).tolist()) for _ in range(2)]
    return Landmarks(mean.xy, mean.world, mean.score, float(generator.random()), *regions,
                     (made_reading(generator), made_reading(generator)), *(generator.random(3) < 0.5).tolist())


def made_tracklet(seeds):
    tracklet = Tracklet()
    for seed in seeds:
        tracklet.append(seed, seed / 30, made_observation(seed), np.random.default_rng(seed).random(36, np.float32))
    return tracklet


def as_bytes(landmarks):
    parts = [(reading.xy, reading.world, reading.score) for reading in (landmarks, *landmarks.readings)]
    return [array.tobytes() for arrays in parts for array in arrays], landmarks.presence, landmarks.region, \
        landmarks.next_region, landmarks.is_crosswise, landmarks.is_rechecked, landmarks.is_carried


def test_observations_come_back_from_files_bit_for_bit(tmp_path):
    tracklet, store = made_tracklet(range(40)), ObservationStore(tmp_path)
    for number, rows in enumerate((range(10), range(20, 30), range(10, 20), range(30, 34), range(34, 38))):
        first = store.append(f"part-{number}.npz", [tracklet.observations[row] for row in rows],
                             [tracklet.appearances[row] for row in rows], [], [])
        for place, row in enumerate(rows, start=first):
            store.replace(tracklet, row, place)
    assert find_unstored_rows(tracklet, 100.0) == [38, 39] and find_unstored_rows(tracklet, 39 / 30) == [38]
    again = ObservationStore(tmp_path, store.segments)
    again.require_whole()
    for read in (store, again):
        copy = StoredList(read.landmarks, tracklet.observations.items)
        assert [as_bytes(landmarks) for landmarks in copy] == [as_bytes(made_observation(seed)) for seed in range(40)]
    expected = made_tracklet(range(40)).appearances
    assert [array.tolist() for array in tracklet.appearances] == [array.tolist() for array in expected]


def test_tables_of_hands_come_back_from_files_frame_by_frame(tmp_path):
    store, generator = ObservationStore(tmp_path), np.random.default_rng(2)
    tables = [generator.random((frame % 3, COLUMNS), np.float32) for frame in range(12)]
    points = [(np.zeros(0, np.int32), np.zeros((0, 2), np.uint16))] * 12
    for number, (start, end) in enumerate(((0, 5), (5, 12))):
        store.append(f"part-{number}.npz", [], [], points[start:end], tables[start:end])
    again = StoredList(ObservationStore(tmp_path, store.segments).hands, range(12))
    readings = read_tables(range(100, 112), again)
    assert [table.tolist() for table in again] == [table.tolist() for table in tables]
    assert readings.frame_index.tolist() == [100 + frame for frame in range(12) for _ in range(frame % 3)]
    assert readings.presence.tolist() == np.concatenate(tables)[:, 1].tolist()


def test_a_stored_list_changes_as_a_list_does():
    generator, rows = random.Random(1), [f"row {row}" for row in range(50)]
    for _ in range(300):
        plain = [f"item {generator.random()}" for _ in range(8)]
        stored = StoredList(rows.__getitem__, plain)
        for index in generator.sample(range(8), 4):
            row = generator.randrange(50)
            plain[index], stored.items[index] = rows[row], row
        a, b = sorted(generator.sample(range(9), 2))
        assert list(stored[a:b]) == plain[a:b] and stored[b - 1] == plain[b - 1] and list(stored[a:b][::-1]) == plain[a:b][::-1]
        stored[a:a], plain[a:a] = ["new", "newer"], ["new", "newer"]
        assert stored.pop() == plain.pop()
        stored.append("last"), plain.append("last")
        whole, plain_whole = stored[:], plain[:]
        whole.extend(stored[2:5]), plain_whole.extend(plain[2:5])
        del whole[1], plain_whole[1]
        assert list(whole) == plain_whole and list(stored) == plain and len(whole) == len(plain_whole)
