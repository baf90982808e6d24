"""Clean-up while its settings are changed: a thread computes, a timer keys the result, and the last settings win.

Blender stays usable meanwhile, however long the motion is. When the settings rest, one undo step is added. Blender itself adds a
step when a slider is released, maybe before the keys have followed; after an undo to it, the settings become those of the keys.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import bpy
from bpy.app.handlers import persistent

from ...motion.cleanup.cleanup import CleanMotion
from ..base.motion_storage import has_motion
from ..base.redraw import redraw_all
from .cleanup import CLEANUP_ERRORS, CleanupTask, key_cleanup, prepare_cleanup

_INTERVAL = 0.03        # seconds between looks at the thread: shorter than the 0.05 s that a short motion takes
_LONG_FRAMES = 2000     # keying takes 0.07 ms a frame, and Blender waits meanwhile: longer motions are keyed when the hand pauses
_PAUSE = 0.3            # seconds without a change that are such a pause; by eye
_REST = 0.6             # seconds without a change after which the settings rest: longer than a hand's stop while it drags; by eye


@dataclass(frozen=True)
class _Computation:
    """A clean-up in the thread, for the armature of that name with settings as text."""
    armature: str
    settings_text: str
    task: CleanupTask
    future: Future[CleanMotion]


_thread: ThreadPoolExecutor | None = None
_waiting: dict[str, None] = {}          # names of armatures whose settings have changed, in order
_running: _Computation | None = None
_changed_at = 0.0                       # when settings last changed or were applied, by time.monotonic()
_lacks_undo_step = False


def request(armature_object: bpy.types.Object) -> None:
    """Let the motion of an armature follow its settings soon. In background mode, where no timers run, call `tick` for it."""
    global _changed_at
    if not has_motion(armature_object):
        return
    _waiting[armature_object.name] = None
    _changed_at = time.monotonic()
    if not bpy.app.background and not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=_INTERVAL)


def tick() -> float | None:
    """Key what is computed, and compute what waits. Return the seconds until the next call, None for the last one."""
    global _running, _lacks_undo_step
    if _running is not None and _running.future.done() and not _waits_for_pause(_running.task):
        done, _running = _running, None
        _key(done)
    while _running is None and _waiting:
        _start(next(iter(_waiting)))
    if _running is not None:
        return _INTERVAL
    if not _lacks_undo_step:
        return None
    is_dragging = any(len(window.modal_operators) for window in bpy.context.window_manager.windows)
    if is_dragging or time.monotonic() - _changed_at < _REST:
        return _INTERVAL
    _lacks_undo_step = False
    _push_undo_step()
    return None


def _waits_for_pause(task: CleanupTask) -> bool:
    """Tell whether a result is so long that Blender would stop during a drag while it is keyed."""
    return len(task.stored.timestamps) > _LONG_FRAMES and time.monotonic() - _changed_at < _PAUSE


def _start(name: str) -> None:
    """Start the computation for an armature, unless its keys agree with its settings already."""
    global _running, _thread
    del _waiting[name]
    thing = bpy.data.objects.get(name)
    if thing is None or not has_motion(thing) or not thing.mpsnet_cleanup.is_live:
        return
    text = thing.mpsnet_cleanup.settings_text()
    if text == thing.mpsnet_cleanup.applied_settings:
        return
    try:
        task = prepare_cleanup(thing, thing.mpsnet_cleanup.cleanup_settings())
    except CLEANUP_ERRORS as error:
        _show_problem(str(error))
        return
    _thread = _thread or ThreadPoolExecutor(max_workers=1, thread_name_prefix="mpsnet clean-up")
    _running = _Computation(name, text, task, _thread.submit(task.compute))


def _key(done: _Computation) -> None:
    """Key a result; where the settings have changed meanwhile, compute again."""
    global _changed_at, _lacks_undo_step
    thing = bpy.data.objects.get(done.armature)
    if thing is None or not has_motion(thing):
        return
    try:
        report = key_cleanup(thing, done.task, done.future.result())
    except CLEANUP_ERRORS as error:
        _show_problem(str(error))
        return
    thing.mpsnet_cleanup.applied_settings = done.settings_text
    if report.warnings:
        _show_problem(" ".join(report.warnings))
    _changed_at, _lacks_undo_step = time.monotonic(), True
    if thing.mpsnet_cleanup.settings_text() != done.settings_text:
        _waiting[done.armature] = None
    redraw_all(bpy.context.window_manager)


def _show_problem(text: str) -> None:
    bpy.context.window_manager.mpsnet.warning = text
    redraw_all(bpy.context.window_manager)


def _push_undo_step() -> None:
    windows = bpy.context.window_manager.windows
    with bpy.context.temp_override(**({"window": windows[0]} if len(windows) else {})):
        if bpy.ops.ed.undo_push.poll():
            bpy.ops.ed.undo_push(message="Clean Up")


def _forget() -> None:
    """Forget what waits and what is computed: it was for another file, or for a state that was undone."""
    global _running, _lacks_undo_step
    _waiting.clear()
    _running, _lacks_undo_step = None, False


@persistent
def _on_load(*_: object) -> None:
    _forget()


@persistent
def _on_undo(*_: object) -> None:
    """Set settings back to those of the keys, where an undo step lies between the two."""
    _forget()
    for thing in bpy.data.objects:
        if thing.library is None and has_motion(thing) and thing.mpsnet_cleanup.is_live:
            properties = thing.mpsnet_cleanup
            if properties.applied_settings not in ("", properties.settings_text()):     # empty in files of earlier versions
                properties.restore_applied()
    _forget()       # the settings that were set back made requests


def register() -> None:
    """Watch for undo and for opened files."""
    bpy.app.handlers.load_pre.append(_on_load)
    bpy.app.handlers.undo_post.append(_on_undo)
    bpy.app.handlers.redo_post.append(_on_undo)


def unregister() -> None:
    """Stop watching, and end the thread."""
    global _thread
    bpy.app.handlers.load_pre.remove(_on_load)
    bpy.app.handlers.undo_post.remove(_on_undo)
    bpy.app.handlers.redo_post.remove(_on_undo)
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    _forget()
    if _thread is not None:
        _thread.shutdown(wait=False, cancel_futures=True)
        _thread = None
