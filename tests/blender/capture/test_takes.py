"""Takes: listed with what survives saving, shown one at a time, deleted with care; and the source that follows from them."""

from dataclasses import replace

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.capture_listing import Quality, read_listing, thumbnail_name, write_listing
from tests.blender.motion_samples import random_motion, write_capture


@pytest.fixture
def takes(extension):
    return extension("scene.capture.takes")


def make_capture(folder, people=1, with_picture=False):
    write_capture(folder, [random_motion(60, seed=number) for number in range(people)])
    if with_picture:
        image = bpy.data.images.new("picture", 64, 32)
        image.pixels = np.tile((1.0, 0.0, 0.0, 1.0), 64 * 32).tolist()
        image.filepath_raw, image.file_format = str(folder / thumbnail_name(1)), "PNG"
        image.save()
        bpy.data.images.remove(image)
    return folder


def import_capture(folder):
    assert bpy.ops.mpsnet.import_motion(filepath=str(folder)) == {"FINISHED"}
    return bpy.context.scene.collection.children[-1]


def test_a_take_has_its_captures_length_and_date(tmp_path, empty_scene, takes):
    take = import_capture(make_capture(tmp_path / "dance"))
    assert takes.find_takes(empty_scene) == [take]
    assert take.mpsnet_take.length == "0:02" and take.mpsnet_take.date.startswith("20") and len(take.mpsnet_take.date) == 16


def test_the_take_that_was_imported_last_comes_first(tmp_path, empty_scene, takes):
    first = import_capture(make_capture(tmp_path / "b"))
    second = import_capture(make_capture(tmp_path / "a"))
    assert takes.find_takes(empty_scene) == [second, first]


@pytest.mark.parametrize("way", ["reopened", "appended"])
def test_a_take_with_its_picture_survives(tmp_path, empty_scene, takes, way):
    take = import_capture(make_capture(tmp_path / "dance", with_picture=True))
    date, name = take.mpsnet_take.date, take.name
    assert tuple(take.preview.image_size) == (128, 64) and not bpy.data.images
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    if way == "reopened":
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    else:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        with bpy.data.libraries.load(str(tmp_path / "scene.blend")) as (_, wanted):
            wanted.collections = [name]
        bpy.context.scene.collection.children.link(wanted.collections[0])
    (take,) = takes.find_takes(bpy.context.scene)
    assert take.mpsnet_take.date == date and len(takes.find_people(take)) == 1
    assert tuple(take.preview.image_size) == (128, 64)
    assert np.array(take.preview.image_pixels_float[:]).reshape(-1, 4)[1000] == pytest.approx((1, 0, 0, 1), abs=0.02)


def test_one_take_is_shown_and_the_others_are_hidden(tmp_path, empty_scene, takes):
    first = import_capture(make_capture(tmp_path / "a"))
    second = import_capture(make_capture(tmp_path / "b", people=2))
    layer = bpy.context.view_layer
    for shown, hidden in ((first, second), (second, first)):
        bpy.ops.mpsnet.show_take(collection=shown.name)
        assert takes.is_shown(shown, layer) and not takes.is_shown(hidden, layer)
        assert not shown.hide_render and hidden.hide_render
        assert set(bpy.context.selected_objects) == set(takes.find_people(shown))
        assert all(person.visible_get() for person in takes.find_people(shown))
        assert bpy.context.window_manager.mpsnet.camera == takes.find_camera(shown).name


def test_the_camera_of_the_shown_take_is_found_after_reopening(tmp_path, empty_scene, extension):
    import_capture(make_capture(tmp_path / "a"))
    camera = import_capture(make_capture(tmp_path / "b")).objects
    camera = next(thing for thing in camera if thing.type == "CAMERA")
    bpy.context.window_manager.mpsnet.camera = ""       # what opening a file leaves
    find = extension("doors.capture.import_operators").find_footage_camera
    assert find(bpy.context) == camera
    bpy.ops.mpsnet.show_take(collection="a")
    bpy.context.window_manager.mpsnet.camera = ""
    assert find(bpy.context).name == "a camera"


def test_deleting_a_take_leaves_the_users_things_and_the_other_take(tmp_path, empty_scene, takes):
    kept = import_capture(make_capture(tmp_path / "a"))
    names = {kind: {item.name for item in getattr(bpy.data, kind)}
             for kind in ("objects", "actions", "armatures", "meshes", "materials", "cameras", "collections")}
    take = import_capture(make_capture(tmp_path / "b", people=2))
    mine = bpy.data.objects.new("mine", None)
    take.objects.link(mine)
    mine.parent = takes.find_people(take)[0]
    copied = takes.find_people(take)[1].animation_data.action
    other = bpy.data.objects.new("other", None)
    other.animation_data_create().action = copied
    empty_scene.collection.objects.link(other)
    assert bpy.ops.mpsnet.delete_take("EXEC_DEFAULT", collection=take.name) == {"FINISHED"}
    assert takes.find_takes(empty_scene) == [kept]
    assert mine.name in empty_scene.collection.objects and other.animation_data.action == copied
    names["objects"] |= {"mine", "other"}
    names["actions"] |= {copied.name}
    for kind, before in names.items():
        assert {item.name for item in getattr(bpy.data, kind)} == before, kind
    assert (tmp_path / "b" / "people.json").is_file()


@pytest.mark.parametrize("is_renamed", [False, True])
def test_deleting_a_take_leaves_a_copy_that_the_user_made_in_it(tmp_path, empty_scene, takes, is_renamed):
    take = import_capture(make_capture(tmp_path / "a"))
    person = takes.find_people(take)[0]
    copied = person.copy()
    copied.data = person.data.copy()
    shapes = sum(bone.custom_shape is not None for bone in person.pose.bones)
    take.objects.link(copied)
    if is_renamed:
        copied.name = "my hero"
    assert bpy.ops.mpsnet.delete_take("EXEC_DEFAULT", collection=take.name) == {"FINISHED"}
    assert list(empty_scene.collection.objects) == [copied] and not empty_scene.collection.children
    assert len(copied.data.bones) == 24 and copied.animation_data.action
    assert sum(bone.custom_shape is not None for bone in copied.pose.bones) == shapes > 0


