"""The people that the panel lists, and the selection, after every kind of import."""

from dataclasses import replace

import bpy
import pytest

from mpsnet_blender.shared.capture_listing import Quality, read_listing, write_listing
from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.motion_samples import random_motion, write_capture


@pytest.fixture
def folder(tmp_path):
    """Return a capture of two people, the first with a picture, the second graded amber."""
    folder = write_capture(tmp_path / "capture", [random_motion(30), random_motion(30, seed=1)], video="/nowhere/dance.mp4")
    (folder / "person_01.jpg").write_bytes(b"any picture")
    listing = read_listing(folder / "people.json")
    first, second = listing.people
    graded = replace(second, quality=Quality(grade="amber", advice="Feet slide."))
    write_listing(folder / "people.json", replace(listing, people=(first, graded)))
    return folder


def _shown() -> list[tuple]:
    return [(person.label, person.span, bool(person.thumbnail), person.grade, person.advice, person.is_chosen)
            for person in bpy.context.window_manager.mpsnet.people]


def _verdict(name: str) -> tuple[str, str]:
    """Return the grade, which is never missing, and the advice that the clean-up panel shows of an imported person."""
    kept = bpy.data.objects[name].mpsnet_cleanup
    assert kept.grade
    return kept.grade, kept.advice


def _selected() -> list[str]:
    return sorted(thing.name for thing in bpy.context.view_layer.objects.selected)


@pytest.mark.parametrize("name", ["", "people.json"])
def test_a_captures_folder_shows_its_people_as_the_capture_did(folder, name):
    bpy.ops.mpsnet.import_motion(filepath=str(folder / name))
    assert _shown() == [("Person 1", "0:00 to 0:01", True, *_verdict("dance person 1"), True),
                        ("Person 2", "0:00 to 0:01", False, *_verdict("dance person 2"), True)]
    assert bpy.context.window_manager.mpsnet.capture_folder() == str(folder)


def test_one_file_of_a_capture_shows_everybody_and_is_the_one_with_a_check_mark(folder):
    bpy.ops.mpsnet.import_motion(filepath=str(folder / "person_02.npz"))
    assert [(shown[0], shown[-1]) for shown in _shown()] == [("Person 1", False), ("Person 2", True)]
    people = bpy.context.window_manager.mpsnet.people
    people[0].is_chosen, people[1].is_chosen = True, False
    bpy.ops.mpsnet.import_people()
    assert [thing.name for thing in bpy.data.objects if thing.type == "ARMATURE"] == ["dance", "dance person 1"]


def test_people_without_a_file_beside_the_imported_one_are_not_shown(folder):
    (folder / "person_01.npz").unlink()
    bpy.ops.mpsnet.import_motion(filepath=str(folder / "person_02.npz"))
    assert [shown[0] for shown in _shown()] == ["Person 2"]


def test_a_file_by_itself_is_shown_by_its_name_and_can_be_imported_again(tmp_path):
    write_motion(tmp_path / "walk.npz", random_motion(5))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    assert _shown() == [("walk", "", False, *_verdict("walk"), True)]
    assert bpy.context.window_manager.mpsnet.capture_folder() == str(tmp_path)
    bpy.ops.mpsnet.import_people()
    assert sum(thing.type == "ARMATURE" for thing in bpy.data.objects) == 2


def test_an_import_that_fails_leaves_the_list_as_it_was(folder, tmp_path):
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    before = _shown()
    (tmp_path / "bad.npz").write_bytes(b"nonsense")
    with pytest.raises(RuntimeError, match=r"bad\.npz"):
        bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "bad.npz"))
    assert _shown() == before


def test_the_imported_armatures_are_selected_alone_and_the_first_is_active(folder, empty_scene):
    other = bpy.data.objects.new("other", None)
    empty_scene.collection.objects.link(other)
    other.select_set(True)
    bpy.context.view_layer.objects.active = other
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    assert _selected() == ["dance person 1", "dance person 2"]
    assert bpy.context.view_layer.objects.active.name == "dance person 1"


def test_in_a_scene_that_no_window_shows_the_first_view_layer_is_used(folder, empty_scene):
    shown = bpy.data.objects.new("shown", None)
    empty_scene.collection.objects.link(shown)
    shown.select_set(True)
    hidden = bpy.data.scenes.new("hidden")
    with bpy.context.temp_override(scene=hidden):
        bpy.ops.mpsnet.import_motion(filepath=str(folder))
    layer = hidden.view_layers[0]
    assert sorted(thing.name for thing in layer.objects.selected) == ["dance person 1", "dance person 2"]
    assert layer.objects.active.name == "dance person 1"
    assert _selected() == ["shown"]


def test_imported_people_are_offered_as_sources_and_never_as_characters(folder, empty_scene, extension):
    choice = extension("doors.retarget.rig_choice")
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    assert choice.find_source(bpy.context).name == "dance person 1" and choice.find_targets(bpy.context) == []
    hero = bpy.data.objects.new("hero", bpy.data.armatures.new("hero"))
    empty_scene.collection.objects.link(hero)
    bpy.context.view_layer.objects.active = hero
    assert choice.find_source(bpy.context).name == "dance person 1" and choice.find_targets(bpy.context) == [hero]
    bpy.data.objects["dance person 1"].select_set(False)
    assert choice.find_source(bpy.context).name == "dance person 2" and choice.find_targets(bpy.context) == [hero]
