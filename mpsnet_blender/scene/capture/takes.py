"""Takes: the imported captures of a scene, each a collection, with which a picture, a date and a length are saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import bpy

from ...motion.results.capture_folder import Capture
from ...shared.capture_listing import GRADES, PEOPLE_FILE
from ...shared.wording import format_clock
from ..base.motion_storage import MOTION_FILE, has_motion
from ..base.selection import select_only
from .bone_shapes import find_shapes
from .camera import move_cuts, remove_cuts

# Custom property of the objects that an import made, their name at that time: only these are deleted with a take. A copy that the
# user makes has the same value, and another name.
_OURS = "mpsnet_take"
_PICTURE_SIDE = 128             # pixels; Blender draws previews at up to this size in lists


def mark_take(collection: bpy.types.Collection, capture: Capture, person_id: int, seconds: float) -> None:
    """Make a take of an imported collection: note a capture's date and length, a person's picture, and which objects are ours."""
    take = collection.mpsnet_take
    dated = next(path for path in (capture.folder / PEOPLE_FILE, capture.motion_path(capture.people[0])) if path.exists())
    take.date = datetime.fromtimestamp(dated.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
    take.length, take.imported = format_clock(seconds), datetime.now().isoformat()
    for thing in collection.objects:
        thing[_OURS] = thing.name
    picture = next(capture.thumbnail(person) for person in capture.people if person.person_id == person_id)
    if picture is not None:
        _keep_picture(collection, picture)


def find_takes(scene: bpy.types.Scene) -> list[bpy.types.Collection]:
    """Return the collections of a scene's takes, the one imported last first."""
    takes = [collection for collection in scene.collection.children_recursive
             if collection.is_property_set("mpsnet_take") and collection.mpsnet_take.date]
    return sorted(takes, key=lambda collection: collection.mpsnet_take.imported, reverse=True)


def find_people(take: bpy.types.Collection) -> list[bpy.types.Object]:
    """Return the captured people of a take, the best first: by grade, and among equal ones as they were imported."""
    people = [thing for thing in take.objects if has_motion(thing)]
    return sorted(people, key=lambda person: _rank(person.mpsnet_cleanup.grade))


def find_camera(take: bpy.types.Collection) -> bpy.types.Object | None:
    """Return the camera that an import added to a take, of several views the first one's."""
    return next(iter(find_cameras(take)), None)


def find_cameras(take: bpy.types.Collection) -> list[bpy.types.Object]:
    """Return the cameras that an import added to a take, in the order of the views."""
    return [thing for thing in _find_imported(take) if thing.type == "CAMERA"]


def is_imported(thing: bpy.types.Object) -> bool:
    """Tell whether an import made this object, or the one of which it is a copy."""
    return _OURS in thing


def is_shown(take: bpy.types.Collection, view_layer: bpy.types.ViewLayer) -> bool:
    """Tell whether a take is visible in a view layer."""
    return any(not layer.hide_viewport and not layer.exclude for layer in _find_layers(view_layer.layer_collection, take))


def show_take(take: bpy.types.Collection, takes: Sequence[bpy.types.Collection], view_layer: bpy.types.ViewLayer) -> None:
    """Show one of the takes and hide the others, in the view layer and in renders; select its people, the best one active."""
    for other in takes:
        set_hidden(other, view_layer, other != take)
    people = [person for person in find_people(take) if person.name in view_layer.objects]
    if people:
        select_only(view_layer, people)


def set_hidden(take: bpy.types.Collection, view_layer: bpy.types.ViewLayer, is_hidden: bool) -> None:
    """Hide or show a take, in the view layer and in renders."""
    take.hide_render = is_hidden
    for layer in _find_layers(view_layer.layer_collection, take):
        layer.hide_viewport = is_hidden


