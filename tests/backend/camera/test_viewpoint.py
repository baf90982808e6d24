"""What a capture's log says of how its camera moved."""

import numpy as np

from backend.base.reporter import Reporter
from backend.camera.scenery import SeenScenery, Trails, UprightLines
from backend.camera.viewpoint import find_viewpoint
from mpsnet_blender.shared.protocol import Log
from tests.backend.camera.scenes import FPS, trails_of, yawed
from tests.backend.made_people import INTRINSICS


class Messages:
    """Keeps what is logged: pairs of level and text."""
    def __init__(self):
        self.logged = []

    def send(self, message):
        if isinstance(message, Log):
            self.logged.append((message.level, message.message))


def test_the_time_in_which_a_turning_cameras_background_is_not_seen_is_told():
    trails = trails_of(yawed(15 * np.sin(np.arange(90) * np.pi / 30)), np.zeros((90, 3)), every=6)
    kept = (trails.row < 30) | (trails.row > 44)
    trails, messages = Trails(trails.row[kept], trails.point[kept], trails.xy[kept]), Messages()
    nothing = UprightLines(np.zeros((0, 2, 2)), np.zeros(0, dtype=int), 0)
    find_viewpoint(SeenScenery(trails, nothing, []), np.arange(90) / FPS, INTRINSICS, True, Reporter(messages))
    assert messages.logged == [
        ("info", "The camera moves: it turns on the spot."),
        ("warning", "The background cannot be followed from 1.9 to 3.0 s: where the camera looks from then on is not sure. "
         "Capture the parts before and after it by themselves, with --start and --end.")]
