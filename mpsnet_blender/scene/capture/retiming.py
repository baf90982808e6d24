"""Two remedies after a change of the scene's rate: move the keys of captures to the new rate, or set the old rate again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

import bpy
import numpy as np

from ...motion.base.timing import round_to_whole, split_frame_rate
from ..base.fcurve_reading import find_all_fcurves, key_frames, leave_out_visibility
from ..base.motion_storage import has_motion
from ..base.scene_rate import find_actions, find_mistimed, scene_rate, store_rate
from .footage import read_footage_start, shift_footage
from .takes import find_cameras, find_takes

Frames = Callable[[float | np.ndarray], np.ndarray]


def restore_scene_rate(scene: bpy.types.Scene) -> float:
    """Set the scene to the rate for which most of the mistimed Actions were keyed, and return that rate."""
    rates = Counter(find_mistimed(scene).values())
    rate = rates.most_common(1)[0][0]
    scene.render.fps, scene.render.fps_base = split_frame_rate(rate)
    return rate


def retime(scene: bpy.types.Scene) -> int:
    """Move the keys that were timed for other rates, so that they play at the right speed; return the number of changed Actions.

    The earliest frame of all motion does not move, and all stay in step with each other. Linked data does not change.
    """
    rates = {owner: rate for owner, rate in find_mistimed(scene).items() if owner.library is None}
    if not rates:
        return 0
    anchor = _find_anchor(scene, rates)
    maps = {owner: _make_frame_map(anchor, scene_rate(scene) / rate) for owner, rate in rates.items()}
    for thing in scene.objects:
        _retime_object(thing, maps, scene)
    _retime_cuts(scene, maps)
    actions = [owner for owner in rates if isinstance(owner, bpy.types.Action)]
    for action in actions:
        _retime_action(action, _make_frame_map(anchor, scene_rate(scene) / rates[action]))
    for owner in rates:
        store_rate(owner, scene_rate(scene))
    return len(actions)


def _make_frame_map(anchor: float, factor: float) -> Frames:
    return lambda frames: anchor + (np.asarray(frames, dtype=np.float64) - anchor) * factor


def _find_anchor(scene: bpy.types.Scene, rates: Collection[bpy.types.ID]) -> float:
    """Return the frame that does not move. A turning camera of another view begins before the people: its keys count only where
    there are no others."""
    of_cameras = {action for thing in scene.objects if thing.type == "CAMERA" for action in find_actions(thing)}
    return min(_find_first_frame(owner) for owner in set(rates) - of_cameras or rates)


def _find_first_frame(owner: bpy.types.ID) -> float:
    if not isinstance(owner, bpy.types.Action):
        return read_footage_start(owner)
    curves = leave_out_visibility(find_all_fcurves(owner))
    return min((float(key_frames(fcurve)[0]) for fcurve in curves if not fcurve.is_empty), default=0.0)


def _retime_action(action: bpy.types.Action, frame_map: Frames) -> None:
    """Move an Action's keys with their handles, and its manual frame range."""
    for fcurve in find_all_fcurves(action):
        keys = fcurve.keyframe_points
        for name in ("co", "handle_left", "handle_right"):
            points = np.empty(2 * len(keys), dtype=np.float32)
            keys.foreach_get(name, points)
            moved = frame_map(points[0::2])
            points[0::2] = round_to_whole(moved) if name == "co" else moved
            keys.foreach_set(name, points)
        fcurve.update()
    if action.use_frame_range:
        action.frame_start, action.frame_end = (float(frame_map(frame)) for frame in (action.frame_start, action.frame_end))


def _retime_object(thing: bpy.types.Object, maps: dict[bpy.types.ID, Frames], scene: bpy.types.Scene) -> None:
    """Move the object's other times: NLA strips, footage, and the first frames stored with its motion."""
    for animation in (owner.animation_data for owner in (thing, thing.data) if owner is not None and owner.animation_data):
        for strip in (strip for track in animation.nla_tracks for strip in track.strips if strip.action in maps):
            _retime_strip(strip, maps[strip.action])
    if thing.data in maps:
        shift_footage(thing.data, float(maps[thing.data](read_footage_start(thing.data))), scene_rate(scene))
    frame_map = next((maps[action] for action in find_actions(thing) if action in maps), None)
    if has_motion(thing) and frame_map is not None:
        properties = thing.mpsnet_cleanup
        properties.frames_per_second = scene_rate(scene)
        for name in ("first_frame", "imported_first", "applied_first"):
            setattr(properties, name, float(frame_map(getattr(properties, name))))


def _retime_cuts(scene: bpy.types.Scene, maps: dict[bpy.types.ID, Frames]) -> None:
    """Move the markers that cut to a take's cameras with the take's motion; other markers stay."""
    for take in find_takes(scene):
        owners = (owner for thing in take.objects for owner in (*find_actions(thing), thing.data))
        frame_map, cameras = next((maps[owner] for owner in owners if owner in maps), None), find_cameras(take)
        for marker in scene.timeline_markers:
            if frame_map is not None and marker.camera in cameras:
                marker.frame = round(float(frame_map(marker.frame)))


def _retime_strip(strip: bpy.types.NlaStrip, frame_map: Frames) -> None:
    names = ("action_frame_start", "action_frame_end", "frame_start_raw", "frame_end_raw")
    wanted = {name: float(frame_map(getattr(strip, name))) for name in names}
    scale = strip.scale
    for name, frame in wanted.items():
        setattr(strip, name, frame)
    strip.scale = scale
