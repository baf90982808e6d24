import json
import os
import shutil
import stat

import pytest

from backend.base.errors import OutputError
from backend.output.folder_writer import CaptureFolder
from mpsnet_blender.shared.capture_listing import CaptureListing, ListedPerson, write_listing
from tests.backend.output.made_captures import listing_of, names, write_capture

DEAD_PROCESS = 2 ** 22 + 1      # above Linux's highest process id


def test_the_folder_appears_whole_when_all_is_written(tmp_path):
    with CaptureFolder(tmp_path / "new" / "out") as folder:
        (folder.path / "person_01.npz").write_text("motion")
        assert not (tmp_path / "new" / "out").exists()
    assert names(tmp_path / "new") == ["out"] and names(tmp_path / "new" / "out") == ["person_01.npz"]
    assert stat.S_IMODE((tmp_path / "new" / "out").stat().st_mode) == 0o755


@pytest.mark.parametrize("exists", [False, True])
def test_an_error_leaves_nothing(tmp_path, exists):
    destination = tmp_path / "out"
    if exists:
        write_capture(destination)
    before = names(destination) if exists else None
    with pytest.raises(KeyError), CaptureFolder(destination) as folder:
        (folder.path / "person_01.npz").write_text("half")
        raise KeyError
    assert names(tmp_path) == (["out"] if exists else [])
    assert not exists or (names(destination) == before and (destination / "person_01.npz").read_text() == "of 1")


def test_the_persons_other_files_stay_and_an_earlier_capture_is_replaced(tmp_path):
    destination = tmp_path / "out"
    write_capture(destination, people=3, preview=True)
    (destination / "notes.txt").write_text("mine")
    (destination / "person_in_hat.npz").write_text("mine too")
    (destination / "takes").mkdir()
    write_capture(destination, people=1)
    assert names(destination) == ["notes.txt", "people.json", "person_01.jpg", "person_01.npz", "person_in_hat.npz", "takes"]
    assert (destination / "person_01.npz").read_text() == "of 1" and (destination / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["person_01.npz", "person_07.jpg", "preview.mp4", "people.json"])
def test_a_users_file_under_one_of_our_names_is_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match="does not belong to an earlier capture"):
        write_capture(tmp_path)
    assert names(tmp_path) == [name] and (tmp_path / name).read_text() == "mine"


def test_the_preview_of_a_capture_can_be_captured_but_not_replaced(tmp_path):
    write_capture(tmp_path, preview=True)
    with pytest.raises(OutputError, match=r"preview\.mp4 would be replaced"):
        CaptureFolder(tmp_path, tmp_path / "preview.mp4").require_place()
    CaptureFolder(tmp_path / "other", tmp_path / "preview.mp4").require_place()


@pytest.mark.parametrize("version", [{}, {"format_version": 2}])
def test_a_listing_that_is_not_of_our_version_names_nothing_to_replace(tmp_path, version):
    (tmp_path / "person_01.npz").write_text("mine")
    (tmp_path / "people.json").write_text(json.dumps({**version, "people": [{"id": 1, "file": "person_01.npz"}]}))
    with pytest.raises(OutputError, match=r"people\.json would be replaced, and it does not belong to an earlier capture"):
        write_capture(tmp_path)
    assert names(tmp_path) == ["people.json", "person_01.npz"] and (tmp_path / "person_01.npz").read_text() == "mine"


def test_a_listing_that_names_other_files_leads_to_none_of_them(tmp_path):
    others = ("holiday.mov", "taxes.pdf", "thesis.doc", "person_1.npz")
    for name in others:
        (tmp_path / name).write_text("mine")
    (tmp_path / "people.json").write_text(json.dumps({"format_version": 1, "preview": "holiday.mov", "people": [
        {"id": 1, "file": "thesis.doc", "thumbnail": "taxes.pdf"}, {"id": 2, "file": "person_1.npz"}]}))
    write_capture(tmp_path)
    assert names(tmp_path) == sorted((*others, "people.json", "person_01.jpg", "person_01.npz"))
    assert all((tmp_path / name).read_text() == "mine" for name in others)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "..", "takes/first.npz", ""])
def test_a_listing_that_names_files_elsewhere_is_not_replaced(tmp_path, name):
    (tmp_path / "outside.txt").write_text("mine")
    (tmp_path / "out" / "takes").mkdir(parents=True)
    (tmp_path / "out" / "people.json").write_text(json.dumps({"format_version": 1, "people": [{"id": 1, "file": name}]}))
    with pytest.raises(OutputError, match="does not belong to an earlier capture"):
        write_capture(tmp_path / "out")
    assert names(tmp_path) == ["out", "outside.txt"] and names(tmp_path / "out") == ["people.json", "takes"]


