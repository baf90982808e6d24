"""The cache's size, limit and clearing: only files of ours go, and none that a running capture uses."""

import os
import socket

import pytest

from mpsnet_blender.shared import cache_folder

KEYS = [character * 32 for character in "abc"]


@pytest.fixture
def folder(tmp_path):
    """Three entries of 1000 bytes, of which "b..." was used least recently, and files that are not ours."""
    for key, used in zip(KEYS, (300, 100, 200)):
        entry = tmp_path / key
        entry.mkdir()
        (entry / "state.npz").write_bytes(bytes(600))
        (entry / "part-000000-01234567.npz").write_bytes(bytes(400))
        os.utime(entry / "state.npz", (used, used))
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "state.npz").write_bytes(bytes(50))
    (tmp_path / KEYS[0] / "notes.txt").write_bytes(bytes(70))
    return tmp_path


def entries(folder):
    return [key[0] for key in KEYS if (folder / key / "state.npz").exists()]


def test_the_size_counts_files_of_entries(folder):
    assert cache_folder.measure_cache(folder) == 3000
    assert cache_folder.measure_cache(folder / "none") == 0


def test_clearing_removes_entries_and_nothing_else(folder):
    assert cache_folder.clear_cache(folder) == 3000
    assert sorted(path.name for path in folder.iterdir()) == [KEYS[0], "holiday"]
    assert (folder / KEYS[0] / "notes.txt").exists() and (folder / "holiday" / "state.npz").exists()


def test_above_the_limit_the_entries_used_least_recently_go(folder):
    cache_folder.limit_cache(folder, 3000)
    assert entries(folder) == ["a", "b", "c"]
    cache_folder.limit_cache(folder, 2500)
    assert entries(folder) == ["a", "c"]
    cache_folder.limit_cache(folder, 1000)
    assert entries(folder) == ["a"]


@pytest.mark.parametrize("mark", [f"in-use-1-{socket.gethostname()}", "in-use-77-another-computer"])
def test_an_entry_in_use_stays(folder, mark):
    (folder / KEYS[1] / mark).touch()
    assert cache_folder.is_in_use(folder / KEYS[1]) and not cache_folder.is_in_use(folder / KEYS[0])
    assert cache_folder.clear_cache(folder) == 2000 and entries(folder) == ["b"]


@pytest.mark.parametrize("mark", [f"in-use-999999999-{socket.gethostname()}", f"in-use-{os.getpid()}-{socket.gethostname()}"])
def test_a_dead_process_and_this_one_keep_nothing(folder, mark):
    (folder / KEYS[1] / mark).touch()
    assert not cache_folder.is_in_use(folder / KEYS[1])


def test_a_mark_of_another_computer_counts_for_an_hour(folder):
    mark = folder / KEYS[1] / "in-use-77-another-computer"
    mark.touch()
    os.utime(mark, (mark.stat().st_mtime - 4000,) * 2)
    assert not cache_folder.is_in_use(folder / KEYS[1])