def hide_earlier(take: bpy.types.Collection, takes: Sequence[bpy.types.Collection], view_layer: bpy.types.ViewLayer) -> bool:
    """Hide other takes of a take's motion files, whose people stand in the same place; tell whether there are any.

    The scene then shows the take by its cameras, where it was cut between those of a hidden one.
    """
    files = {thing[MOTION_FILE] for thing in take.objects if MOTION_FILE in thing}
    earlier = [other for other in takes if other != take and any(thing.get(MOTION_FILE) in files for thing in other.objects)]
    for other in earlier:
        set_hidden(other, view_layer, True)
        move_cuts(view_layer.id_data, find_cameras(other), find_cameras(take))
    return bool(earlier)


def delete_take(take: bpy.types.Collection) -> int:
    """Delete a take with what its import made and nothing else uses; return the number of deleted objects.

    The user's objects in it, also copies of ours, move to the collections that held it.
    """
    ours = _find_imported(take)
    for thing in (thing for thing in take.objects[:] if thing not in ours):
        for parent in _find_parents(take):
            if thing.name not in parent.objects:
                parent.objects.link(thing)
    count = len(ours)
    remove_cuts(find_cameras(take))
    remove_objects(ours)
    for child in take.children[:]:
        for parent in _find_parents(take):
            parent.children.link(child)
    bpy.data.collections.remove(take)
    return count


def remove_objects(things: Sequence[bpy.types.Object]) -> None:
    """Remove imported objects with what they use and nothing else uses."""
    owned = {item for thing in things for item in _find_owned(thing)}
    bpy.data.batch_remove(things)
    while unused := [item for item in owned if item.users == 0]:
        owned -= set(unused)
        bpy.data.batch_remove(unused)


def find_imported_files(scene: bpy.types.Scene) -> set[str]:
    """Return the paths of the motion files from which the people of a scene's takes were imported."""
    things = (thing for take in find_takes(scene) for thing in take.objects)
    return {thing[MOTION_FILE] for thing in things if MOTION_FILE in thing}


def _find_imported(take: bpy.types.Collection) -> list[bpy.types.Object]:
    """Return the objects of a take that its import made. Of an object and its copies, it is the one with the old name."""
    marks = Counter(thing[_OURS] for thing in take.objects if is_imported(thing))
    return [thing for thing in take.objects if is_imported(thing) and (marks[thing[_OURS]] == 1 or thing[_OURS] == thing.name)]


def _rank(grade: str) -> int:
    return GRADES.index(grade) if grade in GRADES else len(GRADES)


def _find_layers(layer: bpy.types.LayerCollection, collection: bpy.types.Collection) -> Iterator[bpy.types.LayerCollection]:
    if layer.collection == collection:
        yield layer
    for child in layer.children:
        yield from _find_layers(child, collection)


def _find_parents(collection: bpy.types.Collection) -> list[bpy.types.Collection]:
    """Return the collections, with scenes' own, that hold a collection."""
    holders = [*bpy.data.collections, *(scene.collection for scene in bpy.data.scenes)]
    return [holder for holder in holders if collection.name in holder.children and holder.children[collection.name] == collection]


def _find_owned(thing: bpy.types.Object) -> Iterator[bpy.types.ID]:
    """Yield what an imported object uses: data, Actions, materials, bone shapes with their meshes, and footage."""
    for owner in (thing, thing.data):
        if owner.animation_data and owner.animation_data.action:
            yield owner.animation_data.action
    yield thing.data
    yield from (material for material in getattr(thing.data, "materials", ()) if material)
    yield from (background.image for background in getattr(thing.data, "background_images", ()) if background.image)
    if thing.type == "ARMATURE":
        for shape in find_shapes(thing):
            yield from (shape, shape.data)
        if thing.mpsnet_cleanup.action:
            yield thing.mpsnet_cleanup.action


def _keep_picture(collection: bpy.types.Collection, path: Path) -> None:
    """Store a picture file as the collection's preview, which is saved with it."""
    image = bpy.data.images.load(str(path), check_existing=False)
    try:
        width, height = image.size
        if width and height:
            share = _PICTURE_SIDE / max(width, height)
            image.scale(max(1, round(share * width)), max(1, round(share * height)))
            preview = collection.preview_ensure()
            preview.image_size = image.size
            preview.image_pixels_float = image.pixels[:]
    finally:
        bpy.data.images.remove(image)
