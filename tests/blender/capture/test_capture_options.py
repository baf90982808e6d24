"""The options of a capture: the panel's values reach the command line, and those saved in old files remain valid."""

import math
import random
from pathlib import Path

import bpy
import pytest

from mpsnet_blender.shared.capture_request import (
    DEGREES,
    OPTIONS,
    CaptureRequest,
    Choice,
    Number,
    Switch,
    capture_arguments,
    options_of,
)
from mpsnet_blender.shared.command_line import command_line_parser, make_request
from mpsnet_blender.shared.engines.table import ENGINES

PARSER = command_line_parser()
NUMBERS = {name: option for name, option in OPTIONS.items() if isinstance(option, Number)}


@pytest.fixture
def heard(empty_scene):
    """Return a function that gives the request which the backend makes of the words for the scene's settings."""
    def hear():
        words = capture_arguments(Path("/v/clip.mp4"), Path("/out"), empty_scene.mpsnet.capture_request())
        return make_request(PARSER.parse_args(words))
    return hear


def property_of(scene, name):
    return scene.mpsnet.bl_rna.properties[name]


def in_blender(option, value):
    """Return a request's value as a property holds it."""
    if value is None:
        return 0
    return math.radians(value) if isinstance(option, Number) and option.unit == DEGREES else value


def test_untouched_settings_are_the_command_lines_defaults(heard):
    assert heard() == CaptureRequest()


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_every_option_has_a_property_with_its_label_description_and_default(empty_scene, option):
    found = property_of(empty_scene, option.property_name)
    assert found.name == option.label and found.description.startswith(option.description)
    held, default = getattr(empty_scene.mpsnet, option.property_name), in_blender(option, option.default)
    assert held == (pytest.approx(default) if isinstance(option, Number) else default)
    kind = {Choice: "ENUM", Switch: "BOOLEAN"}.get(type(option)) or ("INT" if option.unit.is_whole else "FLOAT")
    assert found.type == kind


def test_the_names_that_scripts_use_stay(empty_scene):
    assert [option.property_name for option in OPTIONS.values()] == [
        "engine", "quality", "lifter", "device", "people", "height", "fov", "start_seconds", "end_seconds", "picture_fps",
        "foot_lock", "refine", "hands", "preview", "cache"]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_has_the_bounds_of_the_command_line(empty_scene, heard, name):
    option, settings = NUMBERS[name], empty_scene.mpsnet
    found = property_of(empty_scene, option.property_name)
    assert found.hard_min == pytest.approx(0 if option.left_open else in_blender(option, option.low))
    assert found.soft_min == pytest.approx(in_blender(option, option.low))
    if option.high != math.inf:
        assert found.hard_max == pytest.approx(in_blender(option, option.high))
        setattr(settings, option.property_name, 2 * in_blender(option, option.high))
        assert getattr(heard(), name) == option.high
    setattr(settings, option.property_name, in_blender(option, option.low))
    assert getattr(heard(), name) == (None if option.left_open and option.low == 0 else option.low)


@pytest.mark.parametrize("degrees", [0.01, 2.0, 4.99])
def test_an_angle_that_is_too_small_for_a_capture_becomes_the_least_one(empty_scene, heard, degrees):
    empty_scene.mpsnet.fov = math.radians(degrees)
    assert empty_scene.mpsnet.fov == pytest.approx(math.radians(5)) and heard().fov_degrees == 5.0
    empty_scene.mpsnet.fov = 0
    assert heard().fov_degrees is None


def test_every_choice_reaches_the_backend_as_it_is_written(empty_scene, heard):
    generator = random.Random(0)
    for _ in range(200):
        engine = generator.choice(ENGINES).name
        wanted = {"engine": engine} | {option.name: written_value(option, generator) for option in options_of(engine)[1:]}
        for name, value in wanted.items():
            setattr(empty_scene.mpsnet, OPTIONS[name].property_name, in_blender(OPTIONS[name], value))
        assert heard() == CaptureRequest(**wanted)


def written_value(option, generator):
    """Return any value that an option may have, numbers as people write them: with three decimals."""
    if isinstance(option, Switch):
        return generator.random() < 0.5
    if isinstance(option, Choice):
        return generator.choice(option.entries).name
    high, unset = min(option.high, 2000.0), [None] if option.left_open else []
    if option.unit.is_whole:
        return generator.choice([*unset, generator.randint(1, int(high))])
    return generator.choice([*unset, round(generator.uniform(max(option.low, 0.001), high), 3)])


def test_the_papers_engine_takes_a_device_and_no_lifter(empty_scene, heard):
    empty_scene.mpsnet.engine, empty_scene.mpsnet.device, empty_scene.mpsnet.lifter = "mpsnet", "cpu", "analytic"
    assert heard() == CaptureRequest(engine="mpsnet", device="cpu")
    empty_scene.mpsnet.engine = "keypoints"
    assert heard() == CaptureRequest(lifter="analytic")


@pytest.mark.parametrize("option", [option for option in OPTIONS.values() if isinstance(option, Choice)],
                         ids=lambda option: option.name)
def test_every_entry_of_a_list_is_a_word_of_the_command_line(empty_scene, heard, option):
    entries = [(entry.identifier, entry.name, entry.description)
               for entry in property_of(empty_scene, option.property_name).enum_items]
    assert entries == [(entry.name, entry.label, entry.description) for entry in option.entries] and len(entries) > 1
    for name, _, _ in entries:
        empty_scene.mpsnet.engine = next(engine.name for engine in ENGINES if option in options_of(engine.name))
        setattr(empty_scene.mpsnet, option.property_name, name)
        assert getattr(heard(), option.name) == name


def test_all_engines_are_in_the_panel(empty_scene):
    assert [(entry.identifier, entry.name) for entry in property_of(empty_scene, "engine").enum_items] == [
        (engine.name, engine.label) for engine in ENGINES]


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


def test_a_check_mark_says_what_happens_without_it(empty_scene):
    assert property_of(empty_scene, "ends_early").description == "Capture up to this second of the video. Off: to its end"
    assert property_of(empty_scene, "end_seconds").description == "Capture up to this second of the video. 0: to its end"
    assert property_of(empty_scene, "knows_fov").name == "Known Field of View"
