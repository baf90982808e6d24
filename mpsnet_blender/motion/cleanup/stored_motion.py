"""A motion as bytes, for storage in a .blend: the raw motion from which clean-up starts, and the imported one."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...shared.motion_file import Motion
from ..base.smpl_motion import WorldMotion, make_world_motion
from .measured_contacts import measured_contacts

_FORMAT = 1
# Singles keep a rotation to a ten thousandth of a degree, a place to a thousandth of a millimetre.
_KEPT_AS = {"raw_poses": np.float32, "raw_trans": np.float32, "poses": np.float32, "trans": np.float32,
            "rest_joints": np.float64, "timestamps": np.float64, "contacts": np.float16}


class StoredMotionError(Exception):
    """Bytes that hold no motion: the message says what to do."""


@dataclass(frozen=True)
class StoredMotion:
    """What is kept of a motion file, under its names: the motion that was imported (poses (T, 72) radians, trans (T, 3)), the
    one to clean up (raw_poses, raw_trans), and what both share: rest_joints (24, 3), timestamps (T,) s, contacts (T, 4), and
    whether the feet stand in shoes."""
    raw_poses: np.ndarray
    raw_trans: np.ndarray
    poses: np.ndarray
    trans: np.ndarray
    rest_joints: np.ndarray
    timestamps: np.ndarray
    contacts: np.ndarray
    is_shod: bool = True

    @property
    def raw(self) -> WorldMotion:
        """Return the motion to clean up."""
        return make_world_motion(self.raw_poses, self.raw_trans, self.rest_joints, self.timestamps, self.contacts, self.is_shod)

    @property
    def imported(self) -> WorldMotion:
        """Return the motion that was imported."""
        return make_world_motion(self.poses, self.trans, self.rest_joints, self.timestamps, self.contacts, self.is_shod)


def stored_motion(motion: Motion) -> StoredMotion:
    """Return what is kept of a file's motion; contacts are measured where it tells none at all, as AMASS files do."""
    raw_poses = motion.poses if motion.raw_poses is None else motion.raw_poses
    raw_trans = motion.trans if motion.raw_trans is None else motion.raw_trans
    stored = StoredMotion(raw_poses, raw_trans, motion.poses, motion.trans, motion.rest_joints, motion.timestamps,
                          motion.contacts, motion.is_shod)
    return stored if stored.contacts.any() else replace(stored, contacts=measured_contacts(stored.raw))


def motion_bytes(stored: StoredMotion) -> bytes:
    """Return the motion as bytes: an .npz, not compressed, as Blender compresses its files itself where it is told to."""
    stream = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(getattr(stored, name), dtype=kept_as) for name, kept_as in _KEPT_AS.items()}
    np.savez(stream, format=np.array(_FORMAT), is_shod=np.array(stored.is_shod), **arrays)
    return stream.getvalue()


def motion_from_bytes(content: bytes) -> StoredMotion:
    """Return the motion in the bytes of `motion_bytes`. Raises StoredMotionError."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            if int(arrays["format"]) != _FORMAT:
                raise ValueError("another format")
            is_shod = bool(arrays["is_shod"]) if "is_shod" in arrays else True       # not told by files of 0.1.0's first days
            return StoredMotion(**{name: arrays[name].astype(np.float64) for name in _KEPT_AS}, is_shod=is_shod)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise StoredMotionError(f"The motion kept in this file cannot be read ({error}). Import the motion file again.") from None
