"""The user's choices for an import."""

from __future__ import annotations

from dataclasses import dataclass

from ...motion.formats.smpl_rows import RowsOptions


@dataclass(frozen=True)
class ImportOptions:
    """The user's choices. With the defaults, the import only adds to the scene."""
    start_frame: int = 1
    set_scene_fps: bool = False
    extend_scene_range: bool = False
    match_resolution: bool = False
    with_camera: bool = True
    with_body: bool = True
    only_while_seen: bool = True
    relax_hands: bool = True
    up_axis: str = "auto"
    source_fps: float | None = None
    source_video: str = ""

    @property
    def rows(self) -> RowsOptions:
        """What files of other programs may not tell."""
        return RowsOptions(self.up_axis, self.source_fps)
