"""The choices of a capture: what the panel says is what the command line hears, and what old files hold goes on to count."""

import math
from pathlib import Path

import bpy
import pytest

from backend.commands.command_line import parser


@pytest.fixture
def arguments(extension, empty_scene):
    """Return a function that gives the backend's arguments for the scene's settings."""
    capture_arguments = extension("scene.capture.capture_job").capture_arguments
    return lambda: capture_arguments(Path("/v/clip.mp4"), Path("/out"), empty_scene.mpsnet.capture_options())


def _parsed(arguments):
    return vars(parser().parse_args(["--models", "/m", *arguments]))


def test_untouched_settings_are_the_command_lines_own(arguments):
    plain = _parsed(["capture", "/v/clip.mp4", "--output", "/out", "--engine", "keypoints"])
    assert _parsed(arguments()) == plain


def test_every_choice_reaches_the_command_line(arguments, empty_scene):
    settings = empty_scene.mpsnet
    settings.people, settings.height, settings.fov = 2, 1.8, math.radians(70)
    settings.start_seconds, settings.end_seconds = 1.5, 12.5
    settings.lifter, settings.foot_lock, settings.refine, settings.preview = "analytic", 0.25, False, True
    parsed = _parsed(arguments())
    assert (parsed["people"], parsed["height"], parsed["start"], parsed["end"]) == (2, 1.8, 1.5, 12.5)
    assert parsed["fov"] == pytest.approx(70, abs=1e-3)
    assert (parsed["lifter"], parsed["foot_lock"], parsed["refine"], parsed["preview"]) == ("analytic", 0.25, False, True)


def test_the_papers_engine_takes_a_device_and_no_lifter(arguments, empty_scene):
    empty_scene.mpsnet.engine, empty_scene.mpsnet.device, empty_scene.mpsnet.lifter = "mpsnet", "cpu", "analytic"
    parsed = _parsed(arguments())
    assert (parsed["engine"], parsed["device"], parsed["lifter"]) == ("mpsnet", "cpu", "trained")


@pytest.mark.parametrize("name", ["engine", "lifter", "device"])
def test_every_entry_of_a_list_is_a_word_of_the_command_line(empty_scene, name):
    entries = [entry.identifier for entry in empty_scene.mpsnet.bl_rna.properties[name].enum_items]
    assert len(entries) > 1
    assert [_parsed(["capture", "v", "--output", "o", f"--{name}", entry])[name] for entry in entries] == entries


@pytest.mark.parametrize("switch, number, first", [
    ("limits_people", "people", 1), ("knows_fov", "fov", math.radians(55)), ("ends_early", "end_seconds", 13.0)])
def test_a_check_mark_stands_for_a_number_that_is_given(empty_scene, switch, number, first):
    settings = empty_scene.mpsnet
    settings.start_seconds = 3.0
    assert not getattr(settings, switch) and getattr(settings, number) == 0
    setattr(settings, switch, True)
    assert getattr(settings, number) == pytest.approx(first)
    setattr(settings, number, 2 * first)
    setattr(settings, switch, True)
    assert getattr(settings, switch) and getattr(settings, number) == pytest.approx(2 * first)
    setattr(settings, switch, False)
    assert getattr(settings, number) == 0


def test_numbers_that_were_saved_before_there_were_check_marks_go_on_to_count(empty_scene, tmp_path):
    empty_scene.mpsnet.people, empty_scene.mpsnet.end_seconds = 3, 8.0
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "old.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "old.blend"))
    settings = bpy.context.scene.mpsnet
    assert (settings.people, settings.fov, settings.end_seconds) == (3, 0, 8.0)
    assert (settings.limits_people, settings.knows_fov, settings.ends_early) == (True, False, True)
