"""The engines on image features from tracks and frames to people, on networks and a body of seeded random numbers."""

from dataclasses import replace

import numpy as np
import pytest

from backend.base.errors import CancelRequested, VideoError
from backend.engines.engine import Shot
from backend.engines.image_features import ImageFeatureEngine
from backend.people.gaps import Clock
from backend.video.frames import open_span
from mpsnet_blender.shared.protocol import Log, Progress
from tests.backend.made_people import INTRINSICS, person_track, seen_from, walker
from tests.backend.videos import write_video

FRAMES, FPS = 100, 30.0


class Listener:
    """Receives an engine's messages; cancels after a number of crops."""

    def __init__(self, stop_after=np.inf):
        self.heard, self._stop_after = [], stop_after

    def progress(self, stage, done, total, unit=""):
        self.heard.append(Progress(stage, done, total, unit))
        if done >= self._stop_after:
            raise CancelRequested

    def log(self, level, message):
        self.heard.append(Log(level, message))

    def check(self):
        pass


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    """Noise that changes from frame to frame, 1280 x 720, and its clock."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (FRAMES, 18, 32, 3), dtype=np.uint8)
    path = write_video(tmp_path_factory.mktemp("noise") / "noise.mp4",
                       [picture.repeat(40, axis=0).repeat(40, axis=1) for picture in small], FPS)
    clock = Clock(np.arange(FRAMES), np.arange(FRAMES) / FPS, FPS)
    return Shot(open_span(path), clock, INTRINSICS, 1.75)


@pytest.fixture(scope="module")
def track():
    return person_track(seen_from(walker(FRAMES, velocity=(0.0, 0.1), heading_degrees=0.0)))


def only(track, frames):
    """Return the track as if the person had been seen in these frames (N,) alone."""
    return replace(track, **{name: getattr(track, name)[frames]
                             for name in ("frame_index", "timestamps", "xy", "world", "score", "boxes")})


def test_refinement_lays_the_body_over_the_landmarks(models_folder, shot, track):
    """The random network's pose is far from the person's, so refinement gains much and cannot gain all."""
    listener = Listener()
    part = only(track, np.arange(40))
    (refined,) = ImageFeatureEngine("mpsnet", models_folder, "cpu", refine=True).solve([part], shot, listener)
    (plain,) = ImageFeatureEngine("mpsnet", models_folder, "cpu", refine=False).solve([part], shot, Listener())
    before, after = plain.reprojection_error(INTRINSICS), refined.reprojection_error(INTRINSICS)
    assert after < 0.8 * before and plain.unrefined_reprojection_error is None
    assert refined.unrefined_reprojection_error == pytest.approx(before, rel=1e-6)
    assert f"{before:.1f} px before refinement, {after:.1f} px after" in listener.heard[-1].message
    assert refined.motion.stature == pytest.approx(1.75) and len(refined.motion.transl) == 40


def test_short_gaps_are_filled_and_long_ones_left_out(models_folder, shot, track):
    seen = np.concatenate([np.arange(0, 20), np.arange(24, 35), np.arange(90, 100)])
    (person,) = ImageFeatureEngine("mpsnet", models_folder, "cpu", refine=True).solve([only(track, seen)], shot, Listener())
    np.testing.assert_array_equal(person.track.frame_index, np.concatenate([np.arange(0, 35), np.arange(90, 100)]))
    assert person.motion.rotmats.shape == (45, 24, 3, 3) and np.isfinite(person.motion.rotmats).all()
    assert np.isfinite(person.motion.transl).all() and person.seen_frames == 41
    confidence = person.joint_confidence()
    assert confidence[20:24].max() == 0.0 and confidence[:20].min() > 0.5


def test_a_part_after_a_gap_comes_out_as_it_does_alone(models_folder, shot, track):
    engine = ImageFeatureEngine("mpsnet", models_folder, "cpu", refine=False)
    late = np.arange(80, 100)
    (both,) = engine.solve([only(track, np.concatenate([np.arange(0, 20), late]))], shot, Listener())
    (alone,) = engine.solve([only(track, late)], shot, Listener())
    # Betas are the whole track's median; the rotations are each part's own. Boxes are smoothed across, by a little.
    assert np.abs(both.motion.rotmats[20:] - alone.motion.rotmats).max() < 0.02
    assert np.abs(both.motion.rotmats[20:] - both.motion.rotmats[:20]).max() > 1e-4


def test_two_people_are_distinguished_in_one_pass(models_folder, shot, track):
    engine = ImageFeatureEngine("mpsnet", models_folder, "cpu", refine=False)
    other = person_track(seen_from(walker(FRAMES, start=(0.8, 5.0))))
    listener = Listener()
    late = only(other, np.arange(20, 40))
    people = engine.solve([only(track, np.arange(40)), late], shot, listener)
    (second,) = engine.solve([late], shot, Listener())
    np.testing.assert_allclose(people[1].motion.rotmats, second.motion.rotmats, atol=1e-4)
    assert [len(person.motion.transl) for person in people] == [40, 20]
    last = [message for message in listener.heard if isinstance(message, Progress)][-1]
    assert (last.stage, last.done, last.total) == ("Running MPS-Net", 60, 60)


def test_cancel_stops_between_two_frames(models_folder, shot, track):
    listener = Listener(stop_after=20)
    with pytest.raises(CancelRequested):
        ImageFeatureEngine("mpsnet", models_folder, "cpu", refine=True).solve([track], shot, listener)
    assert listener.heard[-1].done == 20


def test_twice_the_frame_rate_is_sampled_and_half_of_it_interpolated(models_folder, shot, track):
    engine = ImageFeatureEngine("mpsnet", models_folder, "cpu", refine=False)
    for fps, crops in ((60.0, 21), (15.0, 40)):
        clock = Clock(np.arange(40), np.arange(40) / fps, fps)
        listener = Listener()
        part = replace(only(track, clock.frame_index), timestamps=clock.timestamps)
        (person,) = engine.solve([part], replace(shot, clock=clock), listener)
        assert [message.total for message in listener.heard if isinstance(message, Progress)][-1] == crops
        assert person.motion.rotmats.shape == (40, 24, 3, 3)
        np.testing.assert_allclose(np.linalg.det(person.motion.rotmats), 1.0, atol=1e-4)


def test_a_video_that_lost_frames_since_it_was_found_is_refused(models_folder, shot, track):
    found = replace(shot, clock=Clock(np.arange(FRAMES + 1), np.arange(FRAMES + 1) / FPS, FPS))
    last = replace(only(track, np.arange(96, 100)), frame_index=np.arange(97, 101), timestamps=np.arange(97, 101) / FPS)
    engine = ImageFeatureEngine("spin", models_folder, "cpu", refine=False)
    with pytest.raises(VideoError, match=r"noise\.mp4 had fewer frames when it was read again"):
        engine.solve([last], found, Listener())
