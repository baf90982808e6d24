"""The engines on image features: MPS-Net and its peers, with their authors' checkpoints and a SMPL body. Need torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mpsnet_blender.motion.base.smoothing import smooth_measured
from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array
from mpsnet_blender.shared.capture_request import CaptureRequest
from mpsnet_blender.shared.engines.table import find_engine

from ..base.devices import choose_device
from ..base.errors import VideoError
from ..base.pinhole import compute_rays, rotmats_towards
from ..base.reporter import Reporter
from ..body.camera_placement import fit_in_camera
from ..body.lifting import LandmarkRays, landmark_weights
from ..body.picture_fit import fit_to_picture
from ..body.proportions import make_body_on_joints
from ..models.body import BodyModel
from ..models.resnet import FEATURE_SIZE
from ..paper.features import FeatureExtractor, crop, make_square_boxes
from ..paper.models_folder import load_engine_arrays
from ..paper.network_motion import NetworkMotion, translation_from_weak_cam
from ..paper.networks import NETWORKS, make_network
from ..paper.resampling import resample_features, resample_motion
from ..people.gaps import fill_gaps, span_starts
from ..people.stitching import PersonTrack
from ..video.frames import read_frames
from .engine import CapturedPerson, Shot

_MODEL_FPS = 30.0               # of the sets on which the authors trained it
_SLOWEST_SHARE = 0.8            # of that rate: slower video is interpolated to 30 a second; chosen by eye
_BOX_SIGMA_SECONDS = 0.1        # boxes of landmarks tremble, and the crop's size with them; chosen by eye
_LEAST_WEIGHT = 0.02            # of a frame with no visible landmark, so that a mean over time exists everywhere


@dataclass(frozen=True)
class _Crops:
    """Crops of one person: rows (N,) of the track that the network gets, square boxes (T, 3) of all rows."""
    track: PersonTrack
    rows: np.ndarray
    boxes: np.ndarray


class ImageFeatureEngine:
    """Reads the video a second time: crops around each person, ResNet-50 features, then a network over time."""
    time_share = 6.0

    def __init__(self, name: str, checkpoints_folder: Path, device: str, refine: bool):
        """Raises KeyError, ModelError where one of the authors' files is missing, OptionError where there is no such device.

        name: of the engine, a key of `networks.NETWORKS`.
        """
        declaration = find_engine(name)
        self.stage_title = f"Running {declaration.label}"
        self._crop_scale = NETWORKS[name].crop_scale
        self._device = choose_device(device)
        arrays = load_engine_arrays(checkpoints_folder, declaration)
        self._spin_weights = arrays.spin
        self._network = make_network(name, arrays.network, self._device)
        self._body = BodyModel(arrays.body)
        self._template = arrays.body["v_template"], arrays.body["shapedirs"]
        self._refine = refine

    def solve(self, tracks: list[PersonTrack], shot: Shot, reporter: Reporter) -> list[CapturedPerson]:
        """Return the people in the tracks' order. Raises CancelRequested, VideoError."""
        crops = [_plan_crops(fill_gaps(track, shot.clock), shot.clock.fps) for track in tracks]
        features = self._extract_features(crops, shot, reporter)
        people = []
        for track, plan, rows in zip(tracks, crops, features, strict=True):
            reporter.check()
            people.append(self._solve_person(plan, rows, shot, len(track.frame_index)))
        reporter.log("info", _describe_fit(people, shot))
        return people

    def _extract_features(self, crops: list[_Crops], shot: Shot, reporter: Reporter) -> list[np.ndarray]:
        """Return each person's features (N, 2048), from one pass over the video. Those of an hour take close to a gigabyte."""
        frames = np.concatenate([plan.track.frame_index[plan.rows] for plan in crops])
        order = np.argsort(frames, kind="stable")       # in which the video shows them; those of one frame as the people are
        features, done = make_array((len(frames), FEATURE_SIZE), np.float32), 0
        extractor = FeatureExtractor(self._spin_weights, self._device, lambda words: reporter.log("warning", words),
                                     check=reporter.check)
        for batch in extractor.stream(self._cut(crops, shot, reporter)):
            features[order[done:done + len(batch)]] = batch
            done += len(batch)
            let_go()
        if done < len(frames):
            raise VideoError(f"{shot.span.path} had fewer frames when it was read again: it has changed meanwhile.",
                             "Capture it again.")
        return np.split(features, np.cumsum([len(plan.rows) for plan in crops])[:-1])

    def _cut(self, crops: list[_Crops], shot: Shot, reporter: Reporter) -> Iterator[np.ndarray]:
        """Yield everybody's crops, frame by frame."""
        wanted = [dict(zip(plan.track.frame_index[plan.rows].tolist(), plan.rows.tolist(), strict=True)) for plan in crops]
        done, total = 0, sum(map(len, wanted))
        first, last = shot.clock.frame_index[[0, -1]].tolist()
        for frame in read_frames(shot.span, first_wanted=first):
            if frame.index > last:
                break
            for plan, row_of in zip(crops, wanted, strict=True):
                if frame.index in row_of:
                    done += 1
                    yield crop(frame.image, plan.boxes[row_of[frame.index]], self._crop_scale)
            reporter.progress(self.stage_title, done, total, "crops")

    def _solve_person(self, plan: _Crops, features: np.ndarray, shot: Shot, seen_frames: int) -> CapturedPerson:
        track = plan.track
        network = NetworkMotion.of_frames(len(track.frame_index))
        for first, last in _find_unbroken_spans(track):
            inside = slice(*np.searchsorted(plan.rows, (first, last)))
            network.fill(first, self._run(track.timestamps[plan.rows[inside]], features[inside], shot.clock.fps,
                                          track.timestamps[first:last]))
        betas = np.median(network.betas, axis=0).astype(np.float64)
        rest_joints = self._body.rest_joints(torch.from_numpy(betas[None]).float())[0].numpy().astype(np.float64)
        stature = self._measure_stature(betas)
        rotmats = make_array(network.rotmats.shape)
        towards = rotmats_towards(compute_rays(plan.boxes[:, :2], shot.intrinsics))
        for block in frame_blocks(len(rotmats)):
            rotmats[block] = network.rotmats[block]
            rotmats[block, 0] = towards[block] @ rotmats[block, 0]
        transl = translation_from_weak_cam(network.weak_cam.astype(np.float64), plan.boxes, shot.intrinsics, self._crop_scale)
        body = make_body_on_joints(rest_joints, stature)
        motion = CameraMotion(rotmats, transl, rest_joints, track.timestamps, stature)
        person = CapturedPerson(track, body, motion, seen_frames, 0, betas)
        if self._refine:
            person = _fit_person(person, shot)
        return person.scaled(shot.stature / stature)

    def _measure_stature(self, betas: np.ndarray) -> float:
        template, shapes = self._template
        heights = template[:, 1] + shapes[:, 1] @ betas
        return float(heights.max() - heights.min())

    def _run(self, times: np.ndarray, features: np.ndarray, fps: float, wanted_times: np.ndarray) -> NetworkMotion:
        """Return the motion at wanted times (T,) of features (N, 2048) at times (N,), through windows at about 30 a second."""
        grid = times if fps > _SLOWEST_SHARE * _MODEL_FPS else np.arange(times[0], times[-1] + 0.5 / _MODEL_FPS, 1 / _MODEL_FPS)
        if grid is not times:
            features = resample_features(features, times, grid)
        network = self._network.run(features)
        return network if np.array_equal(grid, wanted_times) else resample_motion(network, grid, wanted_times)


