"""A motion as bytes for storage in a .blend: the raw motion, from which clean-up starts, and the imported one."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...shared.hands.poses import HAND_MEMBERS, HandPoses
from ...shared.motion_file import Motion
from ..base.smpl_motion import WorldMotion, make_world_motion
from .measured_contacts import measure_contacts

_FORMAT = 1
# float32 keeps a rotation to 0.0001 degrees and a position to 0.001 mm.
_KEPT_AS = {"raw_poses": np.float32, "raw_trans": np.float32, "poses": np.float32, "trans": np.float32,
            "rest_joints": np.float64, "timestamps": np.float64, "contacts": np.float16}
_HANDS_KEPT_AS = dict(zip(HAND_MEMBERS, (np.float32, np.float32, np.float16), strict=True))


class StoredMotionError(Exception):
    """The bytes hold no motion; the message says what to do."""


@dataclass(frozen=True)
class StoredMotion:
    """The part of a motion file that is stored, with the file's names: the imported motion (poses (T, 72) radians, trans (T, 3)),
    the one to clean up (raw_poses, raw_trans), and for both rest_joints (24, 3), timestamps (T,) s, contacts (T, 4), and
    is_shod: whether the feet wear shoes; and the fingers, where they are known."""
    raw_poses: np.ndarray
    raw_trans: np.ndarray
    poses: np.ndarray
    trans: np.ndarray
    rest_joints: np.ndarray
    timestamps: np.ndarray
    contacts: np.ndarray
    is_shod: bool = True
    hands: HandPoses | None = None

    @property
    def raw(self) -> WorldMotion:
        """Return the motion to clean up."""
        return make_world_motion(self.raw_poses, self.raw_trans, self.rest_joints, self.timestamps, self.contacts, self.is_shod,
                                 self.hands)

    @property
    def imported(self) -> WorldMotion:
        """Return the motion that was imported."""
        return make_world_motion(self.poses, self.trans, self.rest_joints, self.timestamps, self.contacts, self.is_shod,
                                 self.hands)


def make_stored_motion(motion: Motion) -> StoredMotion:
    """Return the part of a file's motion that is stored; contacts are measured for files without any, such as AMASS's."""
    raw_poses = motion.poses if motion.raw_poses is None else motion.raw_poses
    raw_trans = motion.trans if motion.raw_trans is None else motion.raw_trans
    stored = StoredMotion(raw_poses, raw_trans, motion.poses, motion.trans, motion.rest_joints, motion.timestamps,
                          motion.contacts, motion.is_shod, motion.hands)
    return stored if stored.contacts.any() else replace(stored, contacts=measure_contacts(stored.raw))


def motion_bytes(stored: StoredMotion) -> bytes:
    """Return the motion as bytes: an .npz without compression, because Blender can compress its files itself."""
    stream = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(getattr(stored, name), dtype=kept_as) for name, kept_as in _KEPT_AS.items()}
    if stored.hands is not None:
        arrays |= {name: np.asarray(getattr(stored.hands, name), dtype=kept_as) for name, kept_as in _HANDS_KEPT_AS.items()}
    np.savez(stream, format=np.array(_FORMAT), is_shod=np.array(stored.is_shod), **arrays)
    return stream.getvalue()


def motion_from_bytes(content: bytes) -> StoredMotion:
    """Return the motion in the bytes of `motion_bytes`. Raises StoredMotionError."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            if int(arrays["format"]) != _FORMAT:
                raise ValueError("another format")
            is_shod = bool(arrays["is_shod"]) if "is_shod" in arrays else True       # files of the first builds lack it
            # Files of earlier versions have no fingers.
            hands = HandPoses(*(arrays[name] for name in HAND_MEMBERS)) if HAND_MEMBERS[0] in arrays else None
            return StoredMotion(**{name: arrays[name].astype(np.float64) for name in _KEPT_AS}, is_shod=is_shod, hands=hands)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise StoredMotionError(f"The motion kept in this file cannot be read ({error}). Import the motion file again.") from None