def test_a_folder_under_one_of_our_names_is_not_replaced_even_if_it_is_listed(tmp_path):
    write_listing(tmp_path / "people.json", listing_of(1))
    (tmp_path / "person_01.npz").mkdir()
    with pytest.raises(OutputError, match=r"person_01\.npz would be replaced"):
        write_capture(tmp_path)
    assert names(tmp_path) == ["people.json", "person_01.npz"]


def test_a_file_that_comes_while_the_capture_is_written_is_not_replaced(tmp_path):
    write_capture(tmp_path)
    with pytest.raises(OutputError, match=r"preview\.mp4 would be replaced"), CaptureFolder(tmp_path) as folder:
        (tmp_path / "preview.mp4").write_text("mine")
        write_listing(folder.path / "people.json", listing_of(1))
    assert names(tmp_path) == ["people.json", "person_01.jpg", "person_01.npz", "preview.mp4"]
    assert (tmp_path / "preview.mp4").read_text() == "mine" and (tmp_path / "person_01.npz").read_text() == "of 1"


def test_an_empty_folder_that_is_there_is_filled(tmp_path):
    write_capture(tmp_path)
    assert names(tmp_path) == ["people.json", "person_01.jpg", "person_01.npz"]


def test_a_link_to_a_folder_is_filled_and_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    write_capture(tmp_path / "out")
    assert (tmp_path / "out").is_symlink() and "people.json" in names(tmp_path / "disk")


def test_a_file_in_the_folders_place_is_an_error(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="is a file"), CaptureFolder(tmp_path / "out"):
        pass
    assert names(tmp_path) == ["out"]


def test_a_file_in_the_place_of_a_folder_above_is_an_error(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="is a file, not a folder"), CaptureFolder(tmp_path / "out" / "deeper"):
        pass


def test_a_folder_that_may_not_be_written_is_an_error(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    if os.access(locked, os.W_OK):
        pytest.skip("root may write everywhere")
    with pytest.raises(OutputError, match="Permission denied"), CaptureFolder(locked / "out"):
        pass


def test_a_disk_that_fills_up_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="No space left"), CaptureFolder(tmp_path / "out"):
        raise OSError(28, os.strerror(28))
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["out", "out[1] *", "ä?"])
def test_what_killed_runs_left_behind_is_removed_by_the_next(tmp_path, name):
    left = tmp_path / f".{name}.mpsnet-{DEAD_PROCESS}.abc"
    working = tmp_path / f".{name}.mpsnet-{os.getpid()}.abc"
    of_another = tmp_path / f".other.mpsnet-{DEAD_PROCESS}.abc"
    for folder in (left, working, of_another):
        folder.mkdir()
        (folder / "person_01.npz").write_text("half")
    write_capture(tmp_path / name)
    assert not left.exists() and working.exists() and of_another.exists()


def test_of_two_runs_to_one_folder_the_later_one_stays_whole(tmp_path):
    with CaptureFolder(tmp_path / "out") as folder:
        write_capture(tmp_path / "out", people=2)
        (folder.path / "person_01.npz").write_text("later")
        write_listing(folder.path / "people.json", CaptureListing(people=(ListedPerson(1, "person_01.npz"),)))
    assert names(tmp_path) == ["out"] and names(tmp_path / "out") == ["people.json", "person_01.npz"]
    assert (tmp_path / "out" / "person_01.npz").read_text() == "later"


@pytest.mark.parametrize("length", [40, 200, 233, 255])
@pytest.mark.parametrize("exists", [False, True])
def test_a_folders_name_may_be_as_long_as_the_system_allows(tmp_path, length, exists):
    destination = tmp_path / ("ä" * (length // 2) + "b" * (length % 2))
    if exists:
        write_capture(destination, people=2)
    write_capture(destination)
    assert names(tmp_path) == [destination.name] and (destination / "person_01.npz").read_text() == "of 1"


def test_a_name_that_is_too_long_is_told_before_the_capture(tmp_path):
    with pytest.raises(OutputError, match="File name too long"):
        CaptureFolder(tmp_path / ("b" * 256)).require_place()
    assert names(tmp_path) == []


def test_a_disk_without_room_is_told_before_the_capture(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10 ** 9, 10 ** 9 - 10 ** 6, 10 ** 6))
    with pytest.raises(OutputError, match=r"Only 1\.0 MB are free"):
        CaptureFolder(tmp_path / "out").require_place()


def test_a_video_that_was_unplugged_does_not_keep_its_capture_from_its_place(tmp_path):
    write_capture(tmp_path / "out", people=2)
    video = tmp_path / "clip.mp4"
    with CaptureFolder(tmp_path / "out", video) as folder:
        write_listing(folder.path / "people.json", listing_of(1))
        for name in listing_of(1).files() - {"people.json"}:
            (folder.path / name).write_text("new")
    assert (tmp_path / "out" / "person_01.npz").read_text() == "new"
