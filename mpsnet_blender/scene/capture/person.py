"""One imported person: armature, Action, stored motion and body."""

from __future__ import annotations

from itertools import chain

import bpy
import numpy as np

from ...motion.base.rest_pose import build_rest_pose
from ...motion.cleanup.cleanup import keep_unchanged
from ...motion.cleanup.stored_motion import make_stored_motion
from ...motion.mannequin.mannequin import build_mannequin
from ...motion.results.capture_folder import Capture
from ...shared.arrays.large_arrays import let_go
from ...shared.capture_listing import ListedPerson
from ...shared.motion_file import Motion
from ..base.action import write_action
from ..base.body_channels import make_body_channels
from ..base.motion_storage import MOTION_FILE, store_imported_quality, store_motion, store_timing
from ..base.scene_rate import store_rate
from ..base.visibility import make_visibility_channels
from .armature import build_armature
from .body import build_body
from .import_options import ImportOptions


def add_person(collection: bpy.types.Collection, capture: Capture, person: ListedPerson, motion: Motion,
                frames: np.ndarray, scene_fps: float, units_per_metre: float, options: ImportOptions) -> bpy.types.Object:
    """Add a person to the collection: an armature with its Action, which keeps the motion for clean-up, and a body."""
    rest = build_rest_pose(motion.rest_joints, shod=motion.is_shod, with_fingers=motion.hands is not None)
    is_alone = len(capture.people) == 1
    name = capture.name if is_alone else f"{capture.name} person {person.person_id}"
    armature_object = build_armature(collection, name, rest.in_units(units_per_metre))
    armature_object[MOTION_FILE] = str(capture.motion_path(person))
    stored = make_stored_motion(motion)
    store_motion(armature_object, stored)
    imported = keep_unchanged(stored.imported)
    channels, quality = make_body_channels(armature_object, imported, frames, units_per_metre), imported.quality
    del stored, imported    # a long motion takes as much memory as its keys
    let_go()
    if options.only_while_seen and motion.world_from_cam is not None:  # a file without a camera does not tell who was seen when
        channels = chain(channels, make_visibility_channels(frames))
    store_rate(write_action(armature_object, armature_object.name, channels), scene_fps)
    store_timing(armature_object, frames, scene_fps, units_per_metre, person.quality)
    store_imported_quality(armature_object, quality, motion.frame_count)
    # Bones in front of a body would hide it, and thick ones would stick out of its hands.
    armature_object.show_in_front = not options.with_body
    if options.with_body:
        armature_object.data.display_type = "STICK"
        mannequin = build_mannequin(motion.rest_joints, shod=motion.is_shod, with_fingers=motion.hands is not None)
        collection.objects.link(build_body(armature_object, mannequin, units_per_metre, person.person_id))
    return armature_object