def make_engine(request: CaptureRequest, checkpoints_folder: Path) -> ImageFeatureEngine:
    """Return the engine that a request asks for. Raises ModelError, OptionError."""
    return ImageFeatureEngine(request.engine, checkpoints_folder, request.device, request.refine)


def _fit_person(person: CapturedPerson, shot: Shot) -> CapturedPerson:
    """Return the person translated and posed to fit the landmarks, the network's pose as prior."""
    track, before = person.track, person.reprojection_error(shot.intrinsics)
    seen = LandmarkRays(compute_rays(track.xy, shot.intrinsics), landmark_weights(track.score), track.timestamps, person.body)
    placed = fit_in_camera(seen, person.motion.rotmats)
    if replace(person, motion=placed).reprojection_error(shot.intrinsics) > before:
        placed = person.motion      # a body that fits nowhere, as one upside down, keeps the network's translation
    return replace(person, motion=fit_to_picture(placed, seen, track.frame_index), unrefined_reprojection_error=before)


def _describe_fit(people: list[CapturedPerson], shot: Shot) -> str:
    """Return a sentence on the distances of all people's landmarks from the seen ones, before and after the fit."""
    words = []
    for person in people:
        after = f"{person.reprojection_error(shot.intrinsics):.1f} px"
        before = person.unrefined_reprojection_error
        words.append(after if before is None else f"{before:.1f} px before refinement, {after} after")
    return f"Distance from the landmarks: {'; '.join(words)}."


def _plan_crops(track: PersonTrack, fps: float) -> _Crops:
    """Return a person's crops: smooth square boxes, at most about 30 frames a second."""
    sure = track.score.mean(1, keepdims=True) + _LEAST_WEIGHT
    boxes = smooth_measured(make_square_boxes(track.boxes), track.timestamps, _BOX_SIGMA_SECONDS, sure)
    step = max(1, round(fps / _MODEL_FPS))
    rows = np.concatenate([np.unique(np.append(np.arange(first, last, step), last - 1))
                           for first, last in _find_unbroken_spans(track)])
    return _Crops(track, rows, boxes)


def _find_unbroken_spans(track: PersonTrack) -> list[tuple[int, int]]:
    """Return the parts of a track without gaps, as first row and the row after the last."""
    return list(itertools.pairwise([0, *span_starts(track).tolist(), len(track.frame_index)]))