def test_a_person_that_the_user_renamed_is_deleted_with_its_take(tmp_path, empty_scene, takes):
    take = import_capture(make_capture(tmp_path / "a"))
    takes.find_people(take)[0].name = "hero"
    assert bpy.ops.mpsnet.delete_take("EXEC_DEFAULT", collection=take.name) == {"FINISHED"}
    assert not bpy.data.objects


def test_deleting_a_take_can_be_undone(tmp_path, empty_scene, takes):
    name = import_capture(make_capture(tmp_path / "a")).name
    bpy.ops.ed.undo_push(message="Import")
    bpy.ops.mpsnet.delete_take("EXEC_DEFAULT", True, collection=name)
    assert not takes.find_takes(bpy.context.scene)
    bpy.ops.ed.undo()
    (take,) = takes.find_takes(bpy.context.scene)
    assert take.name == name and len(takes.find_people(take)) == 1


def test_an_unknown_take_is_named_in_the_error(empty_scene):
    for operator in (bpy.ops.mpsnet.show_take, bpy.ops.mpsnet.delete_take):
        with pytest.raises(RuntimeError, match="no take “nothing”"):
            operator("EXEC_DEFAULT", collection="nothing")


def test_the_only_shown_take_is_hidden_when_it_is_chosen_again(tmp_path, empty_scene, takes):
    take = import_capture(make_capture(tmp_path / "a"))
    layer = bpy.context.view_layer
    for is_on in (False, True):
        bpy.ops.mpsnet.show_take(collection=take.name)
        assert takes.is_shown(take, layer) is is_on and take.hide_render is not is_on


def test_a_notice_goes_when_something_is_undone(tmp_path, empty_scene):
    bpy.ops.ed.undo_push(message="Before")
    import_capture(make_capture(tmp_path / "a"))
    bpy.ops.ed.undo_push(message="Import")
    assert bpy.context.window_manager.mpsnet.notice
    bpy.ops.ed.undo()
    assert bpy.context.window_manager.mpsnet.notice == ""


def test_an_import_again_says_so_and_hides_the_first_one(tmp_path, empty_scene, extension, takes):
    folder = make_capture(tmp_path / "a")
    is_imported = extension("doors.capture.import_operators").is_listed_capture_imported
    import_capture(folder)
    state = bpy.context.window_manager.mpsnet
    assert state.notice.startswith("Imported 1 person") and is_imported(bpy.context)
    import_capture(folder)
    assert state.notice.startswith("Imported again: 1 person")
    layer = bpy.context.view_layer
    assert {take.name for take in takes.find_takes(empty_scene) if takes.is_shown(take, layer)} == {"a.001"}
    for take in ("a", "a.001"):
        bpy.ops.mpsnet.delete_take("EXEC_DEFAULT", collection=take)
    assert not is_imported(bpy.context)


def grade_people(folder, grades):
    """Give the people of a capture hidden shares that the meter grades so."""
    shares = {"green": 1.0, "amber": 0.8, "red": 0.5}
    listing = read_listing(folder / "people.json")
    write_listing(folder / "people.json", replace(listing, people=tuple(
        replace(person, quality=Quality(visible_share=shares[grade], grade=grade))
        for person, grade in zip(listing.people, grades, strict=True))))


def still(frames=60):
    """Return somebody who stands upright."""
    poses = np.zeros((frames, 72))
    poses[:, 0] = np.pi / 2
    return replace(random_motion(frames), poses=poses, trans=np.tile((0, 0, 1.3), (frames, 1)))


def test_the_source_is_the_best_person_of_the_last_take(tmp_path, empty_scene, extension):
    rig_choice = extension("doors.retarget.rig_choice")
    assert rig_choice.find_source(bpy.context) is None and "Capture or import" in rig_choice.explain_missing(bpy.context)
    import_capture(make_capture(tmp_path / "a"))
    write_capture(tmp_path / "b", [still(), still(), still()])
    grade_people(tmp_path / "b", ("red", "green", "amber"))
    import_capture(tmp_path / "b")
    assert bpy.context.view_layer.objects.active.name == "b person 2"
    character = bpy.data.objects.new("hero", bpy.data.armatures.new("hero"))
    empty_scene.collection.objects.link(character)
    for thing in bpy.context.selected_objects:
        thing.select_set(False)
    bpy.context.view_layer.objects.active = None
    assert "Select the character" in rig_choice.explain_missing(bpy.context)
    character.select_set(True)
    bpy.context.view_layer.objects.active = character
    assert rig_choice.find_source(bpy.context).name == "b person 2" and rig_choice.explain_missing(bpy.context) == ""


def test_an_old_captures_list_shows_the_grade_of_its_clean_up(tmp_path, empty_scene):
    write_capture(tmp_path / "b", [still()])
    listing = read_listing(tmp_path / "b" / "people.json")
    old = Quality(visible_share=0.5, grade="green")          # a stored grade that today's limits do not give
    write_listing(tmp_path / "b" / "people.json", replace(listing, people=(replace(listing.people[0], quality=old),)))
    import_capture(tmp_path / "b")
    (found,) = bpy.context.window_manager.mpsnet.people
    kept = bpy.context.active_object.mpsnet_cleanup
    assert (found.grade, found.advice) == (kept.grade, kept.advice) and found.grade == "red" and "Hidden" in found.advice
