"""A capture that replaces an earlier one, interrupted at every possible point."""

import itertools
import os
import sys
import time

import pytest

from backend.base.errors import OutputError
from backend.output.folder_writer import CaptureFolder, find_capture
from mpsnet_blender.shared.capture_listing import read_listing, write_listing
from tests.backend.output.made_captures import listing_of, names, write_capture

CHANGES_FILES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove"}
KILLED = 9
DEAD_PROCESS = 2 ** 22 + 1      # above Linux's highest process id


def is_killed_before(step, act):
    """Do something in a process that dies before its nth change of the disk; return whether it made that many changes."""
    child = os.fork()
    if child == 0:
        steps = itertools.count(1)
        sys.addaudithook(lambda event, _: os._exit(KILLED) if event in CHANGES_FILES and next(steps) == step else None)
        act()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED)
    return status == KILLED


def contents(folder):
    """Return the contents of a folder's files by name, and the listing as it is read."""
    return {path.name: read_listing(path) if path.name == "people.json" else path.read_text()
            for path in folder.iterdir() if not path.name.startswith(".")}


def before_and_after(folder, before, after):
    """Write a capture; return the folder's contents, and those expected after another capture has replaced it."""
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    if before:
        write_capture(folder, **before)
    listing = listing_of(**after)
    whole = dict.fromkeys(listing.files(), f"of {after['people']}") | {"people.json": listing, "notes.txt": "mine"}
    return contents(folder), whole


REPLACED = [({"people": 3, "preview": True}, {"people": 1}), ({"people": 1}, {"people": 2, "preview": True}),
            ({"people": 2}, {"people": 2}), (None, {"people": 1, "preview": True})]


@pytest.mark.parametrize(("before", "after"), REPLACED)
def test_killed_at_any_step_either_capture_is_there_whole_and_the_next_run_works(tmp_path, before, after):
    halves = 0
    for step in itertools.count(1):
        out = tmp_path / str(step)
        old, new = before_and_after(out, before, after)
        killed = is_killed_before(step, lambda out=out: write_capture(out, **after))
        halves += contents(out) not in (old, new)
        assert "people.json" not in names(out) or contents(out) in (old, new)     # whole, or nothing claims that it is
        find_capture(out)
        assert contents(out) in ((old, new) if killed else (new,)), step
        write_capture(out, people=4)
        assert names(out) == sorted({*listing_of(4).files(), "notes.txt"})
        if not killed:
            break
    assert halves >= 3      # what is to be undone, happened


def test_an_undoing_that_is_killed_at_any_step_is_finished_by_the_next(tmp_path):
    kills = 0
    for step, again in itertools.product((5, 7, 10), range(1, 11)):
        out = tmp_path / f"{step}-{again}"
        old, _ = before_and_after(out, {"people": 2}, {"people": 1, "preview": True})
        assert is_killed_before(step, lambda out=out: write_capture(out, people=1, preview=True))
        kills += is_killed_before(again, lambda out=out: find_capture(out))
        find_capture(out)
        assert contents(out) == old, (step, again)
    assert kills > 20


@pytest.mark.parametrize("moves", range(8))
def test_a_move_that_fails_leaves_the_earlier_capture(tmp_path, monkeypatch, moves):
    old, _ = before_and_after(tmp_path / "out", {"people": 2}, {"people": 1})
    replace, counted = os.replace, itertools.count()

    def locked_once(source, target):
        if next(counted) == moves + 1:      # the first is the listing's, in the hidden folder
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", locked_once)
    with pytest.raises(OutputError, match="Permission denied") as caught:
        write_capture(tmp_path / "out", people=1)
    assert "close programs that use its files" in caught.value.advice
    assert contents(tmp_path / "out") == old and names(tmp_path / "out") == sorted(old)


def test_where_not_even_that_can_be_undone_the_next_run_does_it(tmp_path, monkeypatch):
    out = tmp_path / "out"
    old, _ = before_and_after(out, {"people": 2}, {"people": 1})
    with monkeypatch.context() as patch:
        replace, counted = os.replace, itertools.count()

        def locked(source, target):
            if next(counted) >= 7:
                raise PermissionError(13, "Permission denied")
            replace(source, target)

        patch.setattr(os, "replace", locked)
        with pytest.raises(OutputError, match="Permission denied"):
            write_capture(out, people=1)
        with pytest.raises(OutputError, match="cannot be restored"):
            move_by_a_dead_process(out).require_place()
    assert "people.json" not in names(out)
    CaptureFolder(out).require_place()
    assert contents(out) == old and names(out) == sorted(old)


def move_by_a_dead_process(out):
    """Give the hidden folder in a capture's folder the id of a process that has ended; return its path."""
    hidden = next(out.glob(".mpsnet-*"))
    hidden.rename(out / f".mpsnet-{DEAD_PROCESS}.abc")
    return CaptureFolder(out)


def test_a_move_that_is_going_on_is_waited_for_and_one_that_is_stuck_is_undone(tmp_path):
    out = tmp_path / "out"
    old, _ = before_and_after(out, {"people": 2}, {"people": 1})
    assert is_killed_before(6, lambda: write_capture(out, people=1))
    hidden = next(out.glob(".mpsnet-*"))
    hidden = hidden.rename(out / f".mpsnet-{os.getpid()}.abc")     # as if it were this process, which lives
    half = contents(out)
    with pytest.raises(OutputError, match="Another capture is being moved into"):
        write_capture(out)
    assert find_capture(out) is None and contents(out) == half != old
    long_ago = time.time() - 100
    os.utime(hidden / "earlier", (long_ago, long_ago))
    CaptureFolder(out).require_place()
    assert contents(out) == old and names(out) == sorted(old)


def test_a_hidden_folder_made_by_others_moves_no_other_files(tmp_path):
    out = tmp_path / "out"
    write_capture(out)
    (out / "notes.txt").write_text("mine")
    hidden = out / f".mpsnet-{DEAD_PROCESS}.abc"
    (hidden / "earlier").mkdir(parents=True)
    (hidden / "earlier" / "notes.txt").write_text("not mine")
    (hidden / "people.json").write_text('{"format_version": 1, "people": [{"id": 1, "file": "notes.txt"}]}')
    with pytest.raises(OutputError, match="cannot be restored"):
        write_capture(out)
    assert (out / "notes.txt").read_text() == "mine"


def test_a_capture_that_does_not_hold_what_it_lists_replaces_nothing(tmp_path):
    write_capture(tmp_path)
    with pytest.raises(ValueError, match="must hold the files"), CaptureFolder(tmp_path) as folder:
        write_listing(folder.path / "people.json", listing_of(2))
    assert names(tmp_path) == sorted(listing_of(1).files())
