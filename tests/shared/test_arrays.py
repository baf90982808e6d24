"""Large arrays in files behave as arrays in memory do, and blocks of frames cover a motion once."""

import gc
import mmap
import weakref

import numpy as np
import pytest

from mpsnet_blender.shared.arrays import frame_blocks as blocks
from mpsnet_blender.shared.arrays import large_arrays
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks, overlapping_blocks, take_frames
from mpsnet_blender.shared.arrays.large_arrays import copy_array, let_go, make_array


def mapping_of(array):
    """Return the file's mapping in which an array lies, or None where it lies in memory."""
    while isinstance(array, np.ndarray):
        array = array.base
    return array.obj if isinstance(array, memoryview) else array


def test_an_array_is_zero_and_large_ones_alone_lie_in_files():
    at_most = large_arrays._LARGE_BYTES // 8 - 1
    assert mapping_of(make_array((at_most,))) is None
    large = make_array((at_most + 1, 1), np.float64)
    assert isinstance(mapping_of(large), mmap.mmap) and large.shape == (at_most + 1, 1) and not large.any()
    assert make_array((0, 3)).shape == (0, 3) and make_array((2, 3), np.int32).dtype == np.int32


def test_what_was_written_is_there_after_it_was_let_go(monkeypatch):
    monkeypatch.setattr(large_arrays, "_LARGE_BYTES", 1)
    values = np.random.default_rng(0).normal(size=(20_000, 7))
    array = make_array(values.shape)
    array[:] = values
    let_go()
    copy = copy_array(array)
    array[3] = 5.0
    let_go()
    np.testing.assert_array_equal(copy, values)
    np.testing.assert_array_equal(array[[3, 4]], [np.full(7, 5.0), values[4]])


def test_the_file_is_gone_with_the_last_array_that_shows_it(monkeypatch):
    monkeypatch.setattr(large_arrays, "_LARGE_BYTES", 1)
    array = make_array((100, 3))
    mapping = weakref.ref(mapping_of(array))
    part = array[10:20]
    del array
    assert mapping() is not None and not part.any()
    del part
    gc.collect()
    assert mapping() is None
    let_go()


def test_where_the_disk_is_full_an_array_lies_in_memory(monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(large_arrays, "_LARGE_BYTES", 1)
    monkeypatch.setattr(large_arrays, "_fill", fail)
    assert mapping_of(make_array((100, 3))) is None


@pytest.mark.parametrize(("count", "expected"), [(0, []), (5, [(0, 5)]), (10, [(0, 10)]), (23, [(0, 10), (10, 20), (20, 23)])])
def test_blocks_cover_all_frames_once(monkeypatch, count, expected):
    monkeypatch.setattr(blocks, "BLOCK_FRAMES", 10)
    assert [(rows.start, rows.stop) for rows in frame_blocks(count)] == expected


@pytest.mark.parametrize("rows", [np.array([0, 3, 3, 9, 10, 24]), np.array([20, 4]), np.array([], int), slice(3, 20),
                                  np.arange(25) % 2 > 0])
def test_frames_are_taken_as_by_an_index(monkeypatch, rows):
    monkeypatch.setattr(blocks, "BLOCK_FRAMES", 10)
    values = np.random.default_rng(0).normal(size=(25, 3))
    np.testing.assert_array_equal(take_frames(values, rows), values[rows])


def test_overlapping_blocks_have_the_frames_of_so_many_seconds_around_them(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_FRAMES", 10)
    timestamps = np.arange(25) / 10
    found = [((block.part.start, block.part.stop), (block.inner.start, block.inner.stop))
             for block in overlapping_blocks(timestamps, 0.25)]
    assert found == [((0, 12), (0, 10)), ((8, 22), (2, 12)), ((18, 25), (2, 7))]
