"""A live preview of a retarget: a separate Action on the character, rewritten whenever the source changes. Its removal restores
the character, even after saving and loading, because the earlier state is stored with the object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import bpy
from bpy.app.handlers import persistent

from ..base.fcurve_reading import find_fcurves
from .hand_values import animated_values, read_hand_values, set_values
from .retarget import RetargetReport, RetargetSettings, retarget_armatures
from .source_reading import RetargetError

_REOPENINGS = ("load_post", "undo_post", "redo_post")
_DELAY = 0.15  # seconds after a change of a source until its previews follow: short for the eye, longer than a redraw
# The characters with a preview, by name, with the settings last used. While it is empty, changes are not examined.
_followers: dict[str, RetargetSettings | None] = {}


def start_preview(scene: bpy.types.Scene, source: bpy.types.Object, target: bpy.types.Object,
                  settings: RetargetSettings) -> RetargetReport:
    """Start a preview on the target, which follows the source until it is removed or kept. Raises RetargetError."""
    if is_previewing(target):
        remove_preview(target)
    animation = target.animation_data
    state = target.mpsnet_preview
    former = animation.action if animation else None
    had_data, had_fake_user = animation is not None, bool(former and former.use_fake_user)
    slot = animation.action_slot.identifier if former and getattr(animation, "action_slot", None) else ""
    before = read_hand_values(target)
    (report,) = retarget_armatures(scene, source, [target], _without_nla(settings))
    state.source, state.former, state.former_slot, state.had_animation = source, former, slot, had_data
    state.action = target.animation_data.action
    state.values = json.dumps(animated_values(before, find_fcurves(target.animation_data)))
    if former is not None:
        former.use_fake_user = had_fake_user
    _followers[target.name] = settings
    return report


def keep_preview(target: bpy.types.Object) -> None:
    """Keep the preview's Action as the character's Action."""
    former = target.mpsnet_preview.former
    if former is not None and former.library is None and former.users <= 1:
        former.use_fake_user = True  # its last user goes now, and Blender would not save it
    _clear_preview_state(target)


def remove_preview(target: bpy.types.Object) -> None:
    """Restore the character's earlier Action, slot and values, and delete the preview."""
    state, animation = target.mpsnet_preview, target.animation_data
    action, values = state.action, json.loads(state.values or "[]")
    if animation is not None and animation.action == action:
        animation.action = state.former
        if state.former is not None and state.former_slot:
            animation.action_slot = state.former.slots[state.former_slot]
    if animation is not None and not state.had_animation and animation.action is None and not animation.drivers:
        target.animation_data_clear()
    set_values(target, values)
    _clear_preview_state(target)
    bpy.data.actions.remove(action)


def find_previewing(scene: bpy.types.Scene) -> Iterator[bpy.types.Object]:
    """Yield the characters of a scene that show a preview."""
    for thing in scene.objects:
        if thing.type == "ARMATURE" and is_previewing(thing):
            yield thing


def is_previewing(target: bpy.types.Object) -> bool:
    """Tell whether a character shows a preview, without reading an unset property: that would create it (before 5.0)."""
    return target.is_property_set("mpsnet_preview") and target.mpsnet_preview.action is not None


def refresh_preview(scene: bpy.types.Scene, target: bpy.types.Object, settings: RetargetSettings) -> None:
    """Rewrite a preview. Where its source was deleted or has become unusable, the preview is removed."""
    state, old = target.mpsnet_preview, target.mpsnet_preview.action
    try:
        if state.source is None:
            raise RetargetError(f"The source of “{target.name}” was deleted.")
        retarget_armatures(scene, state.source, [target], _without_nla(settings))
    except RetargetError:
        remove_preview(target)
        return
    fresh, name = target.animation_data.action, old.name
    state.action = fresh
    bpy.data.actions.remove(old)
    fresh.name = name
    _followers[target.name] = settings


def _without_nla(settings: RetargetSettings) -> RetargetSettings:
    return replace(settings, to_nla=False)


def _clear_preview_state(target: bpy.types.Object) -> None:
    for name in ("source", "action", "former", "former_slot", "had_animation", "values"):
        target.mpsnet_preview.property_unset(name)
    _followers.pop(target.name, None)


@persistent
def _on_change(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """Schedule the previews' refresh after a short delay, when Blender is not evaluating."""
    if not _followers:
        return
    targets = list(find_previewing(scene))
    changed = {update.id.original for update in depsgraph.updates}
    if any(_is_concerned(target, changed, scene) for target in targets) and not bpy.app.timers.is_registered(_refresh_previews):
        bpy.app.timers.register(_refresh_previews, first_interval=_DELAY)


def _is_concerned(target: bpy.types.Object, changed: set, scene: bpy.types.Scene) -> bool:
    source = target.mpsnet_preview.source
    if source is None:
        return True
    action = source.animation_data.action if source.animation_data else None
    if action in changed or source.data in changed:
        return True
    return scene in changed and _followers.get(target.name) not in (None, scene.mpsnet_retarget.settings())


def _refresh_previews() -> None:
    for target in list(find_previewing(bpy.context.scene)):
        refresh_preview(bpy.context.scene, target, bpy.context.scene.mpsnet_retarget.settings())


@persistent
def _find_followers(*_: object) -> None:
    """Find the characters with a preview again, after a file was opened or a step undone."""
    known = dict(_followers)
    _followers.clear()
    _followers.update({target.name: known.get(target.name) for scene in bpy.data.scenes for target in find_previewing(scene)})


def register() -> None:
    """Watch for changes of sources."""
    bpy.app.handlers.depsgraph_update_post.append(_on_change)
    for name in _REOPENINGS:
        getattr(bpy.app.handlers, name).append(_find_followers)


def unregister() -> None:
    """Stop watching."""
    bpy.app.handlers.depsgraph_update_post.remove(_on_change)
    for name in _REOPENINGS:
        getattr(bpy.app.handlers, name).remove(_find_followers)
    if bpy.app.timers.is_registered(_refresh_previews):
        bpy.app.timers.unregister(_refresh_previews)
